/** What is under way at Heroku before a lane is taken over: waited for, but not for ever. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { herokuTargets } from '../../../src/effects/targets/heroku/target.ts';
import type { Targets } from '../../../src/effects/targets/target.ts';
import { samples } from '../../../src/machine/samples.ts';
import { quiesce, quietOf } from '../../../src/runtime/lock/quiesce.ts';
import type { App } from '../../../src/sandbox/heroku/state.ts';
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
/** Whether it is quiet by itself; a wait that goes on for a while is ended. */
async function isQuiet(of = settings): Promise<boolean> {
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
    await quiesce(quietOf(of, targets), { ...ports, clock, signal: stop.signal });
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
    expect(world.progress.filter((line) => line.includes('it is stuck'))).toHaveLength(1);
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
