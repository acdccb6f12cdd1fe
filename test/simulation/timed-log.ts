/** A log, and when in the world's time each of its events was written: the log's own clock may be wrong. */
import type { EventLog, RecordedEvent } from '../../src/store/log.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface TimedLog {
  readonly log: EventLog;
  /** Milliseconds since the epoch. */
  writtenAt(id: string): number;
}

/** @param onWritten told each event right after it was written, whatever becomes of who wrote it */
export function timedLog(
  real: EventLog,
  time: VirtualTime,
  onWritten: (event: RecordedEvent, at: number) => void,
): TimedLog {
  const times = new Map<string, number>();
  const append: EventLog['append'] = async (batches, options) => {
    const appended = await real.append(batches, options);
    for (const event of appended.events) {
      // What was written before, whose answer got lost, comes again.
      if (times.has(event.id)) continue;
      times.set(event.id, time.now());
      onWritten(event, time.now());
    }
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
