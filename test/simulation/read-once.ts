/** A log to which nothing is written any more: each of its streams is read once, whoever asks for it. */
import type { EventLog } from '../../src/store/log.ts';

export function readOnce(log: EventLog): EventLog {
  const known = new Map<string, ReturnType<EventLog['readStream']>>();
  const readStream: EventLog['readStream'] = (stream, options) => {
    if (options !== undefined) return log.readStream(stream, options);
    const read = known.get(stream) ?? log.readStream(stream);
    known.set(stream, read);
    return read;
  };
  return new Proxy(log, {
    get(target, name) {
      if (name === 'readStream') return readStream;
      const member = target[name as keyof EventLog];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
