/** A lane that was written down is held against its events, one event after the other: what is wrong is told where it is, once. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { emptyLane, foldLane, type LaneEvent } from '../../../src/machine/lane.ts';
import { snapshotOf } from '../../../src/machine/lane-snapshot.ts';
import { LaneVerifier } from '../../../src/runtime/audit/verify-lanes.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { writeLane } from './written.ts';

const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };
const disabled: LaneEvent = { type: 'lane.disabled', data: person };
const enabled: LaneEvent = { type: 'lane.enabled', data: person };

let log: EventLog;
beforeEach(async () => {
  log = await openLog('sqlite::memory:');
});
afterEach(() => log.close());

/** What the verifier says of each, `wrong` being those that are findings already. */
async function told(events: readonly LaneEvent[], wrong: readonly number[] = []) {
  for (const event of events) await writeLane(log, event);
  const records = await log.readStream(laneStream('acme-web'));
  const verifier = new LaneVerifier();
  return records.map((record) => verifier.take(record, wrong.includes(record.version)));
}

/** The lane after these events, written down. */
function snapshot(...events: readonly LaneEvent[]): LaneEvent {
  const lane = events.reduce((all, event, at) => foldLane(all, event, at + 1), emptyLane);
  return { type: 'lane.snapshot', data: snapshotOf(lane, []) };
}

it('one that its events make is nothing to tell of', async () => {
  expect(await told([disabled, snapshot(disabled), enabled])).toEqual([null, null, null]);
});

it('another one is told of by what is different, and gone on from', async () => {
  const reason = 'the lane was written down with another disabled than the events before make';
  expect(await told([disabled, snapshot(), snapshot(), snapshot(disabled)])).toEqual([
    ...[null, { kind: 'snapshot', reason }, null, { kind: 'snapshot', reason }],
  ]);
});

it('behind what is wrong the next one that was written down is believed', async () => {
  expect(await told([disabled, enabled, snapshot(disabled), enabled], [2])).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

it('an event that this version cannot read is told of where it is, and no other', async () => {
  await writeLane(log, disabled);
  const newer = { id: 'newer', type: 'lane.painted', data: {}, metadata: {} };
  await log.append([{ stream: laneStream('acme-web'), expected: 1, events: [newer] }]);
  expect(await told([enabled, snapshot()])).toEqual([
    null,
    { kind: 'event', reason: expect.stringContaining('lane.painted') },
    null,
    null,
  ]);
});
