/** A log, and when in the world's time each of its events was written: the log's own clock may be wrong. */
import type { EventLog } from '../../src/store/log.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface TimedLog {
  readonly log: EventLog;
  /** Milliseconds since the epoch. */
  writtenAt(id: string): number;
}

export function timedLog(real: EventLog, time: VirtualTime): TimedLog {
  const times = new Map<string, number>();
  const append: EventLog['append'] = async (batches, options) => {
    const appended = await real.append(batches, options);
    for (const { id } of appended.events) if (!times.has(id)) times.set(id, time.now());
    return appended;
  };
  const log = new Proxy(real, {
    get(target, name) {
      if (name === 'append') return append;
      const member = target[name as keyof EventLog];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return { log, writtenAt: (id) => times.get(id) ?? 0 };
}
