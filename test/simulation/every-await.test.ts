/**
 * By enumeration rather than by chance: a deploy is killed at each of its awaits, killed again while
 * it recovers, and each of its calls of the log fails, before or after it was carried out.
 */
import { describe, expect, it } from 'vitest';
import { often } from '../store/attacks/seed.ts';
import type { Scenario } from './scenario.ts';
import type { Fate } from './simulated-process.ts';
import { type Outcome, simulate } from './simulation.ts';

const unharmed: Fate = { killAt: null, pause: null };

/** One build of one commit, whose runs have these fates. */
const oneDeploy = (fates: readonly Fate[]): Scenario => ({
  lanes: 1,
  stacking: 'skip',
  builds: [{ kind: 'merge', lane: 0, afterMs: 0, fates }],
  people: [],
  faults: { perMille: 0, seed: 1 },
  breaks: [],
});

async function expectLive(fates: readonly Fate[]): Promise<Outcome> {
  const outcome = await simulate(oneDeploy(fates));
  expect(outcome.violations, JSON.stringify(fates)).toEqual([]);
  expect(outcome.figures.live, JSON.stringify(fates)).toBe(1);
  return outcome;
}

/** How far apart second kills are tried: all pairs are some ten thousand. */
const secondKillStep = often(61, 11);

describe('a deploy', { timeout: 240_000 }, () => {
  it('that is killed at any await goes live with one build and one promotion', async () => {
    const awaits = (await expectLive([unharmed])).runs[0]?.crossings ?? 0;
    let kills = 0;
    for (let killAt = 1; killAt <= awaits; killAt++) {
      kills += (await expectLive([{ ...unharmed, killAt }])).figures.kills;
    }
    process.stdout.write(`killed at each of ${awaits} awaits: ${kills} kills\n`);
    expect(kills).toBeGreaterThanOrEqual(awaits - 1);
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
