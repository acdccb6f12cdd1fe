/** Fifty that wait for one lane, on either engine: who is granted it, who is superseded, and what each of them asks on the way. */
import { describe, expect, it } from 'vitest';
import type { TestStore } from '../../store/events.ts';
import { storeFixture } from '../../store/fixture.ts';
import { Crowd, deployOf } from './crowd.ts';

const count = 50;
/** Old and new by turns: 25, 26, 24, 27 … */
const mixed = Array.from({ length: count }, (_, n) =>
  n % 2 === 0 ? count / 2 - n / 2 : count / 2 + (n + 1) / 2,
);

/** @param create makes an empty store of the engine */
export function fiftyWait(engine: string, create: () => Promise<TestStore>): void {
  const { open } = storeFixture(create);

  async function go(stacking: 'skip' | 'every') {
    const crowd = new Crowd({ log: await open(), stacking });
    try {
      const release = await crowd.hold();
      const waits = mixed.map((n) => crowd.wait(n));
      await crowd.related(count * (count - 1));
      await release();
      const waited = await Promise.all(waits);
      const yielded = (await crowd.events()).filter(({ type }) => type === 'lane.yielded').length;
      return { crowd, waited, yielded };
    } finally {
      crowd.leave();
    }
  }

  describe(`fifty wait for one lane in ${engine}`, () => {
    it('skip: the newest is granted it and supersedes all others; nobody gives up or asks for quiet', async () => {
      const { crowd, waited, yielded } = await go('skip');
      expect(crowd.granted).toEqual([deployOf(count)]);
      const others = waited.filter(({ deploy }) => deploy !== deployOf(count));
      const superseded = expect.objectContaining({ kind: 'superseded', cause: 'newer-build' });
      expect(others.map(({ answer }) => answer)).toEqual(others.map(() => superseded));
      expect(crowd.quiesced).toBe(0);
      // Each says once whom it lets go first, and has asked git before the lane was free.
      expect(yielded).toBeLessThan(count);
      expect(crowd.git.late).toBe(0);
    });

    it('every: all of them are granted it, the oldest first', async () => {
      const { crowd, yielded } = await go('every');
      expect(crowd.granted).toEqual(Array.from({ length: count }, (_, n) => deployOf(n + 1)));
      expect(crowd.quiesced).toBe(0);
      expect(yielded).toBeLessThan(count);
      expect(crowd.git.late).toBe(0);
    });
  });
}
