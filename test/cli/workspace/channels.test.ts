/** Whom a run of a lane tells of what: its own lane's news, from when its channels were opened on, and all of them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseConfig } from '../../../src/cli/config/config.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { openAnnouncer } from '../../../src/cli/workspace/channels.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { switchLane } from '../../../src/runtime/lock/lane-orders.ts';
import { readRoster } from '../../../src/runtime/notify/roster.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { leastConfig } from '../config/config-text.ts';

const run = newRun({ actor: anActor, ci: null, program: 'test' });

let folder: string;
let log: EventLog;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-channels-'));
  log = await openLog('sqlite::memory:');
});
afterEach(async () => {
  await log.close();
  rmSync(folder, { recursive: true });
});

async function open(notify: string, env: Readonly<Record<string, string>> = {}) {
  const config = await parseConfig(
    Buffer.from(`${leastConfig}notify:\n${notify}\n`),
    'pipeline.yml',
  );
  const notices: string[] = [];
  const announcer = await openAnnouncer({
    ...{ config, folder, environment: readEnvironment(env), env, repository: null },
    ...{ log, run, leaseMs: 60_000, progress: (line: string) => void notices.push(line) },
  });
  return { ...announcer, notices };
}

const told = (name: string) =>
  readFileSync(join(folder, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ lane, order }) => [lane, order.reason]);

it('its own lane’s news, from then on, to each of them', async () => {
  await switchLane(log, 'acme-web', 'disabled', run, 'before anybody was told anything');
  const hook = (name: string) =>
    `    - { name: ${name}, on: ['lane.*'], run: 'cat >> ${join(folder, name)}; echo >> ${join(folder, name)}' }`;
  const { announce, close, notices } = await open(`  hooks:\n${hook('one')}\n${hook('two')}`);
  await switchLane(log, 'other', 'disabled', run, 'another lane’s');
  await switchLane(log, 'acme-web', 'enabled', run, 'it is over');
  await announce();
  await close();
  expect(notices).toEqual([]);
  // By which whoever looks knows of whom to say that they were not told.
  const roster = await readRoster(log, 'acme-web');
  expect(roster.map(({ channel }) => channel)).toEqual(['hooks/one', 'hooks/two']);
  for (const name of ['one', 'two']) expect(told(name)).toEqual([['acme-web', 'it is over']]);
});

it('an order stands where no channel can be opened, and whoever gave it sees that nobody is told yet', async () => {
  const hook = "  hooks: [{ on: 'lane.*', urlFrom: HOOK, secret: KEY }]";
  const { announce, close, notices } = await open(hook, { HOOK: 'no address' });
  await announce();
  await close();
  expect(notices).toEqual([
    expect.stringMatching(/^no channel is told of it now: HOOK is not a URL; the lane’s next run/),
  ]);
});

it('a channel whose token is not set is told nothing, and whoever runs it sees that', async () => {
  const { announce, close, notices } = await open("  slack: { channel: '#alerts' }");
  await announce();
  await close();
  expect(notices).toEqual([expect.stringMatching(/^Slack is told nothing: set \w+/)]);
});
