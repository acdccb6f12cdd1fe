/** How long something may take goes by a clock that nobody sets: the wall's may be put forward or back meanwhile. */
import { describe, expect, it, vi } from 'vitest';
import {
  VendorMalformed,
  VendorRefused,
  VendorUnreachable,
} from '../../src/effects/http/errors.ts';
import { isTransient, pollUntil } from '../../src/effects/polling.ts';
import { fc } from '../fast-check.ts';
import { createLoopbackPorts } from './loopback-ports.ts';
import { createVirtualClock } from './virtual-clock.ts';

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

it.each<[boolean, string, unknown]>([
  ...[500, 502, 503, 504].map((status): [boolean, string, unknown] => [
    true,
    'E_VENDOR_FAILED',
    status,
  ]),
  [true, 'E_VENDOR_RATE_LIMIT', 429],
  // As GitHub has it, where a limit of its own was come to.
  [true, 'E_VENDOR_RATE_LIMIT', 403],
  [false, 'E_VENDOR_AUTH', 401],
  [false, 'E_VENDOR_AUTH', 403],
  [false, 'E_VENDOR_NOT_FOUND', 404],
  [false, 'E_VENDOR_CONFLICT', 409],
  [false, 'E_VENDOR_INVALID', 422],
  [true, 'unreachable', new VendorUnreachable('it is away', { reason: 'away', sent: true })],
  [false, 'malformed', new VendorMalformed('E_VENDOR_MALFORMED', 'noise', {})],
  [false, 'a fault of our own', new TypeError('it is not a function')],
])('says nothing of what was asked, %s: %s %s', (may, code, of) => {
  const words = { method: 'GET', status: Number(of), id: null } as const;
  const error = typeof of === 'number' ? new VendorRefused(code as never, 'refused', words) : of;
  expect(isTransient(error)).toBe(may);
});

it('a run that is stopped sleeps no longer, and says why', async () => {
  const stop = new AbortController();
  const lost = new Error('the lane is lost');
  // Nobody wakes whoever sleeps by it.
  const clock = createVirtualClock({ holdMs: 0 });
  const ports = { ...createLoopbackPorts(), clock, signal: stop.signal };
  const polling = { timeoutMs: 60_000, pauseMaxMs: 5_000 };
  const polled = pollUntil(ports, polling, async () => void setImmediate(() => stop.abort(lost)));
  await expect(polled).rejects.toBe(lost);
});

it('a failure that may pass is told each time, and the last one is what it ends with', async () => {
  const told: string[] = [];
  const clock = createVirtualClock();
  const ports = { ...createLoopbackPorts(), clock, progress: (line: string) => told.push(line) };
  const away = new VendorUnreachable('it is away', { reason: 'away', sent: false });
  const [polling, asked] = [
    { timeoutMs: 2_500, pauseMaxMs: 1_000 },
    vi.fn(async () => Promise.reject(away)),
  ];
  await expect(pollUntil(ports, polling, asked)).rejects.toBe(away);
  expect(told).toEqual(asked.mock.calls.map(() => 'it is away; asking again'));
  expect(told.length).toBeGreaterThan(1);
});

it('a failure after which there was an answer, though not yet the one that is waited for, is not what it ends with', async () => {
  const ports = { ...createLoopbackPorts(), clock: createVirtualClock() };
  const away = new VendorUnreachable('it is away', { reason: 'away', sent: false });
  const asked = vi.fn(async () => undefined).mockRejectedValueOnce(away);
  const polling = { timeoutMs: 2_500, pauseMaxMs: 1_000 };
  expect(await pollUntil(ports, polling, asked)).toBeUndefined();
  expect(asked.mock.calls.length).toBeGreaterThan(1);
});

describe('where it is known how long it usually takes', () => {
  /** When it was asked, of what came about after so long. */
  async function asked(
    afterMs: number,
    usualMs: number | null | Promise<null>,
    { pauseMaxMs = 10_000, timeoutMs = 600_000 } = {},
  ) {
    let ran = 0;
    const times: number[] = [];
    const sleep = async (ms: number) => {
      ran += ms;
    };
    const ports = { ...createLoopbackPorts(), clock: { ran: () => ran, now: () => ran, sleep } };
    const polling = { timeoutMs, pauseMaxMs, usualMs: Promise.resolve(usualMs) };
    const seen = await pollUntil(ports, polling, async () => {
      times.push(ran);
      return ran >= afterMs ? 'up' : undefined;
    });
    return { times, seen };
  }

  it('it is asked at once, and then from a little before', async () => {
    expect((await asked(8_000, 8_000)).times).toEqual([0, 7_000, 7_500, 8_250]);
    expect((await asked(0, 8_000)).times).toEqual([0]);
  });

  it('and less often the longer it takes after that', async () => {
    const { times } = await asked(20_000, 8_000);
    expect(times).toEqual([0, 7_000, 7_500, 8_250, 9_375, 11_063, 13_595, 17_393, 23_090]);
  });

  it('it is asked often at first where nobody knows, and then less and less', async () => {
    const { times } = await asked(8_000, null, { pauseMaxMs: 2_000 });
    expect(times).toEqual([0, 250, 625, 1_188, 2_033, 3_301, 5_203, 7_203, 9_203]);
  });

  it('it is not waited for: a log that is away, or cannot be read, keeps nobody from asking', async () => {
    const { times } = await asked(1_000, null);
    expect((await asked(1_000, new Promise<null>(() => {}))).times).toEqual(times);
    expect((await asked(1_000, Promise.reject(new Error('away')))).times).toEqual(times);
  });

  it('it is known soon what became quicker, or slower, than it was', async () => {
    for (const [before, after] of [
      [60_000, 5_000],
      [5_000, 60_000],
    ] as const) {
      let usual: number = before;
      for (let deploy = 0; deploy < 12; deploy++)
        usual = (await asked(after, usual)).times.at(-1) ?? 0;
      expect(usual).toBeGreaterThanOrEqual(after);
      expect(usual).toBeLessThanOrEqual(after * 1.2);
    }
  });

  it('no two asks are further apart than they may be, and the end is found in time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(900_000),
        fc.option(fc.nat(900_000)),
        fc.integer({ min: 1_000, max: 20_000 }),
        async (afterMs, usualMs, pauseMaxMs) => {
          const timeoutMs = 600_000;
          const { times, seen } = await asked(afterMs, usualMs, { pauseMaxMs, timeoutMs });
          const pauses = times.slice(1).map((at, i) => at - (times[i] ?? 0));
          expect(Math.max(0, ...pauses)).toBeLessThanOrEqual(pauseMaxMs);
          expect(seen).toBe(afterMs <= timeoutMs ? 'up' : undefined);
          expect(times.at(-1)).toBeLessThanOrEqual(timeoutMs);
        },
      ),
    );
  });
});
