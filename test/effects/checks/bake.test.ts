/** A bake: how long it lasts, what ends it early, and what it lets pass. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bake, restartsMax } from '../../../src/effects/checks/bake.ts';
import type { App, Dyno, Release } from '../../../src/sandbox/heroku/state.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';
import { type AnsweringServer, type Reply, startAnsweringServer } from '../answering-server.ts';
import { toldFailureOf } from '../lockstep-error.ts';
import { dyno as dynoOf } from '../targets/heroku/hand-set.ts';
import { SandboxHeroku } from '../targets/heroku/sandbox-heroku.ts';

const commit = 'a'.repeat(40);
/** Short: with rounds a second apart, there are few of them. */
const bakeMs = 10_000;
/** How long an instance may be gone. */
const timeoutMs = 3_000;
const endpointTimeoutMs = 4_000;

let time: VirtualTime;
let world: SandboxHeroku;
let app: App;
let release: Release;
let slug: string;
let site: AnsweringServer;
let answerAt: (ms: number) => Reply;
let startedAt: number;
const askedAt: number[] = [];

beforeEach(async () => {
  time = new VirtualTime(Date.parse('2026-01-05T10:00:00Z'));
  world = await SandboxHeroku.start({ clock: time.clock });
  app = world.app('acme', { formation: [{ type: 'web', quantity: 2 }] });
  world.release(app, world.slug('b'.repeat(40)));
  slug = world.slug(commit);
  release = world.release(app, slug);
  app.dynos = [dyno('web.1'), dyno('web.2')];
  answerAt = () => ({ status: 200 });
  startedAt = time.now();
  askedAt.length = 0;
  site = await startAnsweringServer(() => {
    askedAt.push(now());
    return answerAt(now());
  });
});
afterEach(async () => {
  await site.close();
  await world.close();
});

const now = (): number => time.now() - startedAt;

const dyno = (name: string, over: Partial<Dyno> = {}): Dyno => dynoOf(app, name, 2, over);

/** What the app's dynos are whenever they are asked for. */
function dynosAre(dynos: () => Dyno[]): void {
  world.onAsked = (request) => {
    if (request === 'GET /apps/acme/dynos') app.dynos = dynos();
  };
}

/** What the app's second dyno is at each time, in milliseconds from the start of the bake. */
function secondDynoAt(at: (ms: number) => Partial<Dyno>): void {
  dynosAre(() => [dyno('web.1'), dyno('web.2', at(now()))]);
}

/** At this time a person does so; its dynos stay as they are, as a list that lags shows them. */
function at(ms: number, act: () => void): void {
  let isDone = false;
  secondDynoAt((later) => {
    if (later >= ms && !isDone) {
      isDone = true;
      act();
    }
    return {};
  });
}

function begin(ms = bakeMs, endpoints = 1): ReturnType<typeof bake> {
  return bake(
    world.target('acme'),
    {
      release: { id: release.id, version: 'v2' },
      artifact: { kind: 'slug', id: slug, digest: null, commit },
      commit,
      timeoutMs,
      bakeMs: ms,
      mayHaveNone: false,
      endpoints: Array.from({ length: endpoints }, (_, i) => ({
        url: `${site.url}/${i}`,
        status: 200,
        timeoutMs: endpointTimeoutMs,
        successes: 3,
        body: null,
        header: null,
        revision: null,
      })),
    },
    world.ports({ clock: time.clock, during: (call) => time.during(call) }),
  );
}

/** To its end, under a time that stands still while a request is under way. */
async function baked(...how: Parameters<typeof begin>): ReturnType<typeof bake> {
  let isOver = false;
  const work = begin(...how).finally(() => {
    isOver = true;
  });
  work.catch(() => {});
  await time.runUntil(() => isOver, Number.POSITIVE_INFINITY);
  return work;
}

/** All its lines, in order, without those of single requests. */
const told = (): string[] => world.progress.filter((line) => line.startsWith('acme: '));

describe('a bake in which all holds', () => {
  it('says what was looked at, for how long and how often', async () => {
    expect(await baked()).toEqual({
      kind: 'baked',
      release: { id: release.id, version: 'v2' },
      instances: [
        { name: 'web.1', version: 'v2' },
        { name: 'web.2', version: 'v2' },
      ],
      bakedMs: bakeMs,
      // The first is at once, the last at the end.
      rounds: 11,
      restarts: 0,
      endpoints: [{ url: `${site.url}/0`, status: 200, attempts: 1, revision: null }],
    });
    expect(askedAt).toEqual(Array.from({ length: 11 }, (_, round) => round * 1_000));
  });

  it.each([1, 999, 1_000, 90_000])('lasts as long as it says: %d ms', async (ms) => {
    const { bakedMs, rounds } = await baked(ms, 0);
    expect(bakedMs).toBe(ms);
    expect(now()).toBe(ms);
    expect(rounds).toBeGreaterThan(1);
  });

  it('is looked at forty times; a long one twice a minute', async () => {
    expect(await baked(120_000, 0)).toMatchObject({ rounds: 41 });
    expect(await baked(40 * 60_000, 0)).toMatchObject({ rounds: 81 });
  });

  it('begun anew, lasts for the whole time: nobody looked meanwhile', async () => {
    begin().catch(() => {});
    await time.runUntil(() => now() >= 4_000, Number.POSITIVE_INFINITY);
    world.stop.abort(new Error('the run was killed'));
    await time.runUntil(() => false, time.now());
    Object.defineProperty(world, 'stop', { value: new AbortController() });
    const from = now();
    expect(await baked()).toMatchObject({ bakedMs: bakeMs });
    expect(now() - from).toBe(bakeMs);
  });

  it('says at its start what it does, and once a minute how much is left', async () => {
    await baked(150_000, 0);
    expect(told()).toEqual([
      'acme: v2 bakes for 2m30s',
      'acme: 1m30s to bake; checked 17 times',
      'acme: 30s to bake; checked 33 times',
    ]);
  });

  it('says nothing of what is left while it waits for an instance past its end', async () => {
    const ms = 58_000;
    secondDynoAt((at) => {
      if (at < ms) return {};
      return { id: 'second', state: at < 60_500 ? 'starting' : 'up' };
    });
    expect(await baked(ms, 0)).toMatchObject({ bakedMs: 61_000 });
    expect(told()).toEqual([
      'acme: v2 bakes for 58s',
      'acme: not all up any more (web: 1 of 2 (web.2 starting on v2))',
    ]);
  });
});

describe('an endpoint', () => {
  it('that goes bad after 30% of the bake ends it, after its own time-out', async () => {
    answerAt = (ms) => ({ status: ms < 0.3 * bakeMs ? 200 : 500 });
    const error = await toldFailureOf(baked());
    expect(error.code).toBe('E_ENDPOINT');
    expect(error.message).toContain('status 500, not 200');
    expect(now()).toBe(0.3 * bakeMs + endpointTimeoutMs);
  });

  it('that is wrong for less than its time-out ends nothing, and has its attempts on record', async () => {
    answerAt = (ms) => ({ status: ms >= bakeMs && ms < bakeMs + 3_000 ? 503 : 200 });
    const { endpoints } = await baked();
    expect(endpoints).toMatchObject([{ status: 200, attempts: 3 }]);
    expect(world.progress.join('\n')).toContain('status 503, not 200; asking again');
  });

  it('that takes it past its end has the instances looked at once more: the last look is not before it', async () => {
    answerAt = (ms) => ({ status: ms >= bakeMs - 1_000 && ms < bakeMs + 500 ? 503 : 200 });
    expect((await baked()).bakedMs).toBeGreaterThanOrEqual(bakeMs);
  });

  it('is asked again when the time is over, not only before', async () => {
    answerAt = (ms) => ({ status: ms < bakeMs ? 200 : 500 });
    expect((await toldFailureOf(baked())).code).toBe('E_ENDPOINT');
  });

  it('is one of several, all of which have to answer right', async () => {
    expect((await baked(5_000, 3)).endpoints.map(({ url }) => url.slice(-2))).toEqual([
      '/0',
      '/1',
      '/2',
    ]);
  });
});

describe('an instance', () => {
  it.each([
    ['gone', 'down'],
    ['starting', 'starting'],
  ] as const)('that restarts, %s for less than its time-out, ends nothing', async (_, state) => {
    secondDynoAt((ms) => {
      if (ms < 3_000) return { id: 'first' };
      return { id: 'second', state: ms < 5_000 ? state : 'up' };
    });
    expect(await baked()).toMatchObject({ bakedMs: bakeMs, restarts: 1 });
    expect(told()).toContainEqual(expect.stringMatching(/not all up any more/));
  });

  it('that restarts between two looks is counted', async () => {
    secondDynoAt((ms) => ({ id: ms < 3_000 ? 'first' : 'second' }));
    expect(await baked()).toMatchObject({ restarts: 1 });
  });

  it('that restarts again and again ends it: E_INSTANCES_UNSTEADY, at the fourth restart', async () => {
    // Up again at each look, in another life.
    secondDynoAt((ms) => ({ id: `life ${Math.floor(ms / 2_000)}` }));
    const error = await toldFailureOf(baked());
    expect(error.code).toBe('E_INSTANCES_UNSTEADY');
    expect(error.message).toContain('web.2 restarted 4 times while it was to bake for 10s');
    expect(error.details).toEqual({
      ...{ target: 'acme', version: 'v2', instance: 'web.2' },
      ...{ restarts: 4, most: 3 },
    });
    expect(now()).toBe(8_000);
  });

  it('that is replaced under a new name again and again ends it, too', async () => {
    secondDynoAt((ms) => {
      const name = `web-${Math.floor(ms / 2_000)}`;
      return { name, id: name };
    });
    expect((await toldFailureOf(baked())).code).toBe('E_INSTANCES_UNSTEADY');
    expect(now()).toBe(8_000);
  });

  it('may restart three times, each; for every further day three times more', async () => {
    const lives = (ms: number) => Math.min(3, Math.floor(ms / 2_000));
    const both = () =>
      ['web.1', 'web.2'].map((name) => dyno(name, { id: `${name} ${lives(now())}` }));
    dynosAre(both);
    expect(await baked()).toMatchObject({ restarts: 3 });
    const day = 86_400_000;
    expect([1, day, day + 1, 3 * day].map(restartsMax)).toEqual([3, 3, 6, 9]);
  });

  it('that is not up again in time ends it: E_INSTANCES_TIMEOUT, after that time', async () => {
    secondDynoAt((ms) => (ms < 3_000 ? {} : { id: 'second', state: 'starting' }));
    const error = await toldFailureOf(baked());
    expect(error.code).toBe('E_INSTANCES_TIMEOUT');
    expect(now()).toBe(3_000 + timeoutMs);
  });

  it('that is gone at the end is waited for, no longer than it may take', async () => {
    const backMs = bakeMs + 1_000;
    secondDynoAt((ms) =>
      ms < bakeMs - 1_000 ? {} : { id: 'second', state: ms < backMs ? 'starting' : 'up' },
    );
    expect((await baked()).bakedMs).toBeGreaterThanOrEqual(backMs);
    startedAt = time.now();
    secondDynoAt((ms) => (ms < bakeMs - 1_000 ? {} : { id: 'third', state: 'starting' }));
    expect((await toldFailureOf(baked())).code).toBe('E_INSTANCES_TIMEOUT');
  });

  it('that crashes ends it at once: E_INSTANCE_CRASHED', async () => {
    secondDynoAt((ms) => ({ state: ms < 3_000 ? 'up' : 'crashed' }));
    expect((await toldFailureOf(baked())).code).toBe('E_INSTANCE_CRASHED');
    expect(now()).toBe(3_000);
  });
});

it('how many instances are wanted is read at each look', async () => {
  world.onAsked = (request) => {
    if (request !== 'GET /apps/acme/formation') return;
    app.formation = [{ type: 'web', quantity: now() < 3_000 ? 2 : 3 }];
  };
  expect((await toldFailureOf(baked(bakeMs, 0))).code).toBe('E_INSTANCES_TIMEOUT');
  expect(now()).toBe(3_000 + timeoutMs);
});

describe('what runs', () => {
  it.each([
    ['somebody else’s deploy', () => world.release(app, world.slug('c'.repeat(40)))],
    [
      'a rollback to the very same code',
      () => world.release(app, slug, { description: 'Rollback to v2' }),
    ],
  ])('is other code by then: %s ends it with E_RELEASE_NOT_CURRENT', async (_, act) => {
    at(3_000, act);
    expect((await toldFailureOf(baked(bakeMs, 0))).code).toBe('E_RELEASE_NOT_CURRENT');
    expect(now()).toBe(3_000);
  });

  it('is looked at once the endpoints have answered, at the very end too', async () => {
    let isReleased = false;
    answerAt = (ms) => {
      if (ms >= bakeMs && !isReleased) {
        isReleased = true;
        world.release(app, world.slug('c'.repeat(40)));
      }
      return { status: 200 };
    };
    dynosAre(() => [dyno('web.1'), dyno('web.2')]);
    expect((await toldFailureOf(baked())).code).toBe('E_RELEASE_NOT_CURRENT');
    expect(now()).toBe(bakeMs);
  });

  it('is the same code under another configuration: it goes on', async () => {
    at(3_000, () => world.release(app, slug, { description: 'Set FOO config vars' }));
    expect(await baked(bakeMs, 0)).toMatchObject({ bakedMs: bakeMs });
  });
});
