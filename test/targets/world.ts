/** What the target contract needs of a kind's world: a stand-in, or a sandbox, that is asked over the real wire. */
import type { Ports } from '../../src/effects/ports.ts';
import type { Target } from '../../src/effects/targets/target.ts';

/** A commit reaches staging, then production; a canary is a part of production, and may have its name. */
export type Place = 'staging' | 'canary' | 'production';

/** One look at an instance, as the vendor tells it. */
export interface ToldInstance {
  readonly name: string;
  /** The version of the release that it runs, as people write it. */
  readonly version: string;
  readonly state: 'up' | 'starting' | 'crashed';
  /** Another one after a restart. */
  readonly life?: number;
}

export interface TargetWorld {
  /** Opened anew by each call, as another process would. */
  open(place: Place): Target;
  /** Their clock jumps to what is slept for. */
  ports(over?: Partial<Ports>): Ports;
  /** What the vendor was asked so far, in order: `submission` is what has something released, `restoring` what takes it back. */
  readonly asked: readonly ('submission' | 'restoring' | 'other')[];
  /** How many submissions the vendor carried out there. */
  submissions(place: Place): number;
  /** How often the vendor put back there what ran before, for us. */
  restorings(place: Place): number;
  /** Somebody else releases that commit. */
  release(place: Place, commit: string): void;
  /** Somebody changes how it is configured: a release of the same code. */
  configure(place: Place): void;
  /** Somebody goes back to what ran before. */
  goBack(place: Place): void;
  /** Somebody’s release of that commit fails. */
  failRelease(place: Place, commit: string): void;
  /** Somebody’s release of that commit is under way, and stays so. */
  beginRelease(place: Place, commit: string): void;
  /** What becomes of submissions from now on; they succeed when nothing is said. */
  submissionsTo(place: Place, outcome: 'fail' | 'stall'): void;
  /** What becomes of restorings from now on; they succeed when nothing is said. */
  restoringsTo(place: Place, outcome: 'fail' | 'stall'): void;
  /** All that ran there, and does not run now, is forgotten: nobody can go back to it. */
  forget(place: Place): void;
  /** The reply to the next submission, and to the next restoring, is lost: it was carried out, or it never arrived. */
  loseReply(place: Place, when: 'before' | 'after'): void;
  /** What every read is answered from now on. */
  answerReads(body: string): void;
  /** So many instances are wanted. */
  want(place: Place, count: number): void;
  /** Those that are listed, also twice. */
  instances(place: Place, listed: readonly ToldInstance[]): void;
  close(): Promise<void>;
}

export interface TargetHarness {
  /** With its variety, where there are several: `heroku, on Fir`. */
  readonly kind: string;
  /** What two instances are called; `web.1` and `web.2` when left out. */
  readonly instances?: readonly [string, string];
  /** Bodies that say nothing in this vendor's language, besides those that say nothing in any. */
  readonly nonsense: readonly string[];
  /** Two places where no code ever ran. */
  start(): Promise<TargetWorld>;
}
