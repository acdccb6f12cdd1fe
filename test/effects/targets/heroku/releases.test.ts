/** Releases: what code an app runs and who decided so, and the wait for a release to run. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ports } from '../../../../src/effects/ports.ts';
import type { Heroku } from '../../../../src/effects/targets/heroku/heroku.ts';
import type { App } from '../../../../src/sandbox/heroku/state.ts';
import { toldFailureOf } from '../../lockstep-error.ts';
import { SandboxHeroku } from './sandbox-heroku.ts';

const name = 'acme-production';
const one = '1'.repeat(40);
const two = '2'.repeat(40);

let world: SandboxHeroku;
let app: App;
let heroku: Heroku;
let ports: Ports;

beforeEach(async () => {
  world = await SandboxHeroku.start();
  app = world.app(name);
  heroku = world.client();
  ports = world.ports();
});
afterEach(() => world.close());

/** Releases with these descriptions, all of one slug. */
const releases = (slug: string | null, ...descriptions: string[]) =>
  descriptions.map((description) => world.release(app, slug, { description }));

/** How many requests a reading had under way at once. */
async function atOnce(read: (ports: Ports) => Promise<unknown>): Promise<number> {
  let [now, most] = [0, 0];
  const during = async <T>(call: Promise<T>): Promise<T> => {
    most = Math.max(most, ++now);
    return call.finally(() => now--);
  };
  await read(world.ports({ during }));
  return most;
}

describe('readCode', () => {
  const code = async () => (await heroku.readCode(name, ports)).code;

  it('an app that never had code has none', async () => {
    releases(null, 'Initial release', 'Enable Logplex');
    expect(await heroku.readCode(name, ports)).toMatchObject({ newest: 2, code: null });
  });

  it('looks behind config changes for the release that changed the code', async () => {
    releases(null, 'Initial release');
    releases(
      world.slug(one),
      'Deploy 11111111',
      'Set FOO config vars',
      'Update REDIS by heroku-redis',
    );
    expect(await code()).toMatchObject({
      release: { version: 2 },
      commit: one,
      kind: 'deploy',
    });
  });

  it('a rollback under a config change is still a rollback', async () => {
    const slug = world.slug(one);
    releases(slug, 'Deploy 11111111');
    releases(world.slug(two), 'Promote acme-staging v4 2222222');
    releases(slug, 'Rollback to v1', 'Set FOO config vars');
    expect(await code()).toMatchObject({
      release: { version: 3 },
      commit: one,
      kind: 'rollback',
    });
  });

  it.each([
    'Rollback to v1',
    'rollback to v1',
    'Rolled back to v1',
    'Roll back to v1',
    'Rollback',
    'Retry of v7: Rollback to v1',
    'Retry of v9: Retry of v7: Rolled back to v1',
  ])('“%s” is a rollback', async (description) => {
    const [first, second] = [world.slug(one), world.slug(two)];
    releases(first, 'Deploy 11111111');
    releases(second, 'Deploy 22222222');
    releases(first, description);
    expect(await code()).toMatchObject({ kind: 'rollback', description });
  });

  it.each(['Set ROLLBACK config vars', 'Deploy rollback-fix', 'Attach Rollback to v1'])(
    '“%s” is none',
    async (description) => {
      releases(world.slug(one), 'Deploy 11111111', description);
      expect((await code())?.kind).not.toBe('rollback');
    },
  );

  it('what failed before the code came says nothing of what was wanted since', async () => {
    const slug = world.slug(one);
    world.release(app, world.slug(two), { description: 'Deploy 22222222' });
    world.release(app, world.slug(two), { status: 'failed', description: 'Rollback to v1' });
    world.release(app, slug, { description: 'Deploy 11111111' });
    world.release(app, slug, { description: 'Set FOO config vars' });
    expect((await heroku.readCode(name, ports)).failed).toEqual([]);
    // Code that came by words of its own is known for code only by the release before it.
    world.release(app, slug, { status: 'failed', description: 'Rollback to v1' });
    world.release(app, world.slug(one), { description: 'Shipped by a tool of ours' });
    expect((await heroku.readCode(name, ports)).failed).toEqual([]);
    world.release(app, world.slug(two), { status: 'failed', description: 'Rollback to v1' });
    expect((await heroku.readCode(name, ports)).failed).toMatchObject([{ kind: 'rollback' }]);
  });

  it('a rollback to the slug that runs already is still a rollback', async () => {
    releases(world.slug(one), 'Deploy 11111111', 'Rollback to v1');
    expect(await code()).toMatchObject({ release: { version: 2 }, kind: 'rollback' });
  });

  it('a failed release changed nothing; it is told, and so is one under way', async () => {
    releases(world.slug(one), 'Deploy 11111111');
    const failed = world.slug(two);
    world.release(app, failed, { status: 'failed', description: 'Rollback to v9' });
    world.release(app, failed, { status: 'pending', description: 'Deploy 22222222' });
    const state = await heroku.readCode(name, ports);
    expect(state).toMatchObject({ newest: 3, pending: [{ version: 3 }] });
    expect(state.code).toMatchObject({ release: { version: 1 }, kind: 'deploy' });
    expect(state.failed).toMatchObject([{ release: { version: 2 }, kind: 'rollback' }]);
  });

  it('reads on over the pages of a long list', async () => {
    releases(world.slug(one), 'Deploy 11111111', ...Array<string>(120).fill('Set FOO config vars'));
    expect(await code()).toMatchObject({ release: { version: 1 } });
    expect(world.asked.filter((asked) => asked.endsWith('/releases'))).toHaveLength(3);
  });

  it.each([null, 'unknown', '1111111'])('a slug of commit %j has no commit', async (commit) => {
    releases(world.slug(commit), 'Deploy 11111111');
    expect(await code()).toMatchObject({ commit: null });
  });

  it('asks side by side for what it said last, and for what was shipped', async () => {
    releases(null, 'Initial release');
    const [shipped] = releases(world.slug(one), 'Deploy 11111111');
    const reading = (from: Ports) => heroku.readCode(name, from);
    expect(await atOnce(reading)).toBe(1);
    expect(await atOnce(reading)).toBe(3);
    const code = { kind: 'slug', id: shipped?.slug ?? '' } as const;
    const release = { id: shipped?.id ?? '', version: 2 };
    // Another process, which does not know what the slug was made of.
    const other = world.client();
    const still = (from: Ports) => other.mustStillRun({ app: name, release, code }, from);
    expect(await atOnce(still)).toBe(3);
  });

  it('asks no more what a slug was made of, whichever app runs it, once that was told twice, and keeps no wrong answer', async () => {
    const slug = world.slug(one);
    releases(slug, 'Deploy 11111111');
    world.release(world.app('acme-staging'), slug, { description: 'Deploy 11111111' });
    const path = `GET /apps/${name}/slugs/${slug}`;
    world.faults.set(path, [{ status: 200, body: { id: 'another', commit: two } }]);
    expect((await toldFailureOf(code())).code).toBe('E_VENDOR_MALFORMED');
    for (const commit of [null, two]) {
      world.faults.set(path, [{ status: 200, body: { id: slug, commit } }]);
      expect(await code()).toMatchObject({ commit });
    }
    expect(await code()).toMatchObject({ commit: one });
    expect(await code()).toMatchObject({ commit: one });
    const before = world.asked.length;
    expect((await heroku.readCode('acme-staging', ports)).code).toMatchObject({ commit: one });
    expect(await code()).toMatchObject({ commit: one });
    expect(world.asked.slice(before).filter((asked) => asked.includes('/slugs/'))).toEqual([]);
    // Other code is another slug.
    releases(world.slug(two), 'Deploy 22222222');
    expect(await code()).toMatchObject({ commit: two });
  });

  it('asks once what a slug was made of where the log says the same, and again where one answer says otherwise', async () => {
    const slug = world.slug(one);
    releases(slug, 'Initial release', 'Deploy 11111111');
    const expected = async () => ({
      newest: 2,
      code: { kind: 'slug', id: slug } as const,
      commit: one,
    });
    const asked = () => world.asked.filter((each) => each.includes('/slugs/')).length;
    const reading = async () => (await heroku.readCode(name, ports, expected)).code?.commit;
    expect([await reading(), await reading(), asked()]).toEqual([one, one, 1]);
    heroku = world.client();
    const path = `GET /apps/${name}/slugs/${slug}`;
    world.faults.set(path, [{ status: 200, body: { id: slug, commit: two } }]);
    expect([await reading(), await reading(), await reading()]).toEqual([two, one, one]);
  });

  it('asks no more what a slug was made of that was released for what it had to be', async () => {
    const slug = world.slug(one);
    releases(slug, 'Initial release', 'Deploy 11111111');
    const release = app.releases.at(-1)?.id ?? '';
    const wanted = { app: name, release, commit: one, code: { kind: 'slug', id: slug } as const };
    await heroku.awaitRelease({ ...wanted, timeoutMs: 60_000 }, ports);
    const before = world.asked.length;
    expect(await code()).toMatchObject({ commit: one });
    expect(world.asked.slice(before).filter((asked) => asked.includes('/slugs/'))).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['nothing', () => {}],
    ['other code', () => releases(world.slug(two), 'Deploy 22222222')],
    ['a change of configuration', () => releases(world.slug(one), 'Set FOO config vars')],
    [
      'the same release, which says now that it failed',
      () => {
        const last = app.releases.at(-1);
        if (last !== undefined) last.status = 'failed';
      },
    ],
    ['one that is under way', () => world.release(app, world.slug(two), { status: 'pending' })],
  ])('tells what is true now, whatever came since it said something else: %s', async (_, come) => {
    releases(null, 'Initial release');
    releases(world.slug(two), 'Deploy 22222222');
    releases(world.slug(one), 'Deploy 11111111');
    await heroku.readCode(name, ports);
    come();
    expect(await heroku.readCode(name, ports)).toEqual(await world.client().readCode(name, ports));
  });

  it('an answer that cannot be understood is never "no code"', async () => {
    world.faults.set(`GET /apps/${name}/releases`, [{ status: 200, body: { releases: [] } }]);
    expect((await toldFailureOf(code())).code).toBe('E_VENDOR_MALFORMED');
  });

  it('releases in the wrong order are refused, even when the first one seems to tell all', async () => {
    releases(world.slug(one), 'Deploy 11111111', 'Set FOO config vars');
    world.lies.set(`GET /apps/${name}/releases`, (all: object[]) => all.toReversed());
    expect((await toldFailureOf(code())).code).toBe('E_VENDOR_MALFORMED');
  });
});

describe('awaitRelease', () => {
  /** For the slug that the release has. */
  const wait = (release: string, timeoutMs = 600_000) => {
    const slug = app.releases.find(({ id }) => id === release)?.slug ?? 'none';
    const code = { kind: 'slug', id: slug } as const;
    return heroku.awaitRelease({ app: name, release, commit: one, code, timeoutMs }, ports);
  };

  it('waits for the release phase, and passes its output on', async () => {
    const slug = world.slug(one);
    const release = world.phase(app, slug);
    expect(await wait(release.id)).toEqual({
      app: name,
      release: { id: release.id, version: 1 },
      code: { kind: 'slug', id: slug },
      digest: null,
    });
    expect(world.progress.filter((line) => line === 'Running release command...')).toHaveLength(1);
  });

  it('reads what it has to run beside the release', async () => {
    const slug = world.slug(one);
    const { id: release } = world.release(app, slug);
    const input = { app: name, release, commit: one, timeoutMs: 60_000 };
    const code = { kind: 'slug', id: slug } as const;
    expect(await atOnce((from) => heroku.awaitRelease({ ...input, code }, from))).toBe(2);
    expect(world.asked).toHaveLength(2);
  });

  it('another slug of the same commit is not what was verified: E_RELEASE_ARTIFACT', async () => {
    const [verified, other] = [world.slug(one), world.slug(one)];
    const { id } = world.release(app, other);
    const input = { app: name, release: id, commit: one, timeoutMs: 60_000 };
    const error = await toldFailureOf(
      heroku.awaitRelease({ ...input, code: { kind: 'slug', id: verified } }, ports),
    );
    expect(error.code).toBe('E_RELEASE_ARTIFACT');
    expect(
      await heroku.awaitRelease({ ...input, code: { kind: 'slug', id: other } }, ports),
    ).toMatchObject({ code: { id: other } });
  });

  it.each([
    ['another release', (id: string) => `GET /apps/${name}/releases/${id}`, 'release'],
    ['another slug', (_: string, slug: string) => `GET /apps/${name}/slugs/${slug}`, 'slug'],
  ])('%s’s answer is not believed', async (_, path, what) => {
    const slug = world.slug(one);
    const [mine, other] = [world.release(app, slug), world.release(app, slug)];
    const answers = { release: `releases/${other.id}`, slug: `slugs/${world.slug(one)}` };
    const body = await world.read<object>(`/apps/${name}/${answers[what as keyof typeof answers]}`);
    // Also where it is asked for once more.
    const lie = { status: 200, body };
    world.faults.set(path(mine.id, slug), [lie, lie]);
    expect((await toldFailureOf(wait(mine.id))).code).toBe('E_VENDOR_MALFORMED');
  });

  it('what it runs is asked for again where Heroku did not have it while it was under way', async () => {
    const slug = world.slug(one);
    const { id } = world.release(app, slug);
    world.faults.set(`GET /apps/${name}/slugs/${slug}`, [
      { status: 404, body: { id: 'not_found', message: 'Couldn’t find that slug.' } },
    ]);
    const input = { app: name, release: id, commit: one, timeoutMs: 60_000 };
    expect(
      await heroku.awaitRelease({ ...input, code: { kind: 'slug', id: slug } }, ports),
    ).toMatchObject({ code: { id: slug } });
  });

  it('an app of container images is told as one, where its release is waited for', async () => {
    const { id } = world.release(app, null, { description: 'Deployed web (0123456789ab)' });
    expect((await toldFailureOf(wait(id))).code).toBe('E_NO_SLUG');
  });

  it('a failed release phase fails with the end of its output', async () => {
    const { id } = world.phase(app, world.slug(one), 'failed');
    const error = await toldFailureOf(wait(id));
    expect(error.code).toBe('E_RELEASE_FAILED');
    expect(error.hint).toContain('PG::UndefinedColumn');
  });

  it('a failed release phase is asked for its last words, though its output was listened to until it ended', async () => {
    const { id } = world.phase(app, world.slug(one), 'failed');
    // Whatever is asked is open for so long.
    const during = async <T>(call: Promise<T>): Promise<T> => {
      const answer = await call;
      await world.clock.sleep(2_500);
      return answer;
    };
    ports = world.ports({ during });
    expect((await toldFailureOf(wait(id))).code).toBe('E_RELEASE_FAILED');
    expect(world.asked.at(-2)).toBe(`GET /apps/${name}/releases/${id}`);
    expect(world.asked.at(-1)).toBe(`GET /streams/releases/${id}.log`);
  });

  it('an expired release does not run: E_RELEASE_EXPIRED', async () => {
    const { id } = world.release(app, world.slug(one), { status: 'expired' });
    expect((await toldFailureOf(wait(id))).code).toBe('E_RELEASE_EXPIRED');
  });

  it('a release phase without end: E_RELEASE_TIMEOUT', async () => {
    const { id } = world.release(app, world.slug(one), { status: 'pending' });
    expect((await toldFailureOf(wait(id, 60_000))).code).toBe('E_RELEASE_TIMEOUT');
  });

  it('a release of another commit is not ours: E_RELEASE_COMMIT', async () => {
    const { id } = world.release(app, world.slug(two));
    expect((await toldFailureOf(wait(id))).code).toBe('E_RELEASE_COMMIT');
  });

  it('a release of other code is told by what that is of, not by what was wanted: E_RELEASE_COMMIT', async () => {
    const { id } = world.release(app, world.slug(two));
    const code = { kind: 'slug', id: world.slug(one) } as const;
    const input = { app: name, release: id, commit: one, code, timeoutMs: 60_000 };
    expect((await toldFailureOf(heroku.awaitRelease(input, ports))).code).toBe('E_RELEASE_COMMIT');
  });

  it('a config change on top of it does not matter', async () => {
    const slug = world.slug(one);
    const { id } = world.release(app, slug);
    world.release(app, slug, { description: 'Set FOO config vars' });
    expect(await wait(id)).toMatchObject({ release: { version: 1 } });
  });

  it.each(['Deploy 22222222', 'Rollback to v1'])(
    '"%s" on top of it means that it is not what runs: E_RELEASE_NOT_CURRENT',
    async (description) => {
      const { id } = world.release(app, world.slug(one));
      world.release(app, world.slug(two), { description });
      const error = await toldFailureOf(wait(id));
      expect(error.code).toBe('E_RELEASE_NOT_CURRENT');
      expect(error.message).toContain(description);
    },
  );

  it('one that does not say whether it is what runs is looked up: E_RELEASE_NOT_CURRENT', async () => {
    const { id } = world.release(app, world.slug(one));
    world.release(app, world.slug(two), { description: 'Deploy 22222222' });
    const path = `GET /apps/${name}/releases/${id}`;
    world.lies.set(path, (release: object) => ({ ...release, current: undefined }));
    expect((await toldFailureOf(wait(id))).code).toBe('E_RELEASE_NOT_CURRENT');
  });
});

describe('findDecision', () => {
  it('believes no answer of another release than the one that was asked for, by its version', async () => {
    releases(world.slug(one), 'Deploy 11111111', 'Set FOO config vars');
    const body = await world.read<object>(`/apps/${name}/releases/1`);
    world.faults.set(`GET /apps/${name}/releases/2`, [{ status: 200, body }]);
    const error = await toldFailureOf(heroku.findDecision(name, 2, ports));
    expect(error.code).toBe('E_VENDOR_MALFORMED');
  });

  it('believes no answer of another app’s release of that version', async () => {
    releases(world.slug(one), 'Deploy 11111111');
    world.release(world.app('acme-staging'), world.slug(two));
    const body = await world.read<object>('/apps/acme-staging/releases/1');
    world.faults.set(`GET /apps/${name}/releases/1`, [{ status: 200, body }]);
    const error = await toldFailureOf(heroku.findDecision(name, 1, ports));
    expect(error.code).toBe('E_VENDOR_MALFORMED');
  });
});

describe('a release that says less than usual', () => {
  it('decided what runs where it is the app’s first, and says nothing of code', async () => {
    releases(world.slug(one), 'Shipped by a tool of ours', 'Set FOO config vars');
    expect((await heroku.readCode(name, ports)).code).toMatchObject({ release: { version: 1 } });
  });

  it('decided what runs by its code where it has no description', async () => {
    world.release(app, world.slug(one), { description: 'Deploy 11111111' });
    world.release(app, world.slug(two), { description: null as never });
    expect((await heroku.readCode(name, ports)).code).toMatchObject({
      release: { version: 2 },
      description: '',
      kind: 'other',
      commit: two,
    });
  });

  it.each<[string, () => void]>([
    ['lost its code to a config change', () => releases(null, 'Set FOO config vars')],
    ['says that it is one of code, and has none', () => releases(null, 'Deploy 22222222')],
    [
      'expired, and does not say what it ran',
      () => {
        world.release(app, null, { status: 'expired', description: 'Set FOO config vars' });
        world.lies.set(`GET /apps/${name}/releases`, (list: object[]) =>
          list.map((one) => ({ ...one, current: undefined })),
        );
      },
    ],
  ])('E_RELEASES_NO_SLUG: it %s', async (_, happens) => {
    releases(world.slug(one), 'Deploy 11111111');
    happens();
    expect((await toldFailureOf(heroku.readCode(name, ports))).code).toBe('E_RELEASES_NO_SLUG');
  });
});

describe('mustStillRun', () => {
  it('says so where no code runs by now', async () => {
    const slug = world.slug(one);
    const [release] = releases(null, 'Initial release');
    if (release === undefined) throw new Error('it was released');
    const shipped = { app: name, release, code: { kind: 'slug', id: slug } } as const;
    const error = await toldFailureOf(heroku.mustStillRun(shipped, ports));
    expect(error).toMatchObject({
      code: 'E_RELEASE_NOT_CURRENT',
      details: { app: name, currentVersion: null, currentDescription: null },
    });
  });

  it('says so where somebody went back to the same code after it', async () => {
    const slug = world.slug(one);
    const [release] = releases(slug, 'Deploy 11111111', 'Rollback to v1');
    if (release === undefined) throw new Error('it was released');
    const shipped = { app: name, release, code: { kind: 'slug', id: slug } } as const;
    const error = await toldFailureOf(heroku.mustStillRun(shipped, ports));
    expect(error.code).toBe('E_RELEASE_NOT_CURRENT');
  });

  it('is content where somebody had gone back to the same code before it', async () => {
    const slug = world.slug(one);
    releases(slug, 'Deploy 11111111');
    releases(world.slug(two), 'Deploy 22222222');
    const [, release] = releases(slug, 'Rollback to v1', 'Shipped by a tool of ours');
    if (release === undefined) throw new Error('it was released');
    const shipped = { app: name, release, code: { kind: 'slug', id: slug } } as const;
    await heroku.mustStillRun(shipped, ports);
  });
});
