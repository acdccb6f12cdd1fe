/**
 * By enumeration rather than by chance: a deploy is killed at its awaits, every fifth by day and each by
 * night, killed again while it recovers, and each of its calls of the log fails, before or after it was carried out.
 */
import { describe, expect, it } from 'vitest';
import { often } from '../store/attacks/seed.ts';
import type { CanaryPlan, Scenario } from './scenario.ts';
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

async function expectLive(fates: readonly Fate[]): Promise<Outcome> {
  const outcome = await simulate(oneDeploy(fates));
  expect(outcome.violations, JSON.stringify(fates)).toEqual([]);
  expect(outcome.figures.live, JSON.stringify(fates)).toBe(1);
  return outcome;
}

/** How far apart kills are tried; the simulated deploys draw theirs over all awaits. */
const killStep = often(5, 1);
/** How far apart second kills are tried: all pairs are some ten thousand. */
const secondKillStep = often(97, 11);

describe('a deploy', { timeout: 240_000 }, () => {
  it('that is killed at any await goes live with one build and one promotion', async () => {
    const awaits = (await expectLive([unharmed])).runs[0]?.crossings ?? 0;
    let kills = 0;
    for (let killAt = 1; killAt <= awaits; killAt += killStep) {
      kills += (await expectLive([{ ...unharmed, killAt }])).figures.kills;
    }
    process.stdout.write(`killed at one in ${killStep} of ${awaits} awaits: ${kills} kills\n`);
    expect(kills).toBeGreaterThanOrEqual(Math.floor((awaits - 1) / killStep));
  });

  it('that is killed again while it recovers goes live all the same', async () => {
    const awaits = (await expectLive([unharmed])).runs[0]?.crossings ?? 0;
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

  it.each([
    ['before it did anything', false],
    ['after it did everything', true],
  ])('whose log fails at any call, %s, goes live', async (_, done) => {
    const calls = (await expectLive([unharmed])).runs[0]?.storeCalls ?? 0;
    for (let at = 1; at <= calls; at++) {
      await expectLive([{ ...unharmed, storeFails: { at, done } }]);
    }
    process.stdout.write(`the log failed at each of ${calls} calls\n`);
    expect(calls).toBeGreaterThan(30);
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
