/** Reading events of other versions from a real log: older ones in today's words, newer ones not at all. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseEvent } from '../../../src/machine/codec.ts';
import { schemaNumbers } from '../../../src/machine/event-schemas.ts';
import { samples } from '../../../src/machine/samples.ts';
import { type Upcaster, Upcasting } from '../../../src/machine/upcasting.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { foldStream, inTodaysWords, UnreadableLog } from '../../../src/runtime/log/recorded.ts';
import { deployStream, laneStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog, NewEvent } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { lane, ScriptedWorld } from '../loop/scripted-run.ts';

const run = newRun({ actor: anActor, ci: null, program: 'test' });
let log: EventLog;
beforeEach(async () => {
  log = await openLog('sqlite::memory:');
});
afterEach(() => log.close());

async function written(stream: string, event: NewEvent) {
  const [recorded] = (await log.append([{ stream, expected: 'any', events: [event] }])).events;
  if (recorded === undefined) throw new Error('nothing was written');
  return recorded;
}

it('an event is written with the number of its schema', async () => {
  const event = { type: 'deploy.requested', data: samples['deploy.requested'] };
  const recorded = await written('deploy/1', newEvent(event, run));
  expect(recorded.schema).toBe(schemaNumbers.get('deploy.requested'));
});

it.each([
  ['first', 1, { who: 'Ada', observed: 'claimed', why: 'mended' }],
  ['middle', 2, { actor: 'Ada', observed: 'claimed', why: 'mended' }],
])(
  'an event of the %s schema of a chain is read in today’s words, and stays as it was written',
  async (_, schema, data) => {
    const toActor: Upcaster = {
      from: { type: 'hold.lifted', schema: 1 },
      to: { type: 'hold.lifted', schema: 2 },
      data: ({ who, ...rest }) => ({ ...rest, actor: who }),
    };
    const toResumed: Upcaster = {
      from: { type: 'hold.lifted', schema: 2 },
      to: { type: 'deploy.resumed', schema: 1 },
      data: ({ why, ...rest }) => ({ ...rest, reason: why }),
    };
    const upcasting = new Upcasting(schemaNumbers, [toActor, toResumed]);
    const before = { ...newEvent({ type: 'hold.lifted', data }, run), schema };
    await written('deploy/1', before);
    const [recorded] = await log.readStream('deploy/1');
    if (recorded === undefined) throw new Error('nothing was written');
    expect(inTodaysWords(recorded, upcasting, parseEvent)).toEqual({
      type: 'deploy.resumed',
      data: { actor: 'Ada', observed: 'claimed', reason: 'mended' },
    });
    expect(recorded).toMatchObject({ type: 'hold.lifted', schema, data });
    expect(await log.verify()).toMatchObject({ fault: null });
    const copy = await openLog('sqlite::memory:');
    await copy.importEvents(await log.readAll());
    expect(await copy.readAll()).toEqual([recorded]);
    await copy.close();
  },
);

it('a deploy that a newer version wrote to is not guessed at', async () => {
  const event = { type: 'deploy.requested', data: samples['deploy.requested'] };
  await written(deployStream('1'), { ...newEvent(event, run), schema: 9 });
  await expect(foldStream(log, '1')).rejects.toMatchObject({
    code: 'E_EVENT_NEWER',
    message: expect.stringContaining('deploy.requested has schema 9'),
    hint: expect.stringContaining('Update lockstep'),
    details: { type: 'deploy.requested', schema: 9 },
  });
});

it('a lane that a newer version wrote to is not guessed at, and no deploy fails by it', async () => {
  const data = { actor: 'Ada', observed: 'claimed', reason: 'incident', until: 'tomorrow' };
  const event = newEvent({ type: 'lane.disabled', data }, run);
  await written(laneStream(lane), { ...event, schema: 2 });
  await expect(readLane(log, lane)).rejects.toMatchObject({ code: 'E_EVENT_NEWER' });
  const { ended, deploy } = await ScriptedWorld.over(log).start();
  await expect(ended).rejects.toBeInstanceOf(UnreadableLog);
  const types = (await log.readStream(deployStream(deploy))).map(({ type }) => type);
  expect(types).toEqual(['deploy.requested']);
});
