/** What is under way at Heroku before a lane is taken over: waited for, but not for ever. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { herokuTargets } from '../../../src/effects/targets/heroku/target.ts';
import type { Targets } from '../../../src/effects/targets/target.ts';
import type { LeftBehind } from '../../../src/machine/left-behind.ts';
import { samples } from '../../../src/machine/samples.ts';
import { quiesce, quietOf } from '../../../src/runtime/lock/quiesce.ts';
import type { App } from '../../../src/sandbox/heroku/state.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { SandboxHeroku } from '../../effects/targets/heroku/sandbox-heroku.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';

const timeoutMs = 3_600_000;
const days = 86_400_000;

let world: SandboxHeroku;
let staging: App;
let production: App;
let canary: App;
let targets: Targets;

beforeEach(async () => {
  // One clock for all: the client's deadlines are held, the waits in between are not.
  world = await SandboxHeroku.start({ clock: createVirtualClock({ holdMs: 6_000 }) });
  staging = world.app('acme-staging');
  production = world.app('acme-production');
  canary = world.app('acme-canary');
  for (const app of [staging, canary, production])
    world.release(app, null, { description: 'Initial release' });
  targets = herokuTargets(world.client());
});
afterEach(() => world.close());

const settings = samples['deploy.requested'].settings;
const withCanary: typeof settings = {
  ...settings,
  canary: { ...settings.production, target: { kind: 'heroku', name: 'acme-canary', settings: {} } },
};
/** Nothing that has no name was asked for. */
const nothing: LeftBehind = { asked: [], unnamed: [] };
/** Whether it is quiet by itself; a wait that goes on for a while is ended. */
async function isQuiet(
  of = settings,
  left: LeftBehind | null = nothing,
  goneForMs?: number,
): Promise<boolean> {
  const asked = () => world.asked.filter((one) => one.endsWith('/builds')).length;
  const ports = world.ports({ clock: world.clock });
  const stop = new AbortController();
  const sleep: typeof ports.clock.sleep = async (ms, signal) => {
    if (asked() > 20) stop.abort(new Error('still waiting'));
    stop.signal.throwIfAborted();
    await ports.clock.sleep(ms, signal);
  };
  const clock = { ...ports.clock, now: ports.clock.now, sleep };
  try {
    await quiesce(quietOf(of, targets, left), { ...ports, clock, signal: stop.signal }, goneForMs);
    return true;
  } catch (error) {
    if (stop.signal.aborted) return false;
    throw error;
  }
}

describe('quiesce', () => {
  it('does not wait for a staging build of three days ago, and says so once', async () => {
    world.build(staging, { createdAt: world.clock.now() - 3 * days });
    expect(await isQuiet()).toBe(true);
    expect(world.progress).toEqual([
      expect.stringMatching(
        /^acme-staging: build \S+ has been pending for (3d|2d23h); it is stuck, and not waited for$/,
      ),
    ]);
  });

  it('waits for one that is not older than twice its time-out', async () => {
    world.build(staging, {
      createdAt: world.clock.now() - 2 * timeoutMs + 600_000,
    });
    expect(await isQuiet()).toBe(false);
  });

  it.each(['build', 'release'] as const)(
    'waits for production’s %s, however old, and tells its age',
    async (kind) => {
      const createdAt = world.clock.now() - 3 * days;
      if (kind === 'build') world.build(production, { createdAt });
      else world.release(production, world.slug('1'.repeat(40)), { status: 'pending', createdAt });
      expect(await isQuiet()).toBe(false);
      expect(world.progress.join('\n')).toMatch(/pending for (3d|2d23h)|\((3d|2d23h)\)/);
    },
  );

  it('names all that is under way at a place, once a look, and fails with that where its time is over', async () => {
    world.build(production, { createdAt: world.clock.now() - days });
    const slug = world.slug('1'.repeat(40));
    const createdAt = world.clock.now() - 60_000;
    world.release(production, slug, { status: 'pending', createdAt });
    const ports = { ...world.ports({ clock: world.clock }), clock: world.clock };
    const from = ports.clock.ran();
    const deadlineMs = from + 12_000;
    const quiet = quietOf(settings, targets, nothing);
    const error = await toldFailureOf(quiesce(quiet, { ...ports, deadlineMs }));
    expect(error).toMatchObject({
      code: 'E_RELEASE_UNDER_WAY',
      details: { target: 'acme-production' },
    });
    expect(ports.clock.ran() - from).toBe(15_000);
    const named =
      /^acme-production still has under way: build \S+ \(\w+\), release v2 \(\w+\); waiting$/;
    expect(world.progress).toEqual([1, 2, 3].map(() => expect.stringMatching(named)));
  });

  it('waits for a canary’s, however old, like production’s: what is released late stays', async () => {
    world.build(canary, { createdAt: world.clock.now() - 3 * days });
    expect(await isQuiet()).toBe(true);
    expect(await isQuiet(withCanary)).toBe(false);
    expect(world.progress.join('\n')).toContain('acme-canary still has under way');
  });

  it('where a canary stands in staging’s place, waits for that, and for no staging', async () => {
    world.build(staging);
    expect(await isQuiet({ ...withCanary, staging: null })).toBe(true);
    world.build(canary);
    expect(await isQuiet({ ...withCanary, staging: null })).toBe(false);
  });
});

describe('what the holder before had asked for', () => {
  /** Of production, whose name the target is given. */
  const asked = (kind: string, id: string, release: string | null = null): LeftBehind => ({
    asked: [{ target: settings.production.target, work: { kind, id }, release }],
    unnamed: [],
  });
  const slug = () => world.slug('1'.repeat(40));
  const pending = () => world.release(production, slug(), { status: 'pending' }).id;
  const begin = {
    promotion: () => {
      world.timing = { promotionMs: Number.POSITIVE_INFINITY };
      const source = { app: staging, release: world.release(staging, slug()) };
      return world.heroku.pipeline.promote(source, [production]).id;
    },
    release: pending,
    build: () => world.build(production, { status: 'succeeded', release: pending() }).id,
  } as const;

  it.each(['promotion', 'release', 'build'] as const)(
    'is waited for by its id, though no list shows it yet: a %s',
    async (kind) => {
      const id = begin[kind]();
      const behind = (releases: readonly { version: number }[]) =>
        releases.filter(({ version }) => version === 1);
      world.lies.set('GET /apps/acme-production/releases', behind as never);
      expect(await isQuiet(settings, asked(kind, id))).toBe(false);
      expect(world.progress.join('\n')).toContain('acme-production still has under way');
    },
  );

  it('is over once its release is there: the lane is free at once', async () => {
    const { id } = world.release(production, world.slug('1'.repeat(40)));
    expect(await isQuiet(settings, asked('promotion', 'nobody asks for it', id))).toBe(true);
    expect(world.progress).toEqual([]);
  });

  const mayHave = (place: string) =>
    new RegExp(
      `^${place} may have been asked for something just now, which does not show yet; waiting$`,
    );
  const unnamed: LeftBehind = { asked: [], unnamed: [settings.production.target] };
  it.each([
    [
      'which the vendor does not know',
      asked('promotion', 'unknown'),
      /^acme-production still has under way: promotion unknown \(\w+\); waiting$/,
    ],
    ['that no event names', unnamed, mayHave('acme-production')],
    ['of which nothing is known', null, mayHave('acme-staging')],
  ])('has half a minute to show itself: something %s', async (_, left, line) => {
    const from = world.clock.ran();
    expect(await isQuiet(settings, left)).toBe(true);
    expect(world.clock.ran() - from).toBeGreaterThanOrEqual(30_000);
    expect(world.progress.length).toBeGreaterThan(0);
    for (const one of world.progress) expect(one).toMatch(line);
  });

  it('has only what is left of it, where its holder has been gone for some of it: waits that are cut short come to an end', async () => {
    const from = world.clock.ran();
    expect(await isQuiet(settings, null, 20_000)).toBe(true);
    const waited = world.clock.ran() - from;
    expect(waited).toBeGreaterThanOrEqual(10_000);
    expect(waited).toBeLessThan(20_000);
    expect(await isQuiet(settings, null, 60_000)).toBe(true);
    expect(world.clock.ran() - from).toBe(waited);
  });

  it('shows within that: it is waited for', async () => {
    const stop = world.clock.now() + 20_000;
    world.onAsked = () => {
      if (world.clock.now() < stop || production.builds.length > 0) return;
      world.build(production);
    };
    expect(await isQuiet(settings, null)).toBe(false);
  });

  it('elsewhere, at a place that this lane does not write to, is not waited for', async () => {
    const left = { asked: [], unnamed: [{ ...settings.production.target, name: 'acme-other' }] };
    expect(await isQuiet(settings, left)).toBe(true);
    expect(world.progress).toEqual([]);
  });

  it('was nothing, and nothing more is asked for than the lists', async () => {
    expect(await isQuiet()).toBe(true);
    expect(world.asked).toEqual(
      ['acme-staging', 'acme-production'].flatMap((app) => [
        `GET /apps/${app}/builds`,
        `GET /apps/${app}/releases`,
      ]),
    );
  });
});
