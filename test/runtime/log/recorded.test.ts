/** Reading events of other versions from a real log: older ones in today's words, newer ones not at all. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseEvent } from '../../../src/machine/codec.ts';
import { schemaNumbers } from '../../../src/machine/event-schemas.ts';
import { samples } from '../../../src/machine/samples.ts';
import { type Upcaster, Upcasting } from '../../../src/machine/upcasting.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import {
  foldStream,
  ifReadable,
  inTodaysWords,
  stateAfter,
  UnreadableLog,
} from '../../../src/runtime/log/recorded.ts';
import { deployStream, laneStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog, NewEvent } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
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
    message: expect.stringMatching(
      /^deploy\/1@1 was written by a newer version of lockstep: deploy\.requested has schema 9; .*\d$/,
    ),
    hint: 'Update lockstep: whatever works on one log has to be as new as what wrote it.',
    details: { type: 'deploy.requested', schema: 9 },
  });
});

it.each([
  ['that nobody knows', 'E_EVENT_UNKNOWN', ['deploy.painted', {}]],
  ['of other data', 'E_EVENT_UNKNOWN', ['lock.acquired', { token: 'a' }]],
  ['that the chart has no place for', 'E_EVENT_REFUSED', ['gates.passed', samples['gates.passed']]],
] as const)('a deploy with an event %s is not guessed at', async (_, code, [type, data]) => {
  const request = { type: 'deploy.requested', data: samples['deploy.requested'] };
  await written(deployStream('1'), newEvent(request, run));
  await written(deployStream('1'), newEvent({ type, data }, run));
  const error = await toldFailureOf(foldStream(log, '1'));
  expect(error).toBeInstanceOf(UnreadableLog);
  expect(error.code).toBe(code);
});

it('a stream that does not begin with a request is no deploy’s', async () => {
  await written(
    deployStream('1'),
    newEvent({ type: 'gates.passed', data: samples['gates.passed'] }, run),
  );
  expect(await toldFailureOf(foldStream(log, '1'))).toMatchObject({ code: 'E_EVENT_REFUSED' });
});

it('what beside the log cannot be read is nothing, and any other fault is one', () => {
  const fails = (error: Error) => () => {
    throw error;
  };
  expect(ifReadable(() => 1)).toBe(1);
  expect(ifReadable(fails(new UnreadableLog('E_EVENT_UNKNOWN', 'x y')))).toBeNull();
  expect(() => ifReadable(fails(new Error('away')))).toThrow('away');
  expect(stateAfter({ metadata: { transition: { to: 'locked' } } })).toBe('locked');
  for (const metadata of [{}, { transition: null }, { transition: { to: 1 } }]) {
    expect(stateAfter({ metadata })).toBeNull();
  }
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
