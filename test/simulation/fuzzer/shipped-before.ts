/** What the log of a fuzzed deploy's lane has of the deploy before it: what production runs was shipped by the lane. */
import { schemaNumbers } from '../../../src/machine/event-schemas.ts';
import { targetName } from '../../../src/machine/lane.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { production } from '../apps.ts';
import { targetOf } from '../lane-world.ts';
import type { Stage } from './stage.ts';

export async function logShipped(log: EventLog, lane: string, stage: Stage): Promise<void> {
  const { world, commits } = stage;
  const release = world.current(stage.production);
  if (release?.slug == null) throw new Error('production runs nothing that was shipped');
  const commit = commits.running;
  const data = {
    deploy: '1-before',
    target: targetName(targetOf(production)),
    release: { id: release.id, version: `v${release.version}` },
    ...{ commit, settings: null },
    artifact: { kind: 'slug', id: release.slug, digest: null, commit },
  };
  const type = 'lane.shipped';
  const schema = schemaNumbers.get(type) ?? 1;
  const event = { id: `${lane} shipped`, type, schema, data, metadata: {} };
  await log.append([{ stream: laneStream(lane), expected: 'any', events: [event] }]);
}
