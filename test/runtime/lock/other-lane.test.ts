/** Whether another lane of the log deploys to the target: found wherever in the log it stands. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { samples } from '../../../src/machine/samples.ts';
import { otherLaneOf } from '../../../src/runtime/gates/trust.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { deployStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';

const request = samples['deploy.requested'];
const { target } = request.settings.production;
const run = newRun({ actor: anActor, ci: null, program: 'test' });
let log: EventLog;
beforeEach(async () => {
  log = await openLog('sqlite::memory:');
});
afterEach(() => log.close());

const requested = (deploy: string, lane: string) => ({
  stream: deployStream(deploy),
  expected: 'none' as const,
  events: [newEvent({ type: 'deploy.requested', data: { ...request, deploy, lane } }, run)],
});
const many = (count: number, lane: string) =>
  Array.from({ length: count }, (_, i) => requested(`${lane}-${i}`, lane));

it.each([0, 999, 1_000, 1_001])('after %d deploys of this lane', async (count) => {
  if (count > 0) await log.append(many(count, 'acme-web'));
  expect(await otherLaneOf(log, 'acme-web', target)).toBeNull();
  await log.append([requested('last', 'acme-old')]);
  expect(await otherLaneOf(log, 'acme-web', target)).toBe('acme-old');
  expect(await otherLaneOf(log, 'acme-web', { ...target, name: 'another' })).toBeNull();
});
