/** Fir: images in place of slugs, dynos without numbers, releases that roll; and what neither generation can do. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkHealth } from '../../../../src/effects/checks/health.ts';
import type { HttpRequest } from '../../../../src/effects/http/request.ts';
import type { Ports } from '../../../../src/effects/ports.ts';
import type { Submission, Target } from '../../../../src/effects/targets/target.ts';
import type { Artifact, Release } from '../../../../src/machine/events.ts';
import { imageDigest } from '../../../../src/sandbox/heroku/artifact-bodies.ts';
import type { App, Generation } from '../../../../src/sandbox/heroku/state.ts';
import { toldFailureOf } from '../../lockstep-error.ts';
import { archive } from '../../tarball.ts';
import { dyno as dynoOf } from './hand-set.ts';
import { SandboxHeroku } from './sandbox-heroku.ts';

const [one, two] = ['1'.repeat(40), '2'.repeat(40)] as const;
const key = '502-11111111';
const timeoutMs = 60_000;

let world: SandboxHeroku;
let staging: App;
let production: App;
let target: Target;
let ports: Ports;

beforeEach(async () => {
  world = await SandboxHeroku.start({ generation: 'fir' });
  begin('fir', 'fir');
});
afterEach(() => world.close());

/** With two apps of these generations. */
function begin(ofStaging: Generation, ofProduction: Generation): void {
  world.heroku.apps.length = 0;
  staging = world.app('acme-staging', { generation: ofStaging });
  production = world.app('acme-production', { generation: ofProduction });
  for (const app of [staging, production]) {
    world.release(app, null, { description: 'Initial release' });
  }
  target = world.target('acme-production');
  ports = world.ports();
}

/** Heroku’s Go client has an app's generation in this shape. */
const asObject = (app: object) => ({ ...app, generation: { id: 'g-1', name: 'fir' } });

const plain: Submission = {
  environment: 'production',
  share: null,
  commit: one,
  verified: null,
  cursor: '1',
  key,
  timeoutMs,
  archive,
  clear: async () => null,
};

/** Has it built and released there. */
async function deploy(
  at: Target,
  over: Partial<Submission> = {},
): Promise<{ release: Release; artifact: Artifact }> {
  const submitted = await at.submit({ ...plain, ...over }, ports);
  if (submitted.kind !== 'submitted') throw new Error('it was refused');
  const { release, artifact } = await at.follow({ work: submitted.work, timeoutMs }, ports);
  const wanted = artifact ?? over.verified?.artifact;
  if (wanted === undefined) throw new Error('nobody says what was released');
  return at.awaitRelease({ release, commit: one, artifact: wanted, timeoutMs }, ports);
}

const promoted = async (over: Partial<Submission> = {}) => {
  const at = world.target('acme-staging');
  const verified = { ...(await deploy(at)), at: at.settings };
  return { verified, made: await deploy(target, { verified, ...over }) };
};

describe('an image', () => {
  it.each([
    ['a text', (app: object) => app],
    ['an object', asObject],
  ])(
    'has its id, its digest and its commit, whatever shape the generation has: %s',
    async (_, shape) => {
      world.lies.set('GET /apps/acme-production', shape);
      const { artifact } = await deploy(target);
      const { slug } = production.releases.at(-1) ?? {};
      expect(artifact).toEqual({
        kind: 'image',
        id: slug,
        digest: digestOf(slug),
        commit: one,
      });
      const { running } = await target.observe(ports);
      expect(running).toMatchObject({ artifact, named: one });
    },
  );

  it('names its commit in lower case, however Heroku writes it', async () => {
    const commit = 'abcdef01'.repeat(5);
    const image = world.slug(commit.toUpperCase());
    world.release(production, image, { description: 'Deploy' });
    const { running } = await target.observe(ports);
    expect(running).toMatchObject({ artifact: { commit }, named: commit });
  });

  it('is asked for as Heroku’s own clients ask', async () => {
    const accepted = new Set<string | undefined>();
    const { http } = ports;
    const send = (request: HttpRequest) => {
      if (request.url.includes('/apps/')) accepted.add(request.headers?.accept);
      return http.send(request);
    };
    ports = { ...ports, http: { ...http, send } };
    await deploy(target);
    expect([...accepted]).toEqual(['application/vnd.heroku+json; version=3.sdk']);
  });

  it('of several architectures is one by its id, and of two commits none', async () => {
    const { artifact } = await deploy(target);
    const path = `GET /apps/acme-production/oci-images/${artifact.id}`;
    const image = { id: artifact.id, commit: one, digest: artifact.digest, architecture: 'arm64' };
    const other = { ...image, digest: `sha256:${'b'.repeat(64)}`, architecture: 'amd64' };
    world.faults.set(path, [{ status: 200, body: [image, other] }]);
    const { running } = await target.observe(ports);
    expect(running?.artifact).toMatchObject({ id: artifact.id, digest: null, commit: one });
    world.faults.set(path, [{ status: 200, body: [image, { ...other, commit: two }] }]);
    expect((await toldFailureOf(target.observe(ports))).code).toBe('E_VENDOR_MALFORMED');
  });

  it.each<[string, object]>([
    ['of another id', [{ id: 'another', commit: one, digest: 'sha256:x' }]],
    ['of none', []],
  ])('that is answered with one %s is not believed', async (_, body) => {
    const { artifact } = await deploy(target);
    const path = `GET /apps/acme-production/oci-images/${artifact.id}`;
    world.faults.set(path, [{ status: 200, body }]);
    expect((await toldFailureOf(target.observe(ports))).code).toBe('E_VENDOR_MALFORMED');
  });
});

describe('a promotion', () => {
  it('is of no key where it is not what the release runs that it names', async () => {
    await deploy(world.target('acme-staging'));
    const description = `Promote acme-staging v${staging.releases.at(-1)?.version} 1111111`;
    world.release(production, world.slug(two), { description });
    const { running } = await target.observe(ports);
    if (running === null) throw new Error('nothing runs');
    expect(await target.keyOf(running, [staging].map(settingsOf), ports)).toBeNull();
  });

  it('comes to the image that was verified', async () => {
    const { verified, made } = await promoted();
    expect(made.artifact).toEqual(verified.artifact);
  });

  it('is asked for where production runs another image, and of neither a digest is known', async () => {
    const at = world.target('acme-staging');
    const verified = { ...(await deploy(at)), at: at.settings };
    const other = world.slug(two);
    world.release(production, other, { description: 'Deploy 22222222' });
    const severalArchitectures = ([image = {}]: object[]) =>
      ['a', 'b'].map((digit) => ({ ...image, digest: `sha256:${digit.repeat(64)}` }));
    for (const [app, image] of [
      ['acme-staging', verified.artifact.id],
      ['acme-production', other],
    ])
      world.lies.set(`GET /apps/${app}/oci-images/${image}`, severalArchitectures);
    // Through other ports: these know what they were answered before.
    await target.submit({ ...plain, verified }, world.ports());
    expect(world.promotions).toHaveLength(1);
  });

  describe('that gives the image another id', () => {
    beforeEach(() => {
      world.heroku.pipeline.promotesCopies = true;
    });

    it('comes to what was verified all the same: the content is one', async () => {
      const { verified, made } = await promoted();
      expect(made.artifact.id).not.toBe(verified.artifact.id);
      expect(made.artifact.digest).toBe(verified.artifact.digest);
      await target.mustStillRun(made, ports);
    });

    it('is found again where its reply is lost', async () => {
      world.faults.set('POST /pipeline-promotions', ['lost-after']);
      await promoted();
      expect(world.promotions).toHaveLength(1);
    });

    it('is known by its key, and taken back', async () => {
      world.release(production, world.slug(two), { description: 'Deploy 22222222' });
      await promoted({ cursor: '2' });
      const { running } = await target.observe(ports);
      if (running === null) throw new Error('nothing runs');
      expect(await target.keyOf(running, [staging].map(settingsOf), ports)).toBe(key);
      const to = [{ kind: 'any', id: 'any', digest: null, commit: two }];
      const restored = await target.restore({ key, to, timeoutMs }, ports);
      expect(restored).toMatchObject({
        kind: 'restored',
        artifact: { kind: 'image', digest: expect.stringMatching(/^sha256:/), commit: two },
      });
    });

    it('of another build of the same commit is not what was verified', async () => {
      const { verified, made } = await promoted();
      const other = { ...verified.artifact, id: 'i-2', digest: `sha256:${'b'.repeat(64)}` };
      const wanted = { release: made.release.id, commit: one, artifact: other, timeoutMs };
      expect((await toldFailureOf(target.awaitRelease(wanted, ports))).code).toBe(
        'E_RELEASE_ARTIFACT',
      );
    });
  });
});

/** Of an image's id. */
function digestOf(id: string | null | undefined): string {
  const image = world.heroku.slugs.get(id ?? '');
  if (image === undefined) throw new Error(`there is no image ${id}`);
  return imageDigest(image);
}

const settingsOf = ({ name }: App) => ({ kind: 'heroku', name, settings: {} });

describe('two generations', () => {
  it.each([
    ['cedar', 'fir'],
    ['fir', 'cedar'],
  ] as const)(
    'are refused before anything is asked for: staging on %s, production on %s',
    async (ofStaging, ofProduction) => {
      begin(ofStaging, ofProduction);
      const given = () => target.mustBeGivenBy(settingsOf(staging), ports);
      const error = await toldFailureOf(given());
      expect(error.code).toBe('E_GENERATIONS');
      expect(error.message).toContain(`acme-staging is of the ${ofStaging} generation`);
      expect(error.hint).toContain('one generation');
      expect(world.asked.filter((one) => !one.startsWith('GET '))).toEqual([]);
      // As it would be without having been asked before.
      const verified = {
        artifact: { kind: 'slug', id: 's', digest: null, commit: one },
        release: { id: 'r', version: 'v1' },
        at: settingsOf(staging),
      };
      expect((await toldFailureOf(target.submit({ ...plain, verified }, ports))).code).toBe(
        'E_GENERATIONS',
      );
      expect(world.promotions).toEqual([]);
    },
  );

  it('that are one are content, in either shape', async () => {
    world.lies.set('GET /apps/acme-production', asObject);
    await target.mustBeGivenBy(settingsOf(staging), ports);
  });
});

describe('the container-registry stack', () => {
  const refusals: Readonly<Record<string, () => Promise<unknown>>> = {
    'where production is to be given its artifact': () =>
      target.mustBeGivenBy(settingsOf(staging), ports),
    'where it never ran code': () => target.observe(ports),
    'where it is built on it from the next time on': () => {
      production.stack = 'heroku-24';
      world.lies.set('GET /apps/acme-production', (about: object) => ({
        ...about,
        build_stack: { id: 's', name: 'container' },
      }));
      return target.mustBeGivenBy(settingsOf(staging), ports);
    },
    'where its release says so': () => {
      world.release(production, null, { description: 'Deployed web (0123456789ab)' });
      return target.observe(ports);
    },
  };

  it.each(Object.entries(refusals))('is refused in those words %s', async (_, ask) => {
    begin('cedar', 'cedar');
    production.stack = 'container';
    const error = await toldFailureOf(ask());
    expect(error.code).toBe('E_NO_SLUG');
    expect(error.hint).toContain('container-registry stack is not supported');
  });

  it('is told where it names an image that Heroku does not have', async () => {
    production.stack = 'container';
    const { id } = world.release(production, 'an-image', { description: 'a release' });
    expect((await toldFailureOf(target.observe(ports))).code).toBe('E_NO_SLUG');
    expect(id).not.toBe('');
  });
});

describe('a release that expired', () => {
  it.each(['cedar', 'fir'] as const)(
    'is neither under way nor an artifact to go by, on %s',
    async (on) => {
      begin(on, on);
      world.release(production, world.slug(two), { description: 'Deploy', status: 'expired' });
      world.release(production, world.slug(one), { description: 'Deploy' });
      const { before, pending } = await target.observe(ports);
      expect(before).toMatchObject({ release: { version: 'v2' }, artifact: null });
      expect(pending).toBeNull();
      expect(await target.underWay([], ports)).toEqual([]);
    },
  );
});

describe('dynos of Fir', () => {
  const names = ['web-848cd4f64d-pvpr2', 'web-848cd4f64d-x7k2m', 'scheduler-5d9f7c6b8-q4r5t'];
  const dyno = (name: string, version: number) => dynoOf(production, name, version);
  const watched = async () => {
    const shipped = await deploy(target);
    const version = Number(shipped.release.version.slice(1));
    production.formation = [
      { type: 'web', quantity: 2 },
      { type: 'scheduler', quantity: 1 },
    ];
    production.dynos = names.map((name) => dyno(name, version));
    return { shipped, version, watch: { ...shipped, timeoutMs, mayHaveNone: false } };
  };

  it('are counted by their types, for their names have no numbers', async () => {
    const { watch } = await watched();
    const { up, missing } = await target.watch(watch, ports).look();
    expect(missing).toBe('');
    expect(up.map(({ name }) => name)).toEqual(names.toSorted());
  });

  it('of the release before are listed beside the new ones while it rolls', async () => {
    const { watch, version, shipped } = await watched();
    const old = dyno('web-6c4f9d7b8d-abcde', version - 1);
    production.dynos = [old, ...production.dynos.slice(0, 1)];
    const { missing } = await target.watch(watch, ports).look();
    expect(missing).toContain('web: 1 of 2 (web-6c4f9d7b8d-abcde up on v');
    // They may answer until they are gone, and thirty seconds are theirs to end in.
    expect(await target.overlapMs(shipped.release, ports)).toBe(40_000);
    // Those of a later release are none of them.
    world.release(production, shipped.artifact.id, { description: 'Set FOO config vars' });
    production.dynos = names.map((name) => dyno(name, version + 1));
    expect(await target.overlapMs(shipped.release, ports)).toBe(0);
    production.dynos = names.map((name) => dyno(name, version));
    expect(await target.overlapMs(shipped.release, ports)).toBe(0);
  });

  it('that are replaced under a new name have restarted: health begins again', async () => {
    const { shipped, version } = await watched();
    let looks = 0;
    world.onAsked = (asked) => {
      if (asked !== 'GET /apps/acme-production/dynos') return;
      looks += 1;
      if (looks === 3) production.dynos[0] = dyno('web-848cd4f64d-zzzzz', version);
    };
    const input = { ...shipped, commit: one, endpoints: [], timeoutMs, mayHaveNone: false };
    const verified = await checkHealth(target, { ...input, settleMs: 10_000, bakeMs: 0 }, ports);
    expect(verified.restarts).toBe(1);
    expect(world.progress.join('\n')).toContain(`${names[0]} has restarted`);
  });
});
