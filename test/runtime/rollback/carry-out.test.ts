/** A rollback under the lane's lock, killed at each of its steps: the next try finishes it, and production is taken back once. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/effects/clock.ts';
import type { HttpClient } from '../../../src/effects/http/request.ts';
import type { Running, Target } from '../../../src/effects/targets/target.ts';
import { LockstepError } from '../../../src/errors/error.ts';
import type { Release } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { hasRun } from '../../../src/runtime/lock/living-runs.ts';
import type { Acquire } from '../../../src/runtime/lock/store-lock.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneEvent } from '../../../src/runtime/log/recorded.ts';
import { laneResource, laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import type { RollbackOptions } from '../../../src/runtime/rollback/carry-out.ts';
import { type EventLog, StoreUnavailable } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { begin, Life, lane, type Production } from './processes.ts';

const { production } = samples['deploy.requested'].settings;
const artifactOf = (n: number) => ({
  kind: 'slug',
  id: `slug-${n}`,
  digest: null,
  commit: String(n).repeat(40),
});
const releaseOf = (n: number) => ({ id: `release-${n}`, version: `v${n}` });

/** Production as a place that keeps its releases and the keys that they were made under. */
class Place implements Production {
  readonly made: { readonly n: number; readonly of: number; readonly key: string | null }[] = [
    ...[1, 2].map((n) => ({ n, of: n, key: null })),
  ];

  /** Of each time that it was asked: whether an earlier run may have asked before. */
  readonly again: (boolean | undefined)[] = [];

  get running(): Running {
    const { n, of, key } = this.made.at(-1) as Place['made'][number];
    return {
      ...{ release: releaseOf(n), artifact: artifactOf(of), named: artifactOf(of).commit },
      ...{ description: '', by: 'ana', at: '2026-01-05T13:00:00Z', isRollback: key !== null },
    };
  }

  release(of: number, key: string | null): void {
    this.made.push({ n: this.made.length + 1, of, key });
  }

  readonly shipped = [2, 1].map((n) => ({
    ...{ deploy: `50${n}`, target: 'x', release: releaseOf(n), commit: artifactOf(n).commit },
    ...{ artifact: artifactOf(n), settings: null },
  }));

  http = (): HttpClient => ({}) as HttpClient;

  target(life: Life): Target {
    return life.over({
      settings: production.target,
      observe: async () => ({
        cursor: '',
        running: this.running,
        before: null,
        failed: [],
        pending: null,
      }),
      rollBack: async (...asked: Parameters<Target['rollBack']>) => {
        const [{ from, to, key }, { again }] = asked;
        this.again.push(again);
        const isMade = this.made.at(-1)?.key === key;
        if (!isMade && this.running.release.id !== from.id)
          return { kind: 'untouched', runsIt: false };
        if (!isMade) this.release(Number(to.version.slice(1)), key);
        const { release, artifact } = this.running;
        return { kind: 'restored', release, artifact };
      },
    }) as unknown as Target;
  }
}

let log: EventLog;
afterEach(() => log.close());

/** What the last word of the lane says that the rollback made. */
async function madeBy(): Promise<unknown> {
  const events = (await log.readStream(laneStream(lane))).map(laneEvent);
  const failed = events.findLast(({ type }) => type === 'rollback.failed');
  return failed?.type === 'rollback.failed' ? failed.data.made : undefined;
}

const types = async (): Promise<string[]> =>
  (await log.readStream(laneStream(lane))).map(({ type }) => type);

describe('a rollback', () => {
  it('is recorded before the target is asked, and gives the lane back with its last word', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const { ended, keeper } = await begin(log, place);
    expect(await ended()).toMatchObject({ release: releaseOf(3) });
    // What was given back is no loss.
    expect(keeper.held(laneResource(lane))).toBeNull();
    expect(await types()).toEqual([
      'lane.joined',
      'lock.granted',
      'rollback.begun',
      'rollback.done',
      'lock.released',
    ]);
    const [joined] = await log.readStream(laneStream(lane));
    expect(joined?.data).toMatchObject({ first: true, rollback: { to: releaseOf(1) } });
    const { rollback, asked } = await readLane(log, lane);
    expect([rollback, asked]).toEqual([null, []]);
  });

  it('says in the lane who ordered what while it waits, and waits no more once it gave up', async () => {
    log = await openLog('sqlite::memory:');
    const waiting = (signal: AbortSignal) =>
      new Promise<never>((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));
    const interrupted = new AbortController();
    let asked: Acquire | null = null;
    const lock = {
      acquire: (input: Acquire, signal: AbortSignal) => {
        asked = input;
        return waiting(signal);
      },
      reacquire: async () => null,
    };
    const { plan, ended } = await begin(log, new Place(), new Life(), {
      ...{ lock, signal: interrupted.signal },
    });
    const over = ended();
    await vi.waitFor(() => expect(asked).not.toBeNull());
    expect(asked).toMatchObject({
      deploy: plan.id,
      rollback: {
        ...{ from: releaseOf(2), to: releaseOf(1), at: expect.stringMatching(/^\d{4}-.*Z$/) },
        ...{ actor: 'ana', observed: 'ana on ws-7', reason: 'errors' },
      },
    });
    expect(await hasRun(log, plan.id)).toBe(true);
    interrupted.abort(new Error('interrupted'));
    await expect(over).rejects.toThrow('interrupted');
    expect(await hasRun(log, plan.id)).toBe(false);
  });

  it('that is killed anywhere is finished by the same command, and takes production back once', async () => {
    log = await openLog('sqlite::memory:');
    const whole = new Life();
    await (await begin(log, new Place(), whole)).ended();
    expect(whole.calls).toBeGreaterThan(20);
    for (let dies = 0; dies < whole.calls; dies++) {
      await log.close();
      log = await openLog('sqlite::memory:');
      const place = new Place();
      const killed = await (await begin(log, place, new Life(dies)))
        .ended()
        .then(() => false)
        .catch(() => true);
      // It ended before it died: the last answers are of the leases that it gave back.
      const isDone = (await types()).includes('rollback.done');
      if (killed && !isDone) await (await begin(log, place)).ended();
      expect(
        place.made.map(({ of }) => of),
        `killed at ${dies}`,
      ).toEqual([1, 2, 1]);
      const last = await types();
      expect(
        last.filter((type) => type === 'rollback.done'),
        `killed at ${dies}`,
      ).toHaveLength(1);
      const { grant, rollback } = await readLane(log, lane);
      expect([rollback, grant?.released], `killed at ${dies}`).toEqual([null, true]);
    }
  });

  it('that goes in place of one that was begun and killed ends that one, with who did so', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const killed = await begin(log, place, new Life(), { log: away(['rollback.done']) });
    const target = {
      ...place.target(new Life()),
      rollBack: async () => {
        throw new StoreUnavailable('E_STORE_UNREACHABLE', 'it was killed here');
      },
    } as unknown as Target;
    const first = await begin(log, place, new Life(), { target, log: away(['rollback.failed']) });
    await toldFailureOf(first.ended());
    const plan = { ...killed.plan, to: { ...killed.plan.to, commit: null } };
    await (await begin(log, place, new Life(), { plan })).ended();
    expect(first.plan.id).not.toBe(plan.id);
    const told = (await log.readStream(laneStream(lane)))
      .map(laneEvent)
      .flatMap((event) =>
        event.type.startsWith('rollback.') && 'rollback' in event.data
          ? [[event.type, event.data.rollback]]
          : [],
      );
    expect(told).toEqual([
      ['rollback.begun', first.plan.id],
      ['rollback.failed', first.plan.id],
      ['rollback.begun', plan.id],
      ['rollback.done', plan.id],
    ]);
    const [given] = (await log.readStream(laneStream(lane))).filter(
      ({ type }) => type === 'rollback.failed',
    );
    expect(given?.data).toMatchObject({
      code: 'E_GIVEN_UP',
      message: 'given up by ana (ana on ws-7), who takes production back to v1: errors',
    });
  });

  it('writes nothing where something else runs by now, and gives the lane back', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const late = await begin(log, place);
    place.release(7, null);
    expect(await toldFailureOf(late.ended())).toMatchObject({
      code: 'E_PRODUCTION_CHANGED',
      hint: expect.stringContaining('pipeline rollback v1 --reason'),
    });
    expect(place.made).toHaveLength(3);
    expect(await types()).toEqual(['lane.joined', 'lock.granted', 'lock.released']);
  });

  it('says that there is nothing left to take back where somebody else did', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const late = await begin(log, place);
    place.release(1, null);
    const error = await toldFailureOf(late.ended());
    expect(error).toMatchObject({ code: 'E_PRODUCTION_CHANGED' });
    expect(error.message).toBe(
      'production runs what v1 is of by now (v3): there is nothing left to take back',
    );
  });

  it('tells that it was begun once that is recorded, and not where it did not come to that', async () => {
    const told: string[] = [];
    const begun = () => void told.push('begun');
    log = await openLog('sqlite::memory:');
    const place = new Place();
    await (await begin(log, place, new Life(), { begun })).ended();
    expect(told).toEqual(['begun']);
    const other = new Place();
    const late = await begin(log, other, new Life(), { begun });
    other.release(7, null);
    await toldFailureOf(late.ended());
    expect(told).toEqual(['begun']);
  });

  it('that loses the lane while it checks stops there, and writes nothing more', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    let wasTold = false;
    const services = {
      awaitInstances: async () => ({}),
      checkHealth: async (_: unknown, { signal }: { signal: AbortSignal }) => {
        const fence = late.keeper.held(laneResource(lane));
        if (fence !== null) await log.release(fence);
        await toldFailureOf(late.keeper.assertHeld());
        wasTold = signal.aborted;
        signal.throwIfAborted();
      },
    } as unknown as RollbackOptions['services'];
    const late = await begin(log, place, new Life(), { services });
    expect(await toldFailureOf(late.ended())).toMatchObject({ code: 'E_OVERTAKEN' });
    expect([wasTold, (await types()).at(-1)]).toEqual([true, 'rollback.begun']);
  });

  it('that loses the lane right before it begins records nothing of it', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const life = new Life();
    const target = {
      ...place.target(life),
      observe: async (...asked: Parameters<Target['observe']>) => {
        const fence = late.keeper.held(laneResource(lane));
        if (fence !== null) await log.release(fence);
        return place.target(life).observe(...asked);
      },
    } as unknown as Target;
    const late = await begin(log, place, life, { target });
    await expect(late.ended()).rejects.toMatchObject({ code: 'E_OVERTAKEN' });
    expect((await types()).at(-1)).toBe('lock.granted');
    expect(place.again).toEqual([]);
  });

  it('that finds at its end that the lane is another’s was overtaken', async () => {
    log = await openLog('sqlite::memory:');
    const services = {
      awaitInstances: async () => ({}),
      checkHealth: async () => {
        const fence = late.keeper.held(laneResource(lane));
        if (fence !== null) await log.release(fence);
      },
    } as unknown as RollbackOptions['services'];
    const late = await begin(log, new Place(), new Life(), { services });
    expect(await toldFailureOf(late.ended())).toMatchObject({ code: 'E_OVERTAKEN' });
    expect((await types()).at(-1)).toBe('rollback.begun');
  });

  it('whose checks do not hold says so in the log; what runs there holds the deploys', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const services = {
      awaitInstances: async () => ({}),
      checkHealth: async () => {
        throw new Error('the endpoint is down');
      },
    } as unknown as RollbackOptions['services'];
    const unverified: Release[] = [];
    const told = { services, unverified: (release: Release) => void unverified.push(release) };
    await expect((await begin(log, place, new Life(), told)).ended()).rejects.toThrow(
      'the endpoint is down',
    );
    expect(unverified).toEqual([releaseOf(3)]);
    expect((await types()).slice(-2)).toEqual(['rollback.failed', 'lock.released']);
    expect(place.running.isRollback).toBe(true);
    expect(await madeBy()).toEqual({ release: releaseOf(3), commit: '1'.repeat(40), runs: true });
  });

  it.each<[string, (place: Place, onMade: (release: Release) => void) => void, unknown]>([
    ['before the target made anything', () => {}, null],
    [
      'once the target had made a release, which did not come to run in time',
      (_, onMade) => onMade(releaseOf(3)),
      { release: releaseOf(3), commit: '1'.repeat(40), runs: false },
    ],
  ])('that fails %s says which release it made', async (_, happens, made) => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const life = new Life();
    const target = {
      ...place.target(life),
      rollBack: async ({ onMade }: Parameters<Target['rollBack']>[0]) => {
        happens(place, onMade);
        throw new Error('it does not answer');
      },
    };
    const unverified = vi.fn();
    const late = await begin(log, place, life, { target, unverified });
    await expect(late.ended()).rejects.toThrow('it does not answer');
    expect(await madeBy()).toEqual(made);
    expect(unverified).not.toHaveBeenCalled();
  });

  /** The log as it is, but that nothing of those types can be written. */
  const away = (types: readonly string[]): EventLog =>
    new Proxy(log, {
      get(real, name) {
        const member = Reflect.get(real, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          const batches = name === 'append' ? (args[0] as { events: { type: string }[] }[]) : [];
          const isHit = batches.some(({ events }) =>
            events.some(({ type }) => types.includes(type)),
          );
          if (isHit) throw new StoreUnavailable('E_STORE_UNREACHABLE', 'the database is away');
          return Reflect.apply(member, real, args);
        };
      },
    });
  const unhealthy = {
    awaitInstances: async () => ({}),
    checkHealth: async () => {
      throw new LockstepError('E_ENDPOINT', 'the endpoint is down', { hint: 'curl it' });
    },
  } as unknown as RollbackOptions['services'];

  it('whose failure cannot be recorded tells both: what failed, and that the log does not have it', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const late = await begin(log, place, new Life(), {
      services: unhealthy,
      log: away(['rollback.failed']),
    });
    const error = await toldFailureOf(late.ended());
    expect(error).toMatchObject({
      code: 'E_NOT_RECORDED',
      details: { failed: 'E_ENDPOINT', store: 'E_STORE_UNREACHABLE' },
    });
    expect(error.message).toContain('the endpoint is down');
    expect(error.hint).toMatch(/curl it\n.*the database is away.*\n.*the same command/s);
    expect((await types()).at(-1)).toBe('rollback.begun');
  });

  it('that did not begin, and cannot give the lane back, tells both', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const late = await begin(log, place, new Life(), { log: away(['lock.released']) });
    place.release(7, null);
    expect(await toldFailureOf(late.ended())).toMatchObject({
      code: 'E_NOT_RECORDED',
      details: { failed: 'E_PRODUCTION_CHANGED' },
    });
  });

  it('whose success cannot be recorded is not recorded as failed, and is ended by the same command', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const late = await begin(log, place, new Life(), { log: away(['rollback.done']) });
    expect(await toldFailureOf(late.ended())).toMatchObject({ code: 'E_STORE_UNREACHABLE' });
    expect((await types()).at(-1)).toBe('rollback.begun');
    await (await begin(log, place)).ended();
    expect((await types()).slice(-2)).toEqual(['rollback.done', 'lock.released']);
    expect(place.made).toHaveLength(3);
  });

  it('that another run ended meanwhile is not ended twice', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    const first = await begin(log, place, new Life(), { log: away(['rollback.done']) });
    await toldFailureOf(first.ended());
    const [late, quick] = [await begin(log, place), await begin(log, place)];
    await quick.ended();
    const { code, message, hint } = await toldFailureOf(late.ended());
    expect({ code, message, hint }).toEqual({
      code: 'E_PRODUCTION_CHANGED',
      message: 'another run has ended the rollback to v1 meanwhile',
      hint: 'pipeline status shows what became of it.',
    });
    expect((await types()).filter((type) => type === 'rollback.done')).toHaveLength(1);
    expect(place.made).toHaveLength(3);
    expect(place.again).toEqual([false, true]);
  });

  it('that was given up for another one meanwhile is not gone on with', async () => {
    log = await openLog('sqlite::memory:');
    const place = new Place();
    await toldFailureOf(
      (await begin(log, place, new Life(), { log: away(['rollback.done']) })).ended(),
    );
    const late = await begin(log, place);
    const { rollback } = await readLane(log, lane);
    if (rollback === null) throw new Error('no rollback is begun');
    const run = newRun({ actor: anActor, ci: null, program: 'test' });
    const instead = { type: 'rollback.begun', data: { ...rollback, rollback: 'rollback-other' } };
    const batch = { stream: laneStream(lane), expected: 'any' as const };
    await log.append([{ ...batch, events: [newEvent(instead, run)] }]);
    expect(await toldFailureOf(late.ended())).toMatchObject({ code: 'E_PRODUCTION_CHANGED' });
    expect((await readLane(log, lane)).rollback).toMatchObject({ rollback: 'rollback-other' });
  });

  const waiting = (_: unknown, signal: AbortSignal) =>
    new Promise<never>((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));
  it.each<[string, Acquired]>([
    ['comes to nothing in time', waiting],
    ['is passed over', async () => ({ kind: 'superseded' }) as never],
    ['has no token', async () => ({ kind: 'granted', token: null }) as never],
  ])(
    'whose wait for the lane %s is told how it goes on, and begins nothing',
    async (_, acquire) => {
      log = await openLog('sqlite::memory:');
      const lock = { acquire, reacquire: async () => null };
      const { lock: settings } = samples['deploy.requested'].settings;
      const timeoutMs = acquire === waiting ? 1 : 60_000;
      const slept: number[] = [];
      const sleep = (ms: number, signal?: AbortSignal) => {
        slept.push(ms);
        return systemClock.sleep(ms, signal);
      };
      const late = await begin(log, new Place(), new Life(), {
        ...{ lock, lockSettings: { ...settings, timeoutMs }, clock: { ...systemClock, sleep } },
      });
      const { code, message, hint } = await toldFailureOf(late.ended());
      expect({ code, message, hint }).toEqual({
        code: 'E_LOCK_TIMEOUT',
        message: 'lane acme-web was not free within lock.timeout',
        hint: 'pipeline status shows who holds it; pipeline unlock takes it from a holder that hangs.',
      });
      expect(await types()).toEqual([]);
      expect(slept).toContain(timeoutMs);
    },
  );

  const over = 'Once that is over (pipeline status tells), run the same command again';
  const since = 'What runs now may be what mends it: pipeline status. To go back all the same';
  it.each<[string, string, (place: Place) => Running | null, string | null]>([
    ['production runs nothing by now, not v2', since, () => null, null],
    [
      'production runs v7 by now, not v2',
      since,
      (place) => ({ ...place.running, release: releaseOf(7) }),
      'v8',
    ],
    ['production has v8 under way over v2', over, (place) => place.running, 'v8'],
    ['production has something else under way over v2', over, (place) => place.running, null],
  ])('that the target leaves alone tells why: %s', async (told, hint, runs, under) => {
    log = await openLog('sqlite::memory:');
    const [place, life] = [new Place(), new Life()];
    const pending = under === null ? null : { release: { id: 'r', version: under }, ageMs: 0 };
    let wasAsked = false;
    const target = {
      ...place.target(life),
      observe: async () => ({
        ...{ cursor: '', before: null, failed: [] },
        running: wasAsked ? runs(place) : place.running,
        pending: wasAsked ? pending : null,
      }),
      rollBack: async () => {
        wasAsked = true;
        return { kind: 'untouched', runsIt: false };
      },
    } as unknown as Target;
    const error = await toldFailureOf((await begin(log, place, life, { target })).ended());
    expect({ code: error.code, message: error.message, hint: error.hint }).toEqual({
      code: 'E_PRODUCTION_CHANGED',
      message: `${told}: it was not taken back to v1`,
      hint: `${hint}: pipeline rollback v1 --reason "…"`,
    });
    expect((await types()).slice(-2)).toEqual(['rollback.failed', 'lock.released']);
    expect(await madeBy()).toBeNull();
  });

  it('whose checks fail once the lane is another’s was overtaken, whatever failed', async () => {
    log = await openLog('sqlite::memory:');
    const services = {
      awaitInstances: async () => ({}),
      checkHealth: async () => {
        const fence = late.keeper.held(laneResource(lane));
        if (fence !== null) await log.release(fence);
        throw new Error('the endpoint is down');
      },
    } as unknown as RollbackOptions['services'];
    const late = await begin(log, new Place(), new Life(), { services });
    expect(await toldFailureOf(late.ended())).toMatchObject({ code: 'E_OVERTAKEN' });
    expect((await types()).at(-1)).toBe('rollback.begun');
  });

  it('is verified like a deploy: by as much, for as long', async () => {
    log = await openLog('sqlite::memory:');
    const inputs: unknown[] = [];
    const services = {
      awaitInstances: async (input: unknown) => void inputs.push(input),
      checkHealth: async (input: unknown) => void inputs.push(input),
    } as unknown as RollbackOptions['services'];
    const settleMs = 12_000;
    const { verify } = production;
    const instances = { ...verify.instances, settleMs };
    const more = { services, production: { ...production, verify: { ...verify, instances } } };
    await (await begin(log, new Place(), new Life(), more)).ended();
    const same = { mayHaveNone: false, timeoutMs: instances.timeoutMs };
    const { endpoints } = verify;
    expect(inputs).toMatchObject([same, { ...same, settleMs, endpoints, commit: '1'.repeat(40) }]);
  });

  it('to what nobody knows the commit of asks no endpoint for it', async () => {
    const revision = { header: 'x-revision' };
    const [one] = production.verify.endpoints;
    const endpoints = [{ ...(one as NonNullable<typeof one>), revision }];
    const verify = { ...production.verify, endpoints, waive: ['no-instances' as const] };
    const checkedWith = async (commit: string | null) => {
      log = await openLog('sqlite::memory:');
      const [place, life] = [new Place(), new Life()];
      const inputs: unknown[] = [];
      const services = {
        awaitInstances: async (input: unknown) => void inputs.push(input),
        checkHealth: async (input: unknown) => void inputs.push(input),
      } as unknown as RollbackOptions['services'];
      const real = place.target(life);
      const target = {
        ...real,
        rollBack: async () => ({
          ...{ kind: 'restored', release: releaseOf(3), artifact: { ...artifactOf(1), commit } },
        }),
      } as unknown as Target;
      const { plan } = await begin(log, place, life);
      const unknown = { ...plan, to: { ...plan.to, commit: null } };
      const more = { services, target, plan: unknown, production: { ...production, verify } };
      const ended = await (await begin(log, place, life, more)).ended();
      return { ended, inputs };
    };
    const unknown = await checkedWith(null);
    expect(unknown.ended).toEqual({ release: releaseOf(3), commit: null });
    expect(unknown.inputs).toMatchObject([
      { mayHaveNone: true, release: releaseOf(3) },
      { commit: '', endpoints: [{ revision: null }], bakeMs: 0 },
    ]);
    await log.close();
    const known = await checkedWith('1'.repeat(40));
    expect(known.inputs[1]).toMatchObject({ commit: '1'.repeat(40), endpoints: [{ revision }] });
  });

  it('that is interrupted before it began leaves nothing in the log', async () => {
    log = await openLog('sqlite::memory:');
    const signal = AbortSignal.abort(new Error('interrupted'));
    const late = await begin(log, new Place(), new Life(), { signal });
    await expect(late.ended()).rejects.toThrow('interrupted');
    expect(await log.head()).toBe(0);
  });

  it('that is interrupted while it takes its lease gives that back: the same command need not wait', async () => {
    log = await openLog('sqlite::memory:');
    const interrupted = new AbortController();
    const { take } = log;
    log.take = async (...asked) => {
      const taken = await take.apply(log, asked);
      interrupted.abort(new Error('interrupted'));
      return taken;
    };
    const late = await begin(log, new Place(), new Life(), { signal: interrupted.signal });
    await expect(late.ended()).rejects.toThrow('interrupted');
    expect(await log.lease(runResource(late.plan.id))).toMatchObject({ released: true });
    expect(await log.head()).toBe(0);
  });

  it('that is interrupted while it looks what runs, gives the lane back', async () => {
    log = await openLog('sqlite::memory:');
    const [place, life] = [new Place(), new Life()];
    const interrupted = new AbortController();
    const target = {
      ...place.target(life),
      observe: async () => {
        interrupted.abort(new Error('interrupted'));
        throw interrupted.signal.reason;
      },
    } as unknown as Target;
    const late = await begin(log, place, life, { target, signal: interrupted.signal });
    await expect(late.ended()).rejects.toThrow('interrupted');
    expect(await types()).toEqual(['lane.joined', 'lock.granted', 'lock.released']);
    expect(await log.lease(laneResource(lane))).toMatchObject({ released: true });
  });
});

type Acquired = RollbackOptions['lock']['acquire'];
