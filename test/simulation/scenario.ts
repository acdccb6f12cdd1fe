/** What a simulation is made of, and how it is drawn at random: builds, people, faults, kills, pauses. */
import { fc } from '../fast-check.ts';
import type { ActAtAwait, PersonAct } from './acts.ts';
import type { CiProvider } from './fuzzer/ci-list-lock.ts';
import type { Fate } from './simulated-process.ts';

export type BuildKind = 'merge' | 'merge' | 'rerun' | 'old-commit' | 'force-push' | 'same-commit';

export interface BuildPlan {
  readonly kind: BuildKind;
  readonly lane: number;
  /** Milliseconds after the plan before it. */
  readonly afterMs: number;
  /** The fates of its first runs; those that follow live on. */
  readonly fates: readonly Fate[];
}

export interface PersonPlan {
  readonly act: PersonAct;
  readonly lane: number;
  readonly atMs: number;
}

export interface Scenario {
  readonly lanes: number;
  readonly stacking: 'skip' | 'every';
  readonly builds: readonly BuildPlan[];
  readonly people: readonly PersonPlan[];
  /** Of a thousand requests, how many meet each fault. */
  readonly faults: {
    readonly perMille: number;
    readonly seed: number;
    /** Of a thousand reads, how many are answered in a way that they should not be; none when left out. */
    readonly oddPerMille?: number;
  };
  /** What breaks in the vendors' own work, by how many builds from the start. */
  readonly breaks: readonly {
    readonly lane: number;
    readonly atMs: number;
    readonly what: VendorBreak;
  }[];
  /** Heroku answers no read for a while, from the so-many-th on, counted from 1. */
  readonly outage?: { readonly atRead: number; readonly forMs: number; readonly as: Outage };
  /** How staging's code gets to production; promoted when left out. */
  readonly production?: 'artifact' | 'commit';
  /** How long each release of both apps is pending; 0, or left out: it is there at once. */
  readonly releasePhaseMs?: number;
  /** What every app is on; Cedar when left out. It is not drawn: a run is on one of them. */
  readonly on?: On;
  /** What gives the lane to a build; the log when left out, else the CI's own list of builds. */
  readonly lock?: 'store' | CiProvider;
  /** How the team wrote its programs, where its apps are on them. */
  readonly habits?: Habits;
  /** The endpoints do not tell which commit answers. */
  readonly withoutRevision?: boolean;
  /** A part of production that is given each commit first; none when left out. */
  readonly canary?: CanaryPlan | null;
  /** One for each time that dynos are up, in turn; none when left out. */
  readonly afterUp?: readonly (AfterUp | null)[];
  /** What happens when the first run of a build comes to an await. */
  readonly acts?: readonly (ActAtAwait & { readonly build: number })[];
  /** What befalls the first run of a build, instead of its fate, where it comes as far as that. */
  readonly late?: readonly LateFate[];
  /** By how much the log's clock is set forward or back, and when. */
  readonly logClock?: readonly { readonly atMs: number; readonly byMs: number }[];
}

/** Beyond where most runs are over: a deploy with a canary has some thousand awaits more. */
export interface LateFate {
  readonly build: number;
  readonly at: number;
  readonly what: 'kills' | 'pauses' | 'clocks';
  /** How long it is stopped, or how far its clock is set. */
  readonly ms: number;
}

/** What happens to an app so long after all of its dynos came up, while it is watched. */
export interface AfterUp {
  readonly app: 'staging' | 'production';
  readonly afterMs: number;
  readonly what: 'crash' | 'restart' | 'rollback' | 'config';
}

export interface CanaryPlan {
  readonly place: 'between' | 'in-staging’s-place';
  /** 0: it does not bake. */
  readonly bakeMs: number;
  /** What happens to it so long after it came up, in turn. */
  readonly afterUp: readonly ({ readonly afterMs: number; readonly what: CanaryTrouble } | null)[];
}

export type CanaryTrouble = Exclude<AfterUp['what'], 'config'> | 'endpoint' | 'push';

export type Outage = 'status-503' | 'reset' | 'no-answer';

export type VendorBreak =
  | 'build'
  | 'dyno'
  | 'endpoint'
  | 'promotion'
  | 'partial-promotion'
  | 'stale-reads';

/** Heroku's generations, and a team's own programs. */
export type On = 'cedar' | 'fir' | 'command';

/** How a team wrote its programs. */
export interface Habits {
  /** The host goes on with what was begun, and the program tells it as work; or the program does it all, and it ends with it. */
  readonly work: 'host' | 'own';
  /** `deploy` does not know a key again. */
  readonly isCareless: boolean;
  /** Of the traffic, that a canary is given one after the other, in percent; null: it has its own. */
  readonly shares: readonly number[] | null;
  /** Programs go on when Lockstep alone is killed; else all of its container is. */
  readonly survives: boolean;
}

/** When every history begins: milliseconds since the epoch. */
export const startMs = Date.UTC(2026, 0, 5, 9);

export const defaultHabits: Habits = {
  ...{ work: 'host', isCareless: false, survives: true, shares: null },
};

/** A lease, in milliseconds; pauses are drawn around it. */
export const leaseMs = 60_000;

/** For how long dynos have to stay up. */
export const settleMs = 10_000;

/** Forward beyond a lease, or back: a clock that was wrong is set right, a machine was asleep. */
const clockStep = fc.integer({ min: -20 * leaseMs, max: 20 * leaseMs });

/**
 * How many awaits a run has that carries a deploy from start to end: 450 where releases are there at once, 610 where a
 * release phase takes 20 seconds, and 1,540 with a canary that bakes, or is given share after share.
 */
export const awaitsMax = 1_600;
/** Without a canary. */
const usualAwaits = 620;
/** Most runs are over early: of all awaits of a whole deploy, the early ones are met more often. */
const anyAwait = fc.oneof(
  fc.integer({ min: 1, max: 220 }),
  fc.integer({ min: 1, max: usualAwaits }),
);

const fate: fc.Arbitrary<Fate> = fc.record({
  killAt: fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 2, arbitrary: anyAwait }),
  pause: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.record({
        at: anyAwait,
        ms: fc.integer({ min: 1_000, max: 4 * leaseMs }),
      }),
    },
  ),
  clock: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.record({ at: anyAwait, byMs: clockStep }) },
  ),
});

const lanesMax = 3;
const lane = fc.integer({ min: 0, max: lanesMax - 1 });
/** People and breakages come while builds do. */
const spanMs = 900_000;

const afterUp: fc.Arbitrary<AfterUp> = fc.record({
  app: fc.constantFrom('staging', 'production'),
  afterMs: fc.integer({ min: 0, max: settleMs + 3_000 }),
  what: fc.constantFrom('crash', 'restart', 'restart', 'rollback', 'config'),
});

const bakeMax = 40_000;
const canaryPlan: fc.Arbitrary<CanaryPlan> = fc.record({
  place: fc.constantFrom<CanaryPlan['place']>('between', 'in-staging’s-place'),
  bakeMs: fc.constantFrom(0, 0, 10_000, bakeMax),
  afterUp: fc.array(
    fc.option(
      fc.record({
        afterMs: fc.integer({ min: 0, max: settleMs + bakeMax }),
        what: fc.constantFrom<CanaryTrouble>('crash', 'restart', 'rollback', 'endpoint', 'push'),
      }),
      { freq: 2 },
    ),
    { maxLength: 12 },
  ),
});

const habits: fc.Arbitrary<Habits> = fc.record({
  work: fc.constantFrom('host', 'own'),
  isCareless: fc.boolean(),
  survives: fc.boolean(),
  shares: fc.constantFrom(null, [25], [10, 50]),
});

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  lanes: fc.integer({ min: 1, max: lanesMax }),
  stacking: fc.constantFrom('skip' as const, 'skip' as const, 'skip' as const, 'every' as const),
  builds: fc.array(
    fc.record({
      kind: fc.constantFrom<BuildKind>(
        'merge',
        'merge',
        'merge',
        'merge',
        'rerun',
        'old-commit',
        'force-push',
        'same-commit',
      ),
      lane,
      afterMs: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 120_000 }) },
      ),
      fates: fc.array(fate, { maxLength: 3 }),
    }),
    { minLength: 8, maxLength: 40 },
  ),
  people: fc.array(
    fc.record({
      act: fc.constantFrom<PersonAct>(
        'rollback',
        'rollback',
        'config',
        'config',
        'push',
        'push-old',
        'release-again',
        'release-again-as-promotion',
        'failed-rollback',
        'failed-release-again',
        'settle-less',
        'settle-longer',
        'endpoint-removed',
        'endpoint-twice',
        'other-switch',
        'other-lane',
        'rules-at-first',
        'trust',
        'switch-off',
        'switch-on',
        'disable',
        'enable',
        'unlock',
        'resume',
        'resume',
      ),
      lane,
      atMs: fc.integer({ min: 0, max: spanMs }),
    }),
    { maxLength: 10 },
  ),
  faults: fc.record({
    perMille: fc.constantFrom(0, 0, 10, 60),
    seed: fc.integer({ min: 1 }),
    oddPerMille: fc.constantFrom(0, 0, 3, 20),
  }),
  breaks: fc.array(
    fc.record({
      lane,
      atMs: fc.integer({ min: 0, max: spanMs }),
      what: fc.constantFrom<VendorBreak>(
        'build',
        'dyno',
        'endpoint',
        'promotion',
        'partial-promotion',
        'stale-reads',
      ),
    }),
    { maxLength: 3 },
  ),
  production: fc.constantFrom('artifact', 'artifact', 'commit'),
  releasePhaseMs: fc.constantFrom(0, 0, 3_000),
  withoutRevision: fc.boolean(),
  afterUp: fc.array(fc.option(afterUp, { freq: 2 }), { maxLength: 12 }),
  logClock: fc.array(fc.record({ atMs: fc.integer({ min: 0, max: spanMs }), byMs: clockStep }), {
    maxLength: 2,
  }),
  // From here on in the order in which they came to be: what is drawn before stays what a seed drew without them.
  canary: fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: canaryPlan },
  ),
  habits,
  acts: fc.array(
    fc.record({
      build: fc.integer({ min: 0, max: 39 }),
      at: anyAwait,
      act: fc.constantFrom<PersonAct>(
        'rollback',
        'order-rollback',
        'order-rollback',
        'pending',
        'pending',
        'expire',
        'expire',
        'disable',
        'enable',
        'enable',
        'unlock',
        'resume',
        'resume',
        'switch-off',
        'switch-on',
        'switch-on',
        'push',
      ),
    }),
    { maxLength: 8 },
  ),
  late: fc.array(
    fc.record({
      build: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 39 })),
      at: fc.integer({ min: 300, max: awaitsMax }),
      what: fc.constantFrom('kills', 'kills', 'pauses', 'clocks'),
      ms: fc.integer({ min: 1_000, max: 4 * leaseMs }),
    }),
    { maxLength: 2 },
  ),
  lock: fc.constantFrom('store', 'store', 'store', 'store', 'store', 'store', 'circleci', 'github'),
});

/** Where gates are read and production is written, and well before and after. */
const amidGates = fc.integer({ min: 100, max: 430 });

/** One lane's few builds, each stopped for most of a lease, and people who forbid production while they are on their way. */
export const forbiddenOnTheWay: fc.Arbitrary<Scenario> = fc.record({
  lanes: fc.constant(1),
  stacking: fc.constant('skip' as const),
  builds: fc.array(
    fc.record({
      kind: fc.constant<BuildKind>('merge'),
      lane: fc.constant(0),
      afterMs: fc.integer({ min: 0, max: 60_000 }),
      fates: fc.tuple(
        fc.record({
          killAt: fc.constant(null),
          pause: fc.record({
            at: amidGates,
            ms: fc.integer({ min: leaseMs / 3, max: leaseMs - 5_000 }),
          }),
        }),
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  people: fc.array(
    fc.record({
      act: fc.constantFrom<PersonAct>('switch-off', 'disable', 'rollback'),
      lane: fc.constant(0),
      atMs: fc.integer({ min: 0, max: 120_000 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  faults: fc.constant({ perMille: 0, seed: 1 }),
  breaks: fc.constant([]),
  production: fc.constantFrom('artifact', 'commit'),
});

/** So many builds come while the first one deploys: the newest of them goes, and supersedes the others. */
export const crowdOf = (count: number): Scenario => ({
  lanes: 1,
  stacking: 'skip',
  builds: Array.from({ length: count }, () => ({
    kind: 'merge',
    lane: 0,
    afterMs: 20,
    fates: [],
  })),
  people: [],
  faults: { perMille: 0, seed: 1 },
  breaks: [],
});

/** A few builds of one lane to which nothing happens. */
export const calm: fc.Arbitrary<Scenario> = fc.integer({ min: 2, max: 6 }).map(crowdOf);

/** From the build on: before it, nothing is under way. */
const amidWork = fc.integer({ min: 40, max: usualAwaits });

/** A few builds of one lane whose holders die or are stopped in the middle of their work, and people who unlock it. */
export const lostLanes: fc.Arbitrary<Scenario> = fc.record({
  lanes: fc.constant(1),
  stacking: fc.constant('every' as const),
  builds: fc.array(
    fc.record({
      kind: fc.constant<BuildKind>('merge'),
      lane: fc.constant(0),
      afterMs: fc.integer({ min: 0, max: 20_000 }),
      fates: fc.tuple(
        fc.oneof(
          fc.record({ killAt: amidWork, pause: fc.constant(null) }),
          fc.record({
            killAt: fc.constant(null),
            pause: fc.record({
              at: amidWork,
              ms: fc.integer({ min: leaseMs / 2, max: 2 * leaseMs }),
            }),
          }),
        ),
      ),
    }),
    { minLength: 2, maxLength: 3 },
  ),
  people: fc.array(
    fc.record({
      act: fc.constant<PersonAct>('unlock'),
      lane: fc.constant(0),
      atMs: fc.integer({ min: 1_000, max: 120_000 }),
    }),
    { maxLength: 4 },
  ),
  faults: fc.constant({ perMille: 0, seed: 1 }),
  breaks: fc.constant([]),
  production: fc.constantFrom('artifact', 'commit'),
  releasePhaseMs: fc.constantFrom(0, 20_000),
});

/** Where a run that finds the lane free has looked at it and was not granted it yet, and shortly before and after. */
const amidGrant = fc.integer({ min: 10, max: 30 });

/** A build is stopped for a moment right before it is granted a free lane, and newer ones come meanwhile: two grants meet. */
export const meetingGrants: fc.Arbitrary<Scenario> = fc.record({
  lanes: fc.constant(1),
  stacking: fc.constant('skip' as const),
  builds: fc
    .record({
      pause: fc.record({ at: amidGrant, ms: fc.integer({ min: 3_000, max: leaseMs / 3 }) }),
      others: fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 3 }),
    })
    .map(({ pause, others }) =>
      [[{ killAt: null, pause }], ...others.map(() => [])].map((fates, n) => ({
        kind: 'merge' as const,
        lane: 0,
        afterMs: others[n - 1] ?? 0,
        fates,
      })),
    ),
  people: fc.constant([]),
  faults: fc.constant({ perMille: 0, seed: 1 }),
  breaks: fc.constant([]),
});

/** Builds of one lane whose canary breaks, whose holders die amid it, and people who forbid production meanwhile. */
export const canaryTrouble: fc.Arbitrary<Scenario> = fc.record({
  lanes: fc.constant(1),
  stacking: fc.constantFrom('skip' as const, 'every' as const),
  builds: fc.array(
    fc.record({
      kind: fc.constant<BuildKind>('merge'),
      lane: fc.constant(0),
      afterMs: fc.integer({ min: 0, max: 60_000 }),
      fates: fc.array(fate, { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  people: fc.array(
    fc.record({
      act: fc.constantFrom<PersonAct>(
        'switch-off',
        'switch-on',
        'disable',
        'enable',
        'rollback',
        'push',
        'unlock',
        'resume',
        'resume',
      ),
      lane: fc.constant(0),
      atMs: fc.integer({ min: 0, max: 300_000 }),
    }),
    { maxLength: 4 },
  ),
  faults: fc.record({ perMille: fc.constantFrom(0, 0, 30), seed: fc.integer({ min: 1 }) }),
  breaks: fc.array(
    fc.record({
      lane: fc.constant(0),
      atMs: fc.integer({ min: 0, max: 300_000 }),
      what: fc.constantFrom<VendorBreak>('build', 'dyno'),
    }),
    { maxLength: 2 },
  ),
  production: fc.constantFrom('artifact', 'commit'),
  releasePhaseMs: fc.constantFrom(0, 3_000),
  canary: canaryPlan,
});

/** Builds of one lane that come one by one, and people who do such things between them. */
const oneByOne = (...acts: [PersonAct, ...PersonAct[]]): fc.Arbitrary<Scenario> =>
  fc.record({
    lanes: fc.constant(1),
    stacking: fc.constant('skip' as const),
    builds: fc.array(
      fc.record({
        kind: fc.constant<BuildKind>('merge'),
        lane: fc.constant(0),
        afterMs: fc.integer({ min: 60_000, max: 120_000 }),
        fates: fc.constant([]),
      }),
      { minLength: 3, maxLength: 6 },
    ),
    people: fc.array(
      fc.record({
        act: fc.constantFrom(...acts),
        lane: fc.constant(0),
        atMs: fc.integer({ min: 60_000, max: 500_000 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    faults: fc.constant({ perMille: 0, seed: 1 }),
    breaks: fc.constant([]),
  });

/** People take production back by any words, or try to. */
export const takenBack = oneByOne(
  'push-old',
  'release-again',
  'release-again-as-promotion',
  'failed-rollback',
  'failed-release-again',
  'resume',
);

/** People order production back, amid a deploy as well. */
export const orderedBack = oneByOne('order-rollback', 'order-rollback', 'resume');

/** The same, and what some of them order is begun and never carried out. */
export const begunBack = oneByOne('begin-rollback', 'begin-rollback', 'order-rollback', 'resume');

/** People change the settings, and accept what that holds. */
export const settingsChanged = oneByOne(
  'settle-less',
  'settle-longer',
  'endpoint-removed',
  'endpoint-twice',
  'other-switch',
  'rules-at-first',
  'trust',
  'resume',
);

export const laneRenamed = oneByOne('other-lane', 'rules-at-first', 'trust', 'resume');

/** A few builds of one lane, to whose apps something happens while they are watched. */
export const troubleWhileWatched: fc.Arbitrary<Scenario> = fc.record({
  lanes: fc.constant(1),
  stacking: fc.constant('every' as const),
  builds: fc.array(
    fc.record({
      kind: fc.constant<BuildKind>('merge'),
      lane: fc.constant(0),
      afterMs: fc.integer({ min: 0, max: 60_000 }),
      fates: fc.constant([]),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  people: fc.constant([]),
  faults: fc.constant({ perMille: 0, seed: 1 }),
  breaks: fc.constant([]),
  withoutRevision: fc.constant(true),
  afterUp: fc.array(afterUp, { minLength: 1, maxLength: 6 }),
});
