/** The log as if each lane's world had apps of other names than all others: in truth they have the same. */
import type { DeployRequest } from '../../src/machine/events.ts';
import type { EventLog, RecordedEvent } from '../../src/store/log.ts';
import type { LaneWorld } from './lane-world.ts';

export function ofOneWorld(log: EventLog, { rules, targetOf }: LaneWorld): EventLog {
  /** Who asked for it, and what for, but to another production. */
  const elsewhere = (data: RecordedEvent['data']): RecordedEvent['data'] => {
    const { settings } = data as DeployRequest;
    const target = targetOf('elsewhere');
    return { ...data, settings: { ...settings, production: { ...settings.production, target } } };
  };
  const apart = (event: RecordedEvent): RecordedEvent =>
    event.type !== 'deploy.requested' || rules.lanes.has(String(event.data.lane))
      ? event
      : { ...event, data: elsewhere(event.data) };
  return new Proxy(log, {
    get(target, name) {
      if (name === 'firsts') {
        return async (options: Parameters<EventLog['firsts']>[0]) =>
          (await target.firsts(options)).map(apart);
      }
      const member = target[name as keyof EventLog];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
