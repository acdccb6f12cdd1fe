/** Production's gates, each on its own: order, goings-back and what a person lifted of them, switches, releases under way. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GatesInput } from '../../../src/machine/services.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { fc } from '../../fast-check.ts';
import { ProductionWorld } from './production-world.ts';

let world: ProductionWorld;
beforeEach(async () => {
  world = await ProductionWorld.create();
});
afterEach(() => world.close());

const aSlug = (commit: string | null) => world.heroku.slug(commit);

describe('the gates', () => {
  it('are clear where the commit follows on what production runs', async () => {
    expect(await world.readGates()).toMatchObject({
      kind: 'clear',
      production: { version: 'v2', commit: world.running },
      cursor: '2',
    });
  });

  it.each([
    ['contained', () => world.graph.commit(world.commit), 'contained'],
    ['contained', () => world.commit, 'contained'],
    ['diverged', () => world.graph.commit(world.running), 'diverged'],
    ['diverged', () => world.graph.commit(null), 'diverged'],
  ] as const)('say %s, not the other, of what does not follow on it', async (_, newer, cause) => {
    const commit = newer();
    world.released('Deploy 22222222', aSlug(commit));
    world.verified(commit);
    expect(await world.readGates()).toMatchObject({ kind: 'superseded', cause, verified: true });
  });

  it('say that the lane is stuck where no newer commit was asked for, and not of an old build', async () => {
    const commit = world.graph.commit(null);
    const { id } = world.released('Deploy 22222222', aSlug(commit));
    expect(await world.readGates()).toMatchObject({ stuck: { release: { id }, first: true } });
    const data = { deploy: '503', run: 'run', build: '503' };
    world.tell({
      type: 'lane.joined',
      data: { ...data, commit: world.graph.commit(world.commit) },
    });
    expect(await world.readGates()).toMatchObject({ cause: 'diverged', stuck: null });
  });

  it('a release that no deploy verified is not verified because an earlier one of its commit was', async () => {
    const slug = aSlug(world.commit);
    world.released('Deploy 22222222', slug);
    world.verified(world.commit);
    expect(await world.readGates()).toMatchObject({ cause: 'contained', verified: true });
    world.released('Deploy 22222222', aSlug(world.commit));
    expect(await world.readGates()).toMatchObject({ kind: 'found' });
  });

  it('find it too where somebody only tried to take it back, and failed', async () => {
    world.released('Deploy 22222222', aSlug(world.commit));
    world.released('Rollback to v2', aSlug(world.running), { status: 'failed' });
    expect(await world.readGates()).toMatchObject({ kind: 'found' });
  });

  it.each([
    ['is asked about what the lane shipped there last, while it says what runs', true],
    ['is not asked about what the lane shipped elsewhere', false],
  ])('production %s', async (_, here) => {
    const { shipped } = world.lane;
    if (shipped === null) throw new Error('the lane shipped nothing');
    if (!here) world.lane = { ...world.lane, shipped: { ...shipped, target: 'heroku elsewhere' } };
    world.released('Set FOO config vars', world.current.slug ?? '');
    const asked: string[] = [];
    world.heroku.onAsked = (request) => asked.push(request);
    expect(await world.readGates()).toMatchObject({ kind: 'clear', cursor: '3' });
    // Of the release after it: whether there is one.
    expect(asked.includes('GET /apps/acme-production/releases/3')).toBe(here);
    expect(asked).toContain('GET /apps/acme-production/releases/4');
  });

  it('are not clear where order cannot be told', async () => {
    world.released('Deploy 22222222', aSlug('e'.repeat(40)));
    const { code, details } = await toldFailureOf(world.readGates());
    expect([code, details]).toEqual(['E_ORDER_UNKNOWN', { version: 'v3', commit: 'e'.repeat(40) }]);
  });

  it.each(['abc1234', null])(
    'are not clear where what runs is of a commit that no clone has (%s)',
    async (named) => {
      world.released('Deploy 22222222', aSlug(named));
      const { code, details } = await toldFailureOf(world.readGates());
      expect([code, details]).toEqual(['E_ORDER_UNKNOWN', { version: 'v3', commit: null }]);
    },
  );

  it('find what runs exactly this commit and was never verified, whoever overrides order or not', async () => {
    const { id } = world.released('Deploy 22222222', aSlug(world.commit));
    expect(await world.readGates()).toMatchObject({ kind: 'found', release: { id }, own: false });
    expect(await world.readGates({ overridden: true })).toMatchObject({ kind: 'clear' });
  });
});

describe('switches', () => {
  it('the environment’s is off', async () => {
    world.switchOn = false;
    expect(await world.readGates()).toMatchObject({ kind: 'disabled', switch: 'environment' });
  });

  it('the lane’s is off', async () => {
    world.disable();
    expect(await world.readGates()).toMatchObject({ kind: 'disabled', switch: 'lane' });
  });

  it('are not what `--override` overrides', async () => {
    world.disable();
    expect(await world.readGates({ overridden: true })).toMatchObject({ kind: 'disabled' });
    world.switchOn = false;
    expect(await world.readGates({ overridden: true })).toMatchObject({ switch: 'environment' });
  });
});

/** Ways in which somebody takes production back, each with what it is called. */
const goingsBack = {
  'a rollback': () => world.released('Rollback to v2', aSlug(world.running)),
  'a rollback that failed': () =>
    world.released('Rollback to v2', aSlug(world.running), { status: 'failed' }),
  'older code by another name': () => {
    const older = world.graph.commit(null);
    const younger = world.graph.commit(older);
    world.released('Deploy 33333333', aSlug(younger));
    return world.released('Deploy 44444444', aSlug(older));
  },
  'older code whose release failed': () => {
    const older = world.graph.commit(null);
    const younger = world.graph.commit(older);
    world.released('Deploy 33333333', aSlug(younger));
    return world.released('Deploy 44444444', aSlug(older), { status: 'failed' });
  },
} as const;
type GoingBack = keyof typeof goingsBack;
const kinds = Object.keys(goingsBack) as GoingBack[];

describe('a person’s word', () => {
  // Order is not what is asked here: a commit that follows on nothing would be refused anyway.
  const read = () => world.readGates({ overridden: true });

  it.each(kinds.flatMap((first) => kinds.map((second) => [first, second] as const)))(
    'for %s lifts that one release: after %s production is held again',
    async (first, second) => {
      const before = goingsBack[first]();
      expect(await read()).toMatchObject({
        kind: 'held',
        rollback: { release: { id: before.id } },
      });
      world.lift(before);
      expect(await read()).toMatchObject({ kind: 'clear' });
      const { id } = goingsBack[second]();
      expect(await read()).toMatchObject({ kind: 'held', rollback: { release: { id } } });
    },
  );

  it('for a try that failed lifts the tries before it, too', async () => {
    goingsBack['a rollback that failed']();
    const newest = goingsBack['a rollback that failed']();
    expect(await read()).toMatchObject({ rollback: { release: { id: newest.id } } });
    world.lift(newest);
    expect(await read()).toMatchObject({ kind: 'clear' });
  });

  it('for a try that failed says nothing of what ran by then, which somebody had gone back to', async () => {
    const back = goingsBack['a rollback']();
    const tried = goingsBack['a rollback that failed']();
    expect(await read()).toMatchObject({ rollback: { release: { id: tried.id } } });
    world.lift(tried);
    expect(await read()).toMatchObject({ kind: 'held', rollback: { release: { id: back.id } } });
  });

  it('who ships by hand passes over the one that the gates met, and over none that comes later', async () => {
    const by = (passesOver: GatesInput['passesOver']) =>
      world.readGates({ overridden: true, passesOver });
    const { id } = goingsBack['a rollback']();
    expect(await by('any')).toMatchObject({ kind: 'clear', lifts: { release: { id } } });
    expect(await by({ release: id })).toMatchObject({ kind: 'clear', lifts: { release: { id } } });
    expect(await by({ release: null })).toMatchObject({ kind: 'held' });
    const later = goingsBack['a rollback']();
    expect(await by({ release: id })).toMatchObject({
      kind: 'held',
      rollback: { release: { id: later.id } },
    });
    world.disable();
    expect(await by('any')).toMatchObject({ kind: 'disabled', switch: 'lane' });
    world.turnOff();
    expect(await by('any')).toMatchObject({ kind: 'disabled', switch: 'environment' });
  });

  it('for any others lifts nothing of what runs', async () => {
    const back = goingsBack['a rollback']();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uuid()), fc.boolean(), async (others, also) => {
        const { lane } = world;
        for (const id of others) world.lift({ ...back, id });
        if (also) world.lift(back);
        expect(await read()).toMatchObject({ kind: also ? 'clear' : 'held' });
        world.lane = lane;
      }),
      { numRuns: 20 },
    );
  });
});

describe('a rollback that a person has ordered, and that waits for the lane', () => {
  beforeEach(() => world.order('rollback-1a2b3c4d'));

  it('holds, with who ordered what back and since when', async () => {
    expect(await world.readGates()).toEqual({
      kind: 'held',
      rollback: {
        kind: 'ordered',
        rollback: 'rollback-1a2b3c4d',
        from: { id: world.current.id, version: 'v2' },
        to: { id: 'release-1', version: 'v1' },
        ...{ actor: 'ana', observed: 'ana on ws-7', reason: 'it is mended' },
        at: '2026-01-05T13:04:00.000Z',
      },
    });
  });

  it.each(['any', { release: null }] as const)(
    'holds a deploy by hand, too: it was ordered later (%j)',
    async (passesOver) => {
      expect(await world.readGates({ passesOver })).toMatchObject({ kind: 'held' });
      expect(await world.readGates({ passesOver, overridden: true })).toMatchObject({
        kind: 'held',
      });
    },
  );

  it('holds no more once its run is over, or it has the lane', async () => {
    world.living.clear();
    expect(await world.readGates()).toMatchObject({ kind: 'clear' });
    world.order('rollback-5e6f7a8b');
    expect(await world.readGates()).toMatchObject({ rollback: { rollback: 'rollback-5e6f7a8b' } });
    const data = { deploy: 'rollback-5e6f7a8b', run: 'r', build: 'rollback', commit: '0' };
    world.tell({ type: 'lock.granted', data: { ...data, supersedes: [], takenOver: null } });
    expect(await world.readGates()).toMatchObject({ kind: 'clear' });
  });

  it('gives way in words to what has been taken back already', async () => {
    const back = world.released('Rollback to v1', aSlug(world.running));
    expect(await world.readGates()).toMatchObject({ rollback: { release: { id: back.id } } });
  });
});

describe('a rollback that a person has ordered, that was begun, and whose run is over', () => {
  const at = '2026-01-05T13:04:00.000Z';
  beforeEach(() => world.begin('rollback-1a2b3c4d', { at }));

  it('holds while what it was to take back runs, with who ordered what back and since when', async () => {
    expect(await world.readGates()).toEqual({
      kind: 'held',
      rollback: {
        kind: 'ordered',
        rollback: 'rollback-1a2b3c4d',
        from: { id: world.current.id, version: 'v2' },
        to: { id: 'release-1', version: 'v1' },
        ...{ actor: 'ana', observed: 'ana on ws-7', reason: 'it is mended' },
        at,
        begun: true,
      },
    });
    world.begin('rollback-1a2b3c4d');
    const earlier = await world.readGates();
    expect(earlier).toMatchObject({ kind: 'held', rollback: { begun: true } });
    expect(earlier.kind === 'held' && 'at' in earlier.rollback).toBe(false);
  });

  it.each([
    { passesOver: 'any' as const },
    { passesOver: { release: null }, overridden: true },
    { overridden: true },
  ])('holds a deploy by hand and one out of order, too (%j)', async (over) => {
    expect(await world.readGates(over)).toMatchObject({ kind: 'held' });
  });

  it('holds though the configuration of what it was to take back changed', async () => {
    world.released('Set COLOUR config vars', world.current.slug ?? '');
    expect(await world.readGates()).toMatchObject({ kind: 'held', rollback: { begun: true } });
  });

  it('gives way in words to one that waits by now', async () => {
    world.order('rollback-5e6f7a8b');
    expect(await world.readGates()).toMatchObject({ rollback: { rollback: 'rollback-5e6f7a8b' } });
  });

  it.each<[string, () => void]>([
    ['a person gave it up', () => world.giveUp('rollback-1a2b3c4d')],
    [
      'something else runs by now',
      () => void world.released('Deploy 22222222', aSlug(world.commit)),
    ],
    ['nothing runs any more', () => void world.production.releases.splice(1)],
    ['it was of another production', () => world.begin('rollback-2', { target: 'heroku other' })],
  ])('holds nothing where %s', async (_, happens) => {
    const commit = world.graph.commit(world.commit);
    happens();
    expect(await world.readGates({ commit })).toMatchObject({ kind: 'clear' });
  });
});

describe('a release that no deploy of the lane made', () => {
  it.each([
    ['a configuration', () => world.current.slug ?? '', 'v3'],
    ['other code', () => aSlug(world.graph.commit(world.commit)), 'v4'],
  ])(
    'after %s was released over what the lane shipped, is told of by the code that is left',
    async (_, slug, left) => {
      world.released('Deploy 22222222', aSlug(world.commit));
      world.verified(world.commit);
      world.released('Set FOO config vars', slug());
      world.released('Rollback to v2', world.production.releases[1]?.slug ?? '');
      expect(await world.goingBack()).toMatchObject({ kind: 'rollback', before: left });
    },
  );

  it('of code that the lane shipped elsewhere is told of by what ran here', async () => {
    world.released('Deploy 22222222', aSlug(world.commit));
    world.verified(world.commit);
    const { shipped } = world.lane;
    if (shipped === null) throw new Error('the lane shipped nothing');
    world.lane = { ...world.lane, shipped: { ...shipped, target: 'heroku elsewhere' } };
    world.released('Set FOO config vars', world.current.slug ?? '');
    world.released('Rollback to v2', world.production.releases[1]?.slug ?? '');
    expect(await world.goingBack()).toMatchObject({ before: 'v4' });
  });

  it('an artifact that ran before is older code, though git says that it is neither', async () => {
    const slug = aSlug(world.graph.commit(null));
    world.released('Deploy 33333333', slug);
    world.released('Deploy 44444444', aSlug(world.graph.commit(null)));
    expect(await world.goingBack()).toBeNull();
    world.released('Deploy 33333333', slug);
    expect(await world.goingBack()).toMatchObject({ kind: 'older-artifact' });
  });

  it('what git cannot compare with the code before it holds as well', async () => {
    world.released('Deploy 33333333', aSlug('e'.repeat(40)));
    expect(await world.goingBack()).toMatchObject({ kind: 'unknown' });
  });

  it.each([
    ['older', 'behind'],
    ['newer', undefined],
  ])(
    'is compared with what ran before it though that names its commit by its first digits: %s',
    async (which, kind) => {
      const older = world.graph.commit(null);
      const newer = world.graph.commit(older);
      const [before, now] = which === 'older' ? [newer, older] : [older, newer];
      world.lift(world.released('Deploy 33333333', aSlug(before.slice(0, 8))));
      world.released('Deploy 44444444', aSlug(now));
      expect((await world.goingBack())?.kind).toBe(kind);
    },
  );

  it('is none where its code is newer than what ran before it, though that code ran before, too', async () => {
    const [older, newer] = [world.current.slug ?? '', aSlug(world.commit)];
    world.released('Deploy 22222222', newer);
    world.released('Deploy 11111111', older);
    expect(await world.goingBack()).toMatchObject({ kind: 'behind' });
    world.released('Deploy 22222222', newer);
    expect(await world.goingBack()).toBeNull();
  });

  it('is none where a deploy of the lane made it, and every other is', async () => {
    const made = goingsBack['older code by another name']();
    const data = { deploy: '502-22222222', target: 'heroku acme-production' };
    world.tell({ type: 'lane.deployed', data: { ...data, release: 'of-another-time' } });
    expect(await world.goingBack()).toMatchObject({ kind: 'behind' });
    world.tell({ type: 'lane.deployed', data: { ...data, release: made.id } });
    expect(await world.goingBack()).toBeNull();
  });
});

describe('a release that failed', () => {
  const failed = (slug: string) => world.released('Deploy 44444444', slug, { status: 'failed' });

  it('of a deploy of the lane is no going-back, whatever it was of', async () => {
    const older = world.graph.commit(null);
    const younger = world.graph.commit(older);
    world.released('Deploy 33333333', aSlug(younger));
    const { id } = failed(aSlug(older));
    world.lift(world.current);
    expect(await world.goingBack()).toMatchObject({ kind: 'failed-behind', release: { id } });
    const data = { deploy: '502-22222222', target: 'heroku acme-production', release: id };
    world.tell({ type: 'lane.deployed', data });
    expect(await world.goingBack()).toBeNull();
  });

  it('of newer code is none, though that code ran before', async () => {
    const newer = aSlug(world.commit);
    world.released('Deploy 22222222', newer);
    const back = world.released('Rollback to v2', aSlug(world.running));
    world.lift(back);
    expect(await world.goingBack()).toBeNull();
    failed(newer);
    expect(await world.goingBack()).toBeNull();
  });

  it('of newer code hides no rollback that failed before it, which is told of by what runs', async () => {
    const newer = aSlug(world.commit);
    world.released('Deploy 22222222', newer);
    const { version } = world.current;
    const { id } = goingsBack['a rollback that failed']();
    failed(aSlug(world.graph.commit(world.commit)));
    const told = { kind: 'failed-rollback', release: { id }, before: `v${version}` };
    expect(await world.goingBack()).toMatchObject(told);
  });

  it('of the code that runs is none, though that ran before, too', async () => {
    const same = world.current.slug ?? '';
    world.released('Deploy 22222222', aSlug(world.commit));
    world.lift(world.released('Rollback to v2', same));
    failed(same);
    expect(await world.goingBack()).toBeNull();
  });
});

describe('somebody else’s release that is under way', () => {
  const untilOver = (release: { status: string }, status = 'succeeded') => {
    let waits = 0;
    world.onSleep = () => {
      waits += 1;
      if (waits === 3) release.status = status;
    };
    return () => waits;
  };

  it.each([
    ['a rollback', 'Rollback to v2', () => aSlug(world.running), { kind: 'held' }],
    [
      'a deploy of what contains the commit',
      'Deploy 22222222',
      () => aSlug(world.graph.commit(world.commit)),
      { kind: 'superseded', cause: 'contained' },
    ],
    [
      'a deploy of what it does not follow on',
      'Deploy 22222222',
      () => aSlug(world.graph.commit(world.running)),
      { kind: 'superseded', cause: 'diverged' },
    ],
    ['a config change', 'Set FOO config vars', () => world.current.slug ?? '', { kind: 'clear' }],
  ])('%s: is waited for, and then it counts', async (_, description, slug, outcome) => {
    const release = world.released(description, slug(), { status: 'pending' });
    const waits = untilOver(release);
    expect(await world.readGates()).toMatchObject(outcome);
    expect(waits()).toBeGreaterThanOrEqual(3);
    expect(release.status).toBe('succeeded');
  });

  it('holds no more where a person lifted it meanwhile', async () => {
    const release = world.released('Rollback to v2', aSlug(world.running), { status: 'pending' });
    world.onSleep = () => {
      release.status = 'succeeded';
      world.lift(release);
      world.onSleep = () => {};
    };
    const answer = await world.readGates();
    expect(answer).toMatchObject({ kind: 'clear', production: { version: 'v3' } });
    expect(answer).not.toHaveProperty('lifts');
  });

  it('that has been so for an hour is not waited for: by the target’s own clock', async () => {
    const createdAt = world.clock.now() - 61 * 60_000;
    world.released('Deploy 22222222', aSlug(world.commit), { status: 'pending', createdAt });
    const { code } = await toldFailureOf(world.readGates());
    expect([code, world.heroku.progress]).toEqual(['E_RELEASE_UNDER_WAY', []]);
  });

  it('that never ends is no clearance: E_RELEASE_UNDER_WAY after an hour', async () => {
    world.released('Deploy 22222222', aSlug(world.commit), { status: 'pending' });
    const { code, details } = await toldFailureOf(world.readGates());
    expect([code, details]).toEqual([
      'E_RELEASE_UNDER_WAY',
      { target: 'acme-production', version: 'v3', ageMs: expect.any(Number) },
    ]);
    expect(world.heroku.progress).toContain(
      'acme-production: release v3 has been under way for 4s; waiting for it',
    );
  });
});
