/** What is known of a lane: what its log says, and what its targets say now where they were asked. Types only. */
import type { EnvironmentName, OrderedRollback, Release } from '../../machine/events.ts';
import type { GoingBack } from '../../machine/taken-back.ts';
import type { Aftermath } from '../audit/aftermath.ts';
import type { LaneMarks } from '../audit/lane-marks.ts';
import type { MarkedBack } from '../audit/rollback-marks.ts';
import type { DeployFacts } from './deploy-facts.ts';

/** What one environment's target says that it runs. */
export interface ToldRunning {
  readonly release: Release;
  /** The full commit id; null where the target does not tell one. */
  readonly commit: string | null;
  /** Who made the release, as the target names people. */
  readonly by: string;
  /** ISO 8601, by the target's clock. */
  readonly at: string;
  readonly description: string;
}

export type ToldPlace =
  | {
      readonly kind: 'runs';
      readonly target: string;
      /** Null: no code ever ran there. */
      readonly running: ToldRunning | null;
      /** The deploy of this lane that made the release, and whether it verified it; null: somebody else made it. */
      readonly ours: { readonly deploy: string; readonly verified: boolean } | null;
      /** Why that holds production; null: it does not. */
      readonly back: GoingBack | null;
      /** The newest release under way. */
      readonly pending: { readonly version: string; readonly ageMs: number } | null;
    }
  /** It did not tell: `why`, in words. */
  | { readonly kind: 'untold'; readonly target: string; readonly why: string };

export type Told =
  | {
      readonly kind: 'asked';
      /** ISO 8601. */
      readonly at: string;
      readonly places: { readonly [N in EnvironmentName]?: ToldPlace };
    }
  /** Why nobody was asked, in words; empty: it was not wanted. */
  | { readonly kind: 'notAsked'; readonly why: string };

export type WaitingRollback = OrderedRollback & { readonly rollback: string };

export interface Known {
  readonly lane: string;
  readonly marks: LaneMarks;
  /** What people's rollbacks left production as: the last few, the newest first. */
  readonly takenBack: readonly MarkedBack[];
  /** Rollbacks that wait for the lane, the one that was ordered first first. */
  readonly ordered: readonly WaitingRollback[];
  /** The one that was asked for last first. */
  readonly deploys: readonly DeployFacts[];
  /** What came after each deploy of which it is told what became of it. */
  readonly after: ReadonlyMap<string, Aftermath>;
  /** The deploys whose run is alive. */
  readonly living: ReadonlySet<string>;
  /** Whether a person lifted the hold of that release (its id). */
  readonly isLifted: (release: string) => boolean;
  readonly told: Told;
}
