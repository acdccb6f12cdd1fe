/** Deploys found by the table's indexes, against the same found by hand. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { samples } from '../../../src/machine/samples.ts';
import {
  type DeployEntry,
  deployIn,
  deploysIn,
  deploysSince,
  firstToMeet,
  indexedDeploys,
  lanesIn,
  movedBefore,
  newestAndOpen,
} from '../../../src/runtime/audit/deploy-index.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { deployStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { sample } from '../../machine/samples.ts';
import { deployEvents, wayToGates, wayToLive, writeDeploy } from './written.ts';

let log: EventLog;
let time = Date.UTC(2026, 0, 5, 13);

const ways = {
  live: (commit: string) => wayToLive(commit, null, 'v1'),
  held: (commit: string) => [...wayToGates(commit, null, 'v1'), sample('production.held')],
  failed: () => [sample('lock.acquired'), sample('deploy.failed', { step: 'observe' as const })],
  waits: () => [],
};
/** One a minute, in this order; what ends late gets its last event behind all others. */
const written: readonly (readonly [
  label: string,
  how: keyof typeof ways,
  commit: string,
  lane?: string,
  endsLate?: boolean,
])[] = [
  ['1', 'waits', 'ab0'],
  ['2', 'held', 'ab1'],
  ['3', 'failed', 'ab1'],
  ['4', 'live', 'ac0'],
  ['5', 'live', 'abf', 'acme-web', true],
  ['0', 'waits', 'ae0', 'other'],
  ['6', 'live', 'ac1', 'other'],
  ['7', 'failed', 'ad0', 'acme-web', true],
  ['8', 'live', 'ad1'],
  ['9', 'waits', 'ad2'],
];

beforeAll(async () => {
  log = await openLog('sqlite::memory:', { projections, now: () => time });
  const late: (() => Promise<unknown>)[] = [];
  for (const [label, how, start, lane = 'acme-web', endsLate = false] of written) {
    const commit = start.padEnd(40, '0');
    const made = deployEvents({ label, commit, lane }, ways[how](commit));
    const stream = deployStream(`${label}-${commit.slice(0, 8)}`);
    const events = endsLate ? made.slice(0, -1) : made;
    await log.append([{ stream, expected: 'none', events }]);
    if (endsLate)
      late.push(() => log.append([{ stream, expected: 'any', events: made.slice(-1) }]));
    time += 60_000;
  }
  for (const end of late) await end();
});
afterAll(() => log.close());

const lane = 'acme-web';
const last = Number.MAX_SAFE_INTEGER;
const live = ['production.live'];
const labels = (found: readonly DeployEntry[]) => found.map(({ deploy }) => deploy[0]).join('');
const one = async (label: string): Promise<DeployEntry> => {
  const found = (await newestAndOpen(log, lane, { limit: 99, states: [] })).find(
    ({ deploy }) => deploy[0] === label,
  );
  return found ?? expect.unreachable(label);
};

it('an entry says where its deploy stands', async () => {
  const [first, next] = [await one('4'), await one('9')];
  expect(first).toEqual({
    ...{ deploy: '4-ac000000', lane, commit: 'ac0'.padEnd(40, '0'), state: 'production.live' },
    ...{ settled: true, requestedPosition: 14, position: 27 },
  });
  expect(next.settled).toBe(false);
});

it.each([
  ['none older is open', 2, [], '981'],
  ['one older may go on', 2, ['blockedByRollback'], '9821'],
  ['there are fewer', 99, ['blockedByRollback'], '98754321'],
])('the newest, and the older ones that are open: %s', async (_, limit, states, wanted) => {
  expect(labels(await newestAndOpen(log, lane, { limit, states }))).toBe(wanted);
});

it('nothing is the newest of a lane that has none', async () => {
  expect(await newestAndOpen(log, 'nobody’s', { limit: 0, states: [] })).toEqual([]);
});

it('by the beginning of a commit, the one asked for last first', async () => {
  const found = async (commit: string, limit = 99) =>
    labels(await indexedDeploys(log, { commit, limit }));
  expect(await found('ab')).toBe('5321');
  expect(await found('ab1')).toBe('32');
  expect(await found('ab1'.padEnd(40, '0'))).toBe('32');
  expect(await found('ac')).toBe('64');
  expect(await found('b')).toBe('');
  expect(await found('ab', 2)).toHaveLength(2);
});

it('by their last events before a position, the newest first', async () => {
  const moved = async (before: number, limit: number) =>
    labels(await movedBefore(log, lane, { before, limit }));
  expect(await moved(last, 99)).toBe('75984321');
  expect(await moved(last, 2)).toBe('75');
  expect(await moved((await one('5')).position, 2)).toBe('98');
});

it('in a state, a stretch on one side of a position, the oldest first', async () => {
  const found = async (side: { before: number } | { after: number }, limit: number) =>
    labels(await deploysIn(log, lane, live, { ...side, limit }));
  const { position } = await one('8');
  expect(await found({ before: last }, 99)).toBe('485');
  expect(await found({ before: last }, 2)).toBe('85');
  expect(await found({ before: position }, 99)).toBe('4');
  expect(await found({ after: 0 }, 99)).toBe('485');
  expect(await found({ after: 0 }, 2)).toBe('48');
  expect(await found({ after: position }, 99)).toBe('5');
  expect(labels(await deploysIn(log, 'other', live, { after: 0, limit: 99 }))).toBe('6');
});

it('by its id, in its lane alone', async () => {
  const { deploy } = await one('9');
  expect((await deployIn(log, lane, deploy))?.state).toBe('queued.waiting');
  expect(await deployIn(log, 'other', deploy)).toBeNull();
  expect(await deployIn(log, lane, '9')).toBeNull();
});

it('lanes, each once', async () => {
  expect(await lanesIn(log)).toEqual([lane, 'other']);
});

it('by when they were asked for', async () => {
  const since = async (at: string | null) =>
    (await deploysSince(log, at)).map((deploy) => deploy[0]).join('');
  expect(await since(null)).toBe('1234506789');
  expect(await since('2026-01-05T13:07:00.000Z')).toBe('789');
  expect(await since('2026-01-05T13:07:00.001Z')).toBe('89');
});

it('of each release that was left, the first of the lane that met that, of those that moved after a position', async () => {
  const own = await openLog('sqlite::memory:', { projections });
  const { rollback } = samples['production.held'];
  const leaving = (version: string) =>
    ({ ...rollback, kind: 'rollback', before: version }) as const;
  const meets = async (label: string, version: string, of = lane) => {
    const commit = `${label}b`.padEnd(40, '0');
    const way = wayToGates(commit, null, 'v1');
    const held = sample('production.held', { step: 'readGates', rollback: leaving(version) });
    await writeDeploy(own, { label, commit, lane: of }, [...way, held]);
    return own.head();
  };
  await meets('1', 'v7', 'other');
  const first = await meets('2', 'v7');
  const second = await meets('3', 'v7');
  await meets('4', 'v8');
  await meets('5', 'v8');
  await meets('6', 'v7');
  const found = async (after: number) => labels(await firstToMeet(own, lane, after));
  expect([await found(0), await found(first), await found(second)]).toEqual(['24', '34', '46']);
  await own.close();
});
