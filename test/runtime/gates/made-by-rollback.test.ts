/** What a rollback made that nothing tells of, as production’s target says: exactly the way that was ordered, whoever went it. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Decision, Target } from '../../../src/effects/targets/target.ts';
import type { Release } from '../../../src/machine/events.ts';
import { madeByRollback } from '../../../src/runtime/gates/made-by-rollback.ts';
import { createLoopbackPorts } from '../../effects/loopback-ports.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';
import { CommitGraph } from '../../simulation/commit-graph.ts';
import { FolderWorld } from '../../targets/command-world.ts';
import { one, three, two } from '../../targets/fixture.ts';
import { HerokuTargetWorld } from '../../targets/heroku-world.ts';
import type { TargetWorld } from '../../targets/world.ts';

const worlds: readonly [string, () => Promise<TargetWorld>][] = [
  ['heroku', () => HerokuTargetWorld.start('cedar')],
  ['command', async () => new FolderWorld()],
];

let world: TargetWorld;

const production = (): Target => world.open('production');

async function running(): Promise<Release> {
  const seen = (await production().observe(world.ports())).running;
  if (seen === null) throw new Error('nothing runs');
  return seen.release;
}

/** The rollback that Lockstep begins, and of which nobody hears again. */
async function goesBack(way: { from: Release; to: Release }): Promise<void> {
  const input = { ...way, key: 'rollback-1', timeoutMs: 30_000, onMade: () => {} };
  await production()
    .rollBack(input, world.ports())
    .catch(() => null);
}

const configure = () => world.configure('production');

interface Case {
  readonly name: string;
  /** Between the release that is left and the rollback. */
  readonly before?: () => void;
  readonly happens: (way: { from: Release; to: Release }) => Promise<unknown> | unknown;
  /** Whether it runs; null: there is none. */
  readonly made: boolean | null;
}

const cases: readonly Case[] = [
  { name: 'it came to run', happens: goesBack, made: true },
  { name: 'configuration changed before it', before: configure, happens: goesBack, made: true },
  {
    name: 'configuration changed after it',
    async happens(way) {
      await goesBack(way);
      configure();
    },
    made: true,
  },
  { name: 'somebody went the same way', happens: () => world.goBack('production'), made: true },
  {
    name: 'it failed',
    happens(way) {
      world.restoringsTo('production', 'fail');
      return goesBack(way);
    },
    made: false,
  },
  { name: 'nothing was done', happens: () => {}, made: null },
  { name: 'only configuration changed', happens: configure, made: null },
  {
    name: 'somebody released other code since',
    async happens(way) {
      await goesBack(way);
      world.release('production', three);
    },
    made: null,
  },
  {
    name: 'somebody went back from a later release',
    async happens({ to }) {
      world.release('production', three);
      await goesBack({ from: await running(), to });
    },
    made: null,
  },
];

describe.each(worlds)('on %s, what a rollback made is found where', (kind, start) => {
  afterEach(() => world.close());

  it.each(cases)('$name', async ({ before = () => {}, happens, made: wanted }) => {
    world = await start();
    // The stand-in's release that fails is of no code that ever ran: nobody could tell which way it was to go.
    const made = kind === 'command' && wanted === false ? null : wanted;
    world.release('production', one);
    const to = await running();
    world.release('production', two);
    const from = await running();
    before();
    await happens({ from, to });
    const { id, version } = await running();
    const { failed } = await production().observe(world.ports());
    const history = new CommitGraph().history();
    const found = await madeByRollback({ from, to }, production(), history, world.ports());
    if (made === null) return expect(found).toBeNull();
    expect(found?.runs).toBe(made);
    expect(found?.release).toEqual(made ? { id, version } : failed[0]?.release);
  });

  it('the target tells what it runs, and no more', async () => {
    world = await start();
    const mute = { ...production(), isReadable: false } as Target;
    const release = { id: '1', version: 'v1' };
    const history = new CommitGraph().history();
    const way = { from: release, to: release };
    expect(await madeByRollback(way, mute, history, world.ports())).toBeNull();
  });
});

it.each([true, false])(
  'a release of that code that failed was the rollback where it went back: %s',
  async (isRollback) => {
    const at = (n: number): Decision => ({
      release: { id: `release-${n}`, version: `v${n}` },
      artifact: { kind: 'sample', id: `artifact-${n}`, digest: null, commit: n === 1 ? one : two },
      ...{ description: '', by: 'ana', at: '2026-01-05T13:04:00.000Z', isRollback: false },
    });
    const tried = { ...at(1), release: { id: 'release-3', version: 'v3' }, isRollback };
    // Whatever was tried after it hides it from nobody.
    const later = { ...at(1), release: { id: 'release-4', version: 'v4' } };
    const way = { from: at(2).release, to: at(1).release };
    const target = {
      isReadable: true,
      settings: { kind: 'sample', name: 'production', settings: {} },
      observe: async () => ({
        ...{ cursor: '3', running: { ...at(2), named: one }, before: at(1) },
        ...{ failed: [later, tried], pending: null },
      }),
      findRelease: async () => ({ ...at(1), whyNot: null }),
    } as unknown as Target;
    const ports = { ...createLoopbackPorts(), clock: createVirtualClock() };
    const found = await madeByRollback(way, target, new CommitGraph().history(), ports);
    const made = { release: tried.release, commit: one, runs: false };
    expect(found).toEqual(isRollback ? made : null);
  },
);
