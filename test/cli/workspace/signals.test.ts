/** Which signals ask a run to end, and that none of them leaves a process behind, whatever hangs. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { lastMessagesMs, listenToSignals } from '../../../src/cli/workspace/signals.ts';
import { signal } from '../signal.ts';

let exits: (string | number | null | undefined)[];
beforeEach(() => {
  exits = [];
  vi.useFakeTimers();
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(code);
    return undefined as never;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Two seconds are what people who press cancel are promised (docs/guarantees.md). */
const promisedMs = 2_000;

it.each([
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s asks the run to end, leaves its last messages time, and the process is gone in time with its own code',
  (name, exit) => {
    const others = process.listeners(name);
    const { interrupt, stop } = listenToSignals();
    expect(lastMessagesMs(interrupt)).toBe(5_000);
    signal(name, others);
    expect(interrupt).toMatchObject({ aborted: true, reason: name });
    vi.advanceTimersByTime(lastMessagesMs(interrupt));
    expect(exits).toEqual([]);
    vi.advanceTimersByTime(promisedMs - lastMessagesMs(interrupt) - 1);
    expect(exits).toEqual([exit]);
    stop();
    expect(process.listeners(name)).toEqual(others);
  },
);
