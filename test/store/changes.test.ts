/** Waiting for a write that another connection makes, by virtual time: how often it is looked for, and who is woken. */
import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ChangeSource, Changes } from '../../src/store/changes.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';

const startMs = 1_000_000;
const patience = 600_000;
const pollMs = (looks: number): number => (looks < 5 ? 10 : 1_000);

let time: VirtualTime;
/** Another one after each write of somebody else. */
let written: number;
let looks: number;
let changes: Changes;
beforeEach(() => {
  time = new VirtualTime(startMs);
  [written, looks] = [0, 0];
  changes = over({});
});

const over = (of: Partial<ChangeSource>): Changes =>
  new Changes({
    look: async () => {
      looks += 1;
      return written;
    },
    seen: () => written,
    pollMs,
    sleep: time.sleep,
    ...of,
  });

const passed = (): number => time.now() - startMs;
async function pass(ms: number): Promise<void> {
  let isOver = false;
  const slept = time.sleep(ms).then(() => {
    isOver = true;
  });
  await time.runUntil(() => isOver, Number.POSITIVE_INFINITY);
  await slept;
}

/** Who was woken, and after how many milliseconds. */
function waiting(count: number, timeoutMs = patience): number[] {
  const woken: number[] = [];
  for (let n = 0; n < count; n++) void changes.wait(timeoutMs).then(() => woken.push(passed()));
  return woken;
}

describe('a log that others write to', () => {
  it('is looked at as often for many as for one, and less often the longer nothing is seen', async () => {
    waiting(1);
    await pass(10_000);
    const forOne = looks;
    expect(forOne).toBeLessThan(20);
    [time, looks] = [new VirtualTime(startMs), 0];
    changes = over({});
    waiting(20);
    await pass(10_000);
    // Each one that comes looks at once; from then on they are one.
    expect(looks).toBeLessThanOrEqual(forOne + 19);
  });

  it('is looked at often again once something was written', async () => {
    waiting(1);
    await pass(10_000);
    changes.wrote();
    await pass(0);
    looks = 0;
    waiting(1);
    await pass(50);
    expect(looks).toBeGreaterThanOrEqual(5);
  });

  it('is looked at at once when somebody may be writing, and often until that is seen', async () => {
    const woken = waiting(1);
    await pass(10_000);
    changes.mayHaveWritten();
    await pass(5);
    expect(woken).toEqual([]);
    written += 1;
    await pass(5);
    expect(woken).toEqual([10_010]);
  });

  it('is not looked at for what may have been written while nobody waits', async () => {
    changes.mayHaveWritten();
    await pass(10_000);
    expect(looks).toBe(0);
  });

  it('is looked at no more once nobody waits', async () => {
    const woken = waiting(3, 50);
    await pass(1_000);
    expect(woken).toEqual([50, 50, 50]);
    looks = 0;
    await pass(10_000);
    expect(looks).toBe(0);
  });

  it('wakes all who wait at a write, and whoever came after it only at the next', async () => {
    const first = waiting(2);
    await pass(5);
    written += 1;
    const second = waiting(1);
    await pass(10);
    expect([first.length, second.length]).toEqual([2, 0]);
    written += 1;
    await pass(10);
    expect(second).toHaveLength(1);
  });

  it('ends each wait at its own time, whenever it began and however long a look takes', async () => {
    changes = over({
      look: async (signal) => {
        await time.sleep(300, signal);
        return written;
      },
    });
    const early = waiting(1, 2_500);
    await pass(777);
    const late = waiting(1, 1_000);
    await pass(10_000);
    expect([early, late]).toEqual([[2_500], [1_777]]);
  });

  it('is looked at often again once a look saw something', async () => {
    const first = waiting(1);
    await pass(10_000);
    written += 1;
    await pass(1_000);
    expect(first).toHaveLength(1);
    looks = 0;
    waiting(1);
    await pass(50);
    expect(looks).toBeGreaterThanOrEqual(5);
  });

  it('wakes who waits, too, where it goes back to what it was before', async () => {
    written = 7;
    const woken = waiting(1);
    await pass(5);
    written = 3;
    await pass(10);
    expect(woken).toHaveLength(1);
  });

  it('wakes nobody by a look that began before they came', async () => {
    changes = over({
      look: async () => {
        const found = written;
        await time.sleep(300);
        return found;
      },
    });
    const early = waiting(1);
    await pass(10);
    written += 1;
    const late = waiting(1);
    await pass(1_000);
    expect([early.length, late.length]).toEqual([1, 0]);
  });

  it('ends a wait at its signal, and begins none after that', async () => {
    const over = new AbortController();
    const woken: number[] = [];
    const wait = () => changes.wait(patience, over.signal).then(() => woken.push(passed()));
    void wait();
    await pass(25);
    over.abort();
    await pass(5);
    void wait();
    await pass(5);
    expect(woken).toEqual([25, 30]);
    const next = new AbortController();
    void changes.wait(10, next.signal);
    await pass(15);
    expect(getEventListeners(next.signal, 'abort')).toEqual([]);
  });

  it('that is closed is waited for by nobody: not by who waits, nor by who comes later', async () => {
    const woken = waiting(2);
    await pass(25);
    changes.close();
    await pass(5);
    expect(woken).toEqual([25, 25]);
    const late = waiting(1);
    await pass(5);
    expect(late).toEqual([30]);
  });

  it('is told of where the wait itself fails', async () => {
    const sleep = async () => {
      throw new Error('no timers');
    };
    await expect(over({ look: null, sleep }).wait(patience)).rejects.toMatchObject({
      message: 'no timers',
    });
  });

  it('that cannot be looked at fails for all who wait, and is looked at again for who comes next', async () => {
    let isThere = false;
    changes = over({
      look: async () => {
        if (!isThere) throw new Error('it is not there');
        return written;
      },
    });
    const waits = [changes.wait(patience), changes.wait(patience)];
    expect((await Promise.allSettled(waits)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ]);
    isThere = true;
    const woken = waiting(1);
    await pass(100);
    written += 1;
    await pass(2_000);
    expect(woken).toHaveLength(1);
  });
});
