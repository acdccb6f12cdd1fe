/** Builds: one a deploy whatever happens to replies, followed to their end, told with their output. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ports } from '../../../../src/effects/ports.ts';
import type { Heroku } from '../../../../src/effects/targets/heroku/heroku.ts';
import { LockstepError } from '../../../../src/errors/error.ts';
import type { Refusal } from '../../../../src/machine/services.ts';
import type { App } from '../../../../src/sandbox/heroku/state.ts';
import { toldBy, toldFailureOf } from '../../lockstep-error.ts';
import { archive, tarball } from '../../tarball.ts';
import { createVirtualClock, type VirtualClock } from '../../virtual-clock.ts';
import { SandboxHeroku } from './sandbox-heroku.ts';

const commit = 'a'.repeat(40);
const input = { app: 'acme-staging', commit, key: 'deploy-1', timeoutMs: 600_000 };
const builds = 'POST /apps/acme-staging/builds';

let clock: VirtualClock;
let world: SandboxHeroku;
let app: App;
let heroku: Heroku;
let ports: Ports;

beforeEach(async () => {
  clock = createVirtualClock();
  world = await SandboxHeroku.start({ clock });
  app = world.app('acme-staging');
  heroku = world.client();
  ports = world.ports();
});
afterEach(() => world.close());

const sent = (request: string) => world.asked.filter((one) => one === request).length;

describe('requestBuild', () => {
  it('uploads the commit and asks for its build, with the full commit, its checksum and the key', async () => {
    const answer = await heroku.requestBuild(input, ports, archive);
    expect(app.builds).toHaveLength(1);
    const [build] = app.builds;
    expect(answer).toEqual({ kind: 'requested', build: build?.id, adopted: false });
    expect(build?.source).toMatchObject({
      version: commit,
      description: 'lockstep deploy-1',
      checksum: `SHA256:${createHash('sha256').update(tarball).digest('hex')}`,
    });
    const uploaded = await fetch(build?.source.url ?? '').then((response) => response.bytes());
    expect(gunzipSync(uploaded).toString()).toBe('a tarball');
  });

  it.each([
    [1, '1 KiB'],
    [2_048, '2 KiB'],
    [2_049, '3 KiB'],
  ])('tells how much is uploaded: %d bytes are %s', async (bytes, told) => {
    const gzipped = Buffer.alloc(bytes);
    gzipped.set(tarball.subarray(0, bytes));
    await heroku.requestBuild(input, ports, async () => gzipped).catch(() => {});
    expect(world.progress[0]).toBe(`acme-staging: uploading the commit, ${told}`);
  });

  it('sends no token and no content type to the signed URL', async () => {
    await heroku.requestBuild(input, ports, archive);
    expect(world.uploads).toHaveLength(1);
    expect(world.uploads[0]?.has('authorization')).toBe(false);
    expect(world.uploads[0]?.has('content-type')).toBe(false);
  });

  it.each(['pending', 'succeeded', 'failed'] as const)(
    'adopts a build that is %s and carries its key, and writes nothing',
    async (status) => {
      const { id } = world.build(app, { status, mark: 'lockstep deploy-1' });
      const answer = await heroku.requestBuild(input, ports, archive);
      expect(answer).toEqual({ kind: 'requested', build: id, adopted: true });
      expect(world.asked.filter((one) => !one.startsWith('GET'))).toEqual([]);
    },
  );

  it.each(['pending', 'succeeded'] as const)(
    'of several with its key adopts the one that did not fail: it is %s',
    async (status) => {
      const { id } = world.build(app, { status, mark: 'lockstep deploy-1' });
      world.build(app, { status: 'failed', mark: 'lockstep deploy-1' });
      expect(await heroku.requestBuild(input, ports, archive)).toMatchObject({ build: id });
    },
  );

  it('whose release failed over what runs is adopted, and not built anew', async () => {
    world.release(app, world.slug('b'.repeat(40)));
    const release = world.release(app, world.slug(commit), { status: 'failed' });
    const made = { status: 'succeeded', release: release.id, slug: release.slug } as const;
    const { id } = world.build(app, { ...made, mark: 'lockstep deploy-1' });
    const answer = await heroku.requestBuild(input, ports, archive);
    expect(answer).toEqual({ kind: 'requested', build: id, adopted: true });
  });

  it.each([
    ['another deploy', 'Deploy 22222222', true],
    ['a rollback', 'Rollback to v1', true],
    ['a config change', 'Set FOO config vars', false],
  ])('over which %s was released (“%s”) is built anew: %s', async (_, description, anew) => {
    const release = world.release(app, world.slug(commit));
    const slug = anew ? world.slug('b'.repeat(40)) : release.slug;
    world.release(app, slug, { description });
    const made = { status: 'succeeded', release: release.id, slug: release.slug } as const;
    const { id } = world.build(app, { ...made, mark: 'lockstep deploy-1' });
    const answer = await heroku.requestBuild(input, ports, archive);
    expect(answer).toMatchObject({ adopted: !anew });
    expect(sent(builds)).toBe(anew ? 1 : 0);
    if (!anew) expect(answer).toMatchObject({ build: id });
  });

  it('does not adopt another deploy’s build of the same commit', async () => {
    world.build(app, { status: 'succeeded', mark: 'lockstep deploy-11' });
    world.build(app, { status: 'succeeded', mark: null });
    expect(await heroku.requestBuild(input, ports, archive)).toMatchObject({ adopted: false });
  });

  it.each(['lost-after', '503-after'] as const)(
    'when the reply is %s, looks again and adopts what it made: one build',
    async (fault) => {
      world.faults.set(builds, [fault]);
      const answer = await heroku.requestBuild(input, ports, archive);
      expect(answer).toEqual({ kind: 'requested', build: app.builds[0]?.id, adopted: true });
      expect(app.builds).toHaveLength(1);
      expect(sent(builds)).toBe(1);
    },
  );

  it('when the request was lost, sends it once more, only after looking several times', async () => {
    world.faults.set(builds, ['lost-before']);
    const answer = await heroku.requestBuild(input, ports, archive);
    expect(answer).toMatchObject({ adopted: false });
    expect(app.builds).toHaveLength(1);
    const first = world.asked.indexOf(builds);
    const looks = world.asked.slice(first + 1, world.asked.lastIndexOf(builds));
    expect(looks.filter((one) => one === 'GET /apps/acme-staging/builds')).toHaveLength(5);
    expect(world.asked.filter((one) => one.endsWith('/sources'))).toHaveLength(1);
  });

  it('gives up after the second lost request', async () => {
    world.faults.set(builds, ['lost-before', 'lost-before']);
    const error = await toldFailureOf(heroku.requestBuild(input, ports, archive));
    expect(error.code).toBe('E_VENDOR_UNREACHABLE');
    expect(sent(builds)).toBe(2);
  });

  it('asks for clearance after the upload, right before the write', async () => {
    let seen: string[] = [];
    await heroku.requestBuild(input, ports, archive, async () => {
      seen = [...world.asked];
      return null;
    });
    expect(seen.at(-1)).toMatch(/^PUT \/heroku\.com\//);
    expect(world.asked[seen.length]).toBe(builds);
  });

  it('that is held up for longer than its clearance counts is cleared anew before it is sent', async () => {
    let held = 0;
    world.beforeWrite = async ({ method, url }) => {
      if (method !== 'POST' || !url.endsWith('/builds')) return;
      held += 1;
      if (held === 1) clock.advance(15_001);
    };
    let cleared = 0;
    const answer = await heroku.requestBuild(input, ports, archive, async () => {
      cleared += 1;
      return null;
    });
    expect(answer).toMatchObject({ adopted: false });
    expect([cleared, held, sent(builds)]).toEqual([2, 2, 1]);
  });

  it('asks for clearance again before it sends again, and may be refused then', async () => {
    world.faults.set(builds, ['lost-before']);
    const held: Refusal = {
      kind: 'superseded',
      cause: 'diverged',
      production: { version: 'v3', commit },
      verified: true,
      stuck: null,
    };
    const answers = [null, held];
    const clear = async () => answers.shift() ?? null;
    expect(await heroku.requestBuild(input, ports, archive, clear)).toBe(held);
    expect(app.builds).toHaveLength(0);
  });

  it('a refusal that its own lost request caused is no refusal: it adopts', async () => {
    const contained: Refusal = {
      kind: 'superseded',
      cause: 'contained',
      production: { version: 'v3', commit },
      verified: true,
    };
    const answer = await heroku.requestBuild(input, ports, archive, async () => {
      world.build(app, { status: 'succeeded', mark: 'lockstep deploy-1' });
      return contained;
    });
    expect(answer).toMatchObject({ kind: 'requested', adopted: true });
    expect(sent(builds)).toBe(0);
  });

  it('waits while the account has as many builds under way as it may', async () => {
    const message = 'Your account has reached its concurrent builds limit';
    const full = { status: 422, body: { id: 'invalid_params', message } };
    world.faults.set(builds, [full, full]);
    expect(await heroku.requestBuild(input, ports, archive)).toMatchObject({ adopted: false });
    expect(clock.slept.filter((ms) => ms === 15_000)).toHaveLength(2);
  });

  it('an outage that speaks of that limit is none: the build may be under way', async () => {
    const outage = { status: 503, body: { id: 'x', message: 'concurrent builds limit' } };
    world.faults.set(builds, [outage, outage]);
    const error = await toldFailureOf(heroku.requestBuild(input, ports, archive));
    expect([error.code, sent(builds)]).toEqual(['E_VENDOR_FAILED', 2]);
  });

  it('gives up on that limit when the time is up: E_BUILDS_LIMIT', async () => {
    const full = { status: 422, body: { id: 'x', message: 'concurrent builds limit' } };
    world.faults.set(builds, Array(50).fill(full));
    const error = await toldFailureOf(
      heroku.requestBuild({ ...input, timeoutMs: 60_000 }, ports, archive),
    );
    expect(error.code).toBe('E_BUILDS_LIMIT');
  });

  it('a place for an upload that Heroku refuses to give is told as its refusal', async () => {
    world.faults.set(`POST /apps/${input.app}/sources`, [
      { status: 403, body: { id: 'forbidden' } },
    ]);
    const error = await toldFailureOf(heroku.requestBuild(input, ports, archive));
    expect(error.code).toBe('E_VENDOR_AUTH');
  });

  it('an upload that the storage refuses tells neither the signed URL nor blames the token', async () => {
    // Every upload's path is another: the fence sees it first.
    world.beforeWrite = async ({ method, url }) => {
      if (method !== 'PUT') return;
      const body = { message: `SignatureDoesNotMatch ${url}` };
      world.faults.set(`PUT ${new URL(url).pathname}`, [{ status: 403, body }]);
    };
    const error = await toldFailureOf(heroku.requestBuild(input, ports, archive));
    expect(error.code).toBe('E_SOURCE_UPLOAD');
    expect(toldBy(error)).not.toContain('Signature=');
    expect(toldBy(error)).not.toContain('HEROKU_API_KEY');
    expect(app.builds).toHaveLength(0);
  });

  it('nothing is written once the lane is lost', async () => {
    world.beforeWrite = () =>
      Promise.reject(new LockstepError<string>('E_LANE_LOST', 'the lane is lost'));
    const error = await toldFailureOf(heroku.requestBuild(input, ports, archive));
    expect(error.code).toBe('E_LANE_LOST');
    expect(world.asked.filter((one) => !one.startsWith('GET'))).toEqual([]);
  });

  it('an aborted signal ends it with the signal’s reason', async () => {
    world.faults.set(builds, ['lost-before']);
    const answer = heroku.requestBuild(input, ports, async () => {
      setImmediate(() => world.stop.abort(new Error('interrupted')));
      return tarball;
    });
    await expect(answer).rejects.toThrow('interrupted');
  });
});

describe('followBuild', () => {
  const follow = (build: string, timeoutMs = 600_000) =>
    heroku.followBuild({ app: 'acme-staging', build, timeoutMs }, ports);

  it('passes on each line of output once, and gives the release and the slug', async () => {
    const build = world.building(app);
    build.output = '-----> Building\n\u001b[1mcolour\u001b[0m\nlast line';
    const built = await follow(build.id);
    const [release] = app.releases;
    expect(built).toEqual({ release: release?.id, code: { kind: 'slug', id: release?.slug } });
    expect(world.progress).toEqual(['-----> Building', 'colour', 'last line']);
  });

  it('that this process asked for is listened to before it is read, and then believed by what was read', async () => {
    const asked = await heroku.requestBuild(input, ports, archive);
    const [build] = app.builds;
    if (asked.kind !== 'requested' || build === undefined) throw new Error('there is no build');
    const paths = [
      `GET /streams/builds/${build.id}.log`,
      `GET /apps/acme-staging/builds/${build.id}`,
    ];
    const followed = async (by: Heroku) => {
      const before = world.asked.length;
      const timeoutMs = 60_000;
      await by
        .followBuild({ app: 'acme-staging', build: asked.build, timeoutMs }, ports)
        .catch(() => {});
      return world.asked.slice(before, before + 2);
    };
    expect(await followed(heroku)).toEqual(paths);
    // Another process knows no more than which build it is.
    expect(await followed(world.client())).toEqual(paths.toReversed());
  });

  it('fails with the end of the output as hint', async () => {
    const output = `${Array.from({ length: 60 }, (_, n) => `line ${n}`).join('\n')}\n ! Push failed\n`;
    const build = world.building(app, 'failed');
    build.output = output;
    const error = await toldFailureOf(follow(build.id));
    expect(error.code).toBe('E_BUILD_FAILED');
    expect(error.hint).toContain('Push failed');
    expect(error.hint).toContain('line 59');
    expect(error.hint).not.toContain('line 10\n');
  });

  it('gives up when the time is up: E_BUILD_TIMEOUT', async () => {
    const { id } = world.build(app);
    const error = await toldFailureOf(follow(id, 60_000));
    expect(error.code).toBe('E_BUILD_TIMEOUT');
    expect(error.message).toContain('1m');
  });

  it('outlasts a Heroku that stumbles', async () => {
    const { id } = world.building(app);
    const path = `GET /apps/acme-staging/builds/${id}`;
    world.faults.set(path, Array(8).fill({ status: 503, body: {} }));
    expect(await follow(id)).toMatchObject({ code: { id: expect.any(String) } });
  });

  it('a build without output to read is followed all the same', async () => {
    const { id } = world.building(app);
    world.faults.set(`GET /streams/builds/${id}.log`, Array(9).fill({ status: 404, body: {} }));
    expect(await follow(id)).toMatchObject({ code: { id: expect.any(String) } });
  });

  it('success without a slug is not taken for success', async () => {
    const { id } = world.build(app, { status: 'succeeded' });
    expect((await toldFailureOf(follow(id))).code).toBe('E_VENDOR_MALFORMED');
  });
});

describe('an answer that is not of the build', () => {
  it('a build of another deploy is not taken for the one that was asked for', async () => {
    const path = '/apps/acme-staging/builds';
    const made = world.build(app, { mark: 'lockstep another', status: 'succeeded' });
    const [listed] = await world.read<object[]>(path);
    world.faults.set(`POST ${path}`, [{ status: 201, body: listed ?? {} }]);
    // The answer says nothing of what was made: it is looked for, and asked for once more.
    const asked = await heroku.requestBuild(input, ports, archive);
    const ours = app.builds.filter(({ source }) => source.description === 'lockstep deploy-1');
    expect([asked.kind === 'requested' && asked.build]).toEqual(ours.map(({ id }) => id));
    const other = world.build(app);
    world.faults.set(`GET ${path}/${other.id}`, [{ status: 200, body: listed ?? {} }]);
    const follow = { app: 'acme-staging', build: other.id, timeoutMs: 60_000 };
    expect((await toldFailureOf(heroku.followBuild(follow, ports))).code).toBe(
      'E_VENDOR_MALFORMED',
    );
    expect(made.status).toBe('succeeded');
  });

  it('an app whose builds make images is told as one', async () => {
    const path = '/apps/acme-staging/builds';
    world.build(app);
    const [listed] = await world.read<object[]>(path);
    world.faults.set(`POST ${path}`, [{ status: 201, body: { ...listed, stack: 'container' } }]);
    expect((await toldFailureOf(heroku.requestBuild(input, ports, archive))).code).toBe(
      'E_NO_SLUG',
    );
  });
});

describe('pendingWork', () => {
  it('tells the builds and releases that are under way, and since when', async () => {
    const slug = world.slug(commit);
    const { id: release } = world.release(app, slug);
    world.release(app, slug, { status: 'pending' });
    world.build(app, { status: 'succeeded', slug, release });
    const { id } = world.build(app, { createdAt: world.clock.now() - 3 * 86_400_000 });
    world.build(app);
    const held = createVirtualClock({ now: clock.now(), holdMs: 0 });
    const pending = await heroku.pendingWork('acme-staging', [], world.ports({ clock: held }));
    expect(pending.map(({ kind }) => kind)).toEqual(['build', 'build', 'release']);
    const old = pending.find(({ name }) => name === id);
    expect(old?.ageMs).toBeGreaterThan(2 * 86_400_000);
  });

  it('finds a release that is under way below newer ones', async () => {
    const slug = world.slug(commit);
    world.release(app, slug);
    const { version } = world.release(app, slug, { status: 'pending' });
    for (let n = 0; n < 5; n++) world.release(app, slug, { description: 'Set FOO config vars' });
    const pending = await heroku.pendingWork('acme-staging', [], ports);
    expect(pending).toMatchObject([{ kind: 'release', name: `v${version}` }]);
  });

  it('a build that has just succeeded is under way until its release is there: soon, or never', async () => {
    const slug = world.slug(commit);
    const { id: release } = world.release(app, slug);
    const build = world.build(app, { status: 'succeeded', slug });
    const names = async () =>
      (await heroku.pendingWork('acme-staging', [], ports)).map(({ name }) => name);
    expect(await names()).toEqual([build.id]);
    build.release = release;
    expect(await names()).toEqual([]);
    Object.assign(build, { release: null, updatedAt: world.at() - 60_000 });
    expect(await names()).toEqual([]);
  });

  it('is nothing at an app that does nothing', async () => {
    world.release(app, null, { description: 'Initial release' });
    expect(await heroku.pendingWork('acme-staging', [], ports)).toEqual([]);
  });
});

describe('a build’s key', () => {
  const keyOf = (description: string, slug: string) =>
    heroku.buildKeyOf(
      { app: 'acme-production', code: { kind: 'slug', id: slug }, description },
      ['acme-production', 'acme-staging'],
      ports,
    );
  const promoted = 'Promote acme-other v7 aaaaaaa';
  beforeEach(() => world.app('acme-production'));

  it('is that of the build at the app that a promotion names, one of others too', async () => {
    const slug = world.slug(commit);
    expect(await keyOf(promoted, slug)).toBeNull();
    const other = world.app('acme-other');
    world.build(other, { status: 'succeeded', slug, mark: 'by hand' });
    expect(await keyOf(promoted, slug)).toBeNull();
    world.build(app, { status: 'succeeded', slug, mark: 'lockstep 502-11111111' });
    expect(await keyOf('Deploy aaaaaaaa', slug)).toBe('502-11111111');
  });

  it.each([403, 404])(
    'is none where that app’s builds are not ours to see (%d)',
    async (status) => {
      world.app('acme-other');
      const denied = Array.from({ length: 9 }, () => ({ status, body: {} }));
      world.faults.set('GET /apps/acme-other/builds', denied);
      expect(await keyOf(promoted, world.slug(commit))).toBeNull();
    },
  );

  it('cannot be told where the lane’s own builds cannot be read', async () => {
    const denied = Array.from({ length: 9 }, () => ({ status: 403, body: {} }));
    world.faults.set('GET /apps/acme-staging/builds', denied);
    const error = await toldFailureOf(keyOf(promoted, world.slug(commit)));
    expect(error.code).toBe('E_VENDOR_AUTH');
  });
});

it('a build that failed and said nothing has the way to its output as hint', async () => {
  const { id } = world.building(app, 'failed');
  world.lies.set(`GET /apps/acme-staging/builds/${id}`, (body: object) => ({
    ...body,
    output_stream_url: null,
  }));
  const following = heroku.followBuild(
    { app: 'acme-staging', build: id, timeoutMs: 60_000 },
    ports,
  );
  const error = await toldFailureOf(following);
  expect(error.hint).toBe(`See its output: heroku builds:output ${id} -a acme-staging`);
});

it('what is under way is looked for among the newest releases, and no further', async () => {
  const slug = world.slug(commit);
  world.release(app, slug, { status: 'pending' });
  for (let n = 0; n < 19; n++) world.release(app, slug);
  const count = async () => (await heroku.pendingWork('acme-staging', [], ports)).length;
  expect(await count()).toBe(1);
  world.release(app, slug);
  expect(await count()).toBe(0);
});

it('a formation of another app is not believed', async () => {
  world.lies.set('GET /apps/acme-staging/formation', (body: object[]) =>
    body.map((one) => ({ ...one, app: { id: 'x', name: 'acme-other' } })),
  );
  const error = await toldFailureOf(heroku.readFormation('acme-staging', ports));
  expect(error.code).toBe('E_VENDOR_MALFORMED');
});
