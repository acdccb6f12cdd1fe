/** How long something may take goes by a clock that nobody sets: the wall's may be put forward or back meanwhile. */
import { expect, it } from 'vitest';
import { pollUntil } from '../../src/effects/polling.ts';
import { createLoopbackPorts } from './loopback-ports.ts';

const hour = 3_600_000;

it.each([hour, -hour])(
  'a wall clock that is set by %d ms ends no wait, nor prolongs it',
  async (byMs) => {
    let [ran, aheadMs] = [0, 0];
    const clock = {
      ran: () => ran,
      now: () => ran + aheadMs,
      sleep: async (ms: number) => {
        ran += ms;
        aheadMs = byMs;
      },
    };
    const ports = { ...createLoopbackPorts(), clock };
    const polling = { timeoutMs: 60_000, pauseMaxMs: 5_000 };
    expect(await pollUntil(ports, polling, async () => (ran >= 30_000 ? 'up' : undefined))).toBe(
      'up',
    );
    const begunAt = ran;
    expect(await pollUntil(ports, polling, async () => undefined)).toBeUndefined();
    expect(ran - begunAt).toBe(60_000);
  },
);
