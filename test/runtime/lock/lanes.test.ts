/** A lane as one process knows it: read on from where it was read, and never over a log that was replaced. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newRun } from '../../../src/runtime/identity.ts';
import { Lanes } from '../../../src/runtime/lock/lanes.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import { type EventLog, type RecordedEvent, StoreReplaced } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';

const run = newRun({ actor: anActor, ci: null, program: 'test' });
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };
let log: EventLog;
let lanes: Lanes;
/** What was read of the stream, from which version on. */
let asked: (number | undefined)[];
let found: (events: readonly RecordedEvent[]) => readonly RecordedEvent[];

beforeEach(async () => {
  log = await openLog('sqlite::memory:');
  [asked, found] = [[], (events) => events];
  const { readStream } = log;
  log.readStream = async (stream, options) => {
    asked.push(options?.fromVersion);
    return [...found(await readStream.call(log, stream, options))];
  };
  lanes = new Lanes(log);
});
afterEach(() => log.close());

const switched = (to: 'enabled' | 'disabled') =>
  log.append([
    {
      ...{ stream: laneStream('acme'), expected: 'any' },
      events: [newEvent({ type: `lane.${to}`, data: person }, run)],
    },
  ]);

it('is read from behind what is known of it', async () => {
  expect(await lanes.read('acme')).toMatchObject({ version: 0, disabled: null });
  await switched('disabled');
  expect(await lanes.read('acme')).toMatchObject({ version: 1, disabled: person });
  expect(await lanes.read('acme')).toMatchObject({ version: 1, disabled: person });
  await switched('enabled');
  expect(await lanes.read('acme')).toMatchObject({ version: 2, disabled: null });
  expect(asked).toEqual([undefined, undefined, 2, 2]);
});

it('is read by several at once, and the one that ends last follows on what it began with', async () => {
  await switched('disabled');
  await lanes.read('acme');
  await switched('enabled');
  let release: () => void = () => {};
  const isFirst = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { readStream } = log;
  let reads = 0;
  log.readStream = async (...wanted) => {
    const events = await readStream.call(log, ...wanted);
    if (++reads === 1) await isFirst;
    return events;
  };
  const slow = lanes.read('acme');
  await switched('disabled');
  expect(await lanes.read('acme')).toMatchObject({ version: 3 });
  release();
  expect(await slow).toMatchObject({ version: 2, disabled: null });
  await switched('enabled');
  // What was read later is not forgotten for what was read before.
  expect(await lanes.read('acme')).toMatchObject({ version: 4 });
  expect(asked).toEqual([undefined, 2, 2, 4]);
});

it('whose events do not follow what was read is of a log that was replaced', async () => {
  await switched('disabled');
  await lanes.read('acme');
  await switched('enabled');
  found = (events) => events.map((event) => ({ ...event, previousHash: 'f'.repeat(64) }));
  expect(await toldFailureOf(lanes.read('acme'))).toBeInstanceOf(StoreReplaced);
});
