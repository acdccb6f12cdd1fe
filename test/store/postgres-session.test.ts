/** The small parts of a connection to PostgreSQL: how long something is waited for, and what a commit has to answer. */
import { getEventListeners } from 'node:events';
import type { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PostgresProcedures } from '../../src/store/postgres/procedures.ts';
import { atMost } from '../../src/store/postgres/session.ts';

const never = () => new Promise<void>(() => {});

describe('what is waited for at most so long', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['that it is over', () => {}, async () => {}],
    ['that it has failed', () => {}, () => Promise.reject(new Error('no'))],
    ['its time', () => vi.advanceTimersByTime(1_000), never],
    ['its signal', (signal: AbortController) => signal.abort(), never],
  ])('ends at %s, and nothing of it is left', async (_, end, work) => {
    const control = new AbortController();
    const waiting = atMost(1_000, work(), control.signal);
    end(control);
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(control.signal, 'abort')).toEqual([]);
  });

  it('ends at once at a signal that was given before', async () => {
    await atMost(1_000, never(), AbortSignal.abort());
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a commit', () => {
  const procedures = new PostgresProcedures({
    ...{ compiled: null as never, shown: 'LOG', lockMs: 1 },
    ...{ isDirect: () => true, now: undefined, locked: () => {} },
  });
  const answering = (command: string) => ({ query: async () => ({ command }) }) as never as Client;

  it('of a transaction that failed is answered with ROLLBACK, and is none', async () => {
    await procedures.commit(answering('COMMIT'));
    await expect(procedures.commit(answering('ROLLBACK'))).rejects.toThrow(
      'PostgreSQL answered COMMIT with ROLLBACK',
    );
  });
});
