/** What a lane's targets say of themselves: each answer a row, also that of one which fails, tells nothing or comes too late. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/effects/clock.ts';
import type { History } from '../../../src/effects/history/history.ts';
import type { Ports } from '../../../src/effects/ports.ts';
import type { Observed, Running, Target } from '../../../src/effects/targets/target.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { askTargets } from '../../../src/runtime/standing/ask.ts';
import type { ToldPlace } from '../../../src/runtime/standing/known.ts';
import { readLanes } from '../../../src/runtime/standing/read.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';
import { sample } from '../../machine/samples.ts';
import { wayToGates } from '../audit/written.ts';
import { lane } from '../loop/scripted-run.ts';
import { commitOf, idOf, releaseOf, StandingWorld } from './standing-world.ts';

let world: StandingWorld;
beforeEach(async () => {
  world = await StandingWorld.open();
});
afterEach(() => world.close());

const at = '2026-01-05T13:00:00.000Z';
const running = (build: number, more: Partial<Running> = {}): Running => ({
  ...{ release: releaseOf(build), description: 'Deploy', by: 'mia', at, isRollback: false },
  artifact: { kind: 'slug', id: `slug-${build}`, digest: null, commit: commitOf(build) },
  named: null,
  ...more,
});
const nothing: Observed = { cursor: '1', running: null, before: null, failed: [], pending: null };
const runs = (build: number, more: Partial<Observed> = {}): Observed => ({
  ...{ ...nothing, running: running(build), ...more },
});

interface Given {
  readonly production?: (ports: Ports) => Promise<Observed>;
  readonly staging?: () => Promise<Observed>;
  readonly isReadable?: boolean;
  readonly history?: Partial<History> | null;
  readonly clock?: Clock;
  readonly ranBefore?: boolean;
}

/** What production and staging say. */
async function ask({
  production = async () => nothing,
  staging = async () => nothing,
  isReadable = true,
  history = null,
  clock = createVirtualClock({ holdMs: 5_000 }),
  ranBefore = false,
}: Given) {
  const { lanes } = await readLanes(world.log, { limit: 20, lane });
  const logged = lanes[0] ?? { lane, deploys: [], marks: {} };
  const { settings } = samples['deploy.requested'];
  const told = await askTargets(
    logged,
    { ...settings, canary: null },
    {
      ...{ log: world.log, history: history as History | null, http: null as never },
      ...{ clock, withinMs: 5_000 },
      targets: (target) =>
        ({
          ...{ isReadable, namedCommit: async () => null, ranBefore: async () => ranBefore },
          observe: target.name === settings.production.target.name ? production : staging,
        }) as unknown as Target,
    },
  );
  if (told.kind !== 'asked') throw new Error('it was asked');
  expect(told.at).toMatch(/^2026-01-05T10:00:0\d\.000Z$/);
  return told.places as { readonly [name: string]: ToldPlace };
}
const { production: prod, staging: before } = samples['deploy.requested'].settings;
const names = { production: prod.target.name, staging: before?.target.name ?? '' };

describe('a target', () => {
  it('that runs nothing says so, with what is under way', async () => {
    const pending = { release: { id: 'r', version: 'v9' }, description: 'Deploy', ageMs: 5 };
    const none = { kind: 'runs', running: null, ours: null, back: null };
    expect(await ask({ production: async () => ({ ...nothing, pending }) })).toEqual({
      production: {
        ...{ ...none, target: names.production, pending: { version: 'v9', ageMs: 5 } },
      },
      staging: { ...none, target: names.staging, pending: null },
    });
  });

  it('that nobody can read is not asked', async () => {
    const asked = () => expect.unreachable('it has no program for that');
    expect(await ask({ isReadable: false, production: asked, staging: asked })).toMatchObject({
      production: {
        ...{ kind: 'untold', target: names.production },
        why: `${names.production} has no program that tells what runs`,
      },
    });
  });

  it.each([
    [new Error('HTTP 503'), 'HTTP 503'],
    ['a word', 'a word'],
  ])('that fails is told by its words (%s), and the other one all the same', async (error, why) => {
    const production = () => Promise.reject(error);
    expect(await ask({ production, staging: async () => runs(501) })).toMatchObject({
      production: { kind: 'untold', target: names.production, why },
      staging: { kind: 'runs', running: { release: releaseOf(501) } },
    });
  });

  it('that does not answer in time is not waited for', async () => {
    const clock = createVirtualClock({ holdMs: 5_000 });
    let asked = 0;
    const never = () => {
      if (++asked === 2) queueMicrotask(() => clock.advance(5_000));
      return new Promise<Observed>(() => {});
    };
    expect(await ask({ clock, production: never, staging: never })).toEqual({
      production: {
        ...{ kind: 'untold', target: names.production },
        why: `${names.production} did not answer within 5 s`,
      },
      staging: {
        ...{ kind: 'untold', target: names.staging },
        why: `${names.staging} did not answer within 5 s`,
      },
    });
  });
});

it('whoever was asked, and the clock, are told that nobody waits any more', async () => {
  const clock = createVirtualClock({ holdMs: 5_000 });
  const given: (AbortSignal | undefined)[] = [];
  const heard: Clock = {
    ...clock,
    ran: () => 7,
    sleep: (ms, signal) => {
      given.push(signal);
      return clock.sleep(ms, signal);
    },
  };
  const deadlines: unknown[] = [];
  const production = async ({ signal, deadlineMs }: Ports) => {
    given.push(signal);
    deadlines.push(deadlineMs);
    return runs(501);
  };
  await ask({ clock: heard, production });
  expect(given.map((signal) => signal?.aborted)).toEqual([true, true]);
  // By how long this process runs, and not by the time of day.
  expect(deadlines).toEqual([5_007]);
});

describe('what a target runs', () => {
  it.each<[string, Partial<Running>, Partial<History> | null, string | null]>([
    ['a full id', {}, null, commitOf(501)],
    ['a full id that its artifact says', named(null, commitOf(7)), null, commitOf(7)],
    [
      'the start of one, which the history has',
      named(null, 'abc1234'),
      full(commitOf(8)),
      commitOf(8),
    ],
    ['the start of one, which no history has', named(null, 'abc1234'), full(null), null],
    ['the start of one, where no history is at hand', named(null, 'abc1234'), null, null],
    ['41 digits, which are no id', named(null, `${commitOf(7)}0`), full(null), null],
    ['nothing', named(null, null), full(commitOf(8)), null],
    [
      'what its artifact is of, whatever its words name',
      named(commitOf(7), 'abc1234'),
      full(commitOf(8)),
      commitOf(7),
    ],
  ])('is of the commit that it calls so: %s', async (_, more, history, commit) => {
    const production = async () => runs(501, { running: running(501, more) });
    const { production: place } = await ask({ production, history });
    expect(place).toMatchObject({
      running: { ...{ release: releaseOf(501), commit, by: 'mia', at, description: 'Deploy' } },
    });
  });

  function named(commit: string | null, text: string | null): Partial<Running> {
    return { artifact: { kind: 'slug', id: 's', digest: null, commit }, named: text };
  }
  function full(id: string | null): Partial<History> {
    return { fullId: async () => id, relation: async () => 'ahead' };
  }

  it('is ours where a deploy of the lane made it, and verified where its checks held', async () => {
    await world.live(501);
    await world.alive(502, 'production.deployed');
    const oursAt = async (build: number) =>
      ((await ask({ production: async () => runs(build) })).production as { ours: object }).ours;
    expect(await oursAt(501)).toEqual({ deploy: idOf(501), verified: true });
    expect(await oursAt(502)).toEqual({ deploy: idOf(502), verified: false });
    expect(await oursAt(503)).toBeNull();
  });

  it('is nobody’s of the lane where somebody else made it, though a deploy found its commit there', async () => {
    const found = { release: releaseOf(501), own: false };
    await world.writes(
      501,
      ...wayToGates(commitOf(501), null, 'v501'),
      sample('production.found', found),
    );
    const { production } = await ask({ production: async () => runs(501) });
    expect(production).toMatchObject({ running: { release: releaseOf(501) }, ours: null });
  });

  it('in staging is known by the deploys that are listed', async () => {
    await world.live(501);
    await world.alive(502, 'staging.deployed');
    const oursAt = async (id: string) => {
      const release = { id, version: 'v1' };
      const staging = async () => runs(1, { running: running(1, { release }) });
      return ((await ask({ staging })).staging as { ours: object }).ours;
    };
    expect(await oursAt('staging-501')).toEqual({ deploy: idOf(501), verified: true });
    expect(await oursAt('staging-502')).toEqual({ deploy: idOf(502), verified: false });
    expect(await oursAt('staging-503')).toBeNull();
  });
});

describe('a going back', () => {
  const back = async (seen: Partial<Observed>, given: Given = {}, build = 501) =>
    (
      (await ask({ ...given, production: async () => runs(build, seen) })).production as {
        back: { kind: string } | null;
      }
    ).back?.kind ?? null;
  const isRollback = true;
  const older = { relation: async () => 'behind' as const, fullId: async () => null };
  const unknown = { relation: async () => 'unknown' as const, fullId: async () => null };

  it('is told of production by the gates’ own rule', async () => {
    expect(await back({})).toBeNull();
    expect(await back({ running: running(501, { isRollback }) })).toBe('rollback');
    expect(await back({ before: running(502) }, { history: older })).toBe('behind');
    expect(await back({ before: running(502) }, { ranBefore: true, history: unknown })).toBe(
      'older-artifact',
    );
    const failed = [running(502, { isRollback })];
    expect(await back({ failed })).toBe('failed-rollback');
  });

  it('that nobody here can compare is left to the gates', async () => {
    expect(await back({ before: running(502) })).toBeNull();
    expect(await back({ before: running(502) }, { history: unknown })).toBeNull();
  });

  const target = 'sample acme-production';
  const liftOf = (build: number): LaneEvent => ({
    type: 'rollback.lifted',
    data: {
      ...{ target, release: releaseOf(build).id },
      ...{ actor: 'ana', observed: 'ana on ws-7', reason: 'it is mended' },
    },
  });
  const shipOf = (build: number): LaneEvent => ({
    type: 'lane.shipped',
    data: {
      ...{ deploy: idOf(build), target, release: releaseOf(build), commit: commitOf(build) },
      ...{ artifact: samples['staging.deployed'].artifact, settings: null },
    },
  });
  const madeOf = (build: number): LaneEvent => ({
    type: 'lane.deployed',
    data: { deploy: idOf(build), target, release: releaseOf(build).id },
  });
  const known = [
    ['a person lifted it', liftOf],
    ['a deploy shipped it', shipOf],
    ['a deploy made it', madeOf],
  ] as const;

  it.each(known)('is none where the log knows better: %s', async (_, event) => {
    const runsBack = { running: running(502, { isRollback }) };
    const failedBack = { failed: [running(503, { isRollback })] };
    expect([await back(runsBack), await back(failedBack)]).toEqual(['rollback', 'failed-rollback']);
    await world.ofLane(event(502));
    await world.ofLane(event(503));
    expect([await back(runsBack), await back(failedBack)]).toEqual([null, null]);
  });

  it('is no question of staging', async () => {
    const staging = async () => runs(501, { running: running(501, { isRollback }) });
    expect((await ask({ staging })).staging).toMatchObject({ kind: 'runs', back: null });
  });
});
