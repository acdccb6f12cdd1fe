/** `pipeline replay` for people: one moment, the walk, all deploys; on a log in a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { replay } from '../../../src/cli/commands/replay.ts';
import type { Terminal } from '../../../src/cli/render/terminal.ts';
import { deploysProjection } from '../../../src/runtime/audit/deploys-table.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { openLog } from '../../../src/store/open.ts';
import { sample } from '../../machine/samples.ts';
import { run, wayToGates, wayToLive, writeDeploy } from '../../runtime/audit/written.ts';
import { CommandHere } from '../command-here.ts';

let folder: string;
let store: string;
let here: CommandHere;
const [first, second] = ['b', 'c'].map((digit) => digit.repeat(40)) as [string, string];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-replay-'));
  store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections: [deploysProjection] });
  await writeDeploy(log, { label: '501', commit: first }, wayToLive(first, null, 'v1'));
  await writeDeploy(log, { label: '502', commit: second }, [
    ...wayToGates(second, first, 'v2'),
    sample('production.held'),
  ]);
  await log.close();
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterAll(() => rmSync(folder, { recursive: true }));

it('--at shows the state and what was known at an event, and now', async () => {
  const { exit, stdout } = await here.run(['replay', '502', '--at', '3']);
  expect(exit).toBe(0);
  expect(stdout).toMatch(
    /^502-cccccccc after event 3, .*: deployingStaging\.submitting\n {2}under way {2}submitting the commit to staging$/m,
  );
  expect(stdout).toMatch(/^ {2}observed +\{"version":"before v2","commit":"b{40}"\}$/m);
  const json = await here.run(['replay', '502', '--at', '1ms', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({
    version: 1,
    event: 9,
    state: 'blockedByRollback',
  });
  expect(await here.run(['replay', '502', '--at', '2001-01-01'])).toMatchObject({ exit: 2 });
});

it('--at an event that it does not have, or not yet, shows no other one', async () => {
  const { exit, stdout, stderr } = await here.run(['replay', '502', '--at', '99']);
  expect([exit, stdout]).toEqual([2, '']);
  expect(stderr).toContain('502-cccccccc has no event 99: its last is 9');
});

it('--at a time is its state then, not now', async () => {
  const later = `sqlite:${join(folder, 'later.db')}`;
  let now = Date.parse('2026-01-05T13:00:00Z');
  const log = await openLog(later, { projections: [deploysProjection], now: () => now });
  await writeDeploy(log, { label: '501', commit: first }, []);
  now += 60_000;
  const transition = { from: 'queued.waiting', to: 'locked', settled: false, reason: null };
  const acquired = newEvent(sample('lock.acquired'), run, { transition });
  await log.append([{ stream: 'deploy/501-bbbbbbbb', expected: 1, events: [acquired] }]);
  await log.close();
  for (const [at, event, state] of [
    ['2026-01-05T13:00:30Z', 1, 'queued.waiting'],
    ['2026-01-05T13:01:30Z', 2, 'locked'],
  ]) {
    const { stdout } = await here.run([
      'replay',
      '501',
      '--at',
      `${at}`,
      '--json',
      '--store',
      later,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ event, state });
  }
});

it('--all ends with 1 where a deploy cannot be read, whatever the others are', async () => {
  const other = `sqlite:${join(folder, 'unreadable.db')}`;
  const log = await openLog(other, { projections: [deploysProjection] });
  await writeDeploy(log, { label: '503', commit: first }, wayToLive(first, null, 'v1'));
  const { id } = newEvent(sample('lock.acquired'), run);
  const unknown = { id, type: 'deploy.tomorrow', schema: 1, data: {}, metadata: {} };
  await log.append([{ stream: 'deploy/503-bbbbbbbb', expected: 'any', events: [unknown] }]);
  await log.close();
  const { exit, stdout } = await here.run(['replay', '--all', '--json', '--store', other]);
  const { differing, unreadable } = JSON.parse(stdout);
  expect([exit, differing, unreadable]).toEqual([
    1,
    [],
    [{ deploy: '503-bbbbbbbb', reason: expect.stringContaining('deploy.tomorrow') }],
  ]);
  const told = await here.run(['replay', '--all', '--store', other]);
  expect(told.exit).toBe(1);
  expect(told.stdout).toMatch(
    /^503-bbbbbbbb cannot be replayed: .*deploy\.tomorrow.*\n0 deploys of 1 agree/,
  );
});

it('--step walks forward, back, to a number, and ends', async () => {
  const out: string[] = [];
  const plain = Object.fromEntries(
    ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'].map((name) => [name, (text: string) => text]),
  );
  const terminal = {
    out: (line: string) => out.push(line),
    err: () => {},
    color: plain,
  } as unknown as Terminal;
  const input = Readable.from(['\n', 'b\n', '9\n', '\n', 'never read\n']);
  expect(await replay('502', { store, step: true }, terminal, input)).toBe(0);
  const shown = out.filter((line) => /^event/.test(line));
  expect(shown).toEqual([
    'event 1 of 9: deploy.requested',
    'event 2 of 9: lock.acquired',
    'event 1 of 9: deploy.requested',
    'event 9 of 9: production.held',
  ]);
  expect(out.join('\n')).toContain('502-cccccccc agrees: 9 events');
});

it('--all tells which of all deploys differ, and of those since a time', async () => {
  const all = await here.run(['replay', '--all']);
  expect(all).toMatchObject({ exit: 0, stdout: '2 deploys of 2 agree\n' });
  const log = await openLog(store, { projections: [deploysProjection] });
  const transition = {
    from: 'blockedByRollback',
    to: 'production.live',
    settled: true,
    reason: null,
  };
  const forged = newEvent(
    { type: 'deploy.resumed', data: { actor: 'x', observed: 'y', reason: 'z' } },
    run,
    { transition },
  );
  await log.append([{ stream: 'deploy/502-cccccccc', expected: 9, events: [forged] }]);
  await log.close();
  const differs = await here.run(['replay', '--all', '--since', '1h']);
  expect(differs).toMatchObject({ exit: 1 });
  expect(differs.stdout).toContain(
    '502-cccccccc does not agree at event 10 (deploy.resumed): recorded blockedByRollback → production.live (settled); recomputed blockedByRollback → queued.waiting',
  );
  expect(differs.stdout).toContain('1 deploy of 2 agree');
  const whole = await here.run(['replay', '--all', '--json']);
  expect(whole.exit).toBe(1);
  expect(JSON.parse(whole.stdout)).toMatchObject({
    version: 1,
    deploys: 2,
    differing: [{ deploy: '502-cccccccc' }],
  });
  for (const form of [[], ['--json']]) {
    expect(await here.run(['replay', '502', ...form]), form.join()).toMatchObject({ exit: 1 });
    expect(await here.run(['replay', '501', ...form]), form.join()).toMatchObject({ exit: 0 });
  }
});

it.each([
  [['replay']],
  [['replay', '502', '--all']],
  [['replay', '--all', '--at', '3']],
  [['replay', '502', '--since', '1h']],
  [['replay', '502', '--at', 'soon']],
  [['replay', '502', '--step', '--json']],
  [['replay', '502', '--step', '--at', '3']],
])('refuses %j', async (args) => {
  const { exit, stderr } = await here.run(args);
  expect(exit).toBe(2);
  expect(stderr).toMatch(/E_USAGE/);
});

it('--help says that nothing is run again', async () => {
  expect((await here.run(['replay', '--help'])).stdout).toContain('Nothing is run again');
});
