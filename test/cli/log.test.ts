/** `pipeline log` on a log in a file: all of a deploy's events, and what became of it, in words as in a document. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projections } from '../../src/runtime/audit/projections.ts';
import { deployStream } from '../../src/runtime/log/streams.ts';
import type { RecordedEvent } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { sample } from '../machine/samples.ts';
import { wayToGates, wayToLive, writeDeploy } from '../runtime/audit/written.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let here: CommandHere;
let events: readonly RecordedEvent[];
const [first, second] = ['b', 'c'].map((digit) => digit.repeat(40)) as [string, string];
const [live, held] = ['501-bbbbbbbb', '502-cccccccc'];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-log-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  await writeDeploy(log, { label: '501', commit: first }, wayToLive(first, null, 'v1'));
  await writeDeploy(log, { label: '502', commit: second }, [
    ...wayToGates(second, first, 'v2'),
    sample('production.held'),
  ]);
  events = await log.readStream(deployStream(live));
  await log.close();
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterEach(() => rmSync(folder, { recursive: true }));

it('tells each event in its order, as a document too', async () => {
  const { exit, stdout } = await here.run(['log', '501']);
  const types = stdout
    .split('\n')
    .flatMap((line) => /^\S+ \S+ {2}([a-z]+\.\w+) /.exec(line)?.[1] ?? []);
  expect([exit, types]).toEqual([0, events.map(({ type }) => type)]);
  const document = JSON.parse((await here.run(['log', '501', '--json'])).stdout);
  expect(document).toMatchObject({ version: 1, deploy: live, lane: 'acme-web' });
  expect(document.events).toEqual(events);
});

it('hides no word of the log’s own, though a variable that sounds like a secret holds it', async () => {
  for (const word of ['production.submitted', 'deployingStaging', 'blockedByRollback']) {
    const { exit, stdout } = await here.run(['log', '502', '--json'], { CACHE_TOKEN: word });
    expect([exit, stdout]).toEqual([0, expect.not.stringContaining('[secret]')]);
  }
});

it.each([
  [live, 'replaced'],
  [held, 'held'],
])('tells what became of %s: %s', async (deploy, kind) => {
  const { became } = JSON.parse((await here.run(['log', deploy, '--json'])).stdout);
  expect(became.kind).toBe(kind);
  const { stdout } = await here.run(['log', deploy]);
  expect(stdout.trimEnd().split('\n').at(-1)).toContain(became.what);
});

it('tells what happened though what came after it is not what was recorded, and ends by that', async () => {
  const whole = (await here.run(['log', '501'])).stdout;
  const outside = new Database(join(folder, 'log.db'));
  outside.exec('drop trigger events_no_update');
  outside.exec(`update events set data = data || ' ' where stream = '${deployStream(held)}'`);
  outside.close();
  const { exit, stdout, stderr } = await here.run(['log', '501']);
  expect(exit, stderr).toBe(1);
  expect(stderr).toContain('E_LOG_FAULT');
  expect(stdout).toBe(`${whole.split('\n').slice(0, -3).join('\n')}\n`);
  const document = await here.run(['log', '501', '--json']);
  expect(document.exit).toBe(1);
  expect(JSON.parse(document.stdout)).toMatchObject({ error: { code: 'E_LOG_FAULT' } });
});
