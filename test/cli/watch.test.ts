/** `pipeline status --watch`: what is written while it looks is shown at once, and that a run is gone soon after. */
import { expect, it } from 'vitest';
import { watch } from '../../src/cli/commands/watch.ts';
import type { Terminal } from '../../src/cli/render/terminal.ts';
import type { EventLog } from '../../src/store/log.ts';
import { signal } from './signal.ts';

it('looks again at what is written while it looks', async () => {
  const waiting = new Set<() => void>();
  let head = 1;
  const log = {
    head: async () => head,
    leases: async () => [],
    /** By a write after the call, by the end, and by nothing else. */
    changed: ({ signal }: { signal: AbortSignal }) =>
      new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        waiting.add(resolve);
        signal.addEventListener('abort', () => resolve());
      }),
  } as unknown as EventLog;
  const shown: string[][] = [];
  const find = async () => {
    const found = `position ${head}`;
    if (head === 1) {
      head = 2;
      for (const wake of waiting) wake();
    }
    return found as never;
  };
  const terminal = { redraw: (lines: string[]) => shown.push(lines) } as unknown as Terminal;
  const others = process.listeners('SIGTERM');
  const ended = watch(log, { find, lines: (found) => [String(found)] }, terminal);
  await new Promise(setImmediate);
  signal('SIGTERM', others);
  expect(await ended).toBe(143);
  expect(shown).toEqual([['position 1'], ['position 2']]);
});

it('looks again when a run is gone, of which the log has nothing new', async () => {
  let wake = (): void => {};
  let runs = ['501-aaaaaaaa'];
  const lease = (run: string) => ({
    ...{ resource: `run/${run}`, token: 1, owner: { host: 'there' }, expiresInMs: 60_000 },
    released: false,
  });
  const log = {
    head: async () => 1,
    leases: async () => runs.map(lease),
    changed: ({ signal }: { signal: AbortSignal }) =>
      new Promise<void>((resolve) => {
        wake = resolve;
        signal.addEventListener('abort', () => resolve());
      }),
  } as unknown as EventLog;
  const shown: string[] = [];
  const terminal = { redraw: (lines: string[]) => shown.push(...lines) } as unknown as Terminal;
  const others = process.listeners('SIGINT');
  const find = async () => runs.join() as never;
  const ended = watch(log, { find, lines: (found) => [String(found)] }, terminal);
  const turn = () => new Promise(setImmediate);
  await turn();
  wake();
  await turn();
  expect(shown).toEqual(['501-aaaaaaaa']);
  runs = [];
  wake();
  await turn();
  signal('SIGINT', others);
  expect(await ended).toBe(130);
  expect(shown).toEqual(['501-aaaaaaaa', '']);
});
