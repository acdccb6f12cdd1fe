/** Rollbacks: one a release, whatever is lost or killed; to what ran right before it, and never over anybody else. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StepPorts } from '../../../../src/effects/ports.ts';
import type { Heroku } from '../../../../src/effects/targets/heroku/heroku.ts';
import type { Artifact } from '../../../../src/machine/events.ts';
import type { App, Release } from '../../../../src/sandbox/heroku/state.ts';
import { toldFailureOf } from '../../lockstep-error.ts';
import { SandboxHeroku } from './sandbox-heroku.ts';

const name = 'acme-canary';
const key = '502-11111111';
const write = `POST /apps/${name}/releases`;
const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
];

let world: SandboxHeroku;
let app: App;
let heroku: Heroku;
let ports: StepPorts;
let slugBefore: string;
let before: Release;
let ours: Release;

/** v1 ran no code, v2 ran before, v3 is the deploy's. */
beforeEach(async () => {
  world = await SandboxHeroku.start();
  app = world.app(name);
  heroku = world.client();
  ports = world.ports();
  world.release(app, null, { description: 'Initial release' });
  slugBefore = world.slug(two);
  before = world.release(app, slugBefore, { description: 'Deploy 22222222' });
  ours = release();
});
afterEach(() => world.close());

/** Of the deploy, as a build with its key makes one. */
function release(): Release {
  const slug = world.slug(one);
  const made = world.release(app, slug, { description: 'Deploy 11111111' });
  world.build(app, { mark: `lockstep ${key}`, status: 'succeeded', slug, release: made.id });
  return made;
}

const rollBack = (over: Partial<StepPorts> = {}) =>
  heroku.rollBack({ app: name, key, to: [wanted()], timeoutMs: 60_000 }, { ...ports, ...over });
const wanted = () => ({ kind: 'slug', id: slugBefore, digest: null, commit: two });
const sent = () => world.asked.filter((one) => one === write).length;
const rollbacks = () =>
  app.releases.filter(({ description }) => description.startsWith('Rollback'));

describe('a rollback', () => {
  it('is to the release that ran right before, whose config vars are the last of that code', async () => {
    app.releases.pop();
    const config = world.release(app, slugBefore, { description: 'Set FOO config vars' });
    ours = release();
    world.release(app, ours.slug, { description: 'Set BAR config vars' });
    const made = await rollBack();
    expect(app.releases.at(-1)?.description).toBe(`Rollback to v${config.version}`);
    const { id, version } = app.releases.at(-1) ?? ours;
    expect(made).toEqual({
      kind: 'rolled back',
      release: { id, version },
      code: { kind: 'slug', id: slugBefore },
      commit: two,
      digest: null,
    });
  });

  it('is of the wanted slug, or else of another one of its commit, however far back', async () => {
    const [built, first] = [world.slug(two), slugBefore];
    for (const slug of [world.slug(three), built, world.slug('4'.repeat(40))])
      world.release(app, slug);
    release();
    await rollBack();
    expect(app.releases.at(-1)?.slug).toBe(slugBefore);
    release();
    slugBefore = world.slug(two);
    expect(await rollBack()).toMatchObject({ commit: two });
    expect([built, first]).toContain(app.releases.at(-1)?.slug);
  });

  it('passes over a slug that is not there any more', async () => {
    world.release(app, world.slug(three), { slug: 'gone' });
    release();
    slugBefore = world.slug(two);
    expect(await rollBack()).toMatchObject({ commit: two });
  });

  it('is waited for through its release phase', async () => {
    world.nextPhases(app);
    const made = await rollBack();
    expect(made).toMatchObject({ release: { version: 4 } });
    expect(app.releases.at(-1)?.status).toBe('succeeded');
    expect(world.progress).toContain('Running release command...');
  });

  it('asks the lane right before it is sent', async () => {
    const fenced: string[] = [];
    world.beforeWrite = async ({ method, url }) => {
      fenced.push(`${method} ${new URL(url).pathname}`);
    };
    await rollBack();
    expect(fenced).toEqual([write]);
  });

  it('is not sent once the lane is lost', async () => {
    world.beforeWrite = () => Promise.reject(new Error('the lane is lost'));
    await expect(rollBack()).rejects.toThrow('the lane is lost');
    expect(sent()).toBe(0);
  });
});

describe('one rollback', () => {
  it.each(['lost-after', '503-after'] as const)('where its reply is %s', async (fault) => {
    world.faults.set(write, [fault]);
    const made = await rollBack();
    expect(made).toMatchObject({ release: { version: 4 }, commit: two });
    expect([sent(), rollbacks().length]).toEqual([1, 1]);
  });

  it('where its request was lost: looked for, then sent once more', async () => {
    world.faults.set(write, ['lost-before']);
    expect(await rollBack()).toMatchObject({ release: { version: 4 } });
    expect([sent(), rollbacks().length]).toEqual([2, 1]);
  });

  it('where its reply is lost, and it is still in its release phase', async () => {
    world.faults.set(write, ['lost-after']);
    world.nextPhases(app);
    // For longer than it is looked for: it is found under way, or not at all.
    world.timing = { releasePhaseMs: 40_000 };
    expect(await rollBack()).toMatchObject({ release: { version: 4 } });
    expect([sent(), rollbacks().length]).toEqual([1, 1]);
  });

  it.each<[string, () => object]>([
    ['slug', () => ({ slug: { id: 'another' } })],
    ['release', () => ({ id: ours.id, version: ours.version, slug: { id: ours.slug } })],
    ['app', () => ({ id: 'another', app: { id: 'another', name: 'another' } })],
  ])('where the answer is of another %s than the one that was asked for', async (_, other) => {
    world.lies.set(write, (body: object) => ({ ...body, ...other() }));
    expect(await rollBack()).toMatchObject({ release: { version: 4 } });
    expect([sent(), rollbacks().length]).toEqual([1, 1]);
  });

  it.each(['pending', 'succeeded'] as const)(
    'where the run is killed between the write and its answer, and it is %s by then',
    async (status) => {
      const killed = new AbortController();
      world.onAsked = (request) => {
        if (request === write) setImmediate(() => killed.abort(new Error('killed')));
      };
      world.faults.set(write, ['lost-after']);
      if (status === 'pending') world.nextPhases(app);
      await expect(rollBack({ signal: killed.signal })).rejects.toThrow('killed');
      world.onAsked = () => {};
      expect(await rollBack({ again: true })).toMatchObject({ release: { version: 4 } });
      expect([sent(), rollbacks().length]).toEqual([1, 1]);
    },
  );

  it('where a dead run’s request arrives only while the next one looks', async () => {
    let looks = 0;
    world.onAsked = (request) => {
      if (request !== `GET /apps/${name}/releases`) return;
      looks += 1;
      if (looks === 2) world.rollback(app, before);
    };
    expect(await rollBack({ again: true })).toMatchObject({ release: { version: 4 } });
    expect([sent(), rollbacks().length]).toEqual([0, 1]);
  });

  it('that failed in its release phase is told with its output, and not made again', async () => {
    world.nextPhases(app, 'failed');
    for (const again of [false, true]) {
      const error = await toldFailureOf(rollBack({ again }));
      expect(error).toMatchObject({ code: 'E_RELEASE_FAILED' });
      expect(error.hint).toContain('PG::UndefinedColumn');
    }
    expect(sent()).toBe(1);
  });

  it('of a person’s after one that failed is what counts', async () => {
    world.rollback(app, before).status = 'failed';
    const { version } = world.rollback(app, before);
    expect(await rollBack()).toMatchObject({ release: { version } });
    expect(sent()).toBe(0);
  });
});

describe('a release under way or failed that is none of ours', () => {
  const rollbackElsewhere = () => {
    const other = world.release(app, world.slug(three), { description: 'Deploy 33333333' });
    other.status = 'failed';
    world.rollback(app, other).status = 'failed';
  };
  const configChange = () =>
    world.release(app, slugBefore, { status: 'failed', description: 'Set FOO config vars' });

  it.each<[string, readonly (() => unknown)[]]>([
    ['a rollback that failed to something else', [rollbackElsewhere]],
    ['a config change', [configChange]],
    ['both', [configChange, rollbackElsewhere]],
  ])('is not taken for the rollback: %s', async (_, happens) => {
    for (const happen of happens) happen();
    await rollBack();
    expect(sent()).toBe(1);
  });
});

describe('nothing is rolled back', () => {
  it.each<[string, boolean, () => void]>([
    ['a person went back to something else', false, () => goneBackElsewhere()],
    ['a person went back to the deploy’s release', true, () => backToOurs()],
    [
      'a person went back to it twice',
      true,
      () => {
        backToOurs();
        world.release(app, world.slug(three));
        world.rollback(app, ours);
      },
    ],
    [
      'a person went back, and Heroku does not keep the deploy’s code any more',
      false,
      () => {
        const description = 'Set FOO config vars';
        Object.assign(ours, { status: 'expired', slug: null, description });
        world.rollback(app, before);
      },
    ],
    ['another deploy’s release runs', false, () => void world.release(app, world.slug(three))],
    [
      'somebody is going back from another deploy’s release',
      false,
      () => {
        world.release(app, world.slug(three));
        world.release(app, slugBefore, { status: 'pending', description: 'Rollback to v2' });
      },
    ],
    [
      'another release waits behind a config change that is under way too',
      true,
      () => {
        world.release(app, world.slug(three), {
          status: 'pending',
          description: 'Deploy 33333333',
        });
        world.release(app, ours.slug, { status: 'pending', description: 'Set FOO config vars' });
      },
    ],
  ])('where %s; that it runs: %s', async (_, runsIt, happens) => {
    happens();
    const releases = app.releases.length;
    expect(await rollBack()).toEqual({ kind: 'untouched', runsIt });
    expect(app.releases).toHaveLength(releases);
    expect(sent()).toBe(0);
  });

  it.each<[string, string, () => void]>([
    ['expired', 'E_RESTORE_GONE', () => Object.assign(before, { status: 'expired' })],
    [
      'expired, and lost its slug',
      'E_RESTORE_GONE',
      () => Object.assign(before, { status: 'expired', slug: null }),
    ],
    [
      'expired, lost its slug and says nothing of code',
      'E_RESTORE_GONE',
      () =>
        Object.assign(before, {
          status: 'expired',
          slug: null,
          description: 'Set FOO config vars',
        }),
    ],
    [
      'is a container image, of no commit',
      'E_NOTHING_TO_RESTORE',
      () => Object.assign(before, { slug: null, description: 'Deployed web (4b5c6d7e8f90)' }),
    ],
    [
      'has no slug, though it is one of code',
      'E_NOTHING_TO_RESTORE',
      () => Object.assign(before, { slug: null }),
    ],
  ])('where what ran before %s: %s', async (_, code, change) => {
    change();
    const error = await toldFailureOf(rollBack());
    expect(error.code).toBe(code);
    expect(error.hint).toBeTruthy();
    expect(sent()).toBe(0);
  });

  function goneBackElsewhere(): void {
    const other = world.release(app, world.slug(three));
    release();
    world.rollback(app, other);
  }

  function backToOurs(): void {
    world.release(app, world.slug(three));
    world.rollback(app, ours);
  }
});

describe('what was promoted', () => {
  it.each(['Promote acme-staging v7 1111111', 'Retry of v3: Promote acme-staging v7 1111111'])(
    'is known by the build that its release names: %s',
    async (description) => {
      const staging = world.app('acme-staging');
      const slug = world.slug(one);
      world.build(staging, { mark: `lockstep ${key}`, status: 'succeeded', slug });
      app.releases.pop();
      app.builds.pop();
      world.release(app, slug, { description });
      expect(await rollBack()).toMatchObject({ code: { id: slugBefore }, commit: two });
      expect(staging.releases).toEqual([]);
    },
  );
});

describe('mustStillRun', () => {
  it('sees other code that waits behind a config change which is under way too', async () => {
    const shipped = {
      app: name,
      release: ours,
      code: { kind: 'slug', id: ours.slug ?? '' },
    } as const;
    world.release(app, ours.slug, { status: 'pending', description: 'Set FOO config vars' });
    await heroku.mustStillRun(shipped, ports);
    app.releases.pop();
    world.release(app, world.slug(three), { status: 'pending', description: 'Deploy 33333333' });
    world.release(app, ours.slug, { status: 'pending', description: 'Set FOO config vars' });
    expect((await toldFailureOf(heroku.mustStillRun(shipped, ports))).code).toBe(
      'E_RELEASE_NOT_CURRENT',
    );
  });
});

describe('mustStillRun, where the same code was released over it', () => {
  it('takes the word of its own release that its code is the same, and nothing else for it', async () => {
    const shipped = {
      app: name,
      release: ours,
      code: { kind: 'slug', id: ours.slug ?? '' },
    } as const;
    world.release(app, ours.slug, { description: 'Deploy 11111111' });
    await heroku.mustStillRun(shipped, ports);
    const none = { status: 404, body: { id: 'not_found' } };
    world.faults.set(
      `GET /apps/${name}/releases/${ours.id}`,
      Array.from({ length: 9 }, () => none),
    );
    expect((await toldFailureOf(heroku.mustStillRun(shipped, ports))).code).toBe(
      'E_RELEASES_CONTRADICTION',
    );
  });
});

describe('a deploy’s rollback', () => {
  const restored = (to: readonly Artifact[]) =>
    heroku.rollBack({ app: name, key, to, timeoutMs: 60_000 }, ports);

  it.each<[string, readonly { kind?: string; id?: string; commit: string | null }[]]>([
    ['nothing was verified', []],
    ['what was verified is of no commit', [{ id: 'never', commit: null }]],
    ['what has its id is of another kind', [{ kind: 'image', commit: null }]],
    ['its commit never ran there', [{ id: 'never', commit: three }]],
  ])('E_NOTHING_TO_RESTORE: %s', async (_, to) => {
    const error = await toldFailureOf(restored(to.map((one) => ({ ...wanted(), ...one }))));
    const details = { app: name, version: 3, wanted: to[0]?.commit ?? null };
    expect(error).toMatchObject({ code: 'E_NOTHING_TO_RESTORE', details });
    expect(sent()).toBe(0);
  });

  it('is known by a rollback that is under way to that, and by none where nothing is to run', async () => {
    world.release(app, slugBefore, { status: 'pending', description: 'Rollback to v2' });
    expect(await restored([])).toEqual({ kind: 'untouched', runsIt: true });
    expect(sent()).toBe(0);
  });

  it('is none where somebody went back, and nothing is to run', async () => {
    world.rollback(app, before);
    expect(await restored([])).toEqual({ kind: 'untouched', runsIt: false });
  });

  it('is none where somebody went back over a later release than the deploy’s', async () => {
    world.release(app, world.slug(three), { description: 'Deploy 33333333' });
    world.rollback(app, before);
    expect(await rollBack()).toEqual({ kind: 'untouched', runsIt: false });
    expect(sent()).toBe(0);
  });

  it.each<[string, () => { id: string; commit: string | null }]>([
    [
      'it failed there, and never ran',
      () => {
        before.status = 'failed';
        return { id: slugBefore, commit: two };
      },
    ],
    [
      'it is of no commit, as something else is that ran',
      () => {
        app.releases.pop();
        world.release(app, world.slug(null));
        release();
        return { id: 'never', commit: null };
      },
    ],
  ])('is to nothing that never ran there, be it like it: %s', async (_, happens) => {
    const error = await toldFailureOf(restored([{ ...wanted(), ...happens() }]));
    expect(error.code).toBe('E_NOTHING_TO_RESTORE');
    expect(sent()).toBe(0);
  });

  it('is none where no code ever ran', async () => {
    app.releases.splice(1);
    expect(await rollBack()).toEqual({ kind: 'untouched', runsIt: false });
  });

  it('is none where what runs is a rollback, and nothing ran before it', async () => {
    app.releases.splice(1);
    world.release(app, slugBefore, { description: 'Rollback to v1' });
    expect(await rollBack()).toEqual({ kind: 'untouched', runsIt: false });
  });

  it('is to what ran before the release that it takes back, which may be another one than when it was looked for', async () => {
    const failed = world.release(app, world.slug('4'.repeat(40)), { status: 'failed' });
    world.rollback(app, failed).status = 'failed';
    const since = world.slug(three);
    let lists = 0;
    world.onAsked = (request) => {
      lists += request === `GET /apps/${name}/releases` ? 1 : 0;
      // The look reads two; then what is to be taken back is asked anew.
      if (lists !== 3) return;
      world.onAsked = () => {};
      world.release(app, since, { description: 'Deploy 33333333' });
      release();
    };
    const to = [{ ...wanted(), id: since, commit: three }, wanted()];
    expect(await restored(to)).toMatchObject({ code: { id: since } });
  });

  it('is to an older release of the commit where a newer one has expired', async () => {
    app.releases.pop();
    world.release(app, world.slug(two), { status: 'expired' });
    ours = release();
    const to = { ...wanted(), id: 'of another app' };
    expect(await restored([to])).toMatchObject({ code: { id: slugBefore }, commit: two });
  });

  it('is to an older release of the second choice where a newer one of the same code has expired', async () => {
    app.releases.pop();
    world.release(app, slugBefore, { status: 'expired' });
    ours = release();
    const never = { ...wanted(), id: 'of another app', commit: 'e'.repeat(40) };
    expect(await restored([never, wanted()])).toMatchObject({ code: { id: slugBefore } });
  });

  it('asks so many slugs of their commit: the fiftieth is found', async () => {
    app.releases.pop();
    for (let n = 0; n < 49; n++) world.release(app, world.slug(three));
    ours = release();
    const to = { ...wanted(), id: 'of another app' };
    expect(await restored([to])).toMatchObject({ code: { id: slugBefore }, commit: two });
  });

  it('asks so many slugs of their commit and no more', async () => {
    app.releases.pop();
    for (let n = 0; n < 50; n++) world.release(app, world.slug(three));
    ours = release();
    slugBefore = 'of another app';
    expect((await toldFailureOf(rollBack())).code).toBe('E_NOTHING_TO_RESTORE');
    const slugs = world.asked.filter((one) => one.startsWith(`GET /apps/${name}/slugs/`));
    expect(new Set(slugs).size).toBeLessThanOrEqual(52);
    expect(sent()).toBe(0);
  });

  it('is not written where what a slug was made of cannot be read', async () => {
    const of = { slug: slugBefore };
    slugBefore = 'of another app';
    const path = `GET /apps/${name}/slugs/${of.slug}`;
    world.faults.set(
      path,
      Array.from({ length: 9 }, () => ({ status: 403, body: {} })),
    );
    expect((await toldFailureOf(rollBack())).code).toBe('E_VENDOR_AUTH');
    expect(sent()).toBe(0);
  });

  it('whose release has no code once it runs is no success', async () => {
    world.onAsked = (request) => {
      if (!/^GET \/apps\/acme-canary\/releases\/[^/]*-/.test(request)) return;
      world.lies.set(request, (body: object) => ({ ...body, slug: null }));
    };
    expect((await toldFailureOf(rollBack())).code).toBe('E_VENDOR_MALFORMED');
  });
});

describe('a person’s rollback', () => {
  const made: { id: string; version: number }[] = [];
  const rollBackTo = (to: Release, from: Release = ours) => {
    made.length = 0;
    const input = { app: name, from, to, timeoutMs: 60_000 };
    return heroku.rollBackTo({ ...input, onMade: (one) => made.push(one) }, ports);
  };
  const untouched = { kind: 'untouched', runsIt: false };
  const pending = (slug: string | null, description: string) =>
    world.release(app, slug, { status: 'pending', description });

  it.each<[string, string, () => void]>([
    ['E_RESTORE_GONE', 'has expired', () => Object.assign(before, { status: 'expired' })],
    ['E_RELEASES_NO_SLUG', 'has no code', () => Object.assign(before, { slug: null })],
    [
      'E_RELEASES_NO_SLUG',
      'has no code and no description',
      () => Object.assign(before, { slug: null, description: null }),
    ],
    [
      'E_NO_SLUG',
      'is of the container registry',
      () => Object.assign(before, { slug: null, description: 'Deployed web (4b5c6d7e8f90)' }),
    ],
  ])('%s: what is to run again %s', async (code, _, change) => {
    change();
    expect((await toldFailureOf(rollBackTo(before))).code).toBe(code);
    expect([sent(), made.length]).toEqual([0, 0]);
  });

  it('that is under way already is adopted, and told before it runs', async () => {
    world.nextPhases(app);
    world.heroku.settle();
    const pending = world.heroku.release(app, { slug: slugBefore, description: 'Rollback to v2' });
    const { id, version } = pending;
    expect(await rollBackTo(before)).toMatchObject({ release: { id, version } });
    expect([sent(), made]).toEqual([0, [{ id, version }]]);
  });

  it.each([
    ['a person’s', () => rollBackTo(before)],
    ['a deploy’s', () => rollBack()],
  ])('that is lost is told of by the app: %s', async (_, roll) => {
    world.faults.set(write, ['lost-before']);
    expect(await roll()).toMatchObject({ release: { version: 4 } });
    expect(world.progress).toEqual([
      'the reply to acme-canary’s rollback was lost; looking whether it was made',
      'there is no sign of acme-canary’s rollback; asking for it once more',
    ]);
  });

  it('is made over no other one, and over none that somebody made from elsewhere', async () => {
    const other = world.release(app, world.slug(three));
    world.rollback(app, before);
    expect(await rollBackTo(before)).toEqual(untouched);
    expect(await rollBackTo(before, other)).toMatchObject({ release: { version: 5 } });
    expect([sent(), made.map(({ version }) => version)]).toEqual([0, [5]]);
  });

  it('is not made over what somebody released meanwhile, be it of that very code', async () => {
    world.release(app, slugBefore, { description: 'Deploy 22222222' });
    expect(await rollBackTo(before)).toEqual(untouched);
    expect([sent(), made]).toEqual([0, []]);
  });

  it.each<[string, () => unknown]>([
    ['a promotion of that very code', () => pending(slugBefore, 'Promote acme-staging v7 2222222')],
    ['a rollback to other code', () => pending(world.slug(three), 'Rollback to v1')],
    [
      'a rollback to that code, from a release that came since',
      () => {
        world.release(app, world.slug(three), { description: 'Deploy 33333333' });
        pending(slugBefore, 'Rollback to v2');
      },
    ],
    [
      'other code, behind a change of configuration that is under way too',
      () => {
        pending(world.slug(three), 'Deploy 33333333');
        pending(ours.slug, 'Set FOO config vars');
      },
    ],
  ])('is neither made nor adopted where somebody else has under way %s', async (_, begins) => {
    begins();
    expect(await rollBackTo(before)).toEqual(untouched);
    expect([sent(), made]).toEqual([0, []]);
  });

  it('is not adopted where somebody went back from there to something else', async () => {
    app.releases.pop();
    const other = world.release(app, world.slug(three));
    ours = release();
    world.rollback(app, other);
    expect(await rollBackTo(before)).toEqual(untouched);
    expect([sent(), made]).toEqual([0, []]);
  });

  it('is not made where nothing ever ran', async () => {
    app.releases.splice(1);
    const failed = world.release(app, slugBefore, { status: 'failed' });
    expect(await rollBackTo(failed)).toEqual(untouched);
  });

  it('is not made over a release under way that has no description', async () => {
    world.release(app, world.slug(three), { status: 'pending', description: null as never });
    expect(await rollBackTo(before)).toEqual(untouched);
    const shipped = {
      app: name,
      release: ours,
      code: { kind: 'slug', id: ours.slug ?? '' },
    } as const;
    expect((await toldFailureOf(heroku.mustStillRun(shipped, ports))).code).toBe(
      'E_RELEASE_NOT_CURRENT',
    );
  });
});
