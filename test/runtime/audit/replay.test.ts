/** Replay disagrees where what was recorded is not what the chart makes of the events. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { begin, has, next, stateOf } from '../../../src/machine/interpret.ts';
import { samples } from '../../../src/machine/samples.ts';
import type { Disagreement } from '../../../src/runtime/audit/rederive.ts';
import { replay } from '../../../src/runtime/audit/replay.ts';
import { replayAt } from '../../../src/runtime/audit/replay-at.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { newEvent, type TransitionRecord } from '../../../src/runtime/log/new-event.ts';
import { deployStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { sample } from '../../machine/samples.ts';

const deploy = samples['deploy.requested'].deploy;
const run = newRun({ actor: anActor, ci: null, program: 'test' });
const ending = [sample('lock.acquired'), sample('deploy.observed'), sample('deploy.failed')];
let log: EventLog;

beforeEach(async () => {
  log = await openLog('sqlite::memory:');
});
afterEach(() => log.close());

/** Writes the events with their true transitions, one of them or one event altered. */
async function write(
  events: readonly DomainEvent[],
  alter: (version: number, told: TransitionRecord) => TransitionRecord,
  alterEvent: (version: number, event: DomainEvent) => DomainEvent = (_, event) => event,
  chart?: string,
) {
  let folded = begin(samples['deploy.requested'], 0);
  const first = { from: null, to: stateOf(folded), settled: false, reason: null };
  const records = [{ event: sample('deploy.requested'), transition: alter(1, first) }];
  for (const [place, event] of events.entries()) {
    const after = next(folded, event, 0);
    if (after === null) throw new Error(`the chart does not take ${event.type} there`);
    const told = {
      from: stateOf(folded),
      to: stateOf(after),
      settled: has(after, 'settled'),
      reason: null,
    };
    records.push({ event, transition: alter(place + 2, told) });
    folded = after;
  }
  await log.append([
    {
      stream: deployStream(deploy),
      expected: 'none',
      events: records.map(({ event, transition }, place) =>
        newEvent(alterEvent(place + 1, event), run, {
          transition,
          ...(chart === undefined ? {} : { chart }),
        }),
      ),
    },
  ]);
  return records.length;
}

const inWords = (of: Disagreement | null): string =>
  `version ${of?.version}, ${of?.type}: ${of?.recorded}; recomputed: ${of?.recomputed}`;

describe('replay', () => {
  it('agrees with what the chart makes of the events', async () => {
    const count = await write(ending, (_, told) => told);
    const { disagreement, steps, settled, state } = await replay(log, deploy);
    expect({ disagreement, steps: steps.length, settled, state }).toEqual({
      disagreement: null,
      steps: count,
      settled: true,
      state: 'failed',
    });
  });

  it('names the step that answered, and whose run it was', async () => {
    await write(ending, (_, told) => told);
    const { steps } = await replay(log, deploy);
    expect(steps.map(({ step }) => step)).toEqual([
      null,
      'acquireLock',
      'observe',
      'awaitStagingInstances',
    ]);
    expect(steps.map(({ by }) => by?.actor)).toEqual(['ana', 'ana', 'ana', 'ana']);
  });

  it('gives the state and what was known at any event, and at any time', async () => {
    await write(ending, (_, told) => told);
    const at = (version: number) => replayAt(log, deploy, { version });
    expect(await at(1)).toMatchObject({
      ...{ event: 1, state: 'queued.waiting', underWay: ['waiting for the lane’s lock'] },
      timers: [{ event: 'lock.waitTimedOut' }],
      context: { token: null, observed: null },
    });
    expect(await at(3)).toMatchObject({
      ...{ event: 3, state: 'deployingStaging.submitting' },
      context: { token: 3, observed: { version: 'v41' } },
    });
    expect(await at(99)).toMatchObject({ event: 4, state: 'failed', underWay: [], timers: [] });
    expect(await replayAt(log, deploy, { time: '1999-01-01T00:00:00.000Z' })).toBeNull();
    const now = new Date(Date.now() + 60_000).toISOString();
    expect(await replayAt(log, deploy, { time: now })).toMatchObject({ event: 4 });
    // What is of that very time had happened by then.
    const records = await log.readStream(deployStream(deploy));
    for (const { time } of records) {
      const event = records.findLast((record) => record.time === time)?.version;
      expect(await replayAt(log, deploy, { time })).toMatchObject({ event });
    }
  });

  it('reads the data of each event once', async () => {
    const count = await write(ending, (_, told) => told);
    let reads = 0;
    const counting = (record: object) =>
      new Proxy(record, {
        get(target, name) {
          if (name === 'data') reads += 1;
          return Reflect.get(target, name);
        },
      });
    const records = await log.readStream(deployStream(deploy));
    const readStream = async () => records.map(counting);
    await replay({ readStream } as unknown as EventLog, deploy);
    expect(reads).toBe(count);
  });

  it.each([
    ['where it came from', (told: TransitionRecord) => ({ ...told, from: 'disabled' })],
    ['where it led', (told: TransitionRecord) => ({ ...told, to: 'production.live' })],
    ['that it is over', (told: TransitionRecord) => ({ ...told, settled: !told.settled })],
  ])('disagrees about %s, at that event and whichever it is', async (_, altered) => {
    for (let at = 1; at <= ending.length + 1; at++) {
      await log.close();
      log = await openLog('sqlite::memory:');
      await write(ending, (version, told) => (version === at ? altered(told) : told));
      const { disagreement } = await replay(log, deploy);
      expect(disagreement).toMatchObject({ version: at });
      expect(inWords(disagreement)).toMatchSnapshot();
    }
  });

  describe('on an earlier chart', () => {
    const earlier = 'e'.repeat(64);
    const way = [sample('lock.acquired'), sample('deploy.observed'), sample('staging.submitted')];
    const renamed = (state: string | null) =>
      state?.replace('submitting', 'asking').replace('following', 'making') ?? null;

    it('agrees where only states within the nine had other names', async () => {
      const told = (_: number, { from, to, ...same }: TransitionRecord) => ({
        ...same,
        from: renamed(from),
        to: renamed(to) ?? '',
      });
      await write(way, told, undefined, earlier);
      const { disagreement, sameChart } = await replay(log, deploy);
      expect({ disagreement, sameChart }).toEqual({ disagreement: null, sameChart: false });
    });

    it.each([
      ['of another of the nine', { to: 'verifying.asking' }],
      ['that does not follow on the one before', { from: 'deployingStaging.never' }],
      ['that is over', { settled: true }],
    ])('disagrees with a state %s', async (_, altered) => {
      const told = (version: number, transition: TransitionRecord) =>
        version === way.length + 1 ? { ...transition, ...altered } : transition;
      await write(way, told, undefined, earlier);
      const { disagreement } = await replay(log, deploy);
      expect(disagreement).toMatchObject({ version: way.length + 1 });
      expect(inWords(disagreement)).toMatchSnapshot();
    });
  });

  it('disagrees where another event was put in one’s place', async () => {
    const told = (_: number, transition: TransitionRecord) => transition;
    await write(ending, told, (version, event) =>
      version === ending.length + 1 ? sample('run.interrupted') : event,
    );
    const { disagreement } = await replay(log, deploy);
    expect(disagreement).toMatchObject({ version: ending.length + 1, type: 'run.interrupted' });
    expect(inWords(disagreement)).toMatchSnapshot();
  });

  it('disagrees with an event that the chart does not take there', async () => {
    await log.append([
      {
        stream: deployStream(deploy),
        expected: 'none',
        events: [sample('deploy.requested'), sample('production.released')].map((event) =>
          newEvent(event, run, {
            transition: { from: null, to: 'queued.waiting', settled: false, reason: null },
          }),
        ),
      },
    ]);
    const { disagreement } = await replay(log, deploy);
    expect(disagreement).toMatchObject({ version: 2, type: 'production.released' });
    expect(inWords(disagreement)).toMatchSnapshot();
  });
});
