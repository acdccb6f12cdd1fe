/** Who may read what Lockstep writes, under any umask, and that it writes through no link. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LockstepError } from '../../src/errors/error.ts';
import { openLog } from '../../src/store/open.ts';
import { CommandHere } from '../cli/command-here.ts';
import { anEvent } from '../store/events.ts';
import { shell } from './run-pipeline.ts';
import { binary } from './stage.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-modes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (name: string): string => (statSync(join(folder, name)).mode & 0o777).toString(8);

/** Opens a log, which makes it, and writes an event. */
async function makeLog(store: string): Promise<void> {
  const log = await openLog(`sqlite:${join(folder, store)}`);
  await log.append([{ stream: 's', expected: 'any', events: [anEvent()] }]);
  await log.close();
}

/** A log, and an export of it, by this process with that umask. */
async function write(umask: string, store: string, output: string) {
  writeFileSync(
    join(folder, 'pipeline.yml'),
    'app: acme-web\nstaging: { heroku: { app: acme-staging }, verify: { endpoints: [{ url: "http://127.0.0.1/" }] } }\nproduction: { heroku: { app: acme-production }, verify: { endpoints: [{ url: "http://127.0.0.1/" }] } }\n',
  );
  const before = process.umask(umask);
  try {
    await makeLog(store);
    const here = new CommandHere(folder, {});
    return await here.run(['export', '--store', `sqlite:${store}`, '--output', output]);
  } catch (error) {
    return { exit: 2, stderr: (error as LockstepError).code };
  } finally {
    process.umask(before);
  }
}

it('a process that is given its umask writes likewise', async () => {
  await makeLog('log.db');
  const program = 'umask 077 && pipeline export --store sqlite:log.db --output out/log.jsonl';
  expect(await shell(folder, program)).toMatchObject({ exit: 0 });
  for (const name of filesIn('out')) expect(`${name} ${modeOf(name)}`).toBe(`${name} 600`);
});

describe.each(['000', '022', '077'])('under umask %s', (umask) => {
  it('a folder that is made is 700, files 600', async () => {
    expect(await write(umask, 'a/b/log.db', 'c/d/log.jsonl')).toMatchObject({ exit: 0 });
    for (const name of ['a', 'a/b', 'c', 'c/d'])
      expect(`${name} ${modeOf(name)}`).toBe(`${name} 700`);
    for (const name of filesIn('a/b', 'c/d')) expect(`${name} ${modeOf(name)}`).toBe(`${name} 600`);
  });

  it.each([
    [0o777, '660'],
    [0o775, '660'],
    [0o755, '640'],
    [0o700, '600'],
  ])(
    'in a folder that is there, group rights follow its own (%o), and the world has none',
    async (mode, expected) => {
      for (const name of ['shared', 'out']) {
        mkdirSync(join(folder, name));
        chmodSync(join(folder, name), mode);
      }
      expect(await write(umask, 'shared/log.db', 'out/log.jsonl')).toMatchObject({ exit: 0 });
      for (const name of filesIn('shared', 'out'))
        expect(`${name} ${modeOf(name)}`).toBe(`${name} ${expected}`);
    },
  );
});

describe('a group that is not the folder’s', () => {
  // Root may give a folder to any group, others to one that they are in.
  const others = process.getuid?.() === 0 ? [12_345] : (process.getgroups?.() ?? []);
  const other = others.find((group) => group !== process.getgid?.()) ?? process.getgid?.() ?? 0;

  it('has no rights, for files are of the writer’s own; with the setgid bit they are of the folder’s', async () => {
    for (const [store, output, mode] of [
      ['shared', 'out', 0o775],
      ['shared-set', 'out-set', 0o2775],
    ] as const) {
      for (const name of [store, output]) {
        mkdirSync(join(folder, name));
        chownSync(join(folder, name), -1, other);
        chmodSync(join(folder, name), mode);
      }
      const ended = await write('022', `${store}/log.db`, `${output}/log.jsonl`);
      expect(ended).toMatchObject({ exit: 0 });
      for (const name of filesIn(store, output)) {
        const isTheirs = statSync(join(folder, name)).gid === other;
        expect(`${name} ${modeOf(name)}`).toBe(`${name} ${isTheirs ? '660' : '600'}`);
      }
    }
  });
});

it('a pipe in place of the log is refused, not waited for', async () => {
  spawnSync('mkfifo', [join(folder, 'log.db')]);
  for (const command of ['status', 'import empty.jsonl']) {
    writeFileSync(join(folder, 'empty.jsonl'), '');
    const ended = await shell(folder, `pipeline ${command} --store sqlite:log.db`);
    expect(ended.exit).toBe(2);
    expect(ended.stderr).toContain('E_STORE_CANNOT_OPEN');
  }
}, 20_000);

it('what a killed export left behind is no part of the next one', async () => {
  const precious = join(folder, 'precious');
  writeFileSync(precious, 'kept');
  expect(await write('022', 'log.db', 'first.jsonl')).toMatchObject({ exit: 0 });
  // The shell's number is the program's: what is there under that name is made before it starts.
  for (const left of [
    "printf '%9999s' x > log.jsonl.$$.part",
    'ln -s precious log.jsonl.$$.part',
  ]) {
    const program = `${left}; exec '${process.execPath}' '${binary}' export --store sqlite:log.db --output log.jsonl`;
    expect(await shell(folder, program)).toMatchObject({ exit: 0 });
    expect(readFileSync(join(folder, 'log.jsonl'), 'utf8')).toBe(
      readFileSync(join(folder, 'first.jsonl'), 'utf8'),
    );
  }
  expect(readFileSync(precious, 'utf8')).toBe('kept');
});

describe('a link', () => {
  it.each(['-wal', '-shm', '-journal'])(
    'in place of what SQLite writes beside the log (%s) is refused',
    async (end) => {
      writeFileSync(join(folder, 'precious'), 'kept');
      symlinkSync('precious', join(folder, `log.db${end}`));
      const ended = await write('022', 'log.db', 'log.jsonl');
      expect(ended.exit).toBe(2);
      expect(ended.stderr).toContain('E_STORE_LINK');
      expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('kept');
    },
  );

  it('in place of the log’s folder or file is refused, and nothing is written where it leads', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync('elsewhere', join(folder, '.pipeline'));
    symlinkSync(join(folder, 'elsewhere/other.db'), join(folder, 'log.db'));
    for (const store of ['.pipeline/log.db', 'log.db']) {
      const ended = await write('022', store, 'log.jsonl');
      expect(ended.exit).toBe(2);
      expect(ended.stderr).toContain('E_STORE_LINK');
    }
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
  });

  it('above the folder is followed where it is this user’s own', async () => {
    mkdirSync(join(folder, 'disk/logs'), { recursive: true });
    symlinkSync('disk', join(folder, 'home'));
    expect(await write('022', 'home/logs/log.db', 'home/logs/log.jsonl')).toMatchObject({
      exit: 0,
    });
    expect(existsSync(join(folder, 'disk/logs/log.jsonl'))).toBe(true);
  });

  it('above the folder is refused inside a checkout: a commit could have made it', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    mkdirSync(join(folder, 'web/.git'), { recursive: true });
    symlinkSync('../elsewhere', join(folder, 'web/logs'));
    const stored = await write('022', 'web/logs/deep/log.db', 'log.jsonl');
    expect(stored).toMatchObject({ exit: 2 });
    expect(stored.stderr).toContain('E_STORE_LINK');
    const exported = await write('022', 'log.db', 'web/logs/deep/x.jsonl');
    expect(exported).toMatchObject({ exit: 2 });
    expect(exported.stderr).toContain('E_OUTPUT');
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual([]);
  });

  // Only root can give a link away; whoever is not sees the decision in test/store/links.test.ts.
  it.runIf(process.getuid?.() === 0)(
    'above the folder is refused where a stranger put it among others’ files',
    async () => {
      mkdirSync(join(folder, 'elsewhere/logs'), { recursive: true });
      mkdirSync(join(folder, 'shared'));
      chmodSync(join(folder, 'shared'), 0o1777);
      symlinkSync('../elsewhere', join(folder, 'shared/ci'));
      lchownSync(join(folder, 'shared/ci'), 12_345, 12_345);
      const ended = await write('022', 'shared/ci/logs/log.db', 'log.jsonl');
      expect(ended).toMatchObject({ exit: 2 });
      expect(ended.stderr).toContain('E_STORE_LINK');
      expect(await write('022', 'log.db', 'shared/ci/logs/log.jsonl')).toMatchObject({ exit: 2 });
      expect(readdirSync(join(folder, 'elsewhere/logs'))).toEqual([]);
    },
  );

  it('as --output is refused, and what it leads to stays', async () => {
    writeFileSync(join(folder, 'precious'), 'kept');
    symlinkSync('precious', join(folder, 'log.jsonl'));
    symlinkSync('nowhere', join(folder, 'dangling.jsonl'));
    for (const output of ['log.jsonl', 'dangling.jsonl']) {
      const ended = await write('022', 'log.db', output);
      expect(ended.exit).toBe(2);
      expect(ended.stderr).toContain('E_OUTPUT');
    }
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('kept');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });
});

function filesIn(...folders: string[]): string[] {
  const found = folders.flatMap((one) =>
    readdirSync(join(folder, one)).map((name) => `${one}/${name}`),
  );
  const files = found.filter((name) => statSync(join(folder, name)).isFile());
  expect(files.length).toBeGreaterThanOrEqual(folders.length);
  return files;
}
