/** Every call that writes to a log, as a run makes them. */
import type { EventLog } from '../../src/store/log.ts';
import { events } from './events.ts';

export const writes = ['renew', 'append', 'take', 'release', 'saveCheckpoint'] as const;

/** The calls, on a log that has three events and a lease from now on. */
export async function writesTo(
  log: EventLog,
): Promise<Readonly<Record<(typeof writes)[number], () => Promise<unknown>>>> {
  await log.append([{ stream: 'lane/a', expected: 'none', events: events(3) }]);
  const lease = await log.take('lane/a', { pid: 1 }, 60_000);
  const fence = { resource: 'lane/a', token: lease?.token ?? 0 };
  return {
    renew: () => log.renew(fence, 60_000),
    append: () => log.append([{ stream: 'lane/a', expected: 'any', events: events(1) }]),
    take: () => log.take('run/b', { pid: 1 }, 60_000),
    release: () => log.release(fence),
    saveCheckpoint: () => log.saveCheckpoint('slack', { position: 3, state: {} }),
  };
}
