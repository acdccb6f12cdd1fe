/** The lane's lock where the CI's own list of builds says who is first. It has no fencing token, and so promises less (docs/guarantees.md). */
import type { CiJob } from '../../effects/ci/jobs.ts';
import type { Clock } from '../../effects/clock.ts';
import { type CiBuild, decideCiTurn, hasToWaitFor } from '../../machine/ci-queue.ts';
import type { LaneLock } from './store-lock.ts';

/** A list of builds that a CI gives. */
export interface CiList {
  /** Whose builds it has, as the CI names a job's project: a number is one job's in each of them. */
  readonly project: string;
  /** The lane's builds as the CI tells them now, and which of them this run is. */
  readonly builds: (
    signal: AbortSignal,
    progress: (line: string) => void,
  ) => Promise<{ readonly me: CiBuild | null; readonly builds: readonly CiBuild[] }>;
}

export interface CiLockOptions extends CiList {
  readonly provider: 'circleci' | 'github';
  readonly clock: Clock;
}

const pollMs = 5_000;
/** A list can be wrong once: before the lane is taken, or left to a newer build, a second one has to say the same. */
const secondLookMs = 1_000;
/** How often a CI is asked which of two jobs is first. Seldom, for nothing waits for the answer. */
const askAgainMs = 30_000;

export function createCiLock(options: CiLockOptions): LaneLock {
  const { provider, clock, builds } = options;
  return {
    async acquire({ stacking, purpose }, signal, progress) {
      const startedAt = clock.ran();
      let told = '';
      const wait = async (line: string) => {
        if (line !== told) progress(line);
        told = line;
        await clock.sleep(pollMs, signal);
      };
      for (let before: string | null = null; ; ) {
        const { me, builds: listed } = await builds(signal, progress);
        if (me === null) {
          before = null;
          await wait('the CI’s list does not show this build yet; waiting until it does');
          continue;
        }
        const turn = decideCiTurn({
          me,
          builds: listed,
          // A deploy that only takes its canary back waits for others, and is superseded by none.
          stacking: purpose === 'restore' ? 'every' : stacking,
        });
        if (turn.kind === 'wait') {
          before = null;
          await wait(`build ${turn.behind.label} runs; waiting for it to end`);
          continue;
        }
        const now = turn.kind === 'go' ? 'go' : deployOf(turn.by);
        if (now !== before) {
          before = now;
          await clock.sleep(secondLookMs, signal);
          continue;
        }
        if (turn.kind === 'go') {
          const waitedMs = Math.round(clock.ran() - startedAt);
          return { kind: 'granted', provider, token: null, waitedMs, takenOver: null };
        }
        const { label, commit } = turn.by;
        const by = { deploy: now, build: label, commit };
        return { kind: 'superseded', cause: 'newer-build', by };
      }
    },
    /** The end of a job frees the lane, whatever the job left: a run that carries its deploy on holds the lane only if it is first again. */
    async reacquire(_deploy, _lane, signal, progress) {
      for (let looks = 1; ; looks++) {
        // Where the list cannot be had the run queues again: it is asked for there until it can, or the step fails.
        const list = await builds(signal, progress).catch((error: unknown) => {
          signal.throwIfAborted();
          progress(error instanceof Error ? error.message : String(error));
          return null;
        });
        if (list === null) return { kind: 'lost', to: 'nobody: the CI’s list cannot be read' };
        const { me, builds: listed } = list;
        if (me === null) return { kind: 'lost', to: 'a build that the CI does not show yet' };
        const turn = decideCiTurn({ me, builds: listed, stacking: 'every' });
        if (turn.kind !== 'go') {
          return { kind: 'lost', to: deployOf(turn.kind === 'wait' ? turn.behind : turn.by) };
        }
        if (looks === 2) return null;
        await clock.sleep(secondLookMs, signal);
      }
    },
    isAwaitedBy: awaitedBy(options),
  };
}

/** Which of two running jobs waits for the other does not change: once it is known, the list is not asked again. */
function awaitedBy({
  provider,
  project,
  clock,
  builds,
}: CiLockOptions): NonNullable<LaneLock['isAwaitedBy']> {
  const known = new Map<string, boolean>();
  let askedAt = Number.NEGATIVE_INFINITY;
  return async (job, signal, progress) => {
    if (job.ci !== provider || !isOf(job, project)) return false;
    // A run of GitHub's that is run again begins anew, under the same id.
    const name = JSON.stringify(job);
    const answer = known.get(name);
    if (answer !== undefined || clock.ran() - askedAt < askAgainMs) return answer ?? false;
    askedAt = clock.ran();
    const { me, builds: listed } = await builds(signal, progress);
    const awaits = me === null ? null : hasToWaitFor({ me, other: idOf(job), builds: listed });
    if (awaits !== null) known.set(name, awaits);
    return awaits ?? false;
  };
}

/** GitHub writes a repository's name in any case. */
const isOf = (job: CiJob, project: string): boolean =>
  job.ci === 'circleci'
    ? job.project === project
    : job.repository.toLowerCase() === project.toLowerCase();

/** As the list names it. */
const idOf = (job: CiJob): string => (job.ci === 'circleci' ? job.number : job.run);

const deployOf = ({ label, commit }: CiBuild): string => `${label}-${commit.slice(0, 8)}`;
