/** Time that is set forward and back by others, and what is made of it. */
import { expect, it } from 'vitest';
import { steady } from '../../src/effects/clock.ts';

/** A machine that can be set to another time; asleep, it is as if set forward. */
function machine() {
  let wall = 1_000_000;
  let ran = 50;
  const now = steady(
    () => wall,
    () => ran,
  );
  return {
    now,
    passes(ms: number) {
      wall += ms;
      ran += ms;
    },
    isSet(byMs: number) {
      wall += byMs;
    },
  };
}

it('is the wall’s time, forward steps included', () => {
  const { now, passes, isSet } = machine();
  expect(now()).toBe(1_000_000);
  passes(10);
  expect(now()).toBe(1_000_010);
  isSet(3_600_000);
  expect(now()).toBe(4_600_010);
});

it('set back, it goes on as if it were not: what was read a minute ago is a minute old', () => {
  const { now, passes, isSet } = machine();
  const read = now();
  isSet(-3_600_000);
  expect(now() - read).toBe(0);
  passes(60_000);
  expect(now() - read).toBe(60_000);
});

it('is the system’s, as that was when the program began', async () => {
  // Since this worker began the system's may have been set by a little.
  const anew = '../../src/effects/clock.ts?anew';
  const { systemClock }: typeof import('../../src/effects/clock.ts') = await import(anew);
  const before = Date.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(before - 1);
  expect(systemClock.now()).toBeLessThanOrEqual(Date.now() + 1);
  const ran = systemClock.ran();
  expect(ran).toBeGreaterThan(0);
  expect(systemClock.ran()).toBeGreaterThanOrEqual(ran);
});
