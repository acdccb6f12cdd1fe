/** A log that is exported, moved and imported: byte for byte the same, once, or refused with the line and the reason. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/store/hash-chain.ts';
import { headBlock } from '../../src/store/head-chain.ts';
import { keptBlocks } from '../../src/store/head-of-log.ts';
import type { RecordedEvent } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { toRow } from '../../src/store/stored-event.ts';
import { CommandHere } from '../cli/command-here.ts';
import { usePostgres } from '../postgres/use-postgres.ts';
import type { TestStore } from '../store/events.ts';
import { writeLargeLog } from './large-log.ts';
import { pipeline, shell, startPipeline } from './run-pipeline.ts';
import { deployId, type Ended, Stage } from './stage.ts';

/** EXPORT_EVENTS=100000 takes a minute. */
const largeSize = Number(process.env.EXPORT_EVENTS ?? 5_000);
const smallSize = 60;

const postgres = usePostgres();
/** Written once: a small log as `small.db` and `small.jsonl`, a large one as `large.db`. */
let written: string;
let folder: string;
let store: TestStore;

beforeAll(async () => {
  written = mkdtempSync(join(tmpdir(), 'lockstep-exported-'));
  await writeLargeLog(`sqlite:${join(written, 'small.db')}`, smallSize);
  await writeLargeLog(`sqlite:${join(written, 'large.db')}`, largeSize);
  const done = await pipeline(
    written,
    'export --store sqlite:small.db --output small.jsonl'.split(' '),
  );
  expect(done).toMatchObject({ exit: 0, stdout: '' });
}, 600_000);
afterAll(() => rmSync(written, { recursive: true, force: true }));
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-import-'));
  store = await postgres.store();
  copyFileSync(join(written, 'small.jsonl'), join(folder, 'log.jsonl'));
});
afterEach(async () => {
  await store.remove();
  rmSync(folder, { recursive: true, force: true });
});

const small = (): string => readFileSync(join(written, 'small.jsonl'), 'utf8');
const smallStore = (): string => `sqlite:${join(written, 'small.db')}`;
/** Within this process, where nothing is read from standard input. */
const here = (...args: string[]): Promise<Ended> =>
  new CommandHere(folder, { CI: 'true' }).run(args);
const exportOf = (url: string, ...more: string[]): Promise<Ended> =>
  here('export', '--store', url, ...more);
const importTo = (url: string, source = 'log.jsonl', input = ''): Promise<Ended> => {
  const args = ['import', source, '--store', url];
  return source === '-' ? pipeline(folder, args, input) : here(...args);
};
const digestOf = ({ stdout, stderr }: Ended): string | undefined =>
  /head digest (2-[0-9a-f]{64})/.exec(stdout + stderr)?.[1];

async function stateOf(url: string) {
  const log = await openLog(url, { readOnly: true });
  try {
    return await log.verify();
  } finally {
    await log.close();
  }
}

function expectRefused(ended: Ended, ...words: string[]): void {
  expect(ended, ended.stderr).toMatchObject({ exit: 2, stdout: '' });
  for (const word of words) expect(ended.stderr).toContain(word);
}

describe('a whole log', () => {
  it(`of ${largeSize} events goes from SQLite to PostgreSQL to a file to SQLite, byte for byte`, {
    timeout: 600_000,
  }, async () => {
    const source = `sqlite:${join(written, 'large.db')}`;
    const exported = await exportOf(source, '--output', 'a.jsonl');
    expect(exported).toMatchObject({ exit: 0, stdout: '' });
    expect(exported.stderr).toContain(`exported ${largeSize.toLocaleString('en-US')} events`);
    const moved = await importTo(store.url, source);
    expect(moved, moved.stderr).toMatchObject({ exit: 0, stderr: '' });
    expect(await exportOf(store.url, '--output', 'b.jsonl')).toMatchObject({ exit: 0 });
    expect(await importTo('sqlite:c.db', 'b.jsonl')).toMatchObject({ exit: 0 });
    expect(await exportOf('sqlite:c.db', '--output', 'c.jsonl')).toMatchObject({ exit: 0 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => readFileSync(join(folder, `${name}.jsonl`)));
    expect(a?.equals(b ?? a.subarray(1))).toBe(true);
    expect(a?.equals(c ?? a.subarray(1))).toBe(true);
    const { headDigest } = await stateOf(source);
    expect([digestOf(exported), digestOf(moved)]).toEqual([headDigest, headDigest]);
    expect(await stateOf(store.url)).toEqual(await stateOf(source));
  });

  it('is a line an event, with the same keys in the same order', async () => {
    const { stdout, stderr } = await exportOf(smallStore());
    expect(stdout).toBe(small());
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(smallSize);
    for (const line of lines) {
      expect(Object.keys(JSON.parse(line) as object).join()).toBe(
        'position,stream,version,id,type,schema,data,metadata,time,hash,previousHash',
      );
    }
    expect(stderr).toMatch(/^exported 60 events of 5 streams; head digest 2-[0-9a-f]{64}\n$/);
  });

  it('imported twice changes nothing and says so', async () => {
    expect((await importTo(store.url)).stdout).toContain('imported 60 events into postgres://');
    const before = await stateOf(store.url);
    const again = await importTo(store.url);
    expect(again).toMatchObject({ exit: 0, stderr: '' });
    expect(again.stdout).toContain('all 60 events are in postgres://');
    expect(await stateOf(store.url)).toEqual(before);
  });

  it('comes by standard input, through a pipe, without its last newline, and edited on Windows', async () => {
    expect(await importTo('sqlite:a.db', '-', small())).toMatchObject({ exit: 0 });
    const piped = 'pipeline import <(cat log.jsonl) --store sqlite:b.db';
    expect(await shell(folder, piped)).toMatchObject({ exit: 0 });
    writeFileSync(
      join(folder, 'crlf.jsonl'),
      `\ufeff${small().trimEnd().replaceAll('\n', '\r\n')}`,
    );
    expect(await importTo('sqlite:c.db', 'crlf.jsonl')).toMatchObject({ exit: 0 });
    for (const name of ['a', 'b', 'c']) {
      expect((await exportOf(`sqlite:${name}.db`)).stdout).toBe(small());
    }
  });

  it('told as JSON', async () => {
    const args = ['import', 'log.jsonl', '--json', '--store', store.url];
    const { stdout } = await here(...args);
    const { headDigest } = await stateOf(store.url);
    const result = { imported: 60, present: 0, position: 60, headDigest };
    expect(JSON.parse(stdout)).toEqual(result);
    const again = JSON.parse((await here(...args)).stdout);
    expect(again).toEqual({ ...result, imported: 0, present: 60 });
  });

  it('that goes on in the target: the beginning is there already, and what follows stays', async () => {
    await importTo('sqlite:a.db');
    writeFileSync(join(folder, 'half.jsonl'), `${small().split('\n').slice(0, 25).join('\n')}\n`);
    const half = await importTo('sqlite:a.db', 'half.jsonl');
    expect(half.stdout).toContain('all 25 events are');
    expect(half.stdout).toContain('goes on to position 60');
    expect(await importTo('sqlite:b.db', 'half.jsonl')).toMatchObject({ exit: 0 });
    const rest = await importTo('sqlite:b.db');
    expect(rest.stdout).toContain('imported 35 events');
    expect(rest.stdout).toContain('25 events there already');
    expect((await exportOf('sqlite:b.db')).stdout).toBe(small());
  });
});

describe('an import that is killed', { timeout: 120_000 }, () => {
  it('keeps whole batches, and the same command finishes it', async () => {
    const source = `sqlite:${join(written, 'large.db')}`;
    const first = startPipeline(folder, ['import', source, '--store', store.url]);
    let head = 0;
    while (head === 0) head = await headOf(store.url);
    first.process.kill('SIGKILL');
    expect(await first.ended).toMatchObject({ exit: 'SIGKILL' });
    const left = await stateOf(store.url);
    expect(left.fault).toBeNull();
    expect(left.events % 1_000).toBe(0);
    expect(left.events).toBeLessThan(largeSize);
    const second = await importTo(store.url, source);
    expect(second, second.stderr).toMatchObject({ exit: 0 });
    expect(second.stdout).toContain(`${left.events.toLocaleString('en-US')} events there already`);
    expect(await stateOf(store.url)).toEqual(await stateOf(source));
  });
});

describe('an import of a long log', () => {
  it('keeps what the next head is computed from, for whoever only reads the log', async () => {
    const target = `sqlite:${join(folder, 'copy.db')}`;
    expect(await importTo(target, `sqlite:${join(written, 'large.db')}`)).toMatchObject({
      exit: 0,
    });
    const log = await openLog(target, { readOnly: true });
    const kept = await keptBlocks(log);
    const left = (await log.head()) - (kept?.position ?? 0);
    await log.close();
    expect(left).toBeLessThanOrEqual(headBlock);
  });
});

async function headOf(url: string): Promise<number> {
  const log = await openLog(url, { readOnly: true }).catch(() => null);
  const head = (await log?.head()) ?? 0;
  await log?.close();
  return head;
}

describe('a part of a log', () => {
  it('is a deploy’s, by the start of its id', async () => {
    const { stdout, stderr } = await exportOf(smallStore(), '--deploy', '2-');
    const own = small()
      .split('\n')
      .filter((line) => line.includes('"stream":"deploy/2-1a5f89db"'));
    expect(stdout).toBe(`${own.join('\n')}\n`);
    expect(stderr).toContain('19 events, a part of the log');
    expectRefused(await exportOf(smallStore(), '--deploy', '9'), 'E_NO_DEPLOY');
    expectRefused(await exportOf(smallStore(), '--deploy', '2', '--lane', 'x'), '--lane');
  });

  it('is a lane’s: its own stream and its deploys’', async () => {
    const { stdout } = await exportOf(smallStore(), '--lane', 'acme-web');
    const streams = new Set(eventsOf(stdout).map(({ stream }) => stream));
    expect([...streams].sort()).toEqual(['deploy/2-1a5f89db', 'lane/acme-web']);
    expectRefused(await exportOf(smallStore(), '--lane', 'acme-wbe'), 'E_NO_LANE', 'acme-wbe');
  });

  it('is from one time on, and before another: two that meet are the whole', async () => {
    const events = eventsOf(small());
    const time = events[30]?.time ?? '';
    const [before, after] = [
      await exportOf(smallStore(), '--until', time),
      await exportOf(smallStore(), '--since', time.replace('T', ' ')),
    ];
    expect(before.stdout + after.stdout).toBe(small());
    expect(after.stdout).toContain(time);
    expect(before.stdout).not.toContain(time);
    expect((await exportOf(smallStore(), '--since', '1h')).stdout).toBe(small());
    expectRefused(await exportOf(smallStore(), '--since', 'soon'), '--since', '24h');
    expectRefused(await exportOf(smallStore(), '--until', '2026-02-30'), '2026-02-30');
  });

  it('is refused by import, which says why and makes no log', async () => {
    for (const args of [
      ['--deploy', '2-1a5f89db'],
      ['--lane', 'acme-web'],
    ]) {
      await exportOf(smallStore(), ...args, '--output', 'part.jsonl');
      expectRefused(
        await importTo('sqlite:new.db', 'part.jsonl'),
        'E_IMPORT_POSITION',
        'part.jsonl:1: position 1 is missing',
        '--deploy, --lane, --since, --until',
      );
    }
    expect(readdirSync(folder)).not.toContain('new.db');
  });

  it('is imported where it goes on with what the target has', async () => {
    const lines = small().trimEnd().split('\n');
    const [first, second] = [lines.slice(0, 25), lines.slice(25)];
    writeFileSync(join(folder, 'first.jsonl'), first.join('\n'));
    await importTo('sqlite:a.db', 'first.jsonl');
    const missing = await importTo('sqlite:a.db', '-', second.slice(1).join('\n'));
    expectRefused(missing, 'stdin:1: position 26 is missing', 'the log ends at position 25');
    writeFileSync(join(folder, 'second.jsonl'), second.join('\n'));
    expect((await importTo('sqlite:a.db', 'second.jsonl')).exit).toBe(0);
    expect((await exportOf('sqlite:a.db')).stdout).toBe(small());
  });
});

const eventsOf = (text: string): RecordedEvent[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedEvent);

describe('a line that cannot be imported', () => {
  type Change = (lines: string[]) => string[];
  const line = 41;
  const instead =
    (change: (text: string) => string | string[]): Change =>
    (lines) =>
      lines.toSpliced(line - 1, 1, ...[change(lines[line - 1] ?? '')].flat());
  const changed = (change: (event: RecordedEvent) => object): Change =>
    instead((text) => JSON.stringify(change(JSON.parse(text) as RecordedEvent)));
  const rehashed = (event: RecordedEvent) => ({ ...event, hash: hashOf(toRow(event)) });
  const arrays = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  // No program goes through the one; every program can go through the other, but an export that a log wrote has none.
  const [deep, deeper] = [arrays(100_000), arrays(1_200)];
  const bad: [what: string, change: Change, at: number, ...words: string[]][] = [
    ['is no JSON', instead(() => '{"position":41,'), line, 'E_IMPORT_LINE', 'not JSON'],
    ['is empty', instead(() => ''), line, 'E_IMPORT_LINE', 'is empty'],
    ['is another value', instead(() => '[1]'), line, 'E_IMPORT_LINE', 'JSON object'],
    ['lacks a field', changed(({ hash: _, ...rest }) => rest), line, 'E_IMPORT_LINE', 'no hash'],
    ['has a strange field', changed((one) => ({ ...one, x: 1 })), line, 'E_IMPORT_LINE', 'x'],
    ['has no number', changed((one) => ({ ...one, schema: '1' })), line, 'E_IMPORT_EVENT'],
    ['has no time', changed((one) => ({ ...one, time: 'now' })), line, 'E_IMPORT_EVENT', 'time'],
    [
      'is nested too deeply',
      instead((text) => text.replace(/"metadata":.*,"time"/, `"metadata":{"a":${deep}},"time"`)),
      line,
      'E_IMPORT_EVENT',
    ],
    [
      'is nested a little too deeply',
      changed((one) => rehashed({ ...one, metadata: JSON.parse(`{"a":${deeper}}`) })),
      line,
      'E_IMPORT_EVENT',
      'nested deeper',
    ],
    [
      'says something else than was recorded',
      instead((text) => text.replace('Ana Lima', 'Eva Lima')),
      line,
      'E_IMPORT_HASH',
      'something else',
    ],
    [
      'was changed together with its hash',
      changed((one) => rehashed({ ...one, data: {} })),
      line + 1,
      'E_IMPORT_CHAIN',
    ],
    ['is there twice', instead((text) => [text, text]), line + 1, 'E_IMPORT_POSITION'],
    ['is missing', instead(() => []), line, 'E_IMPORT_POSITION', 'position 41 is missing'],
    [
      'changed places with the next',
      (lines) => lines.with(line - 1, lines[line] ?? '').with(line, lines[line - 1] ?? ''),
      line,
      'E_IMPORT_POSITION',
    ],
    [
      'has the version of another',
      changed((one) => rehashed({ ...one, version: 7 })),
      line,
      'E_IMPORT_VERSION',
    ],
    [
      'is older than the one before it',
      changed((one) => rehashed({ ...one, time: '2001-01-01T00:00:00.000Z' })),
      line,
      'E_IMPORT_TIME',
    ],
    [
      'has the id of another',
      changed((one) => rehashed({ ...one, id: eventsOf(small())[0]?.id ?? '' })),
      line,
      'E_IMPORT_ID',
      'position 1',
    ],
  ];
  it.each(bad)(
    'because it %s is named, and nothing is imported',
    async (_, change, at, ...words) => {
      const lines = change(small().trimEnd().split('\n'));
      writeFileSync(join(folder, 'log.jsonl'), `${lines.join('\n')}\n`);
      const ended = await importTo('sqlite:new.db');
      expectRefused(ended, `log.jsonl:${at}: `, 'Nothing was imported', ...words);
      expect(readdirSync(folder)).toEqual(['log.jsonl']);
    },
  );

  it('is not UTF-8, or longer than any event', async () => {
    writeFileSync(join(folder, 'latin1.jsonl'), Buffer.from(small(), 'latin1'));
    expectRefused(await importTo('sqlite:new.db', 'latin1.jsonl'), 'latin1.jsonl:1: ', 'UTF-8');
    writeFileSync(join(folder, 'long.jsonl'), Buffer.alloc(20_000_000, 'x'));
    expectRefused(await importTo('sqlite:new.db', 'long.jsonl'), 'long.jsonl:1: ', 'too long');
  });

  it('is the cut end of a file', async () => {
    writeFileSync(join(folder, 'log.jsonl'), small().slice(0, -40));
    expectRefused(await importTo('sqlite:new.db'), 'log.jsonl:60: the line is not JSON', 'cut off');
  });

  it('where the two logs part: the target keeps what it has', async () => {
    writeFileSync(join(folder, 'begun.jsonl'), small().split('\n').slice(0, 30).join('\n'));
    await importTo(store.url, 'begun.jsonl');
    const log = await openLog(store.url);
    const event = { id: 'own', type: 'thing.happened', data: {}, metadata: {} };
    await log.append([{ stream: 'own', expected: 'none', events: [event] }]);
    await log.close();
    const before = await stateOf(store.url);
    expectRefused(await importTo(store.url), 'log.jsonl:31: ', 'E_IMPORT_OTHER', 'one history');
    expect(await stateOf(store.url)).toEqual(before);
  });
});

describe('a source that is none', () => {
  it('is named, with what would be right', async () => {
    expectRefused(await importTo('sqlite:new.db', 'none.jsonl'), 'there is no file none.jsonl');
    expectRefused(await importTo('sqlite:new.db', '.'), '. cannot be read: EISDIR');
    expectRefused(await importTo('sqlite:new.db', 'sqlite:none.db'), 'E_STORE_MISSING');
    expectRefused(await importTo('sqlite:new.db', 'mysql://h/x'), 'E_STORE_URL');
    expectRefused(await importTo('sqlite:new.db', '-', ''), 'standard input has no events');
    copyFileSync(join(written, 'small.db'), join(folder, 'log.db'));
    expectRefused(await importTo('sqlite:new.db', 'log.db'), 'pipeline import sqlite:log.db');
    expect(await shell(folder, 'gzip -k log.jsonl')).toMatchObject({ exit: 0 });
    expectRefused(await importTo('sqlite:new.db', 'log.jsonl.gz'), 'gunzip -c log.jsonl.gz');
    expect(readdirSync(folder)).not.toContain('new.db');
  });

  it('never has its password shown', async () => {
    const secret = 'correct-horse-battery';
    const url = new URL(store.url);
    url.password = secret;
    for (const args of [
      ['import', url.href, '--store', 'sqlite:new.db'],
      ['import', 'log.jsonl', `--store=${url.href}`],
      ['import', `mysql://ada:${secret}@host/x`, '--store', 'sqlite:new.db'],
      ['import', `postgres://ada:${secret}@host/x?ssl=${secret}`, '--store', 'sqlite:new.db'],
      ['export', '--store', url.href, '--output', '/dev/null'],
      [`postgres://ada:${secret}@host/x`],
    ]) {
      const { stdout, stderr } = await pipeline(folder, args);
      expect(stdout + stderr).not.toContain(secret);
    }
  });
});

describe('an export', () => {
  it('that nobody reads to its end is quiet', async () => {
    const large = `sqlite:${join(written, 'large.db')}`;
    const line = `set -o pipefail; pipeline export --store '${large}' | head -n 1`;
    const ended = await shell(folder, line);
    expect(ended).toMatchObject({ exit: 0, stderr: '' });
    expect(JSON.parse(ended.stdout)).toMatchObject({ position: 1 });
  });

  it('into a file replaces it when it is whole, and leaves nothing else', async () => {
    writeFileSync(join(folder, 'kept.jsonl'), 'before');
    await exportOf(smallStore(), '--output', 'kept.jsonl');
    await exportOf(smallStore(), '--output', 'new/folder/log.jsonl');
    expect(readFileSync(join(folder, 'kept.jsonl'), 'utf8')).toBe(small());
    expect(readdirSync(folder).sort()).toEqual(['kept.jsonl', 'log.jsonl', 'new']);
    expectRefused(await exportOf(smallStore(), '--lane', 'none', '--output', 'kept.jsonl'), 'lane');
    expect(readFileSync(join(folder, 'kept.jsonl'), 'utf8')).toBe(small());
    expect(readdirSync(folder)).toHaveLength(3);
    expectRefused(await exportOf(smallStore(), '--output', 'new'), 'E_OUTPUT', 'new');
  });

  it('says when there is no space', async () => {
    const line = `pipeline export --store '${smallStore()}'`;
    expectRefused(await shell(folder, `${line} > /dev/full`), 'E_OUTPUT', 'ENOSPC');
    expectRefused(await shell(folder, `${line} --output /dev/full`), 'E_OUTPUT', '/dev/full');
  });

  it('of a log that was changed has all of it, says where, and exits 1', async () => {
    copyFileSync(join(written, 'small.db'), join(folder, 'log.db'));
    const handle = new Database(join(folder, 'log.db'));
    handle.exec('drop trigger events_no_update');
    handle.exec(`update events set data = '{"n":1}' where position = 7`);
    handle.close();
    const whole = await exportOf('sqlite:log.db', '--output', 'log.jsonl');
    expect(whole).toMatchObject({ exit: 1 });
    expect(whole.stderr).toContain('error[E_LOG_FAULT]: the log does not add up at position 7');
    expectRefused(await importTo('sqlite:new.db'), 'log.jsonl:7: ', 'E_IMPORT_HASH');
    expectRefused(
      await importTo('sqlite:new.db', 'sqlite:log.db'),
      `${join(folder, 'log.db')}, position 7: `,
    );
    const part = await exportOf('sqlite:log.db', '--deploy', '1-1a5f89db');
    expect(part).toMatchObject({ exit: 1 });
    expect(await exportOf('sqlite:log.db', '--deploy', '2-1a5f89db')).toMatchObject({ exit: 0 });
  });
});

describe('an import of what never ends', () => {
  it.each([
    ['words', 'yes'],
    ['zeros', 'cat /dev/zero'],
    ['the same event again and again', 'yes "$(head -n 1 log.jsonl)"'],
    ['a log and then words', '{ cat log.jsonl; yes; }'],
  ])('is refused where it stops being a log: %s', { timeout: 60_000 }, async (_, source) => {
    writeFileSync(join(folder, 'log.jsonl'), small());
    const ended = await shell(folder, `${source} | pipeline import - --store sqlite:new.db`);
    expectRefused(ended, 'stdin:');
    expect(existsSync(join(folder, 'new.db'))).toBe(false);
  });
});

describe('a log that moved', { timeout: 120_000 }, () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.set({ within: true });
  });
  afterEach(() => stage.strike());

  it('is read as before, replays, deploys go on in it, and Slack hears no old news', async () => {
    const first = stage.commit('The first');
    expect(await stage.advance(501, first)).toMatchObject({ exit: 0 });
    const url = store.url;
    const moved = await stage.run(['import', stage.storeUrl, '--store', url]);
    expect(moved, moved.stderr).toMatchObject({ exit: 0 });
    const name = deployId(501, first);
    for (const command of [['status', '--offline'], ['log', name], ['replay', name], ['export']]) {
      const before = await stage.run(command);
      expect(before).toMatchObject({ exit: 0 });
      expect(await stage.run([...command, '--store', url])).toEqual(before);
    }

    const told = stage.sandbox.slackMessages().length;
    expect(told).toBeGreaterThan(0);
    const second = stage.commit('The second');
    expect(await stage.advance(502, second, { PIPELINE_STORE: url })).toMatchObject({ exit: 0 });
    const news = stage.sandbox.slackMessages().slice(told);
    expect(JSON.stringify(news)).toContain('The second');
    expect(JSON.stringify(news)).not.toContain('The first');

    // Back again, into the log that it came from: what happened elsewhere is not announced here either.
    const back = await stage.run(['import', url]);
    expect(back, back.stderr).toMatchObject({ exit: 0 });
    const toldByNow = stage.sandbox.slackMessages().length;
    const third = stage.commit('The third');
    expect(await stage.advance(503, third)).toMatchObject({ exit: 0 });
    const newest = JSON.stringify(stage.sandbox.slackMessages().slice(toldByNow));
    expect(newest).toContain('The third');
    expect(newest).not.toContain('The second');
    expect(await stage.run(['replay', deployId(503, third)])).toMatchObject({ exit: 0 });
  });
});
