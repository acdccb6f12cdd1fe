/** How a lane stands: each situation that a person may find, and the line that they should type, or nothing. */
import { afterEach, expect, it } from 'vitest';
import type { DomainEvent, EventType } from '../../../src/machine/events.ts';
import type { BecameKind } from '../../../src/runtime/standing/became.ts';
import { sample } from '../../machine/samples.ts';
import { diverged, off, situations } from './situations.ts';
import { idOf, offline, rolledBackTo, StandingWorld } from './standing-world.ts';

let world: StandingWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

it.each(situations)('$name', async ({ happens, told = offline, also, ...expected }) => {
  world = await StandingWorld.open();
  await happens(world);
  const standing = await world.stands(told);
  const [production] = standing.places;
  const became = standing.deploys.map(({ row, became: { kind } }) => [Number(row.build), kind]);
  const { became: wanted, holds = [], production: runsNow, holder, waiting = [], type } = expected;
  expect(Object.fromEntries(became)).toEqual(wanted);
  expect(standing.holds.map(({ kind }) => kind)).toEqual(holds);
  expect([production?.version, production?.source, production?.verified]).toEqual(runsNow);
  expect(standing.holder?.deploy).toBe(holder === undefined ? undefined : idOf(holder));
  expect(standing.waiting.map(({ deploy }) => deploy)).toEqual(waiting.map(idOf));
  expect(standing.toDo.flatMap(({ commands }) => commands)).toEqual(type);
  also?.(standing);
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
  const all: { readonly [K in Exclude<BecameKind, 'unknown'>]: true } = {
    ...{ live: true, replaced: true, rolledBack: true, carried: true, contained: true, old: true },
    ...{ stuck: true, held: true, disabled: true, failed: true, waitTimedOut: true, waiting: true },
    ...{ underWay: true, interrupted: true },
  };
  expect([...kinds].sort()).toEqual(Object.keys(all).sort());
  const holds = new Set(situations.flatMap((one) => one.holds ?? []));
  expect([...holds].sort()).toEqual(['lane', 'log', 'rollback', 'settings', 'stuck', 'switch']);
  expect(situations.length).toBeGreaterThanOrEqual(30);
});
