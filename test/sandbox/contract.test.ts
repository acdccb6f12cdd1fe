/** Every answer of Heroku's stand-in against Heroku's published schema, on a tour of every route. */
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { createAcme } from '../../src/sandbox/heroku/acme.ts';
import { createHeroku } from '../../src/sandbox/heroku/heroku.ts';
import { createSources } from '../../src/sandbox/heroku/sources.ts';
import { defaultTiming, type Generation } from '../../src/sandbox/heroku/state.ts';
import { createIds } from '../../src/sandbox/ids.ts';
import { findSchema } from '../vendor-schemas.ts';
import { production, type Reply, shaA, shaB, staging, type Visit, visit } from './visitor.ts';

const found = ['heroku-more.deref.json', 'heroku-used.deref.json'].map(findSchema);
const schemas = found.filter((schema) => schema !== null);
const present = schemas.length === found.length;

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Sent by Heroku though its schema does not have it: seen in recorded answers. */
const recordedBeyondSchema: Readonly<Record<string, readonly string[]>> = {
  'pipeline-coupling': ['pipeline.name'],
};

/** In the schema, and in no answer here: newer than the recorded answers, or set only later. */
const left: readonly string[] = [
  'add-on.provision_message',
  'app.base_image_name',
  'app.buildpacks',
  'app.current_build_architecture',
  'build.labs',
  'slug.deleted_at',
];
const lacking: Readonly<Record<Generation, readonly string[]>> = {
  cedar: left,
  fir: ['add-on.provision_message'],
};

class Contract {
  readonly #resources: Readonly<Record<string, { schema: Schema }>>;
  readonly #ajv = new Ajv({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor() {
    addFormats.default(this.#ajv);
    const resources = schemas.map((schema) => schema().resources);
    this.#resources = Object.assign({}, ...resources);
  }

  /** What is wrong with a body that should be this resource; nothing when it is right. */
  faults(resource: string, body: unknown): string[] {
    const schema = this.#resources[resource]?.schema;
    if (schema === undefined) throw new Error(`the schema has no ${resource}`);
    const validate = this.#validators.get(resource) ?? this.#ajv.compile(schema);
    this.#validators.set(resource, validate);
    validate(body);
    const errors = (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message}`);
    // A map's names are its users' own.
    if (resource === 'config-var') return errors;
    const known = recordedBeyondSchema[resource] ?? [];
    return [...errors, ...strangers(schema, body).filter((path) => !known.includes(path))];
  }

  /** What the schema has and the body leaves out, at its first level. */
  lacks(resource: string, body: object): string[] {
    const properties = Object.keys(this.#resources[resource]?.schema.properties ?? {});
    return properties.filter((name) => !(name in body));
  }
}

/** Properties of a body that the schema does not know, by path: a published schema forbids none. */
function strangers({ properties }: Schema, body: unknown, path = ''): string[] {
  if (properties === undefined || typeof body !== 'object' || body === null) return [];
  return Object.entries(body).flatMap(([name, value]) => {
    const schema = properties[name];
    return schema === undefined ? [path + name] : strangers(schema, value, `${path}${name}.`);
  });
}

/** One stop of the tour: the route, the resource it answers with, the status, and the answer. */
interface Stop {
  readonly route: string;
  readonly resource: string;
  readonly status: number;
  readonly reply: Reply;
}

class Tour {
  readonly stops: Stop[] = [];
  readonly #visit: Visit;

  constructor(visiting: Visit) {
    this.#visit = visiting;
  }

  async see(
    [method, path, body]: readonly [string, string, unknown?],
    resource: string,
    status = method === 'POST' ? 201 : 200,
    headers: Record<string, string> = {},
  ): Promise<Reply['body']> {
    const reply = await this.#visit.visitor.heroku(method, path, body, headers);
    this.stops.push({ route: `${method} ${path}`, resource, status, reply });
    return reply.body;
  }
}

async function tour(generation: Generation): Promise<readonly Stop[]> {
  const visiting = visit({ generations: { staging: generation, production: generation } });
  const { sandbox, visitor, pass } = visiting;
  const seen = new Tour(visiting);
  const see = seen.see.bind(seen);
  await see(['GET', '/account'], 'account');
  await see(['GET', '/account/rate-limits'], 'rate-limit');
  await see(['GET', '/apps'], 'app');
  const app = await see(['GET', `/apps/${staging}`], 'app');
  await see(['POST', '/filters/apps', { in: { name: [staging] } }], 'app', 200);
  await see(['PATCH', `/apps/${staging}`, { maintenance: true }], 'app');
  await see(['POST', '/sources'], 'source');
  await see(['POST', `/apps/${staging}/sources`], 'source');

  const source_blob = { url: await visitor.upload(), version: shaA, version_description: 'mark' };
  const build = await see(['POST', `/apps/${staging}/builds`, { source_blob }], 'build');
  sandbox.control.setReleasePhase({ app: staging, command: 'rake db:migrate' });
  pass(900);
  await see(['GET', `/apps/${staging}/builds/${build.id}`], 'build');
  await see(['GET', `/apps/${staging}/releases/4`], 'release');
  await see(['GET', `/apps/${staging}/dynos`], 'dyno');
  pass(5_000);
  sandbox.control.failNextBuild({ app: staging });
  await visitor.build(staging, null);
  pass(5_000);
  await see(['GET', `/apps/${staging}/builds`], 'build');

  const [release] = await visitor.releases(staging);
  const isFir = generation === 'fir';
  const code = isFir ? release.oci_image.id : release.slug.id;
  if (isFir) await see(['GET', `/apps/${staging}/oci-images/${code}`], 'oci-image');
  else await see(['GET', `/apps/${staging}/slugs/${code}`], 'slug');
  await see(['GET', `/apps/${staging}/releases/${release.id}/config-vars`], 'config-var');
  const body = isFir ? { oci_image: code } : { slug: code };
  await see(['POST', `/apps/${staging}/releases`, body], 'release');
  await see(['POST', `/apps/${staging}/releases`, { release: release.id }], 'release');
  sandbox.control.failNextReleasePhase({ app: staging });
  sandbox.control.deploy({ app: staging, commit: shaB, byUser: 'ana@acme.test' });
  pass(5_000);
  await see(['GET', `/apps/${staging}/releases`], 'release');
  const newest = { range: 'version ..; max=1, order=desc' };
  await see(['GET', `/apps/${staging}/releases`], 'release', 206, newest);

  const coupling = await see(['GET', `/apps/${staging}/pipeline-couplings`], 'pipeline-coupling');
  await see(['GET', `/pipelines/${coupling.pipeline.id}`], 'pipeline');
  await see(['GET', '/pipelines/acme/pipeline-couplings'], 'pipeline-coupling');
  await see(['GET', '/pipeline-couplings'], 'pipeline-coupling');
  const reviewApps = `/pipelines/${coupling.pipeline.id}/review-app-config`;
  await see(['GET', reviewApps], 'error', 404);
  sandbox.control.setReviewApps({ automatic: true });
  await see(['GET', reviewApps], 'review-app-config');
  await see(['GET', `/apps/${staging}/addons`], 'add-on');
  sandbox.control.setDatabase({ app: staging, plan: 'standard-0', isPooled: true });
  await see(['GET', `/apps/${staging}/addon-attachments`], 'add-on-attachment');
  const { id: database } = (await visitor.heroku('GET', `/apps/${staging}/addons`)).body[0];
  await see(['GET', `/client/v11/databases/${database}`], 'unpublished');
  await see(['GET', `/apps/${staging}/github`], 'error', 404);
  sandbox.control.setAutoDeploy({ app: staging, branch: 'main' });
  await see(['GET', `/apps/${staging}/github`], 'unpublished');
  const target = (await visitor.heroku('GET', `/apps/${production}`)).body;
  const wanted = {
    pipeline: coupling.pipeline,
    source: { app: coupling.app },
    targets: [{ app: { id: target.id } }],
  };
  const promotion = await see(['POST', '/pipeline-promotions', wanted], 'pipeline-promotion');
  const path = `/pipeline-promotions/${promotion.id}`;
  await see(['GET', `${path}/promotion-targets`], 'pipeline-promotion-target');
  pass(5_000);
  await see(['GET', path], 'pipeline-promotion');
  await see(['GET', `${path}/promotion-targets`], 'pipeline-promotion-target');

  await see(['GET', `/apps/${app.id}/dynos`], 'dyno');
  await see(['GET', `/apps/${staging}/formation`], 'formation');
  const updates = [{ type: 'web', quantity: 1 }];
  await see(['PATCH', `/apps/${staging}/formation`, { updates }], 'formation');
  const preboot = `/apps/${staging}/features/preboot`;
  const [feature, status] = isFir ? (['error', 404] as const) : (['app-feature', 200] as const);
  await see(['GET', preboot], feature, status);
  await see(['PATCH', preboot, { enabled: true }], feature, status);
  await see(['GET', `/apps/${staging}/config-vars`], 'config-var');
  await see(['PATCH', `/apps/${staging}/config-vars`, { A: '1' }], 'config-var');

  await tourOfErrors(visiting, seen);
  return seen.stops;
}

async function tourOfErrors({ sandbox }: Visit, seen: Tour): Promise<void> {
  const see = seen.see.bind(seen);
  await see(['GET', '/apps/nobody'], 'error', 404);
  await see(['GET', '/nowhere'], 'error', 404);
  await see(['POST', `/apps/${staging}/builds`, {}], 'error', 422);
  await see(['POST', `/apps/${staging}/builds`], 'error', 400);
  await see(['GET', `/apps/${staging}/releases`], 'error', 400, { range: 'nonsense' });
  await see(['GET', `/apps/${staging}/releases`], 'error', 416, { range: 'version .., max=1' });
  await see(['GET', '/account'], 'error', 401, { authorization: 'Bearer wrong' });
  await see(['GET', '/account'], 'error', 406, { accept: '*/*' });
  sandbox.control.setTokenScope({ scope: ['read'] });
  await see(['GET', '/account'], 'error', 403);
  sandbox.control.setTokenScope({ scope: ['global'] });
  sandbox.control.fault({ service: 'heroku', kind: 'rate-limit' });
  await see(['GET', '/account'], 'error', 429);
}

/**
 * Errors have no schema of their own: `{id, message}`, with a link or a resource at most (Heroku Platform
 * API reference, Errors).
 */
function errorFaults(body: Record<string, unknown>): string[] {
  const { id, message, ...more } = body;
  const faults = Object.keys(more).filter((name) => name !== 'url' && name !== 'resource');
  if (typeof id !== 'string' || !/^[a-z_]+$/.test(id)) faults.push('id is no stable key');
  if (typeof message !== 'string' || message === '') faults.push('message is no text');
  return faults;
}

function herokuRoutes(): { method: string; path: string }[] {
  const now = () => 0;
  const newId = createIds();
  const heroku = createAcme({ now, newId, timing: defaultTiming });
  const world = () => heroku;
  const sources = createSources({ origin: 'http://sources.test', now, newId, world });
  const { routes } = createHeroku({ world, sources, token: 'x', newId, now });
  return routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ method, path }));
}

describe.runIf(present).each(['cedar', 'fir'] as const)(
  'Heroku’s contract, on %s',
  (generation) => {
    it('holds for every answer on a tour of every route', async () => {
      const contract = new Contract();
      const stops = await tour(generation);
      for (const { route, resource, status, reply } of stops) {
        expect([route, reply.status]).toEqual([route, status]);
        const bodies: unknown[] = Array.isArray(reply.body) ? reply.body : [reply.body];
        expect(bodies.length, route).toBeGreaterThan(0);
        for (const body of bodies) {
          // Of services beside the API nothing is published.
          if (resource === 'unpublished') continue;
          const faults =
            resource === 'error' ? errorFaults(reply.body) : contract.faults(resource, body);
          expect(faults, `${route}: ${JSON.stringify(body)}`).toEqual([]);
        }
      }
    });

    it('is as full as the schema, but for what is named here', async () => {
      const contract = new Contract();
      const lacks = new Set<string>();
      for (const { resource, reply } of await tour(generation)) {
        // The account is there to be asked for its e-mail address.
        if (['error', 'config-var', 'account', 'unpublished'].includes(resource)) continue;
        const bodies: object[] = Array.isArray(reply.body) ? reply.body : [reply.body];
        for (const body of bodies) {
          for (const name of contract.lacks(resource, body)) lacks.add(`${resource}.${name}`);
        }
      }
      expect([...lacks].sort()).toEqual(lacking[generation]);
    });

    it('is toured whole: no route of the stand-in is left out', async () => {
      const toured = (await tour(generation)).map(({ route }) => route);
      const ofTheOther = generation === 'fir' ? /\/slugs\// : /\/oci-images\//;
      const routes = herokuRoutes().filter(({ path }) => !ofTheOther.test(path));
      expect(routes.length).toBeGreaterThan(25);
      const missed = routes.filter(({ method, path }) => {
        const pattern = new RegExp(`^${method} ${path.replaceAll(/:\w+/g, '[^/]+')}$`);
        return !toured.some((route) => pattern.test(route));
      });
      expect(missed).toEqual([]);
    });

    it('finds a body that breaks it', async () => {
      const contract = new Contract();
      const { visitor } = visit({ generations: { staging: generation } });
      const app = (await visitor.heroku('GET', `/apps/${staging}`)).body;
      expect(contract.faults('app', app)).toEqual([]);
      expect(contract.faults('app', { ...app, maintenance: 'no' })).not.toEqual([]);
      expect(contract.faults('app', { ...app, created_at: 'yesterday' })).not.toEqual([]);
      expect(contract.faults('app', { ...app, region: { ...app.region, colour: 'blue' } })).toEqual(
        ['region.colour'],
      );
      expect(contract.faults('build', { id: app.id })).not.toEqual([]);
    });
  },
);
