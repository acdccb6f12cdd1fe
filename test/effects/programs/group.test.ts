/** A group that is asked to end is killed after its grace, once, and never once it was let go: its number may be another's by then. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Group } from '../../../src/effects/programs/group.ts';

const pid = 2 ** 22 + 1;
let sent: (string | number | undefined)[];
beforeEach(() => {
  sent = [];
  vi.useFakeTimers();
  vi.spyOn(process, 'kill').mockImplementation((to, signal) => {
    expect(to).toBe(-pid);
    sent.push(signal);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it('is killed after the grace that it was given last', () => {
  const group = new Group({ pid });
  group.stop(1_000);
  group.stop(5_000);
  vi.advanceTimersByTime(4_999);
  expect(sent).toEqual(['SIGTERM', 'SIGTERM']);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual(['SIGTERM', 'SIGTERM', 'SIGKILL']);
  group.letGo();
});

it.each([
  ['let go', (group: Group) => group.letGo(), []],
  ['killed', (group: Group) => group.kill(), ['SIGKILL']],
])('is sent nothing more once it is %s, however often it was asked', (_, ends, last) => {
  const group = new Group({ pid });
  group.stop(1_000);
  group.stop(1_000);
  ends(group);
  ends(group);
  vi.advanceTimersByTime(60_000);
  expect(sent).toEqual(['SIGTERM', 'SIGTERM', ...last]);
});

it('is killed when this process ends by itself, unless it was let go', async () => {
  const atExit: (() => void)[] = [];
  // What else was imported is not to hear of an end: the file is loaded anew, and only its own listener is called.
  vi.spyOn(process, 'on').mockImplementation((event, listener) => {
    expect(event).toBe('exit');
    atExit.push(listener);
    return process;
  });
  const anew = '../../../src/effects/programs/group.ts?anew';
  const { Group: GroupAnew }: typeof import('../../../src/effects/programs/group.ts') =
    await import(anew);
  new GroupAnew({ pid }).letGo();
  for (const listener of atExit) listener();
  expect(sent).toEqual([]);
  new GroupAnew({ pid }).stop(1_000);
  for (let twice = 0; twice < 2; twice++) for (const listener of atExit) listener();
  expect(sent).toEqual(['SIGTERM', 'SIGKILL']);
});

it('that never started is sent nothing', () => {
  const group = new Group({});
  group.stop(1_000);
  vi.advanceTimersByTime(60_000);
  group.kill();
  expect(sent).toEqual([]);
});

it('that is gone is no error', () => {
  vi.mocked(process.kill).mockImplementation(() => {
    throw new Error('ESRCH');
  });
  const group = new Group({ pid });
  expect(() => group.stop(1_000)).not.toThrow();
  group.letGo();
});
