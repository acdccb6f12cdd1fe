/** How a lane stands: each situation that a person may find, and the line that they should type, or nothing. */
import { afterEach, expect, it } from 'vitest';
import type { DomainEvent, EventType } from '../../../src/machine/events.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import type { BecameKind } from '../../../src/runtime/standing/became.ts';
import { readLanes } from '../../../src/runtime/standing/read.ts';
import type { LaneStanding } from '../../../src/runtime/standing/standing.ts';
import { orderSamples } from '../../machine/order-samples.ts';
import { sample } from '../../machine/samples.ts';
import { lane } from '../loop/scripted-run.ts';
import { diverged, off, situations } from './situations.ts';
import {
  commitOf,
  hearingReads,
  idOf,
  offline,
  rolledBackTo,
  StandingWorld,
  someRun,
} from './standing-world.ts';

let world: StandingWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

it.each(situations)('$name', async ({ name, happens, told = offline, also, ...expected }) => {
  world = await StandingWorld.open();
  await happens(world);
  const standing = await world.stands(told);
  const [production] = standing.places;
  const became = standing.deploys.map(({ row, became: { kind } }) => [Number(row.build), kind]);
  const { became: wanted, holds = [], production: runsNow, holder, waiting = [], type } = expected;
  expect(Object.fromEntries(became)).toEqual(wanted);
  expect(standing.holds.map(({ kind }) => kind)).toEqual(holds);
  expect([production?.version, production?.source, production?.verified]).toEqual(runsNow);
  expect(standing.holder?.deploy).toBe(typeof holder === 'number' ? idOf(holder) : holder);
  expect(standing.waiting.map(({ deploy }) => deploy)).toEqual(
    waiting.map((one) => (typeof one === 'number' ? idOf(one) : one)),
  );
  expect(standing.toDo.flatMap(({ commands }) => commands)).toEqual(type);
  also?.(standing);
  expect(inWords(standing)).toMatchSnapshot(name);
});

it('of a long lane only so many events are read, also where nothing ever wrote it down', async () => {
  world = await StandingWorld.open();
  await world.live(501);
  const { log } = world;
  const orders = orderSamples.filter(({ type }) => type === 'lane.enabled');
  const switches = Array.from({ length: 300 }, () => orders.map((on) => newEvent(on, someRun)));
  await log.append([{ stream: laneStream(lane), expected: 'any', events: switches.flat() }]);
  let read = 0;
  const counted = hearingReads(log, (_, events) => {
    read += events.length;
  });
  const { lanes } = await readLanes(counted, { limit: 20, lane });
  expect(lanes).toMatchObject([{ lane, ordered: [] }]);
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(100);
});

/** All that is said of a lane, but the times: whether there is one. */
function inWords({ places, holder, waiting, deploys, holds, toDo }: LaneStanding): string {
  const at = (name: string, time: string | null) => (time === null ? [] : [name]);
  const line = (...words: readonly unknown[]) => words.filter((one) => one !== null).join(' ');
  return [
    ...places.map((one) =>
      line(
        ...[
          one.environment,
          one.source,
          one.version,
          one.commit?.slice(0, 8),
          one.title,
          one.deploy,
        ],
        ...['by', one.by, one.verified ? 'verified' : 'not verified', one.untold],
        ...[one.pending?.version, one.logKnew?.version, one.logKnew?.deploy],
        ...[...at('since', one.since), ...at('known', one.knownAt)],
      ),
    ),
    ...holds.map((hold) => line('hold', JSON.stringify(hold, withoutTimes))),
    ...(holder === null ? [] : [line('holder', holder.deploy, holder.doing, holder.running)]),
    ...waiting.map((one) => line('waits', one.deploy, 'behind', one.behind)),
    ...deploys.map(({ row, by, running, became }) =>
      line(row.deploy, by, running, became.kind, became.what, became.by, ...at('at', became.at)),
    ),
    ...toDo.map((one) => line('to do', JSON.stringify(one, withoutTimes))),
  ].join('\n');
}

const withoutTimes = (_: string, value: unknown): unknown =>
  typeof value === 'string'
    ? value.replaceAll(/\d{4}-\d\d-\d\d(T[\d:.]+Z| \d\d:\d\d UTC)/g, 'TIME')
    : value;

it('production is known by what was shipped, however many deploys shipped nothing since', async () => {
  world = await StandingWorld.open();
  await world.live(501);
  for (let build = 502; build <= 521; build++) {
    await world.writes(build, sample('deploy.superseded'));
  }
  const { places } = await world.stands();
  const [{ time } = { time: '' }] = (await world.log.readStream(laneStream(lane))).slice(-1);
  expect(places).toEqual([
    {
      ...{ environment: 'production', source: 'log', version: 'v501', commit: commitOf(501) },
      ...{ deploy: idOf(501), by: null, title: null, verified: true, since: time, knownAt: time },
      ...{ untold: null, pending: null, logKnew: null },
    },
  ]);
});

/** Ends before production is given anything, while the canary runs the commit. */
const endsOnCanary: readonly (readonly [string, DomainEvent])[] = [
  ['a rollback', sample('production.held', { step: 'readGates', rollback: rolledBackTo(500) })],
  ['the lane’s switch', off('lane')],
  ['the environment’s switch', off('environment')],
  ['settings', off('settings')],
  ['order', diverged(false)],
];

const throughCanary = [
  ...['gates.passed', 'canary.submitted', 'canary.released', 'canary.deployed'],
  ...['canary.instancesUp', 'canary.verified'],
].map((type) => sample(type as EventType));

it.each(endsOnCanary)('stands the same where its canary was not taken back: %s', async (_, end) => {
  const seen = { type: end.type, data: { ...end.data, step: 'submitProduction' } } as DomainEvent;
  const standsAfter = async (wayBack: DomainEvent) => {
    const on = await StandingWorld.open();
    const way = [...throughCanary, seen, wayBack];
    await (await on.runWith({ canary: true }, 502, 'staging.verified', ...way)).ended;
    const { deploys, holds, toDo } = await on.stands();
    await on.close();
    return {
      became: deploys.map(({ became }) => became),
      holds: holds.map(({ kind }) => kind),
      toDo,
    };
  };
  const taken = await standsAfter(sample('canary.restored'));
  expect(await standsAfter(sample('deploy.failed', { step: 'restoreCanary' }))).toEqual(taken);
});

it('has a situation for each thing that can become of a deploy, and for each hold', () => {
  const kinds = new Set(situations.flatMap(({ became }) => Object.values(became)));
  const all: { readonly [K in BecameKind]: true } = {
    ...{ live: true, replaced: true, rolledBack: true, carried: true, contained: true, old: true },
    ...{ stuck: true, held: true, disabled: true, failed: true, waitTimedOut: true, waiting: true },
    ...{ underWay: true, interrupted: true, unknown: true },
  };
  expect([...kinds].sort()).toEqual(Object.keys(all).sort());
  const holds = new Set(situations.flatMap((one) => one.holds ?? []));
  expect([...holds].sort()).toEqual(['lane', 'log', 'rollback', 'settings', 'stuck', 'switch']);
  expect(situations.length).toBeGreaterThanOrEqual(30);
});
