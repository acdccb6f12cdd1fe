/**
 * What may follow what, and on which condition: written by hand from the README's words, beside the
 * chart and not from it. Whoever changes the chart on purpose changes this by hand, too.
 */
import type { EventType } from '../../src/machine/events.ts';
import type { ServiceName } from '../../src/machine/services.ts';

/** The nine states, and what is within them: gave up waiting, and waiting for the canary’s way back (`queued`); live and that way back (`production`). */
export type Place =
  | 'queued'
  | 'gave up'
  | 'returning'
  | 'locked'
  | 'superseded'
  | 'deployingStaging'
  | 'verifying'
  | 'blockedByRollback'
  | 'disabled'
  | 'production'
  | 'live'
  | 'taking back'
  | 'failed';

/**
 * What production is given: the artifact that staging verified, or the commit. Or there is a canary as well, between the
 * two, or in staging's place; whole, or with two shares of the traffic, one after the other; and what is said to bake.
 */
export type Way =
  | 'artifact'
  | 'commit'
  | 'canary, baked'
  | 'canary first'
  | 'shares'
  | 'shares, baked'
  | 'shares first'
  | 'shares first, baked';
const between: readonly Way[] = ['canary, baked', 'shares', 'shares, baked'];
const first: readonly Way[] = ['canary first', 'shares first', 'shares first, baked'];
const withStaging: readonly Way[] = ['artifact', 'commit', ...between];
const withCanary: readonly Way[] = [...between, ...first];
const baked: readonly Way[] = ['canary, baked', 'shares, baked', 'shares first, baked'];
const and = (one: readonly Way[], other: readonly Way[]): Way[] =>
  one.filter((way) => other.includes(way));
const not = (these: readonly Way[]): Way[] =>
  [...withStaging, ...first].filter((way) => !these.includes(way));
const shares: readonly Way[] = ['shares', 'shares, baked', 'shares first', 'shares first, baked'];

/** `exit`: `advance` ends there with that code, or with 1 where the canary could not be taken back; null: it goes on. */
export const places: Readonly<Record<Place, { lock: boolean; exit: number | null }>> = {
  queued: { lock: false, exit: null },
  'gave up': { lock: false, exit: 3 },
  returning: { lock: false, exit: null },
  locked: { lock: true, exit: null },
  superseded: { lock: false, exit: 0 },
  deployingStaging: { lock: true, exit: null },
  verifying: { lock: true, exit: null },
  blockedByRollback: { lock: false, exit: 0 },
  disabled: { lock: false, exit: 0 },
  production: { lock: true, exit: null },
  live: { lock: false, exit: 0 },
  'taking back': { lock: true, exit: null },
  failed: { lock: false, exit: 1 },
};

export interface Move {
  readonly from: Place;
  readonly word: EventType;
  readonly to: Place;
  /** In these ways only; left out: in all. */
  readonly of?: readonly Way[];
  /** Whether the canary may run the commit, and nothing says that production does; left out: either. */
  readonly isExposed?: boolean;
  /** One of these was said since the deploy waited last. */
  readonly after?: readonly EventType[];
  /** None of these was. */
  readonly before?: readonly EventType[];
}

/** From then on production is being written. */
const written: readonly EventType[] = ['production.submitted'];
const checked: readonly EventType[] = ['staging.verified', 'canary.verified'];
const bakedOut: readonly EventType[] = ['staging.baked', 'canary.baked'];
/** These make the canary exposed, the second where it was about to be given the commit; and these end that. */
export const exposure = {
  begins: 'canary.submitted',
  mayBegin: 'lock.lost',
  ends: ['production.deployed', 'production.found', 'canary.restored'],
} as const;
/** To each end that a deploy may have come to when its canary had to be taken back. */
const endsBack: readonly Place[] = [
  'blockedByRollback',
  'disabled',
  'superseded',
  'gave up',
  'failed',
];
/** Where the canary's way back is, and what says that it failed. */
export const wayBack = { places: ['taking back', 'returning'], fails: 'deploy.failed' } as const;
const passed: readonly EventType[] = ['gates.passed'];

/** A move is allowed if it is here, and each that is here has to be found, whatever production is given. */
export const moves: readonly Move[] = [
  // It waits its turn.
  { from: 'queued', word: 'lock.acquired', to: 'locked' },
  ...endsInQueue('deploy.superseded', 'superseded'),
  ...endsInQueue('lock.waitTimedOut', 'gave up'),
  ...endsInQueue('deploy.failed', 'failed'),
  { from: 'gave up', word: 'run.resumed', to: 'queued' },
  { from: 'queued', word: 'run.resumed', to: 'queued' },
  { from: 'queued', word: 'run.interrupted', to: 'queued' },

  // What production has already, or what does not follow on it, does not ship by itself.
  { from: 'locked', word: 'deploy.observed', to: 'deployingStaging' },
  { from: 'locked', word: 'deploy.superseded', to: 'superseded', isExposed: false },
  { from: 'locked', word: 'production.found', to: 'production' },

  // It deploys to staging, or to the canary in its place, and checks it.
  ...firstOf('staging', withStaging),
  ...firstOf('canary', first),
  bakes('verifying', 'staging', 'verifying', and(baked, withStaging)),
  bakes('verifying', 'canary', 'verifying', and(baked, first)),
  // The next share of the traffic.
  bakes('verifying', 'canary', 'deployingStaging', and(baked, and(shares, first))),
  {
    from: 'verifying',
    word: 'canary.verified',
    to: 'deployingStaging',
    of: and(not(baked), and(shares, first)),
    after: ['canary.instancesUp'],
  },
  ...refusalsOf('deployingStaging', { of: first }),
  ...backFrom('deployingStaging', { of: first }),

  // It stops before production while a rollback or a switch holds it.
  ...[checked, bakedOut].flatMap((after) => {
    const of = after === bakedOut ? baked : not(baked);
    return [
      { from: 'verifying', word: 'gates.passed', to: 'production', after, of } as const,
      ...refusalsOf('verifying', { after, of: and(of, withStaging) }),
      ...backFrom('verifying', { after, of: and(of, withCanary) }),
      {
        from: 'verifying',
        word: 'production.found',
        to: 'production',
        after,
        of: and(of, first),
      } as const,
    ];
  }),

  // A part of production comes before the rest, and only what held there goes on.
  ...firstOf('canary', between, 'production', 'production'),
  bakes('production', 'canary', 'production', and(baked, between)),

  { from: 'blockedByRollback', word: 'deploy.resumed', to: 'queued' },
  { from: 'disabled', word: 'deploy.resumed', to: 'queued' },

  // The gates are read once more right before each write, and never after the last.
  ...refusalsOf('production', { after: passed, before: written, of: withStaging }),
  {
    from: 'production',
    word: 'production.found',
    to: 'production',
    after: passed,
    before: written,
    of: first,
  },
  ...backFrom('production', { after: passed, before: written, of: withCanary }),

  // What ends there while only the canary has the commit takes it back first.
  ...backFrom('locked', { of: withCanary, only: ['deploy.superseded'] }),
  ...endsBack.flatMap((to): Move[] => [
    { from: 'taking back', word: 'canary.restored', to, of: withCanary },
    // Whatever keeps it from that, it ends as it would have.
    { from: 'taking back', word: 'deploy.failed', to, of: withCanary },
    { from: 'returning', word: 'deploy.failed', to, of: withCanary },
  ]),
  // It cannot be taken back without the lane.
  { from: 'taking back', word: 'lock.lost', to: 'returning', of: withCanary },
  { from: 'returning', word: 'lock.acquired', to: 'taking back', of: withCanary },
  { from: 'returning', word: 'run.resumed', to: 'returning', of: withCanary },
  { from: 'returning', word: 'run.interrupted', to: 'returning', of: withCanary },

  // It releases exactly what was checked, or builds it again.
  {
    from: 'production',
    word: 'production.submitted',
    to: 'production',
    after: passed,
    before: written,
  },
  {
    from: 'production',
    word: 'production.released',
    to: 'production',
    after: ['production.submitted'],
  },
  {
    from: 'production',
    word: 'production.deployed',
    to: 'production',
    after: ['production.released'],
  },

  // It checks that, and only then it is live.
  {
    from: 'production',
    word: 'production.instancesUp',
    to: 'production',
    after: ['production.deployed', 'production.found'],
  },
  {
    from: 'production',
    word: 'production.verified',
    to: 'live',
    of: not(baked),
    after: ['production.instancesUp'],
  },
  // Or it bakes before that.
  {
    from: 'production',
    word: 'production.verified',
    to: 'production',
    of: baked,
    after: ['production.instancesUp'],
  },
  {
    from: 'production',
    word: 'production.baked',
    to: 'live',
    of: baked,
    after: ['production.verified'],
  },
];

/** Where it ends while it waits its turn: not before a canary that may run the commit is taken back. */
function endsInQueue(word: EventType, to: Place): Move[] {
  return [
    { from: 'queued', word, to, isExposed: false },
    { from: 'queued', word, to: 'returning', of: withCanary, isExposed: true },
  ];
}

/** From a submission to checks that held: in `deploying` and `checking`. What bakes is not done when it is verified. */
function firstOf(
  name: 'staging' | 'canary',
  of: readonly Way[],
  deploying: Place = 'deployingStaging',
  checking: Place = 'verifying',
): Move[] {
  return [
    { from: deploying, word: `${name}.submitted`, to: deploying, of },
    { from: deploying, word: `${name}.released`, to: deploying, of, after: [`${name}.submitted`] },
    { from: deploying, word: `${name}.deployed`, to: checking, of, after: [`${name}.released`] },
    { from: checking, word: `${name}.instancesUp`, to: checking, of, after: [`${name}.deployed`] },
    { from: checking, word: `${name}.verified`, to: checking, of, after: [`${name}.instancesUp`] },
  ];
}

/** The checks went on holding for as long as they had to. */
function bakes(from: Place, name: 'staging' | 'canary', to: Place, of: readonly Way[]): Move {
  return { from, word: `${name}.baked`, to, of, after: [`${name}.verified`] };
}

type Condition = Pick<Move, 'of' | 'after' | 'before'>;

/** What the gates may say, where nothing is to be taken back. */
function refusalsOf(from: Place, on: Condition): Move[] {
  const isExposed = false;
  return [
    { from, word: 'production.held', to: 'blockedByRollback', isExposed, ...on },
    { from, word: 'production.disabled', to: 'disabled', isExposed, ...on },
    { from, word: 'deploy.superseded', to: 'superseded', isExposed, ...on },
    { from, word: 'production.found', to: 'production', ...on },
  ];
}

/** The same, where the canary has the commit. */
function backFrom(
  from: Place,
  { only, ...on }: Condition & { only?: readonly EventType[] },
): Move[] {
  const words = only ?? ['production.held', 'production.disabled', 'deploy.superseded'];
  return words.map((word) => ({ from, word, to: 'taking back', isExposed: true, ...on }));
}

/** Wherever the lane is held, whatever goes on there; null: it stays exactly where it is. */
export const whileHeld: readonly { readonly word: EventType; readonly to: Place | null }[] = [
  { word: 'run.resumed', to: null },
  { word: 'run.interrupted', to: null },
  { word: 'lock.reacquired', to: null },
  { word: 'lock.lost', to: 'queued' },
];

/** Where it fails there: a canary that has the commit, or may have it by what has just failed, is taken back first. */
export const failsTo = (mayBeExposed: boolean): Place => (mayBeExposed ? 'taking back' : 'failed');

/** What is asked of the outside world where, and of whose target; in these ways only. Each has to be found. */
export const asked: readonly {
  readonly place: Place;
  readonly service: ServiceName;
  readonly of: 'staging' | 'canary' | 'production' | null;
  readonly ways?: readonly Way[];
}[] = [
  { place: 'queued', service: 'acquireLock', of: null },
  { place: 'returning', service: 'acquireLock', of: null, ways: withCanary },
  { place: 'locked', service: 'observe', of: 'production' },
  ...askedOf('deployingStaging', 'staging', ['submit', 'follow', 'awaitRelease'], withStaging),
  ...askedOf('verifying', 'staging', ['awaitInstances', 'checkHealth'], withStaging),
  ...askedOf('verifying', 'staging', ['bake'], and(baked, withStaging)),
  ...askedOf('deployingStaging', 'canary', ['submit', 'follow', 'awaitRelease'], first),
  ...askedOf('verifying', 'canary', ['awaitInstances', 'checkHealth'], first),
  ...askedOf('verifying', 'canary', ['bake'], and(baked, first)),
  { place: 'verifying', service: 'readGates', of: 'production' },
  ...askedOf(
    'production',
    'canary',
    ['submit', 'follow', 'awaitRelease', 'awaitInstances', 'checkHealth'],
    between,
  ),
  ...askedOf('production', 'canary', ['bake'], and(baked, between)),
  ...askedOf('production', 'production', [
    'submit',
    'follow',
    'awaitRelease',
    'awaitInstances',
    'checkHealth',
  ]),
  ...askedOf('production', 'production', ['bake'], baked),
  { place: 'taking back', service: 'restore', of: 'canary', ways: withCanary },
];

function askedOf(
  place: Place,
  of: 'staging' | 'canary' | 'production',
  services: readonly ServiceName[],
  ways?: readonly Way[],
): (typeof asked)[number][] {
  return services.map((service) => ({ place, service, of, ...(ways && { ways }) }));
}

/** It writes; to production only after the gates, only once, and each refusal of the gates stops it. */
export const writers: readonly ServiceName[] = ['submit'];
export const refusals: readonly EventType[] = [
  'production.held',
  'production.disabled',
  'deploy.superseded',
  'production.found',
];
export const needsGates = { after: passed, before: written };

/** How the commit stands to what production runs, and what else may forbid production. */
export interface Facts {
  /** `none`: production never had code. */
  readonly relation: 'none' | 'ahead' | 'same' | 'behind' | 'diverged' | 'unknown';
  /** A person takes responsibility for order: `--override --reason`. */
  readonly isOverridden: boolean;
  /** A deploy of this lane verified the release that production runs. */
  readonly isVerified: boolean;
  /** Production was rolled back. */
  readonly isRolledBack: boolean;
  /** A person has ordered a rollback, which waits for the lane. */
  readonly isRollbackWaiting: boolean;
  /** A person's rollback of what runs was begun, its run is over, and nothing came of it. */
  readonly isRollbackBegun: boolean;
  readonly isSwitchOn: boolean;
  readonly isLaneDisabled: boolean;
}

export type Verdict =
  | 'contained'
  | 'diverged'
  | 'found'
  | 'unknown'
  | 'held'
  | 'held by an order'
  | 'held by one that was begun'
  | 'switch off'
  | 'lane disabled'
  | 'ships';

/** By order alone, as it is asked when the lane is taken; the first line that fits decides. */
export const byOrder: readonly { readonly of: Partial<Facts>; readonly verdict: Verdict }[] = [
  { of: { relation: 'none' }, verdict: 'ships' },
  { of: { isOverridden: true }, verdict: 'ships' },
  { of: { relation: 'unknown' }, verdict: 'unknown' },
  { of: { relation: 'diverged' }, verdict: 'diverged' },
  { of: { relation: 'behind' }, verdict: 'contained' },
  // What somebody took production back to is not verified for them.
  { of: { relation: 'same', isVerified: false, isRolledBack: false }, verdict: 'found' },
  { of: { relation: 'same' }, verdict: 'contained' },
  { of: { relation: 'ahead' }, verdict: 'ships' },
];

/** What may ship by order: whether the gates let it. A person's override lifts none of them. */
export const byGates: typeof byOrder = [
  { of: { relation: 'none', isRollbackWaiting: true }, verdict: 'held by an order' },
  { of: { relation: 'none', isSwitchOn: false }, verdict: 'switch off' },
  { of: { relation: 'none', isLaneDisabled: true }, verdict: 'lane disabled' },
  { of: { relation: 'none' }, verdict: 'ships' },
  { of: { isRolledBack: true }, verdict: 'held' },
  { of: { isRollbackWaiting: true }, verdict: 'held by an order' },
  { of: { isRollbackBegun: true }, verdict: 'held by one that was begun' },
  { of: { isSwitchOn: false }, verdict: 'switch off' },
  { of: { isLaneDisabled: true }, verdict: 'lane disabled' },
  { of: {}, verdict: 'ships' },
];

/** Of builds that are stacked on one another, all waiting: which goes first, and which never run. */
export const stacks = {
  skip: { first: 'newest', superseded: 'all others' },
  every: { first: 'oldest', superseded: 'none' },
} as const;
