/**
 * By enumeration rather than by chance: a deploy is killed right before and right after each of its writes and at one in 25
 * of its other awaits, by night at each of them, killed again while it recovers, and each of its calls of the log fails,
 * before it was carried out, and those that change it after that, too.
 */
import { describe, expect, it } from 'vitest';
import type { EventLog } from '../../src/store/log.ts';
import { often } from '../store/attacks/seed.ts';
import { type CanaryPlan, leaseMs, type Scenario } from './scenario.ts';
import type { Fate } from './simulated-process.ts';
import { type Outcome, simulate } from './simulation.ts';

const unharmed: Fate = { killAt: null, pause: null };

/** One build of one commit, whose runs have these fates. */
const oneDeploy = (fates: readonly Fate[], canary: CanaryPlan | null = null): Scenario => ({
  lanes: 1,
  stacking: 'skip',
  builds: [{ kind: 'merge', lane: 0, afterMs: 0, fates }],
  people: [],
  faults: { perMille: 0, seed: 1 },
  breaks: [],
  canary,
});

/** The calls of the log that change nothing. */
const reads: ReadonlySet<keyof EventLog> = new Set([
  'readStream',
  'readWithLeases',
  'streams',
  'lease',
  'leases',
  'changed',
] as const);

async function expectLive(fates: readonly Fate[]): Promise<Outcome> {
  const outcome = await simulate(oneDeploy(fates));
  expect(outcome.violations, JSON.stringify(fates)).toEqual([]);
  expect(outcome.figures.live, JSON.stringify(fates)).toBe(1);
  return outcome;
}

/** The one run of a deploy to which nothing happens. */
async function unharmedRun(): Promise<Outcome['runs'][number]> {
  const [run] = (await expectLive([unharmed])).runs;
  if (run === undefined) throw new Error('there was no run');
  return run;
}

/**
 * How far apart kills are tried beside writes: nothing but the time tells these awaits apart, for the deploy only looks and
 * sleeps there. The simulated deploys draw their kills over all awaits.
 */
const killStep = often(25, 1);
/** How far apart second kills are tried: all pairs are some ten thousand. */
const secondKillStep = often(97, 11);

/** So many awaits before a write: its gates are read in the last ones. */
const stopsBefore = Array.from({ length: often(6, 40) }, (_, before) => before);

describe('a deploy', { timeout: 240_000 }, () => {
  it('that is killed at any await goes live with one build and one promotion', async () => {
    const { crossings: awaits, writes } = await unharmedRun();
    // Killed as it passes the gate before the write, which is not made, and the next one: it was made, and nobody heard of it.
    const tried = new Set(writes.flatMap((at) => [at, at + 1]));
    for (let killAt = 1; killAt <= awaits; killAt += killStep) tried.add(killAt);
    for (const killAt of tried) {
      const { figures } = await expectLive([{ ...unharmed, killAt }]);
      expect(figures.kills, `killed at ${killAt}`).toBe(1);
    }
    process.stdout.write(
      `killed at ${tried.size} of ${awaits} awaits, beside ${writes.length} writes\n`,
    );
    expect(writes.length).toBeGreaterThan(15);
  });

  it('that is killed again while it recovers goes live all the same', async () => {
    const { crossings: awaits } = await unharmedRun();
    let pairs = 0;
    for (let first = 1; first <= awaits; first += secondKillStep) {
      for (let second = 1; second <= awaits; second += secondKillStep) {
        await expectLive([
          { ...unharmed, killAt: first },
          { ...unharmed, killAt: second },
        ]);
        pairs += 1;
      }
    }
    process.stdout.write(`killed twice: ${pairs} pairs\n`);
  });

  it.each(['disable', 'switch-off', 'rollback'] as const)(
    'that is stopped for most of a lease right before a write, after a person’s %s, ships nothing over that',
    async (act) => {
      const { writes } = await unharmedRun();
      // Production is written in the second half; before that nothing is forbidden.
      const late = writes.slice(often(Math.floor(writes.length / 2), 0));
      const tried = new Set(late.flatMap((at) => stopsBefore.map((before) => at - before)));
      let forbidden = 0;
      for (const at of [...tried].filter((one) => one > 0)) {
        const fate = { ...unharmed, acts: [{ at, act }], pause: { at, ms: leaseMs - 5_000 } };
        const { violations, figures } = await simulate(oneDeploy([fate]));
        expect(violations, `${act} at ${at}`).toEqual([]);
        if (figures.live === 0) forbidden += 1;
      }
      process.stdout.write(`${act} at ${tried.size} awaits: ${forbidden} shipped nothing\n`);
      expect(forbidden).toBeGreaterThan(tried.size / 10);
      expect(forbidden).toBeLessThan(tried.size);
    },
  );

  it.each([
    ['before it did anything', false],
    ['after it did everything', true],
  ])('whose log fails at any call, %s, goes live', async (_, done) => {
    const { storeCalls } = await unharmedRun();
    let failed = 0;
    for (const [before, method] of storeCalls.entries()) {
      // One that only reads has done nothing, whenever it fails.
      if (done && reads.has(method)) continue;
      await expectLive([{ ...unharmed, storeFails: { at: before + 1, done } }]);
      failed += 1;
    }
    process.stdout.write(`the log failed at ${failed} of ${storeCalls.length} calls\n`);
    expect(failed).toBeGreaterThan(done ? 25 : 30);
  });
});

/** How far apart kills are tried with a canary: what is before it is as without one. */
const canaryKillStep = often(59, 1);

/** A canary that bakes, and what happens to it so long after it came up; the bake is where it is killed most. */
const canaries: readonly [string, 'live' | 'taken back', CanaryPlan][] = (
  ['between', 'in-staging’s-place'] as const
).flatMap((place) => {
  const bakes = { place, bakeMs: 10_000 };
  return [
    [place, 'live', { ...bakes, afterUp: [] }],
    [place, 'taken back', { ...bakes, afterUp: [{ afterMs: 14_000, what: 'crash' }] }],
  ];
});

describe('a deploy with a canary', { timeout: 240_000 }, () => {
  it.each(canaries)('%s that is killed at any await ends %s', async (place, end, canary) => {
    const run = (fates: readonly Fate[]) => simulate(oneDeploy(fates, canary));
    const clean = await run([unharmed]);
    const awaits = clean.runs[0]?.crossings ?? 0;
    expect(clean.figures.live).toBe(end === 'live' ? 1 : 0);
    let kills = 0;
    for (let killAt = 1; killAt <= awaits; killAt += canaryKillStep) {
      const outcome = await run([{ ...unharmed, killAt }]);
      expect(outcome.violations, `killed at ${killAt}`).toEqual([]);
      // A dyno that crashed while nobody looked is up again.
      if (end === 'live') expect(outcome.figures.live, `killed at ${killAt}`).toBe(1);
      kills += outcome.figures.kills;
    }
    process.stdout.write(`canary ${place}, ${end}: ${awaits} awaits, ${kills} kills\n`);
    expect(kills).toBeGreaterThanOrEqual(Math.floor((awaits - 1) / canaryKillStep));
  });
});
