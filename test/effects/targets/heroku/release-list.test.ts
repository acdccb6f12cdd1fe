/** Lists of releases that must not be believed: short, empty, contradictory, of another app, older than the truth. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ports } from '../../../../src/effects/ports.ts';
import type { Heroku } from '../../../../src/effects/targets/heroku/heroku.ts';
import type { App } from '../../../../src/sandbox/heroku/state.ts';
import { fc } from '../../../fast-check.ts';
import { toldFailureOf } from '../../lockstep-error.ts';
import { SandboxHeroku } from './sandbox-heroku.ts';

const name = 'acme-production';
const list = `GET /apps/${name}/releases`;

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

interface Listed {
  id: string;
  version: number;
  status: string;
  description: string | null;
  slug: { id: string } | null;
  current?: boolean;
  app: { id: string; name: string };
}

/** The true list, newest first, as the sandbox's Heroku has it. */
async function trueList(): Promise<Listed[]> {
  return (await world.read<Listed[]>(`/apps/${name}/releases`)).toReversed();
}

/** What is made of the answer to the next request for the list. */
async function readingOf(body: readonly object[], status = 200) {
  world.faults.set(list, [{ status, body: [...body] }]);
  return heroku.readCode(name, ports);
}

function history(): void {
  world.release(app, null, { description: 'Initial release' });
  world.release(app, null, { description: 'Enable Logplex' });
  const older = world.slug('1'.repeat(40));
  world.release(app, older, { description: 'Deploy 11111111' });
  world.release(app, world.slug('2'.repeat(40)), { description: 'Deploy 22222222' });
  world.release(app, older, { description: 'Rollback to v3' });
  world.release(app, older, { description: 'Set FOO config vars' });
}

const asSlug = (artifact: { id: string } | null) => ({ ...artifact, type: 'slug' });

describe('a list that cannot be all', () => {
  const lies: readonly [string, (whole: Listed[]) => readonly object[], number, string][] = [
    ['nothing at all', () => [], 200, 'E_RELEASES_EMPTY'],
    [
      'every release failed',
      (all) => all.map((one) => ({ ...one, status: 'failed', current: false })),
      200,
      'E_RELEASES_NONE_RAN',
    ],
    [
      'no release has a slug, though one is a rollback',
      (all) => all.map((one) => ({ ...one, slug: null, artifacts: [] })),
      200,
      'E_RELEASES_NO_SLUG',
    ],
    ['a part without the way to the rest', (all) => all.slice(0, 1), 206, 'E_LIST_CUT'],
    [
      'the newest config change, as if it were all',
      (all) => all.slice(0, 1),
      200,
      'E_RELEASES_SHORT',
    ],
    ['one in the middle is missing', (all) => all.toSpliced(1, 1), 200, 'E_RELEASES_GAP'],
    ['the newest comes twice', (all) => [...all.slice(0, 1), ...all], 200, 'E_VENDOR_MALFORMED'],
    ['oldest first', (all) => all.toReversed(), 200, 'E_VENDOR_MALFORMED'],
    [
      'what runs is said to have failed',
      (all) => all.map((one) => (one.current === true ? { ...one, status: 'failed' } : one)),
      200,
      'E_RELEASES_CONTRADICTION',
    ],
    [
      'what runs is said to be one that failed, the newest',
      (all) => all.map((one, i) => (i === 0 ? { ...one, status: 'failed', current: true } : one)),
      200,
      'E_RELEASES_CONTRADICTION',
    ],
    [
      'what ran last is said not to be what runs',
      (all) => all.map((one) => ({ ...one, current: false })),
      200,
      'E_RELEASES_CONTRADICTION',
    ],
    [
      'each is said to be what runs',
      (all) => all.map((one) => ({ ...one, current: true })),
      200,
      'E_RELEASES_CONTRADICTION',
    ],
    [
      'a second slug of one release',
      (all) => all.map((one) => ({ ...one, artifacts: [one.slug, { id: 'another' }].map(asSlug) })),
      200,
      'E_RELEASES_CONTRADICTION',
    ],
    [
      'two slugs of one release',
      (all) => all.map((one) => ({ ...one, artifacts: [{ type: 'slug', id: 'another' }] })),
      200,
      'E_RELEASES_CONTRADICTION',
    ],
    [
      'another app’s',
      (all) => all.map((one) => ({ ...one, app: { id: 'x', name: 'acme-staging' } })),
      200,
      'E_VENDOR_MALFORMED',
    ],
    [
      'releases of the container registry',
      (all) =>
        all.map((one) => ({ ...one, slug: null, artifacts: [{ type: 'oci-image', id: 'image' }] })),
      200,
      'E_NO_SLUG',
    ],
    [
      'releases of the container registry, whose images are named',
      (all) =>
        all.map((one) => ({
          ...{ ...one, slug: null, artifacts: [], oci_image: { id: 'image' } },
          description: 'Deployed web (0123456789ab)',
        })),
      200,
      'E_NO_SLUG',
    ],
    [
      'what was made at a time that is none',
      (all) => all.map((one) => ({ ...one, created_at: 'lately' })),
      200,
      'E_VENDOR_MALFORMED',
    ],
    [
      'images that Heroku does not have',
      (all) =>
        all.map((one) => ({ ...one, slug: null, artifacts: [], oci_image: { id: 'image' } })),
      200,
      'E_VENDOR_MALFORMED',
    ],
  ];

  it.each(lies)('%s', async (_, lie, status, code) => {
    history();
    const error = await toldFailureOf(readingOf(lie(await trueList()), status));
    expect(error.code).toBe(code);
    expect(error.hint ?? '').not.toBe(code === 'E_VENDOR_MALFORMED' ? null : '');
  });

  it('all but the first release, of which none has code', async () => {
    for (const description of ['Initial release', 'Enable Logplex'])
      world.release(app, null, { description });
    const error = await toldFailureOf(readingOf((await trueList()).slice(0, -1)));
    expect(error.code).toBe('E_RELEASES_SHORT');
  });

  it('an older list is read again until it shows the newest release', async () => {
    history();
    const older = await trueList();
    world.release(app, world.slug('3'.repeat(40)), { description: 'Deploy 33333333' });
    expect(await readingOf(older)).toMatchObject({ newest: 7, code: { release: { version: 7 } } });
  });

  it('is not believed whatever the app is thought to say, and neither is that', async () => {
    history();
    const older = await trueList();
    world.release(app, world.slug('3'.repeat(40)), { description: 'Deploy 33333333' });
    const slugs = [...new Set(app.releases.flatMap(({ slug }) => slug ?? []))];
    const codes = [null, ...slugs.map((id) => ({ kind: 'slug', id }) as const)];
    const all = codes.flatMap((code) => [0, 4, 6, 7, 8, 9, 20].map((newest) => ({ newest, code })));
    for (const expected of all) {
      // Another process, which was told nothing yet.
      const answers = [[{ status: 200, body: older }], []];
      for (const faults of answers) {
        world.faults.set(list, faults);
        const seen = await world.client().readCode(name, ports, async () => expected);
        expect(seen).toMatchObject({
          newest: 7,
          code: { release: { version: 7 }, commit: '3'.repeat(40) },
        });
        expect(seen).toEqual(await world.client().readCode(name, ports));
      }
    }
  });

  it('that says what it is thought to say is asked about beside, not after', async () => {
    history();
    const [newest] = await trueList();
    const target = world.target(name);
    const begun: string[] = [];
    let beside: readonly string[] = [];
    const http: Ports['http'] = {
      assertHeld: () => ports.http.assertHeld(),
      vendorClock: (vendor) => ports.http.vendorClock(vendor),
      async send(request) {
        begun.push(new URL(request.url).pathname);
        const answer = await ports.http.send(request);
        if (request.url.endsWith('/releases')) beside = [...begun];
        return answer;
      },
    };
    const slug = newest?.slug?.id ?? '';
    const shipped = {
      release: { id: newest?.id ?? '', version: 'v6' },
      artifact: { kind: 'slug', id: slug, commit: null },
    };
    await target.observe({ ...ports, http }, async () => shipped);
    const asked = [`/apps/${name}/releases`, `/apps/${name}/releases/7`];
    expect([...beside].sort()).toEqual([...asked, `/apps/${name}/slugs/${slug}`]);
    expect(begun).toHaveLength(3);
  });

  it('that is thought to say what no app of Heroku does is read as ever', async () => {
    history();
    const seen = await world.target(name).observe(ports);
    const asked = world.asked.splice(0);
    for (const [version, kind] of [
      ['20260105-1', 'slug'],
      ['v6', 'bundle'],
    ] as const) {
      const artifact = { kind, id: 'i-1', commit: null };
      const expected = { release: { id: 'r-1', version }, artifact };
      expect(await world.target(name).observe(ports, async () => expected)).toEqual(seen);
      expect(world.asked.splice(0)).toEqual(asked);
    }
  });

  it('one that never catches up is told', async () => {
    history();
    const older = await trueList();
    world.release(app, world.slug('3'.repeat(40)), { description: 'Deploy 33333333' });
    world.faults.set(list, Array(20).fill({ status: 200, body: older }));
    expect((await toldFailureOf(heroku.readCode(name, ports))).code).toBe('E_RELEASES_BEHIND');
  });

  it('without any code is not believed where the app itself has some', async () => {
    world.release(app, null, { description: 'Initial release' });
    const sizes = [72_552_521, 0];
    world.lies.set(`GET /apps/${name}`, (about: object) => ({
      ...about,
      slug_size: sizes.shift() ?? null,
    }));
    expect((await toldFailureOf(heroku.readCode(name, ports))).code).toBe(
      'E_RELEASES_CONTRADICTION',
    );
    expect(await heroku.readCode(name, ports)).toMatchObject({ code: null });
  });

  it('an app that never had code has none, even where a first deploy failed', async () => {
    world.release(app, null, { description: 'Initial release' });
    world.release(app, world.slug('1'.repeat(40)), { status: 'failed' });
    expect(await heroku.readCode(name, ports)).toMatchObject({ newest: 2, code: null });
  });

  it.each([
    ['Deploy 11111111', 'which failed at first'],
    ['', 'released again without a word, which failed at first'],
    ['Set FOO config vars', 'with a text that says nothing of code'],
  ])('of code that was put there by "%s", %s, only what failed above it counts', async (text) => {
    world.release(app, null, { description: 'Initial release' });
    const slug = world.slug('1'.repeat(40));
    world.release(app, slug, { description: 'Deploy 11111111' });
    world.release(app, world.slug('2'.repeat(40)), { description: 'Deploy 22222222' });
    world.release(app, slug, { description: text, status: 'failed' });
    world.release(app, slug, { description: text });
    world.release(app, slug, { description: 'Rollback to v2', status: 'failed' });
    world.release(app, slug, { description: 'Set BAR config vars' });
    const { code, failed } = await heroku.readCode(name, ports);
    expect(code?.release.version).toBe(5);
    expect(failed.map(({ release }) => release.version)).toEqual([6]);
  });

  it.each([
    ['images, where the app was moved to slugs since', 'Deployed web (0123456789ab)'],
    ['a release of code of which none is told', 'Deploy 00000000'],
  ])('are history: %s', async (_, description) => {
    world.release(app, world.slug('0'.repeat(40)), { description: 'Deploy 00000000' });
    world.release(app, null, { description });
    world.release(app, world.slug('1'.repeat(40)), { description: 'Deploy 11111111' });
    const { code, before } = await heroku.readCode(name, ports);
    expect([code?.release.version, before?.release.version]).toEqual([3, 2]);
  });
});

describe('any history, and any one lie about it', () => {
  const description = fc.constantFrom(
    'Deploy 11111111',
    'Promote acme-staging v4 2222222',
    'Rollback to v2',
    'Set FOO config vars',
    'an old build again',
  );
  const made = fc.record({
    status: fc.constantFrom('succeeded' as const, 'succeeded' as const, 'failed' as const),
    description,
    slug: fc.integer({ min: 0, max: 3 }),
  });
  const lie = fc.constantFrom(
    'drop',
    'cut',
    'empty',
    'twice',
    'swap',
    'no slug',
    'failed',
    'other app',
  );

  it('is refused, or changes nothing of what runs', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(made, { maxLength: 8 }), lie, fc.nat(), async (past, kind, at) => {
        app.releases.length = 0;
        const slugs = ['a', 'b', 'c', 'd'].map((digit) => world.slug(digit.repeat(40)));
        world.release(app, null, { description: 'Initial release' });
        let current: string | null = null;
        for (const { slug, ...one } of past) {
          // A config change keeps what runs.
          const keeps = one.description.startsWith('Set');
          const chosen: string | null = keeps ? current : (slugs[slug] ?? null);
          world.release(app, chosen, one);
          if (one.status === 'succeeded') current = chosen;
        }
        const truth = await heroku.readCode(name, ports);
        expect(truth.code?.code.id ?? null).toBe(current);
        const all = await trueList();
        const told = lieAbout(all, kind, at % all.length);
        const read = await readingOf(told).catch((error) => error as Error);
        if (read instanceof Error) refused += 1;
        else expect(read.code?.code.id ?? null).toBe(current);
      }),
      { numRuns: 200 },
    );
    expect(refused).toBeGreaterThan(50);
  });
});

function lieAbout(all: Listed[], kind: string, at: number): object[] {
  const changed = (change: object) => all.map((one, i) => (i === at ? { ...one, ...change } : one));
  switch (kind) {
    case 'drop':
      return all.toSpliced(at, 1);
    case 'cut':
      return all.slice(0, at);
    case 'empty':
      return [];
    case 'twice':
      return all.toSpliced(at, 0, all[at] as Listed);
    case 'swap':
      return all.toSpliced(at, 2, ...all.slice(at, at + 2).reverse());
    case 'no slug':
      return changed({ slug: null });
    case 'failed':
      return changed({ status: 'failed' });
    default:
      return changed({ app: { id: 'x', name: 'acme-staging' } });
  }
}
