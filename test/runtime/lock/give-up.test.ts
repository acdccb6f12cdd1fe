/** A person gives up a rollback that was begun and not ended: by one order, whatever else is written to the lane meanwhile. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { giveUpRollback } from '../../../src/runtime/lock/lane-orders.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneEvent } from '../../../src/runtime/log/recorded.ts';
import { laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { actorCalled } from '../../actor.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';

const lane = 'acme-web';
const run = newRun({ actor: actorCalled('ana'), ci: null, program: 'test' });
const begun: Extract<LaneEvent, { type: 'rollback.begun' }> = {
  type: 'rollback.begun',
  data: {
    ...{ rollback: 'rollback-1', target: 'sample acme-production', commit: null },
    ...{ from: { id: 'r6', version: 'v6' }, to: { id: 'r5', version: 'v5' } },
    ...{ actor: 'mia', observed: 'mia on ws-7', reason: 'errors' },
  },
};
const joined: LaneEvent = {
  type: 'lane.joined',
  data: { deploy: 'rollback-1', run: 'x', build: 'rollback', commit: '0'.repeat(40), first: true },
};

let log: EventLog;
beforeEach(async () => {
  log = await openLog('sqlite::memory:');
});
afterEach(() => log.close());

const write = (event: LaneEvent) =>
  log.append([{ stream: laneStream(lane), expected: 'any', events: [newEvent(event, run)] }]);
const giveUp = (over = log) => giveUpRollback(over, lane, run, 'it is mended');
const runs = () => log.take(runResource('rollback-1'), run.owner, 60_000);

/** The log, to which that happens right before the order is written, once. */
function meanwhile(happens: () => Promise<unknown>): EventLog {
  let isLate = false;
  return new Proxy(log, {
    get(real, name) {
      const member = Reflect.get(real, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        if (name === 'append' && !isLate) {
          isLate = true;
          await happens();
        }
        return Reflect.apply(member, real, args);
      };
    },
  });
}

it('ends it, with who ordered it and who gave it up', async () => {
  await write(begun);
  expect(await giveUp()).toEqual(begun.data);
  const [last] = (await log.readStream(laneStream(lane))).map(laneEvent).slice(-1);
  const { from: _, commit: __, ...same } = begun.data;
  expect(last).toEqual({
    type: 'rollback.failed',
    data: {
      ...{ ...same, code: 'E_GIVEN_UP' },
      message: expect.stringMatching(/^given up by ana \(.*\): it is mended$/),
    },
  });
  expect((await readLane(log, lane)).rollback).toBeNull();
  expect(await toldFailureOf(giveUp())).toMatchObject({ code: 'E_NO_ROLLBACK' });
});

it('is not tried again where the log fails for another reason than that', async () => {
  await write(begun);
  const broken = meanwhile(() => Promise.reject(new Error('the disk is full')));
  await expect(giveUp(broken)).rejects.toThrow('the disk is full');
  expect((await readLane(log, lane)).rollback).toEqual(begun.data);
});

it('leaves one alone that a run carries out', async () => {
  await write(begun);
  await runs();
  expect(await toldFailureOf(giveUp())).toMatchObject({ code: 'E_UNDER_WAY' });
  expect((await readLane(log, lane)).rollback).toEqual(begun.data);
});

it.each<[string, () => Promise<unknown>, string | null]>([
  [
    'something else is written to the lane',
    () => write({ ...joined, data: { ...joined.data, deploy: 'x' } } as LaneEvent),
    null,
  ],
  ['another run goes on with it', () => Promise.all([runs(), write(joined)]), 'E_UNDER_WAY'],
  [
    'somebody else gives it up',
    () => giveUpRollback(log, lane, run, 'mine is first'),
    'E_NO_ROLLBACK',
  ],
])('looks again where meanwhile %s', async (_, happens, code) => {
  await write(begun);
  const order = giveUp(meanwhile(happens));
  if (code === null) expect(await order).toEqual(begun.data);
  else expect(await toldFailureOf(order)).toMatchObject({ code });
  const ends = (await log.readStream(laneStream(lane))).filter(
    ({ type }) => type === 'rollback.failed',
  );
  expect(ends).toHaveLength(code === 'E_UNDER_WAY' ? 0 : 1);
});
