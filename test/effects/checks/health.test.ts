/** Health: for how long all dynos stay up, what the endpoints say meanwhile and at the end, and what runs then. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkHealth } from '../../../src/effects/checks/health.ts';
import { awaitInstances, type SeenUp } from '../../../src/effects/checks/instances.ts';
import type { Target } from '../../../src/effects/targets/target.ts';
import type { App, Dyno, Release } from '../../../src/sandbox/heroku/state.ts';
import { fc } from '../../fast-check.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';
import {
  type AnsweringServer,
  type Asked,
  type Reply,
  startAnsweringServer,
} from '../answering-server.ts';
import { failureOf, toldFailureOf } from '../lockstep-error.ts';
import { dyno as dynoOf } from '../targets/heroku/hand-set.ts';
import { SandboxHeroku } from '../targets/heroku/sandbox-heroku.ts';

const commit = 'a'.repeat(40);

let time: VirtualTime;
let world: SandboxHeroku;
let app: App;
let release: Release;
let slug: string;
let old: string;
let site: AnsweringServer;
let answer: (asked: Asked) => Reply;
let startedAt: number;
const askedAt: number[] = [];
/** What changes at Heroku right before it is asked this. */
const changes = new Map<string, () => void>();

beforeEach(async () => {
  time = new VirtualTime(Date.parse('2026-01-05T10:00:00Z'));
  world = await SandboxHeroku.start({ clock: time.clock });
  app = world.app('acme', { formation: [{ type: 'worker', quantity: 2 }] });
  old = world.slug('b'.repeat(40));
  world.release(app, old);
  slug = world.slug(commit);
  release = world.release(app, slug);
  app.dynos = [dyno('worker.1'), dyno('worker.2')];
  answer = () => ({ status: 200, body: 'ok' });
  changes.clear();
  world.onAsked = (request) => changes.get(request)?.();
  askedAt.length = 0;
  startedAt = world.clock.now();
  site = await startAnsweringServer((asked) => {
    askedAt.push(now());
    return answer(asked);
  });
});
afterEach(async () => {
  await site.close();
  await world.close();
});

const now = (): number => world.clock.now() - startedAt;

const dyno = (name: string, over: Partial<Dyno> = {}): Dyno => dynoOf(app, name, 2, over);

interface Options {
  readonly settleMs?: number;
  readonly timeoutMs?: number;
  readonly endpoints?: number;
  readonly successes?: number;
  readonly seenUp?: SeenUp | null;
  readonly target?: Target;
}

const check = (options: Options) => inTime(begin(options));

/** Under a time that stands still while a request is under way. */
async function inTime<T>(doing: Promise<T>): Promise<T> {
  let over = false;
  const done = doing.finally(() => {
    over = true;
  });
  done.catch(() => {});
  await time.runUntil(() => over, Number.POSITIVE_INFINITY);
  return done;
}

const timedPorts = () => world.ports({ clock: time.clock, during: (call) => time.during(call) });

const released = () => ({
  release: { id: release.id, version: `v${release.version}` },
  artifact: { kind: 'slug', id: slug, digest: null, commit },
});

/** Waits for the instances. @returns the look that ended the wait; null: none did in time */
async function waited(timeoutMs: number): Promise<SeenUp | null> {
  let seen: SeenUp | null = null;
  const input = { ...released(), timeoutMs, mayHaveNone: false };
  const told = (up: SeenUp) => (seen = up);
  const up = awaitInstances(world.target('acme'), input, timedPorts(), Promise.resolve(null), told);
  await inTime(up).catch(() => {});
  return seen;
}

const pass = (ms: number) => inTime(time.clock.sleep(ms, new AbortController().signal));

function begin({
  settleMs = 10_000,
  timeoutMs = 60_000,
  endpoints = 0,
  successes = 1,
  seenUp = null,
  target = world.target('acme'),
}: Options) {
  return checkHealth(
    target,
    {
      ...released(),
      commit,
      timeoutMs,
      settleMs,
      bakeMs: 0,
      mayHaveNone: false,
      endpoints: Array.from({ length: endpoints }, (_, i) => ({
        url: `${site.url}/${i}`,
        status: 200,
        timeoutMs: 30_000,
        successes,
        body: null,
        header: null,
        revision: null,
      })),
    },
    timedPorts(),
    seenUp,
  );
}

/** What the app's dynos are at each time, in milliseconds from the start of the check. */
function dynosAt(at: (ms: number) => Dyno[]): void {
  changes.set('GET /apps/acme/dynos', () => {
    app.dynos = at(now());
  });
}

function formationAt(quantity: (ms: number) => number): void {
  changes.set('GET /apps/acme/formation', () => {
    app.formation = [{ type: 'worker', quantity: quantity(now()) }];
  });
}

describe('checkHealth', () => {
  it('all dynos stay up for the stretch: what is said of it', async () => {
    const verified = await check({});
    expect(verified).toEqual({
      kind: 'verified',
      release: { id: release.id, version: 'v2' },
      instances: [
        { name: 'worker.1', version: 'v2' },
        { name: 'worker.2', version: 'v2' },
      ],
      steadyMs: 10_000,
      restarts: 0,
      endpoints: [],
      waitedMs: 10_000,
    });
  });

  it.each([0, 1, 700, 10_000, 3_600_000])('takes as long as it is set: %d ms', async (settleMs) => {
    expect(await check({ settleMs })).toMatchObject({ steadyMs: settleMs, waitedMs: settleMs });
  });

  it('a worker that crashes three seconds after it was up is a failure: E_INSTANCE_CRASHED', async () => {
    dynosAt((ms) => [dyno('worker.1', { state: ms < 3_000 ? 'up' : 'crashed' }), dyno('worker.2')]);
    const error = await toldFailureOf(check({}));
    expect(error.code).toBe('E_INSTANCE_CRASHED');
    expect(error.message).toBe('acme: worker.1 crashed on v2');
  });

  it('looks every ten seconds at least, however long the stretch is', async () => {
    dynosAt((ms) => [
      dyno('worker.1', { state: ms < 600_000 ? 'up' : 'crashed' }),
      dyno('worker.2'),
    ]);
    const error = await failureOf(check({ settleMs: 3_600_000 }));
    expect(error.code).toBe('E_INSTANCE_CRASHED');
    expect(now()).toBeLessThanOrEqual(610_000);
  });

  it.each([
    ['is seen starting', 'starting'],
    ['is seen gone', 'down'],
  ] as const)('a restart that %s begins the stretch again', async (_, state) => {
    const stateAt = (ms: number) => (ms < 6_000 || ms >= 9_000 ? 'up' : state);
    dynosAt((ms) => [
      dyno('worker.1', { state: stateAt(ms), id: ms < 6_000 ? 'first' : 'second' }),
      dyno('worker.2'),
    ]);
    const { steadyMs, restarts, waitedMs } = await check({});
    expect(steadyMs).toBeGreaterThanOrEqual(10_000);
    expect(waitedMs).toBeGreaterThanOrEqual(19_000);
    expect(restarts).toBe(1);
    expect(world.progress.join()).toContain('begin again');
  });

  it.each([
    ['another id', { id: 'second' }],
    ['another time', { updatedAt: Date.parse('2026-01-05T10:00:07Z') }],
  ])('a restart between two looks is known by %s', async (_, after) => {
    dynosAt((ms) => [dyno('worker.1', ms < 5_000 ? {} : after), dyno('worker.2')]);
    const { restarts, waitedMs } = await check({});
    expect(restarts).toBe(1);
    expect(waitedMs).toBeGreaterThanOrEqual(15_000);
  });

  it('a restart at the very end of the stretch begins it again', async () => {
    dynosAt((ms) => [dyno('worker.1', { id: ms < 10_000 ? 'first' : 'second' }), dyno('worker.2')]);
    const { restarts, waitedMs } = await check({ endpoints: 1 });
    expect(restarts).toBe(1);
    expect(waitedMs).toBeGreaterThanOrEqual(20_000);
    expect(askedAt.at(-1)).toBeGreaterThanOrEqual(20_000);
  });

  it.each([
    ['as short as can be', 0, 2],
    ['of ten seconds', 10_000, 4],
  ])(
    'looks once at its beginning and once at its end, at a stretch %s',
    async (_, settleMs, looks) => {
      await check({ settleMs, endpoints: 1 });
      expect(world.asked.filter((one) => one === 'GET /apps/acme/dynos')).toHaveLength(looks);
    },
  );

  it('dynos that never stay up end it: E_INSTANCES_UNSTEADY', async () => {
    dynosAt((ms) => [dyno('worker.1', { id: `life ${Math.floor(ms / 4_000)}` }), dyno('worker.2')]);
    const error = await toldFailureOf(check({ timeoutMs: 60_000 }));
    expect(error.code).toBe('E_INSTANCES_UNSTEADY');
    expect(error.message).toContain('did not stay up on v2 for 10s on end');
    expect(now()).toBeLessThanOrEqual(71_000);
  });

  it('one-off dynos and release dynos may come, go and crash', async () => {
    dynosAt((ms) => [
      dyno('worker.1'),
      dyno('worker.2'),
      dyno('run.1', { id: `run ${ms}`, state: ms > 4_000 ? 'crashed' : 'up' }),
      dyno('release.2', { state: 'crashed' }),
    ]);
    expect(await check({})).toMatchObject({ restarts: 0, waitedMs: 10_000 });
  });

  it('scaled down amid the stretch, those that are left stayed up', async () => {
    formationAt((ms) => (ms > 4_000 ? 1 : 2));
    dynosAt((ms) => {
      return ms > 4_000 ? [dyno('worker.1')] : [dyno('worker.1'), dyno('worker.2')];
    });
    expect(await check({})).toMatchObject({ waitedMs: 10_000, instances: [{ name: 'worker.1' }] });
  });

  it('how many dynos are wanted is read at each look', async () => {
    const asked = { formation: 0, dynos: 0 };
    for (const what of ['formation', 'dynos'] as const) {
      changes.set(`GET /apps/acme/${what}`, () => {
        asked[what] += 1;
      });
    }
    await check({ settleMs: 9_000 });
    expect(asked.dynos).toBeGreaterThan(2);
    expect(asked.formation).toBe(asked.dynos);
  });

  it('goes on from the look that ended the wait for them, which is asked for once', async () => {
    const seenUp = await waited(60_000);
    await pass(500);
    const looks = () => world.asked.filter((one) => one === 'GET /apps/acme/dynos').length;
    expect(looks()).toBe(1);
    expect(await check({ settleMs: 1_500, seenUp })).toMatchObject({
      steadyMs: 1_500,
      waitedMs: 1_000,
    });
    expect(looks()).toBe(2);
  });

  it('is waited for with those that are wanted by then', async () => {
    app.dynos = [dyno('worker.1')];
    formationAt((ms) => (ms < 15_000 ? 2 : 1));
    expect((await waited(60_000))?.look.up).toHaveLength(1);
  });

  it('goes on from when that look was, and not from when the wait for them began', async () => {
    dynosAt((ms) => [dyno('worker.1', { state: ms < 900 ? 'starting' : 'up' }), dyno('worker.2')]);
    const seenUp = await waited(60_000);
    await check({ settleMs: 1_500, seenUp });
    expect(now()).toBeGreaterThanOrEqual(900 + 1_500);
  });

  it('a look of long ago is none: nobody looked meanwhile', async () => {
    const seenUp = await waited(60_000);
    await pass(5_000);
    expect(await check({ seenUp })).toMatchObject({ steadyMs: 10_000, waitedMs: 10_000 });
  });

  it('a restart right after the look that ended the wait begins the stretch again', async () => {
    dynosAt((ms) => [dyno('worker.1', { id: ms < 200 ? 'first' : 'second' }), dyno('worker.2')]);
    const seenUp = await waited(60_000);
    await pass(500);
    const { restarts, steadyMs } = await check({ settleMs: 1_500, seenUp });
    expect(restarts).toBe(1);
    expect(steadyMs).toBeGreaterThanOrEqual(1_500);
  });

  it('scaled up since it was known how many are wanted, the new dyno has to stay up as long', async () => {
    formationAt((ms) => (ms > 100 ? 3 : 2));
    dynosAt((ms) => [
      ...[dyno('worker.1', { state: ms > 200 ? 'up' : 'starting' }), dyno('worker.2')],
      ...(ms > 100 ? [dyno('worker.3', { state: ms > 2_000 ? 'up' : 'starting' })] : []),
    ]);
    const seenUp = await waited(60_000);
    const { instances } = await check({ settleMs: 5_000, seenUp });
    expect(instances).toHaveLength(3);
    expect(now()).toBeGreaterThanOrEqual(7_000);
  });

  it('scaled up, the new dyno has to stay up as long', async () => {
    formationAt((ms) => (ms > 4_000 ? 3 : 2));
    dynosAt((ms) => {
      return ['worker.1', 'worker.2', ...(ms > 4_000 ? ['worker.3'] : [])].map((name) =>
        dyno(name),
      );
    });
    const { waitedMs, instances } = await check({});
    expect(waitedMs).toBeGreaterThanOrEqual(14_000);
    expect(instances).toHaveLength(3);
  });
});

it('a check that is stopped ends with why, whatever it was shown last', async () => {
  const lost = new Error('the lane is lost');
  const look = async () => {
    world.stop.abort(lost);
    throw new Error('it crashed');
  };
  const target = Object.assign(Object.create(world.target('acme')), { watch: () => ({ look }) });
  await expect(check({ target })).rejects.toBe(lost);
});

describe('the endpoints', () => {
  it('are asked inside the stretch and once more at its end: it costs no more', async () => {
    const { endpoints, waitedMs } = await check({ endpoints: 2, successes: 3 });
    expect(endpoints).toHaveLength(2);
    expect(waitedMs).toBe(10_000);
    expect(askedAt.filter((ms) => ms < 10_000)).toHaveLength(6);
    expect(askedAt.filter((ms) => ms >= 10_000)).toHaveLength(2);
  });

  it('that take longer than the stretch are all that it costs', async () => {
    answer = () => (now() < 17_000 ? { status: 503 } : { status: 200 });
    const { waitedMs } = await check({ endpoints: 1 });
    expect(waitedMs).toBeGreaterThanOrEqual(17_000);
    expect(waitedMs).toBeLessThan(20_000);
  });

  it('that take long take nothing of the time in which an instance may be up again', async () => {
    answer = () => ({ status: now() < 17_000 ? 503 : 200 });
    dynosAt((ms) => [dyno('worker.1', { id: ms < 15_000 ? 'first' : 'second' }), dyno('worker.2')]);
    const times = { settleMs: 5_000, timeoutMs: 5_000 };
    expect(await check({ ...times, endpoints: 1 })).toMatchObject({ restarts: 1 });
  });

  it('right at first and wrong at the end are a failure: E_ENDPOINT', async () => {
    answer = () => (now() < 9_000 ? { status: 200 } : { status: 500 });
    const error = await toldFailureOf(check({ endpoints: 1 }));
    expect(error.code).toBe('E_ENDPOINT');
    expect(error.message).toContain('status 500');
  });

  it('are asked at the end before the last look at the instances', async () => {
    let id = 'first';
    answer = () => {
      if (now() >= 10_000) id = 'second';
      return { status: 200 };
    };
    dynosAt(() => [dyno('worker.1', { id }), dyno('worker.2')]);
    expect(await check({ endpoints: 1 })).toMatchObject({ restarts: 1 });
  });

  it('are waited for no longer once a dyno has crashed', async () => {
    answer = () => ({ status: 503 });
    dynosAt((ms) => [dyno('worker.1', { state: ms < 3_000 ? 'up' : 'crashed' }), dyno('worker.2')]);
    expect((await toldFailureOf(check({ endpoints: 1 }))).code).toBe('E_INSTANCE_CRASHED');
    const asked = askedAt.length;
    await pass(20_000);
    expect(askedAt.length).toBe(asked);
  });

  it('are asked again after a restart, at the end of the new stretch', async () => {
    dynosAt((ms) => [dyno('worker.1', { id: ms < 8_000 ? 'first' : 'second' }), dyno('worker.2')]);
    await check({ endpoints: 1 });
    expect(askedAt.at(-1)).toBeGreaterThanOrEqual(18_000);
  });
});

describe('the last look at what runs', () => {
  /** At this time a person does so; the dynos listed stay as they are, as a list that lags shows them. */
  function at(ms: number, act: () => void): void {
    let done = false;
    dynosAt((later) => {
      if (later >= ms && !done) {
        done = true;
        act();
      }
      return [dyno('worker.1'), dyno('worker.2')];
    });
  }

  it('rolled back while the endpoint was wrong, right again after: E_RELEASE_NOT_CURRENT', async () => {
    let rolledBack = false;
    answer = () => (rolledBack ? { status: 200 } : { status: 500 });
    at(6_000, () => {
      rolledBack = true;
      world.release(app, old, { description: 'Rollback to v1' });
    });
    const error = await toldFailureOf(check({ endpoints: 1 }));
    expect(error.code).toBe('E_RELEASE_NOT_CURRENT');
    expect(error.message).toContain('it runs v3 (Rollback to v1');
  });

  it('somebody else’s deploy on top, without any endpoint: E_RELEASE_NOT_CURRENT', async () => {
    at(2_000, () => world.release(app, world.slug('c'.repeat(40)), { description: 'Deploy cccc' }));
    expect((await toldFailureOf(check({}))).code).toBe('E_RELEASE_NOT_CURRENT');
  });

  it('a rollback to the very same code is a decision against it', async () => {
    at(2_000, () => world.release(app, slug, { description: 'Rollback to v2' }));
    expect((await toldFailureOf(check({}))).code).toBe('E_RELEASE_NOT_CURRENT');
  });

  it.each(['Set FOO config vars', 'Attach DATABASE', 'Deploy aaaaaaaa'])(
    'the same code on top is still it: %s',
    async (description) => {
      at(2_000, () => world.release(app, slug, { description }));
      expect(await check({})).toMatchObject({ kind: 'verified' });
    },
  );

  it.each([
    ['Rollback to v1', 'other code'],
    ['Rollback to v2', 'its own code'],
    ['Deploy cccccccc', 'other code'],
  ])('"%s", whose release phase still runs, is a decision against it', async (description, to) => {
    const other = to === 'other code' ? world.slug('c'.repeat(40)) : slug;
    at(2_000, () => world.release(app, other, { description, status: 'pending' }));
    const error = await toldFailureOf(check({}));
    expect(error.code).toBe('E_RELEASE_NOT_CURRENT');
    expect(error.message).toContain(`v3 (${description}) is under way`);
  });

  it('a config change whose release phase still runs is none', async () => {
    const description = 'Set FOO config vars';
    at(2_000, () => world.release(app, slug, { description, status: 'pending' }));
    expect(await check({})).toMatchObject({ kind: 'verified' });
  });

  it('a release on top that failed changes nothing', async () => {
    at(2_000, () => world.release(app, world.slug('c'.repeat(40)), { status: 'failed' }));
    expect(await check({})).toMatchObject({ kind: 'verified' });
  });
});

describe('whatever dynos do', () => {
  it('what is verified stayed up for the stretch, and ends', { timeout: 60_000 }, async () => {
    const life = fc.array(
      fc.record({
        upMs: fc.integer({ min: 1, max: 40_000 }),
        downMs: fc.integer({ min: 0, max: 6_000 }),
      }),
      { maxLength: 4 },
    );
    const drawn = fc.record({
      one: life,
      two: life,
      settleMs: fc.integer({ min: 0, max: 30_000 }),
      /** For so long they were waited for, at most; null: another run did. And so long passed until the check. */
      waitMs: fc.option(fc.integer({ min: 0, max: 20_000 })),
      passMs: fc.integer({ min: 0, max: 3_000 }),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ one, two, settleMs, waitMs, passMs }) => {
        startedAt = world.clock.now();
        dynosAt((ms) => [dyno('worker.1', lifeAt(one, ms)), dyno('worker.2', lifeAt(two, ms))]);
        const seenUp = waitMs === null ? null : await waited(waitMs);
        await pass(passMs);
        const begunAt = now();
        const ended = await check({ settleMs, timeoutMs: 90_000, seenUp }).catch(
          (error: unknown) => error,
        );
        if (ended instanceof Error) {
          expect((ended as { code?: string }).code).toBe('E_INSTANCES_UNSTEADY');
          expect(now() - begunAt).toBeLessThanOrEqual(settleMs + 90_000 + 10_000);
          return;
        }
        for (const life of [one, two]) {
          expect(upSince(life, now()), 'a dyno was not up throughout').toBeLessThanOrEqual(
            now() - settleMs,
          );
        }
      }),
      { numRuns: 60, seed: 20_261_125 },
    );
  });
});

type Life = readonly { upMs: number; downMs: number }[];

function lifeAt(life: Life, ms: number): Partial<Dyno> {
  let from = 0;
  for (const [i, { upMs, downMs }] of life.entries()) {
    if (ms < from + upMs) return { id: `life ${i}`, updatedAt: i * 10_000 };
    from += upMs;
    if (ms < from + downMs)
      return { id: `life ${i + 1}`, state: 'starting', updatedAt: i * 10_000 + 5_000 };
    from += downMs;
  }
  return { id: `life ${life.length}`, updatedAt: life.length * 10_000 };
}

/** Since when a dyno has been up at this time; never when it is not. */
function upSince(life: Life, ms: number): number {
  let from = 0;
  for (const { upMs, downMs } of life) {
    if (ms < from + upMs) return from;
    from += upMs + downMs;
    if (ms < from) return Number.POSITIVE_INFINITY;
  }
  return from;
}
