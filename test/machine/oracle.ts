/**
 * What may follow what, and on which condition: written by hand from the README's words, beside the
 * chart and not from it. Whoever changes the chart on purpose changes this by hand, too.
 */
import type { EventType } from '../../src/machine/events.ts';
import type { ServiceName } from '../../src/machine/services.ts';

/** The nine states, and two ends within them: gave up waiting (in `queued`), live (in `production`). */
export type Place =
  | 'queued'
  | 'gave up'
  | 'locked'
  | 'superseded'
  | 'deployingStaging'
  | 'verifying'
  | 'blockedByRollback'
  | 'disabled'
  | 'production'
  | 'live'
  | 'failed';

/** What production is given: the artifact that staging verified, or the commit. */
export type Way = 'artifact' | 'commit';

/** `exit`: `advance` ends there with that code; null: it goes on. */
export const places: Readonly<Record<Place, { lock: boolean; exit: number | null }>> = {
  queued: { lock: false, exit: null },
  'gave up': { lock: false, exit: 3 },
  locked: { lock: true, exit: null },
  superseded: { lock: false, exit: 0 },
  deployingStaging: { lock: true, exit: null },
  verifying: { lock: true, exit: null },
  blockedByRollback: { lock: false, exit: 0 },
  disabled: { lock: false, exit: 0 },
  production: { lock: true, exit: null },
  live: { lock: false, exit: 0 },
  failed: { lock: false, exit: 1 },
};

export interface Move {
  readonly from: Place;
  readonly word: EventType;
  readonly to: Place;
  /** One of these was said since the deploy waited last. */
  readonly after?: readonly EventType[];
  /** None of these was. */
  readonly before?: readonly EventType[];
}

/** From then on production is being written. */
const written: readonly EventType[] = ['production.submitted'];
const checked: readonly EventType[] = ['staging.verified'];
const passed: readonly EventType[] = ['gates.passed'];

/** A move is allowed if it is here, and each that is here has to be found, whatever production is given. */
export const moves: readonly Move[] = [
  // It waits its turn.
  { from: 'queued', word: 'lock.acquired', to: 'locked' },
  { from: 'queued', word: 'deploy.superseded', to: 'superseded' },
  { from: 'queued', word: 'lock.waitTimedOut', to: 'gave up' },
  { from: 'gave up', word: 'run.resumed', to: 'queued' },
  { from: 'queued', word: 'run.resumed', to: 'queued' },
  { from: 'queued', word: 'run.interrupted', to: 'queued' },
  { from: 'queued', word: 'deploy.failed', to: 'failed' },

  // What production has already, or what does not follow on it, does not ship by itself.
  { from: 'locked', word: 'deploy.observed', to: 'deployingStaging' },
  { from: 'locked', word: 'deploy.superseded', to: 'superseded' },
  { from: 'locked', word: 'production.found', to: 'production' },

  // It deploys to staging, and checks it.
  { from: 'deployingStaging', word: 'staging.submitted', to: 'deployingStaging' },
  {
    from: 'deployingStaging',
    word: 'staging.released',
    to: 'deployingStaging',
    after: ['staging.submitted'],
  },
  {
    from: 'deployingStaging',
    word: 'staging.deployed',
    to: 'verifying',
    after: ['staging.released'],
  },
  { from: 'verifying', word: 'staging.instancesUp', to: 'verifying', after: ['staging.deployed'] },
  { from: 'verifying', word: 'staging.verified', to: 'verifying', after: ['staging.instancesUp'] },

  // It stops before production while a rollback or a switch holds it.
  { from: 'verifying', word: 'gates.passed', to: 'production', after: checked },
  { from: 'verifying', word: 'production.held', to: 'blockedByRollback', after: checked },
  { from: 'verifying', word: 'production.disabled', to: 'disabled', after: checked },
  { from: 'verifying', word: 'deploy.superseded', to: 'superseded', after: checked },
  { from: 'verifying', word: 'production.found', to: 'production', after: checked },
  { from: 'blockedByRollback', word: 'deploy.resumed', to: 'queued' },
  { from: 'disabled', word: 'deploy.resumed', to: 'queued' },

  // The gates are read once more right before the write, and never after it.
  {
    from: 'production',
    word: 'production.held',
    to: 'blockedByRollback',
    after: passed,
    before: written,
  },
  {
    from: 'production',
    word: 'production.disabled',
    to: 'disabled',
    after: passed,
    before: written,
  },
  {
    from: 'production',
    word: 'deploy.superseded',
    to: 'superseded',
    after: passed,
    before: written,
  },
  {
    from: 'production',
    word: 'production.found',
    to: 'production',
    after: passed,
    before: written,
  },

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
    after: ['production.instancesUp'],
  },
];

/** Wherever the lane is held, whatever goes on there; null: it stays exactly where it is. */
export const whileHeld: readonly { readonly word: EventType; readonly to: Place | null }[] = [
  { word: 'run.resumed', to: null },
  { word: 'run.interrupted', to: null },
  { word: 'lock.reacquired', to: null },
  { word: 'lock.lost', to: 'queued' },
  { word: 'deploy.failed', to: 'failed' },
];

/** What is asked of the outside world where, and of whose target. Each has to be found. */
export const asked: readonly {
  readonly place: Place;
  readonly service: ServiceName;
  readonly of: 'staging' | 'production' | null;
}[] = [
  { place: 'queued', service: 'acquireLock', of: null },
  { place: 'locked', service: 'observe', of: 'production' },
  { place: 'deployingStaging', service: 'submit', of: 'staging' },
  { place: 'deployingStaging', service: 'follow', of: 'staging' },
  { place: 'deployingStaging', service: 'awaitRelease', of: 'staging' },
  { place: 'verifying', service: 'awaitInstances', of: 'staging' },
  { place: 'verifying', service: 'checkHealth', of: 'staging' },
  { place: 'verifying', service: 'readGates', of: 'production' },
  { place: 'production', service: 'submitToProduction', of: 'production' },
  { place: 'production', service: 'follow', of: 'production' },
  { place: 'production', service: 'awaitRelease', of: 'production' },
  { place: 'production', service: 'awaitInstances', of: 'production' },
  { place: 'production', service: 'checkHealth', of: 'production' },
];

/** These write to production: only after the gates, only once, and each refusal of the gates stops them. */
export const writers: readonly ServiceName[] = ['submitToProduction'];
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
  readonly isSwitchOn: boolean;
  readonly isLaneDisabled: boolean;
}

export type Verdict =
  | 'contained'
  | 'diverged'
  | 'found'
  | 'unknown'
  | 'held'
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
  { of: { relation: 'none', isSwitchOn: false }, verdict: 'switch off' },
  { of: { relation: 'none', isLaneDisabled: true }, verdict: 'lane disabled' },
  { of: { relation: 'none' }, verdict: 'ships' },
  { of: { isRolledBack: true }, verdict: 'held' },
  { of: { isSwitchOn: false }, verdict: 'switch off' },
  { of: { isLaneDisabled: true }, verdict: 'lane disabled' },
  { of: {}, verdict: 'ships' },
];

/** Of builds that are stacked on one another, all waiting: which goes first, and which never run. */
export const stacks = {
  skip: { first: 'newest', superseded: 'all others' },
  every: { first: 'oldest', superseded: 'none' },
} as const;
