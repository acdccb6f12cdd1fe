/** What may come about in a lane, and what a person should find and type then. */
import { expect } from 'vitest';
import { samples } from '../../../src/machine/samples.ts';
import { givenUp } from '../../../src/machine/taken-back.ts';
import type { BecameKind } from '../../../src/runtime/standing/became.ts';
import type { HoldKind } from '../../../src/runtime/standing/holds.ts';
import type { Told } from '../../../src/runtime/standing/known.ts';
import type { LaneStanding } from '../../../src/runtime/standing/standing.ts';
import { ordered, sample } from '../../machine/samples.ts';
import { wayToLive } from '../audit/written.ts';
import {
  commitOf,
  idOf,
  releaseOf,
  rolledBackTo,
  runs,
  type StandingWorld,
} from './standing-world.ts';

export interface Situation {
  readonly name: string;
  readonly happens: (world: StandingWorld) => Promise<unknown>;
  /** What the target says; the log alone tells when left out. */
  readonly told?: Told;
  /** What became of the deploys, by their builds. */
  readonly became: Readonly<Record<number, BecameKind>>;
  readonly holds?: readonly HoldKind[];
  /** Production's version, who says so, and whether it was verified. */
  readonly production: readonly [
    version: string | null,
    source: 'target' | 'log',
    verified: boolean,
  ];
  /** A build, or a rollback by its name. */
  readonly holder?: number | string;
  /** Builds; a rollback by its id. */
  readonly waiting?: readonly (number | string)[];
  /** The lines that a person should type. */
  readonly type: readonly string[];
  readonly also?: (standing: LaneStanding) => void;
}

const why = '--reason "…"';
const resume = (build: number): string => `pipeline resume ${idOf(build)} ${why}`;
const giveUp = `pipeline rollback --give-up ${why}`;
const advance = `pipeline advance --build LABEL ${why}`;
const disabled = samples['production.disabled'];
export const off = (which: 'environment' | 'lane' | 'settings' | 'log') =>
  sample('production.disabled', {
    ...disabled,
    step: 'readGates',
    switch: which,
    by: null,
    distrust:
      which === 'settings' || which === 'log'
        ? { about: which, digest: 'ab'.repeat(32), changes: ['branch: master became other'] }
        : null,
  });
const failed = sample('deploy.failed', {});
export const diverged = (isStuck: boolean) => ({
  type: 'deploy.superseded' as const,
  data: {
    cause: 'diverged' as const,
    step: 'readGates' as const,
    production: { version: 'v77', commit: commitOf(77) },
    verified: false,
    stuck: isStuck ? { release: { id: 'release-77', version: 'v77' }, first: true } : null,
  },
});
const contained = {
  type: 'deploy.superseded' as const,
  data: {
    cause: 'contained' as const,
    step: 'readGates' as const,
    production: { version: 'v501', commit: commitOf(501) },
    verified: true,
  },
};
const backOf501 = { ...rolledBackTo(500), before: 'v501' };
const person = { actor: 'mia', observed: 'mia on ws-7', reason: 'errors' };
const begun = {
  type: 'rollback.begun' as const,
  data: {
    ...{ rollback: 'rollback-1', target: 'sample acme-production', commit: commitOf(500) },
    ...{ from: releaseOf(501), to: releaseOf(500), ...person },
  },
};
const begunFrom77 = { ...begun, data: { ...begun.data, from: releaseOf(77) } };
const done = {
  type: 'rollback.done' as const,
  data: {
    ...{ rollback: 'rollback-1', target: 'sample acme-production', commit: commitOf(500) },
    ...{ release: { id: 'release-9', version: 'v9500' }, to: releaseOf(500), ...person },
  },
};
const failedWith = (runs: boolean) => ({
  type: 'rollback.failed' as const,
  data: {
    ...{ rollback: 'rollback-1', target: 'sample acme-production', to: releaseOf(500), ...person },
    ...{ code: 'E_UNHEALTHY', message: 'web.1 crashed' },
    made: { release: { id: 'release-9', version: 'v9500' }, commit: commitOf(500), runs },
  },
});
/** As Heroku tells of that: whose token it was. */
const accountsBack = {
  ...backOf501,
  ...{ release: done.data.release, by: 'deploy@acme.test' },
};
const ours = { deploy: idOf(501), verified: true };

const toCanary = ['gates.passed', 'canary.submitted', 'canary.deployed'] as const;
const onCanary = (world: StandingWorld) =>
  world.runWith({ canary: true }, 502, 'staging.verified', ...toCanary.map((type) => sample(type)));
const inBake = (world: StandingWorld) => {
  const verified = sample('production.verified', { release: releaseOf(502), bakeMs: 600_000 });
  return world.runWith({ bakes: true }, 502, 'production.instancesUp', verified);
};

/** Somebody went back from 501 while 502 is under way. */
const rolledBackAhead = {
  told: runs(backOf501.release, { back: backOf501, commit: commitOf(500) }),
  became: { 501: 'rolledBack', 502: 'underWay' },
  holds: ['rollback'],
  production: ['v9500', 'target', false],
  holder: 502,
} as const;

export const situations: readonly Situation[] = [
  {
    name: 'one is on its canary',
    happens: async (world) => {
      await (await onCanary(world)).hangs;
    },
    became: { 502: 'underWay' },
    production: ['v41', 'log', false],
    holder: 502,
    type: [],
    also: ({ holder }) => expect(holder?.doing).toContain('canary'),
  },
  {
    name: 'a run was killed while its commit was on the canary',
    happens: async (world) => {
      const run = await onCanary(world);
      await run.hangs;
      await world.lose(run);
    },
    became: { 502: 'interrupted' },
    production: ['v41', 'log', false],
    holder: 502,
    type: [resume(502)],
  },
  {
    name: 'one bakes in production',
    happens: async (world) => {
      await world.live(501);
      await (await inBake(world)).hangs;
    },
    became: { 501: 'replaced', 502: 'underWay' },
    production: ['v502', 'log', false],
    holder: 502,
    type: [],
    also: ({ holder }) => expect(holder?.doing).toBe('baking in production'),
  },
  {
    name: 'a run was killed while it baked in production',
    happens: async (world) => {
      await world.live(501);
      const run = await inBake(world);
      await run.hangs;
      await world.lose(run);
    },
    became: { 501: 'replaced', 502: 'interrupted' },
    production: ['v502', 'log', false],
    holder: 502,
    type: [resume(502)],
  },
  {
    name: 'the log is empty',
    happens: async () => {},
    became: {},
    production: [null, 'log', false],
    type: [],
  },
  {
    name: 'a deploy is live, as far as the log knows',
    happens: (world) => world.live(501),
    became: { 501: 'live' },
    production: ['v501', 'log', true],
    type: [],
  },
  {
    name: 'a deploy is live, and its run still tells people so: it is over',
    happens: async (world) => {
      await world.live(501);
      await world.carries(idOf(501));
    },
    became: { 501: 'live' },
    production: ['v501', 'log', true],
    type: [],
    also: ({ deploys: [one] }) => expect(one?.running).toBe(false),
  },
  {
    name: 'a deploy is live, and the target says the same',
    happens: (world) => world.live(501),
    told: runs(releaseOf(501), { ours, commit: commitOf(501) }),
    became: { 501: 'live' },
    production: ['v501', 'target', true],
    type: [],
    also: ({ places: [production] }) => expect(production?.logKnew).toBeNull(),
  },
  {
    name: 'two were live, one after the other',
    happens: async (world) => {
      await world.live(501);
      await world.live(502);
    },
    became: { 501: 'replaced', 502: 'live' },
    production: ['v502', 'log', true],
    type: [],
    also: ({ deploys }) => expect(deploys[1]?.became.by).toBe(idOf(502)),
  },
  {
    name: 'a deploy waits for the lane, with a run',
    happens: async (world) => {
      await world.alive(501, 'staging.deployed');
      await world.waits(502);
    },
    became: { 501: 'underWay', 502: 'waiting' },
    production: ['v41', 'log', false],
    holder: 501,
    waiting: [502],
    type: [],
    also: ({ waiting, holder }) => {
      expect(waiting[0]?.behind).toBe(idOf(501));
      expect(holder?.doing).toBe('starting staging’s instances');
    },
  },
  {
    name: 'one was given the lane, and has not told so yet',
    happens: async (world) => {
      await world.writes(501);
      await world.carries(idOf(501));
      await world.ofLane({
        type: 'lock.granted',
        data: {
          ...{ deploy: idOf(501), run: 'run', build: '501', commit: commitOf(501) },
          ...{ supersedes: [], takenOver: null },
        },
      });
    },
    became: { 501: 'waiting' },
    production: [null, 'log', false],
    holder: 501,
    waiting: [],
    type: [],
  },
  {
    name: 'one is locked and reads what production runs',
    happens: async (world) => (await world.run(501, null)).hangs,
    became: { 501: 'underWay' },
    production: [null, 'log', false],
    holder: 501,
    type: [],
  },
  {
    name: 'one is on its way to production, released there and not verified',
    happens: (world) => world.alive(501, 'production.deployed'),
    became: { 501: 'underWay' },
    production: ['v501', 'log', false],
    holder: 501,
    type: [],
  },
  {
    name: 'one gave up waiting',
    happens: async (world) => {
      await world.alive(501, 'staging.deployed');
      const run = await world.runWith({ timeOut: Promise.resolve() }, 502, null);
      await run.ended;
    },
    became: { 501: 'underWay', 502: 'waitTimedOut' },
    production: ['v41', 'log', false],
    holder: 501,
    type: [resume(502)],
  },
  {
    name: 'one gave up waiting, and a run takes it up again',
    happens: async (world) => {
      await world.alive(501, 'staging.deployed');
      await (await world.runWith({ timeOut: Promise.resolve() }, 502, null)).ended;
      await world.carries(idOf(502));
    },
    became: { 501: 'underWay', 502: 'underWay' },
    production: ['v41', 'log', false],
    holder: 501,
    type: [],
  },
  {
    name: 'a run was interrupted and nobody goes on',
    happens: async (world) => {
      const run = await world.alive(501, 'staging.deployed');
      run.interrupt();
      await run.ended;
    },
    became: { 501: 'interrupted' },
    production: ['v41', 'log', false],
    type: [resume(501)],
  },
  {
    name: 'a run was killed in production',
    happens: (world) => world.lost(501, 'production.submitted'),
    became: { 501: 'interrupted' },
    production: ['v41', 'log', false],
    holder: 501,
    type: [resume(501)],
    also: ({ holder }) => expect(holder?.running).toBe(false),
  },
  {
    name: 'a run was killed, and a newer deploy shipped since: it is over',
    happens: async (world) => {
      await world.lost(501, 'staging.deployed');
      await world.unlock();
      await world.live(502);
    },
    became: { 501: 'carried', 502: 'live' },
    production: ['v502', 'log', true],
    type: [],
  },
  {
    name: 'a person took the lane from a deploy that lives',
    happens: async (world) => {
      await world.alive(501, 'staging.deployed');
      await world.unlock();
    },
    became: { 501: 'underWay' },
    production: ['v41', 'log', false],
    type: [],
  },
  {
    name: 'superseded: production had it already',
    happens: async (world) => {
      await world.live(501);
      await world.ends(500, contained);
    },
    became: { 500: 'contained', 501: 'live' },
    production: ['v501', 'log', true],
    type: [],
  },
  {
    name: 'superseded: an old build',
    happens: async (world) => {
      await world.live(501);
      await world.ends(499, diverged(false));
    },
    became: { 499: 'old', 501: 'replaced' },
    production: ['v77', 'log', false],
    type: [],
  },
  {
    name: 'superseded: a newer one was given the lane and carries it',
    happens: async (world) => {
      const first = await world.alive(501, 'staging.deployed');
      const older = await world.waits(502);
      const run = await world.waits(503, { relation: 'behind' });
      first.interrupt();
      await first.ended;
      await Promise.all([run.ended, older.ended]);
    },
    became: { 501: 'carried', 502: 'carried', 503: 'live' },
    production: ['v503', 'log', true],
    type: [],
    also: ({ deploys }) => {
      const carried = deploys.find(({ row }) => row.build === '502');
      expect(carried?.became).toMatchObject({ by: idOf(503), what: `carried by ${idOf(503)}` });
    },
  },
  {
    name: 'the lane is stuck',
    happens: async (world) => {
      await world.live(501);
      await world.ends(502, diverged(true));
    },
    became: { 501: 'replaced', 502: 'stuck' },
    holds: ['stuck'],
    production: ['v77', 'log', false],
    type: [`git merge ${commitOf(77)}`, `pipeline advance --override ${why}`],
  },
  {
    name: 'the lane was stuck, and a deploy shipped since',
    happens: async (world) => {
      await world.ends(502, diverged(true));
      await world.live(503);
    },
    became: { 502: 'carried', 503: 'live' },
    production: ['v503', 'log', true],
    type: [],
  },
  {
    name: 'the lane was stuck, a deploy shipped since, and it is stuck again',
    happens: async (world) => {
      await world.ends(502, diverged(true));
      await world.live(503);
      await world.ends(504, diverged(true));
    },
    became: { 502: 'carried', 503: 'replaced', 504: 'stuck' },
    holds: ['stuck'],
    production: ['v77', 'log', false],
    type: [`git merge ${commitOf(77)}`, `pipeline advance --override ${why}`],
  },
  {
    name: 'the lane was stuck, and a person took production back since',
    happens: async (world) => {
      await world.live(500);
      await world.ends(502, diverged(true));
      await world.ofLane(begunFrom77);
      await world.ofLane(done);
    },
    became: { 500: 'live', 502: 'old' },
    holds: ['rollback'],
    production: ['v9500', 'log', true],
    type: [advance],
  },
  {
    name: 'the lane was stuck, and somebody released something else since',
    happens: async (world) => {
      await world.live(501);
      await world.ends(502, diverged(true));
    },
    told: runs(releaseOf(78), { commit: commitOf(78) }),
    became: { 501: 'replaced', 502: 'old' },
    production: ['v78', 'target', false],
    type: [],
  },
  {
    name: 'the lane is stuck by what runs there, as its target says too',
    happens: async (world) => {
      await world.live(501);
      await world.ends(502, diverged(true));
    },
    told: runs(releaseOf(77), { commit: commitOf(77) }),
    became: { 501: 'replaced', 502: 'stuck' },
    holds: ['stuck'],
    production: ['v77', 'target', false],
    type: [`git merge ${commitOf(77)}`, `pipeline advance --override ${why}`],
  },
  {
    name: 'a rollback holds the newest deploy',
    happens: async (world) => {
      await world.live(500);
      await world.live(501);
      await world.held(502, backOf501);
    },
    became: { 500: 'replaced', 501: 'rolledBack', 502: 'held' },
    holds: ['rollback'],
    production: ['v9500', 'log', false],
    type: [resume(502)],
    also: ({ holds }) =>
      expect(holds[0]).toMatchObject({ by: 'mia@acme.test', release: { version: 'v9500' } }),
  },
  {
    name: 'a rollback holds two deploys: the newer one carries the other',
    happens: async (world) => {
      await world.live(501);
      await world.held(502, backOf501);
      await world.held(503, backOf501);
    },
    became: { 501: 'rolledBack', 502: 'held', 503: 'held' },
    holds: ['rollback'],
    production: ['v9500', 'log', false],
    type: [resume(503)],
  },
  {
    name: 'production was taken back twice, as two deploys met it: the last one holds',
    happens: async (world) => {
      await world.live(501);
      await world.held(502, backOf501);
      const { version } = backOf501.release;
      await world.held(503, { ...rolledBackTo(499), before: version });
    },
    became: { 501: 'rolledBack', 502: 'held', 503: 'held' },
    holds: ['rollback'],
    production: [rolledBackTo(499).release.version, 'log', false],
    type: [resume(503)],
    also: ({ holds }) => expect(holds[0]?.release).toEqual(rolledBackTo(499).release),
  },
  {
    name: 'a deploy was held by a rollback, and the next one saw production run what it had run before',
    happens: async (world) => {
      await world.live(501);
      await world.held(502, backOf501);
      await world.ends(503, contained);
    },
    became: { 501: 'live', 502: 'held', 503: 'contained' },
    production: ['v501', 'log', true],
    type: [resume(502)],
  },
  {
    name: 'a deploy was held by a rollback that failed, and the next one saw what runs on: it holds still',
    happens: async (world) => {
      await world.live(501);
      await world.held(502, { ...backOf501, kind: 'failed-rollback' });
      await world.ends(503, contained);
    },
    became: { 501: 'live', 502: 'held', 503: 'contained' },
    holds: ['rollback'],
    production: ['v501', 'log', true],
    type: [resume(502)],
  },
  {
    name: 'a rollback held, a person lifted it, and the deploy goes on',
    happens: async (world) => {
      await world.held(502);
      await world.resume(502);
      await world.alive(502, 'staging.deployed');
    },
    became: { 502: 'underWay' },
    production: ['v41', 'log', false],
    holder: 502,
    type: [],
  },
  {
    name: 'production was rolled back, a person lifted that, and the deploy that it held shipped',
    happens: async (world) => {
      await world.live(501);
      await world.held(502, backOf501);
      await world.resume(502);
      await world.live(502);
    },
    became: { 501: 'rolledBack', 502: 'live' },
    production: ['v502', 'log', true],
    type: [],
    also: ({ deploys }) =>
      expect(deploys[1]?.became.what).toBe('rolled back since by mia@acme.test'),
  },
  {
    name: 'a rollback held, a person lifted it, and the run of that was lost',
    happens: async (world) => {
      await world.held(502);
      await world.resume(502);
    },
    became: { 502: 'interrupted' },
    production: ['v9500', 'log', false],
    type: [resume(502)],
  },
  {
    name: 'a rollback held, something else runs since, and the lane is disabled: that holds, and no rollback',
    happens: async (world) => {
      await world.held(502);
      await world.switch('disabled', 'a drill');
    },
    told: runs({ id: 'x', version: 'v99' }),
    became: { 502: 'held' },
    holds: ['lane'],
    production: ['v99', 'target', false],
    type: [`pipeline enable ${why}`, resume(502)],
  },
  {
    name: 'a rollback held a deploy, and a later one saw that something else runs',
    happens: async (world) => {
      await world.held(502);
      const production = { version: 'v77', commit: commitOf(77) };
      await world.ends(503, sample('gates.passed', { production }), failed);
    },
    became: { 502: 'held', 503: 'failed' },
    production: ['v77', 'log', false],
    type: [`pipeline log ${idOf(503)}`],
  },
  {
    name: 'a deploy failed, and somebody rolled back at the target: what failed comes first',
    happens: async (world) => {
      await world.live(501);
      await world.ends(502, failed);
    },
    told: runs(backOf501.release, { back: backOf501, commit: commitOf(500) }),
    became: { 501: 'rolledBack', 502: 'failed' },
    holds: ['rollback'],
    production: ['v9500', 'target', false],
    type: [`pipeline log ${idOf(502)}`, 'pipeline advance --build LABEL --reason "…"'],
  },
  {
    name: 'a rollback held, and a newer deploy shipped since: it asks for nothing',
    happens: async (world) => {
      await world.held(502);
      await world.live(503);
    },
    became: { 502: 'carried', 503: 'live' },
    production: ['v503', 'log', true],
    type: [],
  },
  {
    name: 'somebody rolled back at the target, and no deploy has met that yet',
    happens: (world) => world.live(501),
    told: runs(backOf501.release, { back: backOf501, commit: commitOf(500) }),
    became: { 501: 'rolledBack' },
    holds: ['rollback'],
    production: ['v9500', 'target', false],
    type: [advance],
    also: ({ places: [production] }) =>
      expect(production?.logKnew).toEqual({ version: 'v501', deploy: idOf(501) }),
  },
  {
    name: 'somebody changed the configuration, and a rollback from what was shipped failed: it was replaced',
    happens: (world) => world.live(501),
    told: runs(releaseOf(78), { back: { ...backOf501, kind: 'failed-rollback' } }),
    became: { 501: 'replaced' },
    holds: ['rollback'],
    production: ['v78', 'target', false],
    type: [advance],
  },
  {
    name: 'somebody rolled back, and a build is on its way: it will be held',
    happens: async (world) => {
      await world.live(501);
      await world.alive(502, 'staging.deployed');
    },
    ...rolledBackAhead,
    type: [advance],
    also: ({ toDo }) => expect(toDo[0]?.why).toContain(`${idOf(502)} will be held`),
  },
  {
    name: 'somebody rolled back, and a person ships over that by hand: it is not held',
    happens: async (world) => {
      await world.live(501);
      await (await world.runWith({ byHand: true }, 502, 'staging.deployed')).hangs;
    },
    ...rolledBackAhead,
    type: [],
  },
  {
    name: 'somebody rolled back, a person shipped over that by hand, and its run was killed',
    happens: async (world) => {
      await world.live(501);
      const run = await world.runWith({ byHand: true }, 502, 'staging.deployed');
      await run.hangs;
      await world.lose(run);
    },
    ...rolledBackAhead,
    became: { 501: 'rolledBack', 502: 'interrupted' },
    type: [resume(502), advance],
    also: ({ toDo }) => expect(toDo[1]?.why).toContain('the next deploy will be held'),
  },
  {
    name: 'a person ships by hand over the rollback that the gates met: it is not held',
    happens: async (world) => {
      await world.live(501);
      await (
        await world.runWith(
          { byHand: true },
          502,
          'staging.verified',
          sample('gates.passed', { lifts: backOf501 }),
        )
      ).hangs;
    },
    ...rolledBackAhead,
    type: [],
  },
  {
    name: 'a person ships by hand, and somebody rolled back behind its gates: it will be held',
    happens: async (world) => {
      await world.live(501);
      await (
        await world.runWith({ byHand: true }, 502, 'staging.verified', sample('gates.passed', {}))
      ).hangs;
    },
    ...rolledBackAhead,
    type: [advance],
  },
  {
    name: 'the log knows of a rollback, and the target says that it is over',
    happens: (world) => world.held(502),
    told: runs({ id: 'by-hand', version: 'v99' }, { commit: commitOf(499) }),
    became: { 502: 'held' },
    production: ['v99', 'target', false],
    type: [resume(502)],
  },
  {
    name: 'a deploy was held, and somebody put its very commit there by hand: it can be verified',
    happens: (world) => world.held(502),
    told: runs({ id: 'by-hand', version: 'v99' }, { commit: commitOf(502) }),
    became: { 502: 'held' },
    production: ['v99', 'target', false],
    type: [resume(502)],
  },
  {
    name: 'somebody released at the target, going on from there',
    happens: (world) => world.live(501),
    told: runs({ id: 'by-hand', version: 'v99' }, { commit: commitOf(600) }),
    became: { 501: 'replaced' },
    production: ['v99', 'target', false],
    type: [],
    also: ({ deploys }) => expect(deploys[0]?.became.what).toBe('replaced by v99 by mia@acme.test'),
  },
  {
    name: 'the lane is disabled, and nothing was asked for since',
    happens: async (world) => {
      await world.live(501);
      await world.switch('disabled', 'incident 4711');
    },
    became: { 501: 'live' },
    holds: ['lane'],
    production: ['v501', 'log', true],
    type: [`pipeline enable ${why}`],
    also: ({ holds }) => expect(holds[0]?.what).toContain('): incident 4711'),
  },
  {
    name: 'the lane is disabled, and a deploy waits for that',
    happens: async (world) => {
      await world.switch('disabled', 'incident 4711');
      await world.ends(502, off('lane'));
    },
    became: { 502: 'disabled' },
    holds: ['lane'],
    production: ['v41', 'log', false],
    type: [`pipeline enable ${why}`, resume(502)],
  },
  {
    name: 'the lane was disabled and is enabled again; the deploy still waits',
    happens: async (world) => {
      await world.switch('disabled', 'incident 4711');
      await world.ends(502, off('lane'));
      await world.switch('enabled', 'it is over');
    },
    became: { 502: 'disabled' },
    production: ['v41', 'log', false],
    type: [resume(502)],
  },
  {
    name: 'the lane was enabled, and is disabled again',
    happens: async (world) => {
      await world.live(501);
      await world.switch('disabled', 'incident 4711');
      await world.switch('enabled', 'it is over');
      await world.switch('disabled', 'incident 4712');
    },
    became: { 501: 'live' },
    holds: ['lane'],
    production: ['v501', 'log', true],
    type: [`pipeline enable ${why}`],
    also: ({ holds }) => expect(holds[0]?.what).toContain('): incident 4712'),
  },
  {
    name: 'the kill switch was off',
    happens: (world) => world.ends(502, off('environment')),
    became: { 502: 'disabled' },
    holds: ['switch'],
    production: ['v41', 'log', false],
    type: [resume(502)],
  },
  {
    name: 'protected settings have to be accepted',
    happens: (world) => world.ends(502, off('settings')),
    became: { 502: 'disabled' },
    holds: ['settings'],
    production: ['v41', 'log', false],
    type: [resume(502)],
  },
  {
    name: 'another log has to be accepted',
    happens: (world) => world.ends(502, off('log')),
    became: { 502: 'disabled' },
    holds: ['log'],
    production: ['v41', 'log', false],
    type: [resume(502)],
  },
  {
    name: 'the switch held a deploy, and a newer one shipped since',
    happens: async (world) => {
      await world.ends(502, off('environment'));
      await world.live(503);
    },
    became: { 502: 'carried', 503: 'live' },
    production: ['v503', 'log', true],
    type: [],
  },
  {
    name: 'the newest deploy failed before production',
    happens: async (world) => {
      await world.live(501);
      await world.ends(502, failed);
    },
    became: { 501: 'live', 502: 'failed' },
    production: ['v501', 'target', true],
    told: runs(releaseOf(501), { ours, commit: commitOf(501) }),
    type: [`pipeline log ${idOf(502)}`],
  },
  {
    name: 'the newest deploy failed, of the very commit that production runs and that was verified',
    happens: async (world) => {
      await world.live(501);
      await (await world.runWith({ commit: commitOf(501) }, 502, 'staging.deployed', failed)).ended;
    },
    told: runs(releaseOf(501), { ours, commit: commitOf(501) }),
    became: { 501: 'live', 502: 'failed' },
    production: ['v501', 'target', true],
    type: [],
  },
  {
    name: 'the newest deploy failed by what a vendor said in a sentence of its own',
    happens: (world) =>
      world.ends(
        501,
        sample('deploy.failed', {
          failure: { code: 'E_TEST', message: 'Couldn’t find that app.', hint: null, details: {} },
        }),
      ),
    became: { 501: 'failed' },
    production: ['v41', 'log', false],
    type: [`pipeline log ${idOf(501)}`],
    also: ({ toDo }) => expect(toDo[0]?.why).toMatch(/find that app\. Once the cause is mended/),
  },
  {
    name: 'the newest deploy failed in production, which runs it',
    happens: async (world) => {
      await world.live(501);
      await (await world.run(502, 'production.instancesUp', failed)).ended;
    },
    became: { 501: 'replaced', 502: 'failed' },
    production: ['v502', 'log', false],
    type: [`pipeline log ${idOf(502)}`, `pipeline rollback ${why}`],
  },
  {
    name: 'a deploy failed, and a newer one shipped since',
    happens: async (world) => {
      await world.ends(501, failed);
      await world.live(502);
    },
    became: { 501: 'carried', 502: 'live' },
    production: ['v502', 'log', true],
    type: [],
  },
  {
    name: 'a deploy failed, and a newer one is on its way',
    happens: async (world) => {
      await world.ends(501, failed);
      await world.alive(502, 'staging.deployed');
    },
    became: { 501: 'failed', 502: 'underWay' },
    production: ['v41', 'log', false],
    holder: 502,
    type: [],
  },
  {
    name: 'a rollback of ours holds, and nothing was asked for since',
    happens: async (world) => {
      await world.live(500);
      await world.live(501);
      await world.ofLane(begun);
      await world.ofLane(done);
    },
    became: { 500: 'replaced', 501: 'rolledBack' },
    holds: ['rollback'],
    production: ['v9500', 'log', true],
    type: [advance],
  },
  {
    name: 'a rollback of ours held, and a person lifted that before anything was asked for',
    happens: async (world) => {
      await world.live(500);
      await world.live(501);
      await world.ofLane(begun);
      await world.ofLane(done);
      const { release, target } = { ...done.data, release: done.data.release.id };
      await world.ofLane({ type: 'rollback.lifted', data: { target, release, ...person } });
    },
    became: { 500: 'replaced', 501: 'rolledBack' },
    production: ['v9500', 'log', true],
    type: [],
  },
  {
    name: 'a rollback at the target failed, and a person shipped over that since',
    happens: async (world) => {
      await world.live(501);
      await world.held(502, { ...backOf501, kind: 'failed-rollback' });
      await world.live(503);
    },
    became: { 501: 'replaced', 502: 'carried', 503: 'live' },
    production: ['v503', 'log', true],
    type: [],
  },
  {
    name: 'a rollback of ours holds, and the target names the account of the token',
    happens: async (world) => {
      await world.live(500);
      await world.live(501);
      await world.ofLane(begun);
      await world.ofLane(done);
      await world.held(502, accountsBack);
    },
    told: runs(done.data.release, { by: accountsBack.by, back: accountsBack }),
    became: { 500: 'replaced', 501: 'rolledBack', 502: 'held' },
    holds: ['rollback'],
    production: ['v9500', 'target', true],
    type: [resume(502)],
    also: ({ places: [production], holds: [hold], deploys }) => {
      expect([production?.by, hold?.by]).toEqual(['mia', 'mia']);
      expect(hold?.what).toContain('by mia');
      const ofLeft = deploys.find(({ row }) => row.deploy === idOf(501));
      expect(ofLeft?.became.what).toBe('rolled back since to v500 by mia');
    },
  },
  {
    name: 'production was taken back by a rollback of ours, whose checks did not hold',
    happens: async (world) => {
      await world.live(500);
      await world.live(501);
      await world.ofLane(begun);
      await world.ofLane(failedWith(true));
      // Another one that came to nothing changes nothing of that.
      await world.ofLane({ ...begun, data: { ...begun.data, rollback: 'rollback-2' } });
      const { data, type } = failedWith(true);
      await world.ofLane({ type, data: { ...data, rollback: 'rollback-2', made: null } });
    },
    became: { 500: 'replaced', 501: 'rolledBack' },
    holds: ['rollback'],
    production: ['v9500', 'log', false],
    type: [`pipeline rollback VERSION ${why}`, advance],
    also: ({ toDo }) =>
      expect(toDo[0]?.why).toBe(
        'production was taken back to v500 and runs that, not verified (v9500): E_UNHEALTHY, web.1 crashed',
      ),
  },
  {
    name: 'a rollback of ours did not hold, and the next one went further back',
    happens: async (world) => {
      for (const build of [499, 500, 501]) await world.live(build);
      await world.ofLane(begun);
      await world.ofLane(failedWith(true));
      const { release } = done.data;
      const again = { rollback: 'rollback-2', to: releaseOf(499), commit: commitOf(499) };
      await world.ofLane({ ...begun, data: { ...begun.data, ...again, from: release } });
      const second = { ...again, release: { id: 'release-10', version: 'v9499' } };
      await world.ofLane({ ...done, data: { ...done.data, ...second } });
    },
    became: { 499: 'replaced', 500: 'replaced', 501: 'rolledBack' },
    holds: ['rollback'],
    production: ['v9499', 'log', true],
    type: [advance],
  },
  {
    name: 'a rollback of ours, another shipped, and that was taken back to what the rollback was of',
    happens: async (world) => {
      for (const build of [500, 501]) await world.live(build);
      await world.ofLane(begun);
      await world.ofLane(done);
      await world.live(502);
      const again = { rollback: 'rollback-2', to: releaseOf(501), commit: commitOf(501) };
      await world.ofLane({ ...begun, data: { ...begun.data, ...again, from: releaseOf(502) } });
      const second = { ...again, release: { id: 'release-10', version: 'v9501' }, actor: 'bo' };
      await world.ofLane({ ...done, data: { ...done.data, ...second } });
    },
    became: { 500: 'replaced', 501: 'live', 502: 'rolledBack' },
    holds: ['rollback'],
    production: ['v9501', 'log', true],
    type: [advance],
  },
  {
    name: 'a rollback of ours, and the next one went forward again',
    happens: async (world) => {
      for (const build of [500, 501]) await world.live(build);
      await world.ofLane(begun);
      await world.ofLane(done);
      const { release } = done.data;
      const again = { rollback: 'rollback-2', to: releaseOf(501), commit: commitOf(501) };
      await world.ofLane({ ...begun, data: { ...begun.data, ...again, from: release } });
      const second = { ...again, release: { id: 'release-10', version: 'v9501' }, actor: 'bo' };
      await world.ofLane({ ...done, data: { ...done.data, ...second } });
    },
    became: { 500: 'replaced', 501: 'live' },
    holds: ['rollback'],
    production: ['v9501', 'log', true],
    type: [advance],
    also: ({ deploys }) =>
      expect(deploys.find(({ row }) => row.deploy === idOf(501))?.became.what).toBe(
        'runs again as v9501 by bo',
      ),
  },
  {
    name: 'a rollback of ours, and the next one went forward to the very release that was left',
    happens: async (world) => {
      for (const build of [500, 501]) await world.live(build);
      await world.ofLane(begun);
      await world.ofLane(done);
      const again = { rollback: 'rollback-2', to: releaseOf(501), commit: commitOf(501) };
      await world.ofLane({
        ...begun,
        data: { ...begun.data, ...again, from: done.data.release },
      });
      // As a program of one’s own may call what it restores.
      const release = { id: 'release-10', version: releaseOf(501).version };
      await world.ofLane({ ...done, data: { ...done.data, ...again, release, actor: 'bo' } });
    },
    became: { 500: 'replaced', 501: 'live' },
    holds: ['rollback'],
    production: ['v501', 'log', true],
    type: [advance],
  },
  {
    name: 'a rollback of ours, and a later deploy shipped that commit again',
    happens: async (world) => {
      for (const build of [500, 501]) await world.live(build);
      await world.ofLane(begun);
      await world.ofLane(done);
      await world.live(502, { commit: commitOf(501) });
    },
    became: { 500: 'replaced', 501: 'rolledBack', 502: 'live' },
    production: ['v502', 'log', true],
    type: [],
  },
  {
    name: 'a rollback of ours made a release that did not come to run',
    happens: async (world) => {
      await world.live(500);
      await world.live(501);
      await world.ofLane(begun);
      await world.ofLane(failedWith(false));
    },
    became: { 500: 'replaced', 501: 'live' },
    production: ['v501', 'log', true],
    type: [],
  },
  {
    name: 'a deploy gave way to a rollback of ours, which is on its way',
    happens: async (world) => {
      await world.live(501);
      await world.held(502, ordered);
      await world.carries('rollback-1');
    },
    became: { 501: 'replaced', 502: 'held' },
    holds: ['rollback'],
    production: ['v41', 'log', false],
    type: [],
    also: ({ holds: [hold] }) =>
      expect(hold).toMatchObject({
        what: expect.stringMatching(/^production is to be taken back to v500, as ordered by mia/),
        ...{ by: 'mia', since: ordered.at, release: null },
      }),
  },
  {
    name: 'a deploy gave way to a rollback of ours, and somebody released over what that is taking back',
    happens: async (world) => {
      await world.live(501);
      await world.held(502, ordered);
      await world.ofLane(granted('rollback-1'));
      await world.ofLane(begun);
      await world.carries('rollback-1');
    },
    told: runs({ id: 'release-x', version: 'v700' }),
    became: { 501: 'replaced', 502: 'held' },
    holder: 'rollback-1',
    production: ['v700', 'target', false],
    type: [],
  },
  {
    name: 'two rollbacks of ours wait for the lane, behind the deploy that has it; one that waited is over',
    happens: async (world) => {
      await world.live(501);
      await world.alive(502, 'staging.deployed');
      for (const rollback of ['rollback-0', 'rollback-1', 'rollback-2']) {
        const { kind: _, rollback: __, ...order } = ordered;
        const data = { deploy: rollback, run: rollback, build: 'rollback', commit: commitOf(0) };
        const type = 'lane.joined';
        await world.ofLane({ type, data: { ...data, first: true, rollback: order } });
      }
      await world.carries('rollback-1');
      await world.carries('rollback-2');
    },
    became: { 501: 'replaced', 502: 'underWay' },
    holds: ['rollback'],
    production: ['v41', 'log', false],
    holder: 502,
    waiting: ['rollback-1', 'rollback-2'],
    type: [],
    also: ({ waiting, holds: [hold] }) => {
      const same = { since: ordered.at, behind: idOf(502) };
      expect(waiting).toEqual([
        { deploy: 'rollback-1', ...same },
        { deploy: 'rollback-2', ...same },
      ]);
      expect(hold).toMatchObject({ by: 'mia', since: ordered.at, release: null });
      expect(hold?.what).toMatch(/^production is to be taken back to v500, as ordered by mia/);
    },
  },
  {
    name: 'a deploy gave way to a rollback of ours, which was withdrawn',
    happens: async (world) => {
      await world.live(501);
      await world.held(502, ordered);
    },
    became: { 501: 'replaced', 502: 'held' },
    production: ['v41', 'log', false],
    type: [resume(502)],
  },
  {
    name: 'a deploy gave way to a rollback of ours, which holds since',
    happens: async (world) => {
      await world.live(500);
      await world.live(501);
      await world.held(502, ordered);
      await world.ofLane(begun);
      await world.ofLane(done);
    },
    became: { 500: 'replaced', 501: 'rolledBack', 502: 'held' },
    holds: ['rollback'],
    production: ['v9500', 'log', true],
    type: [resume(502)],
  },
  {
    name: 'a rollback of ours was begun, and its run is gone',
    happens: async (world) => {
      await world.live(501);
      await world.ofLane(begun);
    },
    became: { 501: 'live' },
    holds: ['rollback'],
    production: ['v501', 'log', true],
    type: [`pipeline rollback v500 ${why}`, giveUp],
    also: ({ holds: [hold] }) =>
      expect(hold).toMatchObject({
        what: expect.stringMatching(/to v500, as ordered by mia .*; that was begun, and never/),
        ...{ by: 'mia', release: null },
      }),
  },
  {
    name: 'a rollback of ours was begun and given up, and nobody took the lane after it',
    happens: async (world) => {
      await world.live(501);
      const { rollback: deploy } = begun.data;
      const held = { deploy, run: 'over', build: 'rollback', commit: '0'.repeat(40) };
      await world.ofLane({
        type: 'lock.granted',
        data: { ...held, supersedes: [], takenOver: null },
      });
      await world.ofLane(begun);
      await world.ofLane(givenUp(begun.data, begun.data));
    },
    became: { 501: 'live' },
    production: ['v501', 'log', true],
    holder: begun.data.rollback,
    type: [],
    also: ({ holder }) =>
      expect(holder).toMatchObject({ doing: 'its rollback was given up', running: false }),
  },
  {
    name: 'a rollback of ours was begun, its run is gone, and a deploy is held by it',
    happens: async (world) => {
      await world.live(501);
      await world.ofLane(begun);
      await world.held(502, { ...ordered, begun: true });
    },
    told: runs(releaseOf(501), { ours: { deploy: idOf(501), verified: true } }),
    became: { 501: 'live', 502: 'held' },
    holds: ['rollback'],
    production: ['v501', 'target', true],
    type: [`pipeline rollback v500 ${why}`, giveUp, resume(502)],
  },
  {
    name: 'a rollback of ours was begun, its run is gone, and somebody released over it since',
    happens: async (world) => {
      await world.live(501);
      await world.ofLane(begun);
    },
    told: runs(releaseOf(78), { commit: commitOf(78) }),
    became: { 501: 'replaced' },
    production: ['v78', 'target', false],
    type: [],
  },
  {
    name: 'a rollback of ours was begun, its run is gone, and it runs by now',
    happens: async (world) => {
      await world.live(500);
      await world.live(501);
      await world.ofLane(begun);
    },
    told: runs(done.data.release, {
      commit: commitOf(500),
      back: { ...backOf501, release: done.data.release },
    }),
    became: { 500: 'replaced', 501: 'rolledBack' },
    holds: ['rollback'],
    production: ['v9500', 'target', false],
    type: [`pipeline rollback v500 ${why}`, giveUp, advance],
  },
  {
    name: 'a rollback of ours was begun, its run is gone, and something else was shipped since',
    happens: async (world) => {
      await world.live(501);
      await world.ofLane(begun);
      await world.live(502);
    },
    became: { 501: 'replaced', 502: 'live' },
    production: ['v502', 'log', true],
    type: [],
  },
  {
    name: 'a rollback of ours was begun, something else was shipped since, and somebody rolled back from that',
    happens: async (world) => {
      await world.live(501);
      await world.ofLane(begun);
      await world.live(502);
    },
    told: runs(backOf501.release, {
      back: { ...backOf501, before: 'v502' },
      commit: commitOf(500),
    }),
    became: { 501: 'replaced', 502: 'rolledBack' },
    holds: ['rollback'],
    production: ['v9500', 'target', false],
    type: [advance],
  },
  {
    name: 'the target did not answer in time',
    happens: (world) => world.live(501),
    told: {
      kind: 'asked',
      at: '2026-01-05T14:00:00.000Z',
      places: { production: { kind: 'untold', target: 'acme-production', why: 'it was late' } },
    },
    became: { 501: 'live' },
    production: ['v501', 'log', true],
    type: [],
    also: ({ places: [production] }) => {
      expect(production?.untold).toBe('it was late');
      expect(Date.parse(production?.knownAt ?? '')).toBeGreaterThan(0);
    },
  },
  {
    name: 'nobody is signed in',
    happens: (world) => world.live(501),
    told: { kind: 'notAsked', why: 'HEROKU_API_KEY is not set' },
    became: { 501: 'live' },
    production: ['v501', 'log', true],
    type: [],
    also: ({ places: [production] }) => expect(production?.untold).toContain('HEROKU_API_KEY'),
  },
  {
    name: 'another lane of the log has deploys, and this one has none of them',
    happens: async (world) => {
      await world.live(501, { lane: 'other' });
      await world.live(502);
    },
    became: { 502: 'live' },
    production: ['v502', 'log', true],
    type: [],
  },
  {
    name: 'the target runs nothing at all',
    happens: (world) => world.live(501),
    told: {
      kind: 'asked',
      at: '2026-01-05T14:00:00.000Z',
      places: {
        production: {
          ...{ kind: 'runs', target: 'acme-production', running: null },
          ...{ ours: null, back: null, pending: null },
        },
      },
    },
    became: { 501: 'live' },
    production: [null, 'target', false],
    type: [],
  },
  {
    name: 'a newer version of Lockstep left one in a state that this one does not know',
    happens: (world) => inUnknownState(world, { settled: true, reason: 'someone has to sign' }),
    became: { 501: 'unknown' },
    holder: 501,
    production: ['v41', 'log', false],
    type: [`pipeline log ${idOf(501)}`, resume(501)],
  },
  {
    name: 'the same, and it says nothing of why',
    happens: (world) => inUnknownState(world, { settled: true, reason: null }),
    became: { 501: 'unknown' },
    holder: 501,
    production: ['v41', 'log', false],
    type: [`pipeline log ${idOf(501)}`, resume(501)],
  },
  {
    name: 'the same, and its commit is live: it is over',
    happens: (world) => inUnknownState(world, { settled: true, reason: null }),
    told: runs(releaseOf(501), { commit: commitOf(501), ours }),
    became: { 501: 'unknown' },
    holder: 501,
    production: ['v501', 'target', true],
    type: [],
  },
  {
    name: 'a run of a newer version was killed in a state that this one does not know',
    happens: (world) => inUnknownState(world, { settled: false, reason: null }),
    became: { 501: 'interrupted' },
    holder: 501,
    production: ['v41', 'log', false],
    type: [resume(501)],
  },
  {
    name: 'a run of a newer version is in a state that this one does not know',
    happens: async (world) => {
      await inUnknownState(world, { settled: false, reason: null });
      await world.carries(idOf(501));
    },
    became: { 501: 'underWay' },
    holder: 501,
    production: ['v41', 'log', false],
    type: [],
  },
  {
    name: 'a rollback of ours has the lane',
    happens: async (world) => {
      await world.live(501);
      await world.ofLane(granted('rollback-1'));
      await world.ofLane(begun);
      await world.carries('rollback-1');
    },
    became: { 501: 'live' },
    holds: ['rollback'],
    holder: 'rollback-1',
    production: ['v501', 'log', true],
    type: [],
    also: ({ holder, holds: [hold] }) => {
      expect(holder).toMatchObject({
        ...{ running: true, doing: 'taking production back to v500' },
      });
      // No deploy gave way to it, and it holds those that come all the same.
      expect(hold).toMatchObject({ by: 'mia', release: null });
      expect(hold?.what).toMatch(/^production is to be taken back to v500, as ordered by mia/);
      expect(hold?.what).not.toContain('never');
    },
  },
  {
    name: 'something has the lane that has not said yet what it does',
    happens: async (world) => {
      await world.live(501);
      await world.ofLane(granted('rollback-2'));
    },
    became: { 501: 'live' },
    holder: 'rollback-2',
    production: ['v501', 'log', true],
    type: [],
    also: ({ holder }) => expect(holder).toMatchObject({ running: false, doing: 'working' }),
  },
  {
    name: 'a CI’s list gives the lane: who says that it has it, has it',
    happens: async (world) => {
      await world.writes(501, sample('lock.acquired', { provider: 'github', token: null }));
      await world.writes(502);
      await world.carries(idOf(501));
      await world.carries(idOf(502));
    },
    became: { 501: 'underWay', 502: 'waiting' },
    holder: 501,
    waiting: [502],
    production: [null, 'log', false],
    type: [],
  },
  {
    name: 'one lost the lane to a newer one, and waits again',
    happens: async (world) => {
      const lost = sample('lock.lost', { to: idOf(502) });
      await world.writes(501, sample('lock.acquired'), lost);
      await world.carries(idOf(501));
    },
    became: { 501: 'waiting' },
    waiting: [501],
    production: [null, 'log', false],
    type: [],
    also: ({ deploys: [one] }) =>
      expect(one?.became).toMatchObject({
        by: idOf(502),
        what: `overtaken by ${idOf(502)}; waiting`,
      }),
  },
  {
    name: 'one lost the lane, and was given it again',
    happens: async (world) => {
      const lost = sample('lock.lost', { to: idOf(502) });
      await world.writes(501, sample('lock.acquired'), lost, sample('lock.acquired'));
      await world.carries(idOf(501));
    },
    became: { 501: 'underWay' },
    holder: 501,
    production: [null, 'log', false],
    type: [],
  },
  {
    name: 'production runs the commit already, as somebody put it there',
    happens: (world) =>
      world.writes(
        501,
        sample('lock.acquired'),
        sample('production.found', { release: releaseOf(77) }),
      ),
    became: { 501: 'interrupted' },
    production: ['v77', 'log', false],
    type: [resume(501)],
  },
  {
    name: 'one baked in production, and is live since',
    happens: (world) =>
      world.writes(
        501,
        ...wayToLive(commitOf(501), null, 'v501').slice(0, -1),
        sample('production.verified', { bakeMs: 600_000 }),
        sample('production.baked'),
      ),
    became: { 501: 'live' },
    production: ['v501', 'log', true],
    type: [],
  },
];

/** As a newer version writes it: an event that this one has not, which leads to such a state. */
async function inUnknownState(
  world: StandingWorld,
  to: { readonly settled: boolean; readonly reason: string | null },
): Promise<void> {
  await world.lost(501, 'staging.verified');
  await world.leads(501, { from: 'gates', to: 'signing', ...to });
}

const granted = (name: string) => ({
  type: 'lock.granted' as const,
  data: {
    ...{ deploy: name, run: 'run-1', build: name, commit: commitOf(500) },
    ...{ supersedes: [], takenOver: null },
  },
});
