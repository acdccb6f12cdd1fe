/** Every log that earlier versions wrote, as records: what exports make of real deploys. */
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import type { DeployRecord, RecordedStep } from '../../../src/runtime/accounts/deploy-record.ts';
import { actorIn } from '../../../src/runtime/actor.ts';
import type { Told } from '../../../src/runtime/audit/explain-facts.ts';
import { domainEvent, laneEvent, stateAfter } from '../../../src/runtime/log/recorded.ts';
import type { RecordedEvent } from '../../../src/store/log.ts';

const folder = resolve(import.meta.dirname, '../../fixtures/logs');

export interface GoldenLog {
  readonly name: string;
  readonly deploys: readonly DeployRecord[];
  readonly orders: readonly (Told<LaneEvent> & { readonly lane: string })[];
}

export function goldenLogs(): GoldenLog[] {
  return globSync('*/*.jsonl', { cwd: folder })
    .sort()
    .map((name) => {
      const lines = readFileSync(resolve(folder, name), 'utf8').trim().split('\n');
      const events = lines.map((line) => JSON.parse(line) as RecordedEvent);
      const streams = Object.groupBy(events, ({ stream }) => stream);
      return {
        name,
        deploys: Object.entries(streams).flatMap(([stream, all = []]) =>
          stream.startsWith('deploy/') ? [recordOf(stream, all)] : [],
        ),
        orders: events.flatMap((event) =>
          event.stream.startsWith('lane/')
            ? [
                {
                  ...{ event: laneEvent(event), time: event.time, position: event.position },
                  lane: event.stream.slice('lane/'.length),
                },
              ]
            : [],
        ),
      };
    });
}

function recordOf(stream: string, events: readonly RecordedEvent[]): DeployRecord {
  const steps = events.map((event): RecordedStep => {
    const { version, position, time, hash, metadata } = event;
    const to = stateAfter(event) ?? '';
    return {
      version,
      position,
      time,
      hash,
      to,
      event: domainEvent(event),
      by: actorIn(metadata.actor),
    };
  });
  const [first, ...others] = steps;
  if (first?.event.type !== 'deploy.requested') throw new Error(`${stream} begins otherwise`);
  return {
    deploy: stream.slice('deploy/'.length),
    request: first.event.data,
    steps: [first, ...others],
  };
}
