/** A run of a deploy: what it gives back and when, under which token it writes, what it makes of a store that fails. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockstepError } from '../../../src/errors/error.ts';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { begin, type FoldedDeploy, next, stateOf } from '../../../src/machine/interpret.ts';
import { samples } from '../../../src/machine/samples.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { breakLock } from '../../../src/runtime/lock/lane-orders.ts';
import { Lapsed, Overtaken } from '../../../src/runtime/lock/lease-keeper.ts';
import { chartHash } from '../../../src/runtime/log/charts.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { UnreadableLog } from '../../../src/runtime/log/recorded.ts';
import {
  deployStream,
  laneResource,
  laneStream,
  runResource,
} from '../../../src/runtime/log/streams.ts';
import { type EventLog, FencedOff, StoreUnavailable } from '../../../src/store/log.ts';
import { anActor } from '../../actor.ts';
import { sample } from '../../machine/samples.ts';
import { lane, leaseMs, onAppend, ScriptedWorld, wayToProduction } from './scripted-run.ts';

let world: ScriptedWorld;
beforeEach(async () => {
  world = await ScriptedWorld.create();
});
afterEach(() => world.close());

const typesOf = (events: readonly { readonly type: string }[]) => events.map(({ type }) => type);
const ways = ['artifact', 'commit'] as const;
type Way = (typeof ways)[number];

/** Where a holder may hang, and whether something of it may be under way at a vendor there. */
const places: readonly (readonly [submits: Way, state: string, busy: boolean])[] = [
  ['artifact', 'locked', false],
  ['artifact', 'deployingStaging.submitting', true],
  ['artifact', 'deployingStaging.following', true],
  ['artifact', 'deployingStaging.releasing', true],
  ['artifact', 'verifying.starting', false],
  ['artifact', 'verifying.settling', false],
  ['artifact', 'verifying.gates', false],
  ['artifact', 'production.deploying.submitting', true],
  ['artifact', 'production.deploying.following', true],
  ['artifact', 'production.deploying.releasing', true],
  ['artifact', 'production.verifying.starting', true],
  ['artifact', 'production.verifying.settling', true],
  ['commit', 'production.deploying.submitting', true],
  ['commit', 'production.deploying.following', true],
];
const busy = places.filter(([, , isBusy]) => isBusy);
const idle = places.filter(([, , isBusy]) => !isBusy);

/** How many answers lead a holder to that state. */
function answersTo(submits: Way, state: string): number {
  const { settings, ...request } = samples['deploy.requested'];
  const asked = { ...settings, production: { ...settings.production, submits } };
  let folded: FoldedDeploy | null = begin({ ...request, settings: asked }, 0);
  for (const [count, event] of [sample('lock.acquired'), ...wayToProduction].entries()) {
    folded = folded && next(folded, event, 0);
    if (folded !== null && stateOf(folded) === state) return count;
  }
  throw new Error(`no answers lead to ${state}`);
}

/** A run whose services answer until it is in that state, and hang there. */
async function hangingIn(submits: Way, state: string) {
  const answers = wayToProduction.slice(0, answersTo(submits, state));
  const run = await world.start({ submits, answers });
  await run.hangs;
  expect((await world.events(run.deploy)).at(-1)?.metadata.transition).toMatchObject({ to: state });
  return run;
}

/** Resolves once the deploy's run waits for the lane. */
async function queued(): Promise<void> {
  while ((await world.ofLane()).filter(({ type }) => type === 'lane.joined').length < 2) {
    await new Promise((turn) => setImmediate(turn));
  }
}

describe('a signal', () => {
  it.each(busy)(
    '%s, %s: a write may be under way, so a waiter keeps waiting',
    async (way, state) => {
      const holder = await hangingIn(way, state);
      const waiter = await world.start({ build: '503' });
      await queued();
      holder.interrupt();
      expect(await holder.ended).toMatchObject({ interrupted: 'SIGTERM', state });
      expect(typesOf(await world.ofLane())).not.toContain('lock.released');
      expect(await world.log.lease(laneResource(lane))).toMatchObject({ released: false });
      expect(typesOf(await world.events(waiter.deploy))).toEqual(['deploy.requested']);
    },
  );

  it.each(idle)('%s, %s: nothing is under way, so a waiter goes on', async (way, state) => {
    const holder = await hangingIn(way, state);
    const waiter = await world.start({ build: '503' });
    await queued();
    holder.interrupt();
    expect(await holder.ended).toMatchObject({ interrupted: 'SIGTERM', state });
    expect(await waiter.ended).toMatchObject({ state: 'production.live' });
    const granted = (await world.ofLane()).filter(({ type }) => type === 'lock.granted');
    expect(granted.map(({ data }) => data.takenOver)).toEqual([null, null]);
  });
});

it('a signal that comes while the run takes the deploy ends it before its first step', async () => {
  let taken: () => void = () => {};
  const isAsked = new Promise<void>((resolve) => {
    taken = resolve;
  });
  const log = (real: EventLog): EventLog =>
    new Proxy(real, {
      get(target, name) {
        if (name === 'take') {
          return async (...args: Parameters<EventLog['take']>) => {
            const lease = await target.take(...args);
            await isAsked;
            return lease;
          };
        }
        const member = target[name as keyof EventLog];
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  const run = await world.start({ log });
  run.interrupt();
  taken();
  const ended = await Promise.race([run.ended, run.hangs]);
  expect(ended).toMatchObject({ interrupted: 'SIGTERM', state: 'queued.waiting' });
  expect(run.asked).toEqual([]);
});

it('a signal that comes right after an answer goes before it', async () => {
  let interrupt: () => void = () => {};
  const run = await world.start({
    answers: wayToProduction.slice(0, answersTo('artifact', 'deployingStaging.following')),
    answered: (service) => {
      // Behind the answer, and before the run looks what it received.
      if (service === 'submit') queueMicrotask(() => queueMicrotask(interrupt));
    },
  });
  interrupt = run.interrupt;
  const state = 'deployingStaging.submitting';
  expect(await run.ended).toMatchObject({ interrupted: 'SIGTERM', state });
  expect(typesOf(await world.events(run.deploy)).at(-1)).toBe('run.interrupted');
});

describe('a deploy that is over', () => {
  const contained: DomainEvent = {
    type: 'deploy.superseded',
    data: {
      cause: 'contained',
      step: 'observe',
      production: { version: 'v17', commit: null },
      verified: true,
    },
  };
  const upTo = (count: number, last: DomainEvent) => [...wayToProduction.slice(0, count), last];

  it.each([
    ['live', 'production.live', wayToProduction],
    ['live by a build', 'production.live', wayToProduction],
    ['failed', 'failed', upTo(3, sample('deploy.failed'))],
    ['held', 'blockedByRollback', upTo(6, sample('production.held'))],
    ['disabled', 'disabled', upTo(6, sample('production.disabled'))],
    ['superseded', 'superseded', upTo(0, contained)],
  ])(
    '%s: gives the lane back with its lease, so that nobody waits for that to run out',
    async (name, state, answers) => {
      const submits = name === 'live by a build' ? 'commit' : 'artifact';
      const run = await world.start({ submits, answers });
      expect(await run.ended).toMatchObject({ state });
      const given = (await world.ofLane()).find(({ type }) => type === 'lock.released');
      expect(given?.data).toMatchObject({ deploy: run.deploy, why: state });
      expect(await world.log.lease(laneResource(lane))).toMatchObject({ released: true });
    },
  );
});

describe('a run that ended', () => {
  it.each([
    ['live', wayToProduction],
    ['failed', [sample('deploy.failed')]],
  ])(
    '%s: stops keeping the lane it gave back, and is not overtaken by that',
    async (_, answers) => {
      const run = await world.start({ answers });
      await run.ended;
      expect(run.keeper.held(laneResource(lane))).toBeNull();
      await run.keeper.assertHeld();
      expect(run.keeper.lost.aborted).toBe(false);
    },
  );

  it('leaves the deploy to the next run at once, though its process lives', async () => {
    const run = await hangingIn('artifact', 'verifying.gates');
    run.interrupt();
    await run.ended;
    expect(await world.log.lease(runResource(run.deploy))).toMatchObject({ released: true });
    const after = await world.start({ answers: wayToProduction.slice(6) });
    expect(await after.ended).toMatchObject({ state: 'production.live' });
    expect(typesOf(await world.events(run.deploy))).toContain('run.resumed');
  });
});

describe('what a deploy did to production', () => {
  it.each(ways)(
    '%s: is told to the lane: its release when it was made, the commit when it was verified',
    async (submits) => {
      const answers = wayToProduction;
      const made = answers.findIndex(({ type }) => type === 'production.released');
      for (let count = 0; count <= answers.length; count++) {
        const run = await world.start({ submits, answers: answers.slice(0, count) });
        await Promise.race([run.hangs, run.ended]);
        const told = (await world.ofLane()).filter(({ type }) => type.startsWith('lane.'));
        expect(told.slice(1).map(({ type }) => type)).toEqual([
          ...(count > made ? ['lane.deployed'] : []),
          ...(count === answers.length ? ['lane.shipped'] : []),
        ]);
        await world.close();
        world = await ScriptedWorld.create();
      }
    },
  );
});

describe('a deploy that went live over a rollback', () => {
  const lifts = { ...samples['production.held'].rollback, release: { id: 'r9', version: 'v9' } };
  const answers = wayToProduction.map((event) =>
    event.type === 'gates.passed' ? sample('gates.passed', { lifts }) : event,
  );

  it.each([
    ['by hand: the lane is told who lifted that', true, [{ release: 'r9', actor: 'mia' }]],
    ['by itself: it was lifted before', false, []],
  ] as const)('%s', async (_, byHand, wanted) => {
    const run = await world.start({ answers, byHand });
    expect(await run.ended).toMatchObject({ state: 'production.live' });
    const lifted = (await world.ofLane()).filter(({ type }) => type === 'rollback.lifted');
    expect(lifted.map(({ data }) => data)).toMatchObject(wanted);
    expect(lifted).toHaveLength(wanted.length);
  });
});

describe('the rules that a deploy was live by', () => {
  const { artifact, release } = samples['production.found'];
  const found = (own: boolean): DomainEvent => ({
    type: 'production.found',
    data: { own, artifact, release },
  });
  const verified = wayToProduction.slice(-2);

  it.each([
    ['it came through the gates', true, wayToProduction],
    ['an earlier try of it did', true, [found(true), ...verified]],
    ['somebody else had put its commit there', false, [found(false), ...verified]],
  ])(
    '%s: the lane goes by them from then on only where the gates let them through',
    async (_, gated, answers) => {
      const run = await world.start({ answers });
      expect(await run.ended).toMatchObject({ state: 'production.live' });
      const shipped = (await world.ofLane()).find(({ type }) => type === 'lane.shipped');
      expect(shipped?.data.settings !== null).toBe(gated);
    },
  );
});

describe('why a deploy ended or waits', () => {
  const reasonOf = async (deploy: string) => {
    const told = (await world.events(deploy)).at(-1)?.metadata.transition;
    return (told as { readonly reason: string | null }).reason;
  };

  it.each([
    ['held', [...wayToProduction.slice(0, 6), sample('production.held')]],
    ['failed', [sample('deploy.failed')]],
  ])('%s: stands beside its last event, for readers without the program', async (_, answers) => {
    const run = await world.start({ answers });
    await run.ended;
    expect(await reasonOf(run.deploy)).toMatchSnapshot();
  });

  it('is told to the lane where that is stuck', async () => {
    const stuck = { release: { id: 'release-17', version: 'v17' }, first: true };
    const production = { version: 'v17', commit: null };
    const answers: readonly DomainEvent[] = [
      {
        type: 'deploy.superseded',
        data: { cause: 'diverged', step: 'observe', production, verified: true, stuck },
      },
    ];
    const run = await world.start({ answers });
    expect(await run.ended).toMatchObject({ state: 'superseded', exit: 1 });
    const told = (await world.ofLane()).find(({ type }) => type === 'lane.stuck');
    expect(told?.data).toMatchObject({ deploy: run.deploy, release: stuck.release });
  });
});

describe('a run after one that died', () => {
  it.each(ways)(
    '%s: is told of the one step that the dead one began, and of no other',
    async (submits) => {
      const answers = wayToProduction;
      for (let count = 0; count < answers.length; count++) {
        const dead = await world.start({ submits, answers: answers.slice(0, count) });
        await dead.hangs;
        dead.kill();
        const run = await world.start({ submits, answers: answers.slice(count) });
        expect(await run.ended).toMatchObject({ state: 'production.live' });
        expect(run.asked[0]?.service).toBe(dead.asked.at(-1)?.service);
        expect(run.asked.map(({ again }) => again)).toEqual(
          run.asked.map((_, place) => place === 0),
        );
        expect(dead.asked.some(({ again }) => again)).toBe(false);
        await world.close();
        world = await ScriptedWorld.create();
      }
    },
  );
});

describe('a run beside one that is alive', () => {
  it('waits for it, and where it is asked to end meanwhile leaves the deploy as it is', async () => {
    const alive = await hangingIn('artifact', 'deployingStaging.following');
    const before = await world.events(alive.deploy);
    const waits = Promise.withResolvers<string>();
    const told: string[] = [];
    const run = await world.start({
      progress: (line) => told.push(line),
      waiting: (what) => waits.resolve(what),
    });
    expect(await waits.promise).toBe('waiting for another run of the same deploy');
    run.interrupt();
    expect(await run.ended).toMatchObject({
      ...{ state: 'deployingStaging.following', exit: null, interrupted: 'SIGTERM' },
    });
    expect(told).toEqual([`another run of ${run.deploy} is alive; waiting for it to end`]);
    expect(await world.events(alive.deploy)).toEqual(before);
  });
});

describe('what a run says of itself', () => {
  it('is each step that it waits for, in words', async () => {
    const waits: string[] = [];
    await (await world.start({ waiting: (what) => waits.push(what) })).ended;
    expect(waits).toMatchSnapshot();
  });

  it('is in its events: what led to each, from where to where, and by which chart', async () => {
    const run = await world.start({ answers: wayToProduction.slice(0, 3) });
    await run.hangs;
    run.kill();
    const order = { actor: 'mia', observed: 'mia on ws-7', reason: 'go on' };
    const later = await world.start({ answers: wayToProduction.slice(3), order });
    await later.ended;
    const events = await world.events(run.deploy);
    let [causation, from]: [string | undefined, string | null] = [undefined, null];
    for (const { id, metadata } of events) {
      const transition = metadata.transition as { readonly from: string; readonly to: string };
      expect(metadata.causation).toBe(causation);
      expect(metadata.chart).toBe(chartHash);
      expect(transition.from).toBe(from);
      [causation, from] = [id, transition.to];
    }
    const isLast = (_: unknown, place: number) => place === events.length - 1;
    expect(
      events.map(({ metadata }) => (metadata.transition as { settled: boolean }).settled),
    ).toEqual(events.map(isLast));
    const resumed = events.find(({ type }) => type === 'run.resumed');
    expect(resumed?.data).toEqual({ run: resumed?.metadata.run, order });
    expect(new Set(events.map(({ metadata }) => metadata.run)).size).toBe(2);
  });
});

describe('a run that goes on with a holder’s deploy', () => {
  it('holds the lane under a new token, and so fences off the one before', async () => {
    const dead = await hangingIn('artifact', 'deployingStaging.following');
    const before = dead.keeper.held(laneResource(lane));
    dead.kill();
    const run = await world.start({ answers: wayToProduction.slice(2) });
    expect(await run.ended).toMatchObject({ state: 'production.live' });
    const events = await world.events(run.deploy);
    const [reacquired] = events.filter(({ type }) => type === 'lock.reacquired');
    const granted = (await world.ofLane()).filter(({ type }) => type === 'lock.granted');
    expect(reacquired?.data.token).toBe(granted.at(-1)?.version);
    expect(reacquired?.data.token).toBeGreaterThan(before?.token ?? 0);
    const why = 'the run before it is over';
    expect(reacquired?.data).toMatchObject({ why });
    expect(granted.at(-1)?.data.takenOver).toEqual({
      ...{ deploy: run.deploy, token: before?.token, why },
    });
  });

  it('queues anew, too, where that one has ended by then: what it shipped was not there before', async () => {
    const dead = await hangingIn('artifact', 'deployingStaging.following');
    dead.kill();
    const other = await world.start({ build: '503', relation: 'unknown' });
    expect(await other.ended).toMatchObject({ state: 'production.live' });
    const run = await world.start();
    expect(await run.ended).toMatchObject({ state: 'production.live' });
    const events = await world.events(run.deploy);
    const lost = events.find(({ type }) => type === 'lock.lost');
    expect(lost?.data).toMatchObject({ to: other.deploy });
    expect(typesOf(events).filter((type) => type === 'deploy.observed')).toHaveLength(2);
  });

  it('queues anew where another deploy was given the lane meanwhile', async () => {
    const dead = await hangingIn('artifact', 'deployingStaging.following');
    dead.kill();
    const other = await world.start({ build: '503', answers: [] });
    await other.hangs;
    const run = await world.start({ answers: wayToProduction });
    while (!typesOf(await world.events(run.deploy)).includes('lock.lost')) {
      await new Promise((turn) => setImmediate(turn));
    }
    expect(run.asked).toEqual([]);
    const lost = (await world.events(run.deploy)).find(({ type }) => type === 'lock.lost');
    const had = (await world.ofLane()).find(({ type }) => type === 'lock.granted')?.version;
    expect(lost?.data).toEqual({ token: had, to: other.deploy });
    other.interrupt();
    expect(await run.ended).toMatchObject({ state: 'production.live' });
  });
});

describe('an answer that the log cannot keep', () => {
  const [observed] = wayToProduction;
  const endless = 'x'.repeat(500_000);

  it.each([
    ['too long', { notes: { ...samples['deploy.observed'].notes, compareUrl: endless } }],
    ['of another kind', { order: 'sideways' }],
  ])('is a failure of the step, not of the run: %s', async (_, changed) => {
    const odd = { ...observed, data: { ...observed?.data, ...changed } } as DomainEvent;
    const run = await world.start({ answers: [odd] });
    expect(await run.ended).toMatchObject({ state: 'failed', exit: 1 });
    expect((await world.events(run.deploy)).at(-1)?.data).toMatchObject({ step: 'observe' });
  });

  it('a failure with a text of any length is cut, and ends the deploy on record', async () => {
    const thrown = new LockstepError<string>('E_TEST', endless, { hint: endless });
    const service = (name: string) => (name === 'observe' ? thrown : null);
    const run = await world.start({ service });
    expect(await run.ended).toMatchObject({ state: 'failed' });
    const told = JSON.stringify((await world.events(run.deploy)).at(-1)?.data);
    expect(told.length).toBeLessThan(10_000);
    expect(told).toContain('…');
  });
});

describe('every event of a holder', () => {
  /** Somebody else is given the lane: its lease, without a word in the log that this run would read. */
  async function overtake(): Promise<void> {
    const version = (await world.ofLane()).length;
    const run = newRun({ actor: anActor, ci: null, program: 'test' });
    const data = { deploy: '503', run: run.id, build: '503', commit: 'c', supersedes: [] };
    const event = newEvent({ type: 'lock.granted', data: { ...data, takenOver: null } }, run);
    const grant = { resource: laneResource(lane), token: version + 1, owner: run.owner };
    await world.log.append([{ stream: laneStream(lane), expected: version, events: [event] }], {
      grant: { ...grant, ttlMs: leaseMs },
    });
  }

  it.each(places)(
    '%s, %s: is fenced by the lane’s token, not by its own lease alone',
    async (way, state) => {
      const holder = await hangingIn(way, state);
      const before = await world.events(holder.deploy);
      await overtake();
      // A signal is the next thing that it would record.
      holder.interrupt();
      await expect(holder.ended).rejects.toBeInstanceOf(Overtaken);
      expect(await world.events(holder.deploy)).toEqual(before);
    },
  );
});

describe('an append of which nobody knows whether it was written', () => {
  const unknown = () =>
    new StoreUnavailable('E_STORE_IO', 'the connection is gone', { unknown: true });
  /** The log whose nth append to a deploy loses its answer, before or after it was carried out. */
  const losing = (nth: number, done: boolean, times = 1) => {
    let appends = 0;
    let fails = false;
    return (real: EventLog) =>
      onAppend(
        real,
        (batches) => {
          const counts = batches.some(({ stream }) => stream.startsWith('deploy/'));
          if (counts) appends += 1;
          fails = counts && appends >= nth && appends < nth + times;
          if (fails && !done) throw unknown();
        },
        () => {
          if (fails) throw unknown();
        },
      );
  };

  it.each([
    ['was', true],
    ['was not', false],
  ])(
    'and that %s: is tried again by the same run, and every event is there once',
    async (_, done) => {
      const clean = await (await world.start()).ended.then(() => world.events('502-1a5f89db'));
      for (let nth = 1; nth < clean.length; nth++) {
        await world.close();
        world = await ScriptedWorld.create();
        const run = await world.start({ log: losing(nth, done) });
        expect(await run.ended).toMatchObject({ state: 'production.live' });
        expect(typesOf(await world.events(run.deploy))).toEqual(typesOf(clean));
      }
    },
  );

  it('is tried again for that alone: what is known not to be written is told at once', async () => {
    let tries = 0;
    const log = (real: EventLog) =>
      onAppend(real, (batches) => {
        if (!batches.some(({ events: [event] }) => event?.type === 'deploy.observed')) return;
        tries += 1;
        throw new StoreUnavailable('E_STORE_IO', 'the disk is full');
      });
    await expect((await world.start({ log })).ended).rejects.toThrow('the disk is full');
    expect(tries).toBe(1);
  });

  it('is given up after five times: nothing follows that is not recorded', async () => {
    const run = await world.start({ log: losing(3, false, 5) });
    await expect(run.ended).rejects.toBeInstanceOf(StoreUnavailable);
    expect(typesOf(await world.events(run.deploy))).toEqual([
      'deploy.requested',
      'lock.acquired',
      'deploy.observed',
    ]);
    expect(run.asked.map(({ service }) => service)).toEqual(['observe', 'submit']);
  });
});

it('what a step failed with is told, where the log is away and cannot keep it', async () => {
  const told: string[] = [];
  const service = (name: string) =>
    name === 'submit' ? new LockstepError('E_BUILD_FAILED', 'npm ci ended with 1') : null;
  const log = (real: EventLog) =>
    onAppend(real, (batches) => {
      const isFailure = batches.some(({ events }) =>
        events.some(({ type }) => type === 'deploy.failed'),
      );
      if (isFailure) throw new StoreUnavailable('E_STORE_IO', 'the connection is gone');
    });
  const run = await world.start({ service, log, progress: (line) => told.push(line) });
  await expect(run.ended).rejects.toBeInstanceOf(StoreUnavailable);
  expect(told).toContain(
    'submitting the commit to staging failed, and the log does not have it: E_BUILD_FAILED, npm ci ended with 1',
  );
});

describe('a run that is no longer the deploy’s', () => {
  it('ends what it waits for, too: nothing of it goes on beside the next one', async () => {
    const run = await world.start({ answers: wayToProduction.slice(0, 2) });
    await run.hangs;
    await breakLock(world.log, lane, newRun({ actor: anActor, ci: null, program: 'test' }), 'x');
    await expect(run.keeper.assertHeld()).rejects.toBeInstanceOf(Overtaken);
    await expect(run.ended).rejects.toBeInstanceOf(Overtaken);
    expect(run.asked.at(-1)?.signal.aborted).toBe(true);
  });

  it('whose stream somebody else wrote to, writes nothing after that', async () => {
    const run = await world.start({ answers: wayToProduction.slice(0, 2) });
    await run.hangs;
    const { length } = await world.events(run.deploy);
    const other = newRun({ actor: anActor, ci: null, program: 'test' });
    const event = newEvent(sample('run.resumed'), other, {
      transition: { from: null, to: 'elsewhere', settled: false, reason: null },
    });
    await world.log.append([
      { stream: deployStream(run.deploy), expected: length, events: [event] },
    ]);
    run.interrupt();
    await expect(run.ended).rejects.toBeInstanceOf(Overtaken);
    expect(await world.events(run.deploy)).toHaveLength(length + 1);
  });

  it.each([
    ['overtaken', new Overtaken('lane/acme-web')],
    ['lapsed', new Lapsed('lane/acme-web')],
    ['fenced off', new FencedOff({ resource: 'lane/acme-web', token: 1 }, 2)],
    ['without its store', new StoreUnavailable('E_STORE_IO', 'it is gone')],
    ['of a lane that a newer version wrote to', new UnreadableLog('E_EVENT_NEWER', 'it is newer')],
  ])(
    '%s in the middle of a step, says nothing of the deploy: another run carries it on',
    async (_, error) => {
      const service = (name: string) => (name === 'submit' ? error : null);
      const run = await world.start({ service });
      const ended = run.ended.catch((thrown: unknown) => thrown);
      expect(await ended).toMatchObject({
        code: error instanceof FencedOff ? 'E_OVERTAKEN' : error.code,
      });
      expect(typesOf(await world.events(run.deploy)).at(-1)).toBe('deploy.observed');
      run.kill();
      const answers = wayToProduction.slice(1);
      expect(await (await world.start({ answers })).ended).toMatchObject({
        state: 'production.live',
      });
    },
  );
});

describe('a wait for the lane', () => {
  it('that is given up ends: no look at the lane goes on, for which the process would stay', async () => {
    await (await world.start({ answers: [] })).hangs;
    const watched: (AbortSignal | undefined)[] = [];
    let timeOut: () => void = () => {};
    const timedOut = new Promise<void>((resolve) => {
      timeOut = resolve;
    });
    const log = (real: EventLog): EventLog =>
      new Proxy(real, {
        get(target, name) {
          const member = target[name as keyof EventLog];
          if (typeof member !== 'function') return member;
          if (name !== 'changed') return member.bind(target);
          return (waits: Parameters<EventLog['changed']>[0]) => {
            watched.push(waits.signal);
            timeOut();
            return real.changed(waits);
          };
        },
      });
    const waiter = await world.start({ build: '503', log, timeOut: timedOut });
    expect(await waiter.ended).toMatchObject({ state: 'queued.gaveUp' });
    expect(watched.length).toBeGreaterThan(0);
    expect(watched.every((signal) => signal?.aborted)).toBe(true);
  });

  it.each([3 * 3_600_000, -3 * 3_600_000])(
    'is over no sooner where somebody sets the wall’s clock by %d ms as the run begins',
    async (byMs) => {
      let aheadMs = 0;
      const log = (real: EventLog): EventLog =>
        new Proxy(real, {
          get: (target, name) => {
            if (name === 'readStream') aheadMs = byMs;
            const member = target[name as keyof EventLog];
            return typeof member === 'function' ? member.bind(target) : member;
          },
        });
      const run = await world.start({ log, wall: () => Date.now() + aheadMs });
      expect(await Promise.race([run.ended, run.hangs])).not.toMatchObject({
        state: 'queued.gaveUp',
      });
    },
  );
});

it('a canary’s way back waits for the lane by its own time-out, not by what is left of the one before', async () => {
  const exposed = [...wayToProduction.slice(0, 7), sample('canary.submitted')];
  const dead = await world.start({ canary: true, answers: exposed });
  await dead.hangs;
  dead.kill();
  const other = await world.start({ build: '503', relation: 'unknown', answers: [] });
  await other.hangs;
  const run = await world.start({ canary: true, relation: 'unknown', timeOut: Promise.resolve() });
  // Nobody gives the lane back: whoever waits without an end of its own would wait for ever.
  expect(await run.ended).toMatchObject({ state: 'queued.gaveUp', exit: 1 });
  expect(typesOf(await world.events(run.deploy)).slice(-3)).toEqual([
    ...['lock.lost', 'lock.waitTimedOut', 'deploy.failed'],
  ]);
});

describe('a lane that was granted while the wait was given up', () => {
  it('is given back, and is the next one’s', async () => {
    let timeOut: () => void = () => {};
    const timedOut = new Promise<void>((resolve) => {
      timeOut = resolve;
    });
    const log = (real: EventLog) =>
      onAppend(
        real,
        () => {},
        (_, options) => {
          if (options?.grant !== undefined) timeOut();
        },
      );
    const run = await world.start({ log, timeOut: timedOut });
    expect(await run.ended).toMatchObject({ state: 'queued.gaveUp', exit: 3 });
    expect((await world.events(run.deploy)).at(-1)?.metadata.transition).toMatchObject({
      settled: false,
      reason: 'gave up waiting: the lane was not free within 1h',
    });
    const ofLane = await world.ofLane();
    expect(typesOf(ofLane)).toEqual(['lane.joined', 'lock.granted', 'lock.released']);
    expect(ofLane.at(-1)?.data).toEqual({
      ...{ deploy: run.deploy, token: 2, why: `not needed by ${run.deploy}` },
    });
    expect(await world.log.lease(laneResource(lane))).toMatchObject({ released: true });
    // The next run is told of what becomes of it, not of what it gave up before.
    expect(await (await world.start()).ended).toMatchObject({
      ...{ state: 'production.live', folded: { snapshot: { context: { outcome: null } } } },
    });
  });
});
