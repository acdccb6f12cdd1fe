/** What `pipeline verify` looks at besides events, and with what it ends, by the command itself, on a log in a file. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { headText, takeHead } from '../../src/runtime/audit/head.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { run, wayToLive, writeDeploy } from '../runtime/audit/written.ts';
import { events } from '../store/events.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let store: string;
let here: CommandHere;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-verify-'));
  store = `sqlite:${join(folder, 'log.db')}`;
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** With which exit code it ends: the same in words and as a document. */
async function exitOf(...args: readonly string[]): Promise<number> {
  const ended = await here.run(['verify', ...args]);
  const document = await here.run(['verify', ...args, '--json']);
  expect(document.exit, ended.stdout + ended.stderr).toBe(ended.exit);
  const { found } = JSON.parse(document.stdout);
  expect(found > 0).toBe(ended.exit === 1);
  return ended.exit;
}

it.each([
  ['as the log has it', (digest: string) => digest, 0],
  ['that is another', () => 'e'.repeat(64), 1],
])('what the next head is computed from: %s', async (_, kept, exit) => {
  const log = await openLog(store, { projections });
  const of = async (count: number) => {
    const { events: made } = await log.append([
      { stream: 'a', expected: 'any', events: events(count) },
    ]);
    return { last: made.at(-1)?.hash ?? '', head: await log.headDigest() };
  };
  const { last, head } = await of(256);
  const blocks = { position: 256, digest: kept(digestIn(head)), last };
  await log.saveCheckpoint('heads', { position: 256, state: { blocks } });
  await of(10);
  await log.close();
  expect(await exitOf()).toBe(exit);
});

/** The digits alone. */
const digestIn = (head: { readonly digest: string }): string => head.digest.slice(2);

describe('of two deploys, with heads that were kept', () => {
  const [first, second] = ['b', 'c'].map((digit) => digit.repeat(40)) as [string, string];
  const pair = generateKeyPairSync('ed25519');
  /** Of the log when the first was live. */
  let head: string;

  const publicKey = (name: string, key = generateKeyPairSync('ed25519').publicKey): string => {
    const file = join(folder, name);
    writeFileSync(file, key.export({ format: 'pem', type: 'spki' }));
    return file;
  };

  const change = (sql: string): void => {
    const outside = new Database(join(folder, 'log.db'));
    outside.exec(sql);
    outside.close();
  };

  beforeEach(async () => {
    const log = await openLog(store, { projections });
    await writeDeploy(log, { label: '501', commit: first }, wayToLive(first, null, 'v1'));
    head = headText(await takeHead(log, run, pair.privateKey));
    await writeDeploy(log, { label: '502', commit: second }, wayToLive(second, first, 'v2'));
    await log.close();
  });

  const heads = (...all: readonly string[]) => all.flatMap((one) => ['--head', one]);

  it('each head that is given is compared', async () => {
    const wrong = head.replace(/^2-../, (digits) => (digits === '2-00' ? '2-11' : '2-00'));
    expect(await exitOf(...heads(head, head))).toBe(0);
    for (const given of [
      [wrong, head],
      [head, wrong],
    ]) {
      expect(await exitOf(...heads(...given))).toBe(1);
      const { stdout } = await here.run(['verify', ...heads(...given)]);
      expect(stdout).toContain(`head ${wrong}: the log up to there is NOT as it was then`);
      expect(stdout).toContain(`head ${head}: the log up to there is as it was then`);
    }
  });

  it('each key that is given is one with which a head may be signed', async () => {
    const [own, other] = [publicKey('own.pub', pair.publicKey), publicKey('other.pub')];
    for (const [keys, exit] of [
      [[own, other], 0],
      [[other, own], 0],
      [[other], 1],
    ] as const) {
      expect(await exitOf(...keys.flatMap((key) => ['--public-key', key]))).toBe(exit);
    }
  });

  it('a head that is signed is not taken for checked where no key is given', async () => {
    const { exit, stdout } = await here.run(['verify']);
    expect(exit).toBe(0);
    expect(stdout).toContain(
      '1 signed head in the log; signatures are not checked without --public-key\n',
    );
    expect(stdout).not.toContain('signed and right');
    const checked = await here.run([
      'verify',
      '--public-key',
      publicKey('own.pub', pair.publicKey),
    ]);
    expect(checked.stdout).toMatch(/: signed and right up to position \d+; \d+ events behind it\n/);
  });

  it.each([
    ["update deploys set state = 'failed' where build = '501'", 'has another state'],
    ["update deploys set state = 'failed' where build = '502'", 'has another state'],
    ["delete from deploys where build = '502'", 'has no row'],
  ])('the table of deploys is compared, to the last of them: %s', async (sql, reason) => {
    change(sql);
    expect(await exitOf()).toBe(1);
    expect((await here.run(['verify'])).stdout).toContain(`the table of deploys ${reason}`);
  });

  it('the store that is named is looked at, not the one that is configured', async () => {
    const other = `sqlite:${join(folder, 'other.db')}`;
    const log = await openLog(other, { projections });
    await writeDeploy(log, { label: '7', commit: first }, []);
    await log.close();
    change("update deploys set state = 'failed'");
    expect(await exitOf()).toBe(1);
    expect(await exitOf(other)).toBe(0);
    expect(await exitOf('--store', other)).toBe(0);
    expect((await here.run(['verify', other])).stdout).toContain('1 deploy\n');
  });

  it('a file without events is none that was recorded', async () => {
    const file = join(folder, 'empty.jsonl');
    writeFileSync(file, '');
    const { exit, stdout, stderr } = await here.run(['verify', file]);
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toContain('E_IMPORT_SOURCE');
  });
});
