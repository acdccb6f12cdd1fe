/** An app as a target: Heroku's numbers, slugs, builds, promotions and dynos in the words of the port. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ports } from '../../../../src/effects/ports.ts';
import type { Submission, Target } from '../../../../src/effects/targets/target.ts';
import type { Artifact, TargetSettings } from '../../../../src/machine/events.ts';
import type { Refusal } from '../../../../src/machine/services.ts';
import type { App, Release } from '../../../../src/sandbox/heroku/state.ts';
import { toldFailureOf } from '../../lockstep-error.ts';
import { archive } from '../../tarball.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { SandboxHeroku } from './sandbox-heroku.ts';

const one = '1'.repeat(40);
const two = '2'.repeat(40);

let world: SandboxHeroku;
let staging: App;
let production: App;
let target: Target;
let ports: Ports;

beforeEach(async () => {
  world = await SandboxHeroku.start();
  staging = world.app('acme-staging');
  production = world.app('acme-production');
  target = world.target('acme-production');
  ports = world.ports();
});
afterEach(() => world.close());

const slug = (id: string, commit: string | null = null): Artifact => ({
  kind: 'slug',
  id,
  digest: null,
  commit,
});
const foreign: Artifact = {
  kind: 'bundle',
  id: 'i-1',
  digest: `sha256:${'a'.repeat(64)}`,
  commit: one,
};
const app = (name: string): TargetSettings => ({ kind: 'heroku', name, settings: {} });

describe('what runs', () => {
  it('has its artifact, its version as people say it, and the list’s end as cursor', async () => {
    const [old, now] = [world.slug(one), world.slug(two)];
    const first = world.release(production, old, { description: 'Deploy 11111111' });
    const second = world.release(production, now, { description: 'Deploy 22222222' });
    world.release(production, now, { description: 'Set FOO config vars' });
    expect(await target.observe(ports)).toEqual({
      cursor: '3',
      running: {
        release: { id: second.id, version: 'v2' },
        artifact: slug(now, two),
        named: two,
        description: 'Deploy 22222222',
        by: expect.any(String),
        at: expect.any(String),
        isRollback: false,
      },
      before: {
        release: { id: first.id, version: 'v1' },
        artifact: slug(old),
        description: 'Deploy 11111111',
        by: expect.any(String),
        at: expect.any(String),
        isRollback: false,
      },
      failed: [],
      pending: null,
    });
  });

  it('is no rollback where it was promoted, and tells the newest of what is under way', async () => {
    const code = world.slug(one);
    world.release(production, code, { description: 'Promote acme-staging v4 11111111' });
    const createdAt = world.clock.now() - 600_000;
    for (const description of ['Deploy x', 'Deploy y'])
      world.release(production, world.slug(two), { status: 'pending', description, createdAt });
    // What is told of Heroku's clock is measured by the client's.
    const clock = createVirtualClock({ now: world.clock.now(), holdMs: 0 });
    const { running, pending } = await target.observe(world.ports({ clock }));
    expect(pending?.ageMs).toBeGreaterThan(590_000);
    expect(running).toMatchObject({ release: { version: 'v1' }, isRollback: false });
    expect(pending).toMatchObject({ release: { version: 'v3' }, description: 'Deploy y' });
  });

  it('is no rollback where nothing is said of it, and tells of all that failed since', async () => {
    world.release(production, world.slug(two), { description: 'Deploy 22222222' });
    const code = world.slug(one);
    world.release(production, code, { description: 'Shipped by a tool of ours' });
    for (const description of ['Rollback to v1', 'Set FOO config vars'])
      world.release(production, code, { status: 'failed', description });
    const { running, failed } = await target.observe(ports);
    expect(running).toMatchObject({ release: { version: 'v2' }, isRollback: false });
    expect(failed).toMatchObject([
      { release: { version: 'v4' }, isRollback: false },
      { release: { version: 'v3' }, isRollback: true },
    ]);
  });

  it('is nothing where no code ever ran', async () => {
    world.release(production, null, { description: 'Initial release' });
    const seen = await target.observe(ports);
    expect(seen).toEqual({ cursor: '1', running: null, before: null, failed: [], pending: null });
  });

  it('names what a slug says of its commit, whatever it is', async () => {
    world.release(production, world.slug('1111111'), { description: 'Deploy' });
    const { running } = await target.observe(ports);
    expect(running).toMatchObject({ named: '1111111', artifact: { commit: null } });
    expect(await target.namedCommit(running?.artifact ?? foreign, ports)).toBe('1111111');
  });

  it('says of a rollback that it is one, of what failed too, and what is under way', async () => {
    const [old, now] = [world.slug(one), world.slug(two)];
    world.release(production, old);
    world.release(production, now, { description: 'Rolled back to v1' });
    world.release(production, old, { status: 'failed', description: 'Rollback to v1' });
    const { id } = world.release(production, old, { status: 'pending', description: 'Deploy x' });
    const { running, failed, pending } = await target.observe(ports);
    expect(running?.isRollback).toBe(true);
    expect(failed).toMatchObject([{ release: { version: 'v3' }, isRollback: true }]);
    expect(pending).toMatchObject({ release: { id, version: 'v4' }, description: 'Deploy x' });
  });

  it('ran before, or did not, in a release of its own below that version', async () => {
    const [old, now] = [world.slug(one), world.slug(two)];
    const first = world.release(production, old);
    const second = world.release(production, now);
    const of = ({ id, version }: { id: string; version: number }) => ({
      id,
      version: `v${version}`,
    });
    expect(await target.ranBefore(slug(old), of(second), ports)).toBe(true);
    expect(await target.ranBefore(slug(old), of(first), ports)).toBe(false);
    // What failed, or is under way, never ran.
    const never = world.slug(one);
    for (const status of ['failed', 'pending'] as const)
      world.release(production, never, { status });
    const last = world.release(production, now);
    expect(await target.ranBefore(slug(never), of(last), ports)).toBe(false);
  });
});

/** What is submitted; refused where it is said so. */
const submission = (over: Partial<Submission>): Submission => ({
  environment: 'production',
  share: null,
  commit: one,
  verified: null,
  cursor: null,
  key: '502-11111111',
  timeoutMs: 60_000,
  archive,
  clear: async () => null,
  ...over,
});

/** Staging verified this commit. */
function verified(): NonNullable<Submission['verified']> {
  const id = world.slug(one);
  const { id: release, version } = world.release(staging, id);
  return {
    artifact: slug(id, one),
    release: { id: release, version: `v${version}` },
    at: app('acme-staging'),
  };
}

const refusal: Refusal = {
  kind: 'superseded',
  cause: 'contained',
  production: { version: 'v1', commit: one },
  verified: true,
};

describe('a commit', () => {
  it('is built under its key, once; a later try adopts the build', async () => {
    const submitted = await target.submit(submission({}), ports);
    const [build] = production.builds;
    expect(build?.source).toMatchObject({ version: one, description: 'lockstep 502-11111111' });
    const work = { kind: 'build', id: build?.id };
    expect(submitted).toEqual({ kind: 'submitted', work, adopted: false });
    const again = await target.submit(submission({}), ports);
    expect(again).toEqual({ kind: 'submitted', work, adopted: true });
    expect(production.builds).toHaveLength(1);
  });

  it('is followed from its build to a release that runs', async () => {
    const { id } = world.building(production, 'succeeded', { version: one });
    const released = await target.follow({ work: { kind: 'build', id }, timeoutMs: 60_000 }, ports);
    const [release] = production.releases;
    const artifact = slug(release?.slug ?? '');
    expect(released).toEqual({ kind: 'released', release: release?.id, artifact });
    const wanted = { release: release?.id ?? '', commit: one, artifact, timeoutMs: 60_000 };
    expect(await target.awaitRelease(wanted, ports)).toEqual({
      kind: 'deployed',
      release: { id: release?.id, version: 'v1' },
      artifact: { ...artifact, commit: one },
    });
  });

  it('is not built where that is refused', async () => {
    expect(await target.submit(submission({ clear: async () => refusal }), ports)).toBe(refusal);
    expect(production.builds).toEqual([]);
  });
});

describe('an artifact that was verified', () => {
  beforeEach(() => void world.release(production, null, { description: 'Initial release' }));

  const given = (over: Partial<Submission> = {}) =>
    target.submit(submission({ verified: verified(), cursor: '0', ...over }), ports);

  it('is promoted as the release that was verified, and followed to the one that it made', async () => {
    const submitted = await given();
    const [promotion] = world.promotions;
    expect(promotion?.source).toEqual({ app: staging, release: staging.releases[0] });
    const work = { kind: 'promotion', id: promotion?.id ?? '' };
    expect(submitted).toEqual({ kind: 'submitted', work, adopted: false });
    expect(await target.follow({ work, timeoutMs: 60_000 }, ports)).toEqual({
      kind: 'released',
      release: production.releases[1]?.id,
      artifact: null,
    });
  });

  it('is found again by the release behind the cursor, which nothing has to be followed for', async () => {
    const ours = verified();
    world.release(production, ours.artifact.id, { description: 'Promote acme-staging v1 1111111' });
    world.release(production, world.slug(two));
    const again = world.release(production, ours.artifact.id, {
      description: 'Promote acme-staging v1 1111111',
    });
    const work = { kind: 'release', id: again.id };
    // The gates have seen all up to v3: only v4 can be an earlier try's.
    expect(await given({ verified: ours, cursor: '3' })).toEqual({
      kind: 'submitted',
      work,
      adopted: true,
    });
    expect(world.promotions).toEqual([]);
    const asked = world.asked.length;
    expect(await target.follow({ work, timeoutMs: 60_000 }, ports)).toEqual({
      kind: 'released',
      release: again.id,
      artifact: null,
    });
    expect(world.asked).toHaveLength(asked);
  });

  it('is not promoted where that is refused', async () => {
    expect(await given({ clear: async () => refusal })).toBe(refusal);
    expect(world.promotions).toEqual([]);
  });

  it('of another kind of target cannot be released here: E_ARTIFACT_FOREIGN', async () => {
    const release = { id: 'r-1', version: 'v1' };
    const image: Artifact = { ...foreign, kind: 'image' };
    const elsewhere: TargetSettings = { kind: 'command', name: 'staging', settings: {} };
    const shipped = { release, artifact: foreign };
    const wanted = { release: 'r-1', commit: one, artifact: foreign, timeoutMs: 60_000 };
    const calls: (() => Promise<unknown>)[] = [
      () => given({ verified: { artifact: foreign, release, at: app('acme-staging') } }),
      () => target.awaitRelease(wanted, ports),
      () => target.mustStillRun(shipped, ports),
      async () => target.namedCommit(foreign, ports),
      async () => target.ranBefore(foreign, release, ports),
      // Another kind may call what it makes an image too.
      () => given({ verified: { artifact: image, release, at: elsewhere } }),
      async () => target.mustBeGivenBy(elsewhere, ports),
    ];
    for (const call of calls) {
      expect((await toldFailureOf(Promise.resolve().then(call))).code).toBe('E_ARTIFACT_FOREIGN');
    }
    expect(world.asked).toEqual([]);
  });
});

describe('the key of what runs', () => {
  it('is the one on the build at any of the places, or at the app that a promotion names', async () => {
    const id = world.slug(one);
    world.build(staging, { status: 'succeeded', slug: id, mark: 'lockstep 502-11111111' });
    world.release(production, id, { description: 'Promote acme-staging v1 1111111' });
    const { running } = await target.observe(ports);
    if (running === null) throw new Error('it runs');
    const key = (...places: TargetSettings[]) => target.keyOf(running, places, ports);
    expect(await key(app('acme-staging'))).toBe('502-11111111');
    expect(await key(app('acme-production'))).toBe('502-11111111');
    expect(await key({ ...app('acme-staging'), kind: 'another' })).toBe('502-11111111');
    const other = { ...running, description: 'Deploy 11111111' };
    expect(await target.keyOf(other, [app('acme-production')], ports)).toBeNull();
    expect(
      await target.keyOf(other, [{ ...app('acme-staging'), kind: 'another' }], ports),
    ).toBeNull();
  });
});

describe('instances of the release before', () => {
  const overlap = async (agoMs: number): Promise<number> => {
    const createdAt = world.clock.now() - agoMs;
    const { id, version } = world.release(production, world.slug(one), { createdAt });
    // What is told of Heroku's clock is measured by the client's.
    const clock = createVirtualClock({ now: world.clock.now(), holdMs: 0 });
    return target.overlapMs({ id, version: `v${version}` }, world.ports({ clock }));
  };

  it('answer beside this one’s for three minutes and ten seconds from it, with preboot', async () => {
    production.preboot = true;
    expect(await overlap(0)).toBe(190_000);
    // Heroku tells whole seconds: it is waited a second or two too long, and never too short.
    const left = await overlap(60_000);
    expect(left).toBeGreaterThanOrEqual(130_000);
    expect(left).toBeLessThanOrEqual(132_000);
    expect(await overlap(600_000)).toBe(0);
  });

  it('count as young where Heroku’s clock is not known', async () => {
    production.preboot = true;
    const createdAt = world.clock.now() - 600_000;
    const { id, version } = world.release(production, world.slug(one), { createdAt });
    ports.http.vendorClock = () => null;
    expect(await target.overlapMs({ id, version: `v${version}` }, ports)).toBe(190_000);
  });

  it('do not without it', async () => {
    production.preboot = false;
    expect(await overlap(0)).toBe(0);
  });
});

describe('what is under way', () => {
  it('is named as people name it, with its age', async () => {
    const { id } = world.build(production);
    world.release(production, world.slug(one), { status: 'pending' });
    expect(await target.underWay([], ports)).toEqual([
      { name: `build ${id}`, ageMs: expect.any(Number), isSeen: true },
      { name: 'release v1', ageMs: expect.any(Number), isSeen: true },
    ]);
  });
});

describe('a release by its name', () => {
  it.each<[string | null, Partial<Release>]>([
    [null, {}],
    ['has no code', { slug: null }],
    ['has expired: Heroku keeps its code no longer', { status: 'expired' }],
    [
      'is of Heroku’s container registry, which says nothing of its commit',
      { slug: null, description: 'Deployed web (4b5c6d7e8f90)' },
    ],
  ])('that cannot run again says why: %s', async (whyNot, over) => {
    const { id } = world.release(production, world.slug(one), over);
    world.release(production, world.slug(two));
    for (const name of [id, 'v1', '1']) {
      expect(await target.findRelease(name, ports)).toMatchObject({
        release: { id, version: 'v1' },
        whyNot,
      });
    }
  });

  it('is of no commit where its slug names none', async () => {
    world.release(production, world.slug(null));
    world.release(production, world.slug('1111111'));
    for (const version of ['v1', 'v2']) {
      const found = await target.findRelease(version, ports);
      expect(found?.artifact).toMatchObject({ kind: 'slug', commit: null });
    }
  });
});

it('the hints are commands of Heroku’s own that people can type', () => {
  const { hints } = target;
  expect({
    ...hints,
    release: hints.release('v7'),
    goBack: [hints.goBack?.('v7'), hints.goBack?.(null)],
  }).toEqual({
    releases: 'heroku releases -a acme-production',
    release: 'heroku releases:info v7 -a acme-production',
    logs: 'heroku logs -a acme-production -n 200',
    instances: 'heroku ps -a acme-production',
    goBack: ['heroku rollback v7 -a acme-production', 'heroku rollback -a acme-production'],
    verifyKey: 'dynos',
  });
});
