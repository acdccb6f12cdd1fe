/** Scenarios that lead to the few moments at which one mechanism alone stands between a deploy and a broken promise. From fixed seeds. */
import { describe, expect, it } from 'vitest';
import { LockstepError } from '../../src/errors/error.ts';
import { fc } from '../fast-check.ts';
import { often } from '../store/attacks/seed.ts';
import { Distribution } from './distribution.ts';
import {
  type BuildPlan,
  begunBack,
  canaryTrouble,
  crowdOf,
  forbiddenOnTheWay,
  lostLanes,
} from './scenario.ts';
import { simulate } from './simulation.ts';

const productions = ['production: artifact', 'production: commit'];
const canaryKinds = [
  ...['between', 'in-staging’s-place', 'crash', 'restart', 'rollback', 'endpoint', 'push'],
].map((kind) => `canary: ${kind}`);

/** Of each: what is drawn, from which seed, how often, and what of it may not be missing. */
const chosen = [
  [
    'holders that die, are stopped or lose the lane amid their work',
    lostLanes,
    8,
    often(15, 40),
    [
      'kills',
      'pauses',
      'people: unlock',
      'release phase: yes',
      'release phase: no',
      ...productions,
    ],
  ],
  [
    'rollbacks that are begun and never carried out, and people who let deploys go on',
    begunBack,
    4,
    often(8, 60),
    ['people: begin-rollback', 'people: order-rollback', 'people: resume'],
  ],
  [
    'production is forbidden while a deploy is stopped between its gates and its write',
    forbiddenOnTheWay,
    69,
    often(12, 400),
    ['pauses', 'people: switch-off', 'people: disable', 'people: rollback', ...productions],
  ],
  [
    'a canary breaks, its holder dies, or people forbid production meanwhile',
    canaryTrouble,
    2,
    often(15, 400),
    ['kills', 'pauses', 'clocks', ...canaryKinds, ...productions],
  ],
] as const;

describe('no invariant breaks where', () => {
  it.each(chosen)('%s', { timeout: 240_000 }, async (_, among, seed, numRuns, kinds) => {
    const drawnHere = new Distribution();
    await fc.assert(
      fc.asyncProperty(among, async (drawn) => {
        const outcome = await simulate(drawn);
        drawnHere.add(drawn, outcome);
        expect(outcome.violations).toEqual([]);
      }),
      { numRuns, seed, endOnFailure: true },
    );
    const missing = kinds.filter((kind) => {
      const [what = '', which] = kind.split(': ');
      const drawn = drawnHere.of(what);
      return which === undefined ? drawn.size === 0 : !drawn.has(which);
    });
    expect(missing).toEqual([]);
  });

  it('a lane is called otherwise before anything shipped: the other lane is found by its deploys, and holds', async () => {
    const renamed = { act: 'other-lane', lane: 0, atMs: 0 } as const;
    const { builds, ...crowd } = crowdOf(4);
    const apart = builds.map((build, i) => ({ ...build, afterMs: i === 2 ? 1_690 : 0 }));
    const { violations, figures } = await simulate({ ...crowd, builds: apart, people: [renamed] });
    expect(violations).toEqual([]);
    expect(figures.live).toBe(0);
  });

  it('somebody’s release is under way for longer than anybody waits: it says so, and ships nothing', async () => {
    const pending = { act: 'pending-for-long', lane: 0, atMs: 0 } as const;
    const { violations, figures } = await simulate({ ...crowdOf(1), people: [pending] });
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ live: 0, writes: 0 });
  });

  it('a deploy’s own release expires while its run is cut off, for a person released other code over it: it says so', async () => {
    // Killed once it has submitted to production, and run again seven seconds later.
    const cutOff = { killAt: 280, pause: null };
    const { builds, ...crowd } = crowdOf(1);
    const people = [
      { act: 'push', lane: 0, atMs: 28_000 },
      { act: 'expire', lane: 0, atMs: 28_100 },
    ] as const;
    const failures: string[] = [];
    const { violations, figures } = await simulate(
      { ...crowd, builds: builds.map((build) => ({ ...build, fates: [cutOff] })), people },
      { trace: (line) => failures.push(...(/E_[A-Z_]+/.exec(line) ?? [])) },
    );
    expect(violations).toEqual([]);
    expect([figures.kills, figures.live, failures]).toEqual([1, 0, ['E_RELEASE_EXPIRED']]);
  });

  it('a holder dies right after it has asked for a promotion, which has made no release yet: whoever takes the lane over waits for that', async () => {
    const { builds, ...crowd } = crowdOf(2);
    // For most of a minute its own runs do not come to go on with it.
    const again = Array<number>(5).fill(1);
    /** The first one’s last event before the second was given the lane. */
    const lastBefore = new Set<string>();
    for (let killAt = 253; killAt < 271; killAt++) {
      const fates = [killAt, ...again].map((at) => ({ killAt: at, pause: null }));
      const events: string[] = [];
      const plans = builds.map((build, n) => ({
        ...build,
        ...[{ fates }, { afterMs: 24_000 }][n],
      }));
      const { violations } = await simulate(
        { ...crowd, stacking: 'every', builds: plans },
        { trace: (line) => events.push(line) },
      );
      expect(violations, `killed at await ${killAt}`).toEqual([]);
      const taken = events.findIndex((line) => /502\S+ lock.acquired .*"takenOver":{/.test(line));
      const before = events.slice(0, taken).findLast((line) => line.includes(' deploy/501'));
      lastBefore.add(before?.split(' ')[2] ?? '');
    }
    // It was not on record yet, or was.
    expect([...lastBefore]).toEqual(['gates.passed', 'production.submitted']);
  });

  it('a deploy fails while its build goes on, and takes its canary back: it has given the lane back all the same', async () => {
    // The first has given its canary the commit when it is stopped for so long that the second gets the lane. That one fails;
    // the first tries again, and fails too; the third comes while the first one’s second build goes on,
    // which takes twelve seconds: wherever in the ten that its canary is watched it was stopped.
    const stopped = { killAt: null, pause: { at: 420, ms: 150_000 } };
    const builds = crowdOf(3).builds.map((build, n) => ({
      ...build,
      ...[{ fates: [stopped] }, {}, { afterMs: 198_000 }][n],
    }));
    const odd = new LockstepError('E_VENDOR_FAILED', 'an answer that no vendor should give');
    const untilOdd = new Map([
      ['501', 3],
      ['502', 1],
    ]);
    const ends: string[] = [];
    const { violations, figures } = await simulate(
      {
        ...{ ...crowdOf(3), builds, stacking: 'every' },
        canary: { place: 'between', bakeMs: 0, afterUp: [] },
        // Any answer may be odd, and none is but those below.
        faults: { perMille: 0, seed: 1, oddPerMille: 0.001 },
      },
      {
        trace: (line) =>
          ends.push(...(/50\d(?=-\S+ (?:deploy.failed|canary.restored))/.exec(line) ?? [])),
        watch: (services, { deploy }) => ({
          ...services,
          async follow(input, ports) {
            const label = deploy.slice(0, 3);
            const left = (untilOdd.get(label) ?? 0) - 1;
            untilOdd.set(label, left);
            if (left === 0) throw odd;
            return services.follow(input, ports);
          },
        }),
      },
    );
    expect(violations).toEqual([]);
    expect(figures.live).toBe(1);
    // The last is that its canary runs again what it ran.
    expect(ends).toEqual(['502', '501', '501']);
  });

  it('a job is run again before it took its deploy: the later one carries it, and the earlier one does not wait for that', async () => {
    // Its deploy is asked for and its job is listed; that it is its own is not written yet.
    const stopped = { killAt: null, pause: { at: 9, ms: 20_000 } };
    const [first] = crowdOf(1).builds;
    const again = { kind: 'rerun', lane: 0, afterMs: 5_000, fates: [] } as const;
    for (const stacking of ['skip', 'every'] as const) {
      const { violations, figures } = await simulate({
        ...{ ...crowdOf(1), stacking, lock: 'circleci' },
        builds: [{ ...(first as BuildPlan), fates: [stopped] }, again],
      });
      expect(violations).toEqual([]);
      expect(figures).toMatchObject({ live: 1, overtaken: 1 });
    }
  });
});
