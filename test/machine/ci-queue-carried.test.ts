/** Several jobs of one build at once: one of them carries its deploy, and the others wait for that one, wherever it stands in the list. */
import { describe, expect, it } from 'vitest';
import { type CiBuild, decideCiTurn, hasToWaitFor } from '../../src/machine/ci-queue.ts';
import { fc } from '../fast-check.ts';

interface Job extends CiBuild {
  readonly id: string;
}

/** What the jobs of a lane come to, each looking at the list in turn, until nothing changes any more. */
function endOf(all: readonly Job[], carriers: ReadonlySet<Job>, stacking: 'skip' | 'every') {
  const ended = new Map<Job, string>();
  const listed = () =>
    all.map((job): CiBuild => (ended.has(job) ? { ...job, state: 'over' } : job));
  const lookOf = (job: Job): string | null => {
    const carrier = [...carriers].find(({ order }) => order === job.order);
    if (carrier === undefined) throw new Error(`nobody carries build ${job.order}`);
    if (job === carrier) {
      const { kind } = decideCiTurn({ me: job, builds: listed(), stacking });
      return kind === 'wait' ? null : kind;
    }
    if (ended.has(carrier)) return 'finds its deploy settled';
    return hasToWaitFor({ me: job, other: carrier.id, builds: listed() }) ? 'overtaken' : null;
  };
  for (let before = -1; before < ended.size; ) {
    before = ended.size;
    for (const job of all) {
      const end = ended.has(job) ? null : lookOf(job);
      if (end !== null) ended.set(job, end);
    }
  }
  return ended;
}

/** In the order in which they started: which build each is of, and who of them was quicker to take its deploy. */
const lane = fc.array(fc.record({ build: fc.integer({ min: 1, max: 4 }), quick: fc.nat() }), {
  minLength: 2,
  maxLength: 7,
});

function jobsOf(drawn: readonly { build: number; quick: number }[]) {
  const jobs = drawn.map(
    ({ build }, place): Job => ({
      order: build,
      id: String(500 + place),
      label: String(500 + place),
      commit: String(build).repeat(40),
      state: 'running',
    }),
  );
  const carriers = new Map<number, { job: Job; quick: number }>();
  for (const [place, { build, quick }] of drawn.entries()) {
    const job = jobs[place] as Job;
    if ((carriers.get(build)?.quick ?? -1) < quick) carriers.set(build, { job, quick });
  }
  return { jobs, carriers: new Set([...carriers.values()].map(({ job }) => job)) };
}

describe('jobs of one build that run at once', () => {
  it.each(['skip', 'every'] as const)(
    'never wait in a circle, whoever carries its deploy (%s)',
    (stacking) => {
      fc.assert(
        fc.property(lane, (drawn) => {
          const { jobs, carriers } = jobsOf(drawn);
          const ended = endOf(jobs, carriers, stacking);
          expect(jobs.filter((job) => !ended.has(job)).map(({ id }) => id)).toEqual([]);
          // Nobody that carries a deploy is sent away by that.
          for (const carrier of carriers) expect(ended.get(carrier)).not.toBe('overtaken');
        }),
      );
    },
  );

  it('wait where the one that carries the deploy goes first: it is first in the list', () => {
    const { jobs } = jobsOf([
      { build: 1, quick: 1 },
      { build: 1, quick: 0 },
    ]);
    const [first, again] = jobs as [Job, Job];
    expect(hasToWaitFor({ me: again, other: first.id, builds: jobs })).toBe(false);
    expect(hasToWaitFor({ me: first, other: again.id, builds: jobs })).toBe(true);
  });

  it('know nothing of a job that the list does not show to run', () => {
    const { jobs } = jobsOf([
      { build: 1, quick: 0 },
      { build: 1, quick: 1 },
    ]);
    const [first, again] = jobs as [Job, Job];
    const builds: CiBuild[] = [first, { ...again, state: 'over' }];
    expect(hasToWaitFor({ me: first, other: again.id, builds })).toBeNull();
    expect(hasToWaitFor({ me: first, other: '777', builds })).toBeNull();
    const me: CiBuild = { ...first, state: 'pending' };
    expect(hasToWaitFor({ me, other: again.id, builds: jobs })).toBeNull();
  });

  it('that are attempts of one run have one place: neither waits for the other', () => {
    const run: CiBuild = {
      ...{ order: 88, id: '7000', startedAt: 20, label: '88', commit: '8'.repeat(40) },
      state: 'running',
    };
    expect(hasToWaitFor({ me: run, other: '7000', builds: [run] })).toBe(false);
  });
});
