/** `pipeline verify` over a log that two deploys wrote with a signing key, and over an export of it, with nothing but files. */
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loseFromIndex } from '../store/lost-index.ts';
import { quietConfig, Stage } from './stage.ts';

let stage: Stage;
let head: string;
let exported: string;
let publicKey: string;
const pair = generateKeyPairSync('ed25519');

beforeAll(async () => {
  stage = await Stage.set({ within: true, config: quietConfig });
  const key = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  publicKey = join(stage.folder, 'head.pub');
  writeFileSync(publicKey, pair.publicKey.export({ format: 'pem', type: 'spki' }));
  const first = await stage.advance(501, stage.commit('The first'), { PIPELINE_SIGNING_KEY: key });
  expect(first).toMatchObject({ exit: 0 });
  head = /^log head (2-[0-9a-f]{64}@\d+), signed$/m.exec(first.stdout)?.[1] ?? '';
  const second = await stage.advance(502, stage.commit('The second'));
  expect(second.stdout).toMatch(/^log head 2-[0-9a-f]{64}@\d+$/m);
  exported = join(stage.folder, 'log.jsonl');
  expect(await stage.run(['export', '--output', exported])).toMatchObject({ exit: 0 });
}, 60_000);
afterAll(() => stage.strike());

const offline = { PIPELINE_STORE: undefined, HEROKU_API_KEY: undefined };

it('says that all of it is what was recorded, and the head', async () => {
  const { exit, stdout } = await stage.run(['verify', '--head', head, '--public-key', publicKey]);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^log head 2-[0-9a-f]{64}@\d+$/m);
  expect(stdout).toContain(`head ${head}: the log up to there is as it was then`);
  expect(stdout).toMatch(
    /1 signed head in the log: signed and right up to position \d+; \d+ events behind it/,
  );
  expect(stdout).toContain('Everything is what was recorded.');
});

it('of an export needs the public key alone, and says the same', async () => {
  const store = JSON.parse((await stage.run(['verify', '--json'])).stdout);
  const args = ['verify', exported, '--public-key', publicKey, '--json'];
  const { exit, stdout } = await stage.run(args, offline);
  const { version, events, head: end, found, signed } = JSON.parse(stdout);
  expect({ exit, version, found, areChecked: signed.areChecked }).toEqual({
    exit: 0,
    version: 1,
    found: 0,
    areChecked: true,
  });
  expect([events, end]).toEqual([store.events, store.head]);
});

it('finds a file that SQLite itself calls damaged, in the built program, too', async () => {
  const file = join(stage.folder, 'damaged.db');
  const [deploy] = await stage.read((log) => log.streams({ prefix: 'deploy/', limit: 1 }));
  copyFileSync(stage.logFile, file);
  loseFromIndex(file, deploy?.stream ?? '');
  const { exit, stdout } = await stage.start(['verify', `sqlite:${file}`]).ended;
  expect([exit, stdout]).toEqual([1, expect.stringContaining('index sqlite_autoindex_events_2')]);
});

it('exits 1 where an export was changed, cut off, or signed by somebody else', async () => {
  const lines = readFileSync(exported, 'utf8').trimEnd().split('\n');
  const write = (name: string, text: readonly string[]) => {
    const file = join(stage.folder, name);
    writeFileSync(file, `${text.join('\n')}\n`);
    return file;
  };
  const at = lines.findIndex((line) => line.includes('"type":"staging.verified"'));
  const changed = write(
    'changed.jsonl',
    lines.with(at, (lines[at] ?? '').replace('"steadyMs":', '"steadyMs":9')),
  );
  const told = await stage.run(['verify', changed], offline);
  expect(told).toMatchObject({ exit: 1 });
  expect(told.stdout).toContain(`chain: position ${at + 1}, deploy/501-`);
  const cut = await stage.run(
    ['verify', write('cut.jsonl', lines.slice(0, 9)), '--head', head],
    offline,
  );
  expect(cut).toMatchObject({ exit: 1 });
  expect(cut.stdout).toContain('events were cut off');
  const other = join(stage.folder, 'other.pub');
  writeFileSync(
    other,
    generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }),
  );
  const foreign = await stage.run(['verify', exported, '--public-key', other], offline);
  expect(foreign).toMatchObject({ exit: 1 });
  expect(foreign.stdout).toContain('signed with another key than those given');
});

it('refuses what is no head and no key, and a signing key that is none, before anything is written', async () => {
  const wrong = [
    await stage.run(['verify', '--head', 'abc']),
    await stage.run(['verify', '--public-key', exported]),
    await stage.run(['verify', '--public-key', 'nowhere.pub']),
  ];
  for (const { exit, stderr } of wrong) {
    expect(exit).toBe(2);
    expect(stderr).toMatch(/error\[E_USAGE\]/);
  }
  const secret = 'no-key-but-a-secret-0123';
  const refused = await stage.advance(503, stage.commit('The third'), {
    PIPELINE_SIGNING_KEY: secret,
  });
  expect(refused).toMatchObject({ exit: 2 });
  expect(refused.stderr).toMatch(
    /E_ENVIRONMENT.*PIPELINE_SIGNING_KEY is no private key of Ed25519/,
  );
  expect(refused.stdout + refused.stderr).not.toContain(secret);
  expect(await stage.read((log) => log.streams({ prefix: 'deploy/503', limit: 1 }))).toEqual([]);
});
