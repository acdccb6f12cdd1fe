/** What is told of an order that was given: it names the line that undoes it, whole, so that it can be typed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projections } from '../../src/runtime/audit/projections.ts';
import { newEvent } from '../../src/runtime/log/new-event.ts';
import { laneResource, laneStream } from '../../src/runtime/log/streams.ts';
import { openLog } from '../../src/store/open.ts';
import { someRun } from '../runtime/standing/standing-world.ts';
import { CommandHere } from './command-here.ts';

const config = `app: acme-web
staging: { heroku: { app: acme-staging } }
production: { heroku: { app: acme-production } }
`;

let folder: string;
let here: CommandHere;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-orders-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  await (await openLog(store, { projections })).close();
  writeFileSync(join(folder, 'pipeline.yml'), config);
  execFileSync('git', ['init', '-q', folder]);
  writeFileSync(join(folder, '.gitconfig'), '[user]\nname = Ada\nemail = ada@example.com\n');
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['disable', /nothing goes to production until pipeline enable --reason "…"$/m],
  ['enable', /goes on by pipeline resume DEPLOY --reason "…"/],
])('%s', async (order, told) => {
  const { exit, stdout } = await here.run([order, '--reason', 'incident 4711']);
  expect(exit).toBe(0);
  expect(stdout).toMatch(told);
});

it.each(['disable', 'enable', 'unlock', 'resume 501', 'rollback --yes', 'advance'])(
  '%s for a reason of blanks is refused',
  async (order) => {
    const { exit, stderr } = await here.run([...order.split(' '), '--reason', '  ']);
    expect(stderr).toContain('E_REASON');
    expect(exit).toBe(2);
  },
);

it.each([
  ['rollback --give-up --yes', '--yes'],
  ['rollback --give-up --json', '--json'],
  ['rollback v1 --give-up', '--give-up takes no release'],
])('%s is no order', async (order, words) => {
  const { exit, stderr } = await here.run([...order.split(' '), '--reason', 'incident 4711']);
  expect(stderr).toMatch(/error\[E_USAGE\]/);
  expect(stderr).toContain(words);
  expect(exit).toBe(2);
});

it.each(['circleci', 'github'])(
  'nobody rolls back where %s gives the lane to its builds alone',
  async (provider) => {
    const place = join(folder, provider);
    mkdirSync(place);
    writeFileSync(join(place, 'pipeline.yml'), `${config}lock: { provider: ${provider} }\n`);
    const args = ['rollback', '--yes', '--reason', 'incident 4711'];
    const { exit, stderr } = await here.run(args, {}, place);
    expect(stderr).toContain('E_LOCK_PROVIDER');
    expect(exit).toBe(2);
  },
);

it('each order that changes something is told to everybody, and none that does not', async () => {
  const place = join(folder, 'told');
  mkdirSync(place);
  const hook = "{ name: pager, on: ['lane.*', lock.broken], run: 'cat >> told; echo >> told' }";
  writeFileSync(join(place, 'pipeline.yml'), `${config}notify: { hooks: [${hook}] }\n`);
  const store = `sqlite:${join(place, 'log.db')}`;
  const log = await openLog(store, { projections });
  const data = { deploy: '501-aaaaaaaa', run: someRun.id, build: '501', commit: 'a'.repeat(40) };
  const more = { supersedes: [], takenOver: null };
  const granted = newEvent({ type: 'lock.granted', data: { ...data, ...more } }, someRun);
  const grant = { resource: laneResource('acme-web'), token: 1, owner: someRun.owner };
  await log.append([{ stream: laneStream('acme-web'), expected: 'none', events: [granted] }], {
    grant: { ...grant, ttlMs: 600_000 },
  });
  await log.close();
  const inPlace = { PIPELINE_STORE: store };
  for (const order of ['disable', 'disable', 'enable', 'enable', 'unlock']) {
    const { exit, stderr } = await here.run([order, '--reason', order], inPlace, place);
    expect(exit, stderr).toBe(0);
  }
  const told = readFileSync(join(place, 'told'), 'utf8').trim().split('\n');
  expect(told.map((line) => [JSON.parse(line).type, JSON.parse(line).order.reason])).toEqual([
    ['lane.disabled', 'disable'],
    ['lane.enabled', 'enable'],
    ['lock.broken', 'unlock'],
  ]);
});

it('a CI gives no reason of its own, by which it would ship what a rollback holds', async () => {
  const { exit, stderr } = await here.run(['advance', '--reason', 'it is mended'], { CI: 'true' });
  expect(stderr).toContain('E_REASON');
  expect(exit).toBe(2);
});

describe('by hand, a deploy needs somebody who can be seen', () => {
  const programs = "{ command: { deploy: 'true', current: 'true', health: 'true' } }";
  const byHand = `app: acme-web
staging: ${programs}
production: ${programs.replace('deploy:', 'name: production, deploy:')}
`;
  const nobody = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  let place: string;
  beforeAll(() => {
    place = join(folder, 'by-hand');
    mkdirSync(place);
    writeFileSync(join(place, 'pipeline.yml'), byHand);
    const ana = ['-c', 'user.name=Ana', '-c', 'user.email=ana@acme.test'];
    execFileSync('git', ['init', '-q', '-b', 'master', place]);
    execFileSync('git', ['-C', place, 'add', '.']);
    execFileSync('git', ['-C', place, ...ana, 'commit', '-q', '-m', 'The first']);
  });

  it.each([
    ['with --override', ['--override']],
    ['without it', []],
  ])('%s: --actor alone is a claim, and nothing is written', async (_, more) => {
    const args = ['advance', '--build', '505', '--commit', 'HEAD', '--actor', 'ana', ...more];
    const { exit, stderr } = await here.run([...args, '--reason', 'it is mended'], nobody, place);
    expect(stderr).toContain('E_ACTOR');
    expect(exit).toBe(2);
    const log = await openLog(`sqlite:${join(folder, 'log.db')}`, { projections });
    const streams = await log.streams({ prefix: 'deploy/', limit: 1 });
    await log.close();
    expect(streams).toEqual([]);
  });
});
