/** No space, too large a file, no right to write: a typed error, no trace, and the log goes on when that has passed. */
import { execFile, execFileSync } from 'node:child_process';
import { chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { AppendOptions, EventLog, StreamAppend } from '../../../src/store/log.ts';
import { bundled } from '../bundled.ts';
import { sqliteStore } from '../events.ts';
import { storeFixture } from '../fixture.ts';
import { fillUp, type Report } from './full-disk.ts';
import { openInside } from './inside.ts';
import { attackTimeoutMs, drawn, often, tell } from './seed.ts';
import { skipBecauseOf } from './skip.ts';

const { open, store } = storeFixture(sqliteStore);

const points = often(25, 2_000);
const fileSizes = often(4, 200);

it(`${points} times no page left in the database`, { timeout: attackTimeoutMs }, async () => {
  await drawn(async (lot) => {
    const { connection, log } = await openInside(store().file);
    const report: Report = { points: 0, codes: {}, problems: [] };
    const limit = (pages: number) => connection.handle.pragma(`max_page_count = ${pages}`);
    while (report.points < points) {
      limit(Number(connection.handle.pragma('page_count', { simple: true })) + lot.below(12));
      await fillUp(log, lot, report, () => limit(1_000_000));
    }
    await log.close();
    expect(report).toEqual({ points, codes: { E_STORE_FULL: points }, problems: [] });
  });
});

/** Leaves a part behind when it fails in the middle. */
const oneByOne = (log: EventLog): EventLog =>
  new Proxy(log, {
    get(target, name) {
      if (name === 'append') {
        return async ([first, ...others]: readonly StreamAppend[], options: AppendOptions) => {
          const appended = await target.append(first === undefined ? [] : [first], options);
          if (others.length > 0) await target.append(others);
          return appended;
        };
      }
      const member = Reflect.get(target, name) as unknown;
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });

it('a log that appends stream by stream is found out', async () => {
  await drawn(async (lot) => {
    const { connection, log } = await openInside(store().file);
    const report: Report = { points: 0, codes: {}, problems: [] };
    const limit = (pages: number) => connection.handle.pragma(`max_page_count = ${pages}`);
    while (report.points < points) {
      limit(Number(connection.handle.pragma('page_count', { simple: true })) + lot.below(12));
      await fillUp(oneByOne(log), lot, report, () => limit(1_000_000));
    }
    await log.close();
    expect(report.problems.join()).toContain('yet it was written');
  });
});

/** A small disk of its own, for one program: needs no root where user namespaces are allowed. */
const onSmallDisk = (folder: string, command: readonly string[]): string[] => [
  ...['-rm', 'sh', '-c', 'mount -t tmpfs -o size=24m none "$0" && exec "$@"', folder],
  ...command,
];

function smallDiskProblem(): string | null {
  try {
    execFileSync('unshare', onSmallDisk(tmpdir(), ['true']), { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `no small disk can be mounted here: ${String((error as Error).message).split('\n')[0]}`;
  }
}

it(`${points} times no space left on the disk`, { timeout: attackTimeoutMs }, async (test) => {
  skipBecauseOf(smallDiskProblem(), test);
  await drawn(async (_, seed) => {
    const script = join(import.meta.dirname, 'full-disk-process.ts');
    const command = [process.execPath, script, dirname(store().file), String(seed), String(points)];
    const { stdout } = await promisify(execFile)(
      'unshare',
      onSmallDisk(dirname(store().file), command),
    );
    const report = JSON.parse(stdout) as Report;
    tell(`full disk: ${JSON.stringify(report.codes)}, seed ${seed}`);
    expect(report).toMatchObject({ points, problems: [] });
  });
});

it(`a process that may write no larger file, with ${fileSizes} limits`, {
  timeout: attackTimeoutMs,
}, async () => {
  await drawn(async (lot) => {
    let head = 0;
    const script = await bundled(join(import.meta.dirname, '../writer.ts'));
    for (let n = 0; n < fileSizes; n++) {
      const blocks = 120 + lot.below(900);
      const limited = `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`;
      const args = [process.execPath, script.file, store().url, `w${n}`, 'any', '100000'];
      const { env } = script;
      const ended = await promisify(execFile)('sh', ['-c', limited, ...args], { env }).catch(
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
      expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/E_STORE_(IO|FULL)/) });
      const acknowledged = ended.stdout.split('\n').length - 1;
      const log = await open();
      const { fault, events } = await log.verify();
      expect(fault).toBeNull();
      // What failed may be there where the error said that this is not known.
      const isUnknown = /unknown: true/.test(ended.stderr) ? 1 : 0;
      expect(events - head - acknowledged).toBeGreaterThanOrEqual(0);
      expect(events - head - acknowledged).toBeLessThanOrEqual(isUnknown);
      head = events;
      await log.close();
    }
  });
});

/** A user without root's right to everything. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

function nobodyProblem(): string | null {
  try {
    execFileSync(process.execPath, ['-e', `import('${import.meta.dirname}/seed.ts')`], {
      ...nobody,
      stdio: 'pipe',
    });
    return null;
  } catch (error) {
    return `no user without root's rights can be used here: ${String((error as Error).message).split('\n')[0]}`;
  }
}

async function withoutRight(restore: 'all' | 'one'): Promise<Report> {
  const folder = dirname(store().file);
  if (nobody.uid !== undefined) await chown(folder, nobody.uid, nobody.gid);
  const script = join(import.meta.dirname, 'no-right-process.ts');
  const args = [script, folder, String(points), restore];
  const { stdout } = await promisify(execFile)(process.execPath, args, nobody);
  return JSON.parse(stdout) as Report;
}

it(`${points} times no right to read or write it`, { timeout: attackTimeoutMs }, async (test) => {
  skipBecauseOf(nobodyProblem(), test);
  const report = await withoutRight('all');
  tell(`no right: ${JSON.stringify(report.codes)}`);
  expect(report).toMatchObject({ points, problems: [] });
});

// SQLite would leave a -wal and a -shm behind that may only be read, too.
it('a log that could only be read goes on as soon as its file may be written again', async () => {
  expect((await withoutRight('one')).problems).toEqual([]);
});
