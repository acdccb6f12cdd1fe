/** The one look at the log's end: whatever is written while it looks is seen by the next look, and that comes at once. */
import { expect, it } from 'vitest';
import { Tail } from '../../src/serve/tail.ts';
import type { EventLog } from '../../src/store/log.ts';

it('hears of what is written while it looks', async () => {
  const stop = new AbortController();
  const waiting = new Set<() => void>();
  let head = 1;
  let isOver = false;
  const log = {
    /** As it was found; the next event is written before the answer is there. */
    async head() {
      const found = head;
      if (head === 1) {
        head = 2;
        for (const wake of waiting) wake();
      }
      return found;
    },
    /** By a write after the call, and by nothing else. */
    changed: () =>
      new Promise<void>((resolve) => {
        if (isOver) resolve();
        else waiting.add(resolve);
      }),
  } as unknown as EventLog;
  const tail = new Tail(log);
  const told: number[] = [];
  tail.listen((position) => told.push(position));
  const ended = tail.follow(stop.signal);
  await new Promise(setImmediate);
  stop.abort();
  isOver = true;
  for (const wake of waiting) wake();
  await ended;
  expect(told).toEqual([1, 2]);
});
