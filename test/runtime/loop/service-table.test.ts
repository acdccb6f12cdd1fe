/** The chart's services: what writes to production asks its gates right before, whichever way it goes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  artifactOf,
  ProductionWorld,
  production,
  staging,
  targetOf,
} from '../gates/production-world.ts';

let world: ProductionWorld;
beforeEach(async () => {
  world = await ProductionWorld.create();
});
afterEach(() => world.close());

/** What production is given, and the one request that puts it there. */
const submitted = {
  'the verified artifact': {
    request: 'POST /pipeline-promotions',
    given: () => {
      const slug = world.heroku.slug(world.commit);
      const { id, version } = world.heroku.release(world.staging, slug);
      return {
        artifact: artifactOf(slug, world.commit),
        release: { id, version: `v${version}` },
        at: targetOf(staging),
      };
    },
  },
  'the commit': { request: `POST /apps/${production}/builds`, given: () => null },
} as const;
type Given = keyof typeof submitted;

const ask = (given: Given) =>
  world.services.submit(
    {
      environment: 'production',
      share: null,
      target: targetOf(production),
      commit: world.commit,
      verified: submitted[given].given(),
      cursor: '2',
      key: '502-22222222',
      timeoutMs: 600_000,
      gates: world.gates(),
    },
    world.runPorts,
  );

const forbidden: readonly (readonly [string, () => void, object])[] = [
  [
    'a rollback',
    () => void world.released('Rollback to v2', world.heroku.slug(world.running)),
    { kind: 'held' },
  ],
  ['the environment’s switch', () => world.turnOff(), { switch: 'environment' }],
  ['the lane’s switch', () => world.disable(), { switch: 'lane' }],
  [
    'newer code',
    () => {
      const commit = world.graph.commit(world.commit);
      world.released('Deploy 33333333', world.heroku.slug(commit));
      world.verified(commit);
    },
    { kind: 'superseded', cause: 'contained' },
  ],
];

describe.each(Object.keys(submitted) as Given[])('%s', (name) => {
  const { request } = submitted[name];
  const sent = () => world.heroku.asked.filter((one) => one === request).length;

  it('writes once where the gates are clear, and tells the switch that it saw', async () => {
    expect(await ask(name)).toMatchObject({
      kind: 'submitted',
      killSwitch: { name: 'PRODUCTION_CD_ENABLED', state: 'true' },
    });
    expect(sent()).toBe(1);
  });

  it.each(forbidden)('writes nothing where %s forbids it', async (_, forbid, outcome) => {
    forbid();
    expect(await ask(name)).toMatchObject(outcome);
    expect(sent()).toBe(0);
  });

  it.each(forbidden)(
    'reads the gates last: %s forbids it even while all else is ready',
    async (_, forbid) => {
      // The last that is read before the gates: the upload, or the two apps' pipeline.
      const last = name === 'the commit' ? '/heroku.com/' : '/pipeline-couplings';
      let forbade = false;
      world.heroku.onAsked = (asked) => {
        if (forbade || !asked.includes(last)) return;
        forbade = true;
        forbid();
      };
      await ask(name);
      expect(forbade).toBe(true);
      expect(sent()).toBe(0);
    },
  );
});

describe('observe', () => {
  const observe = (slug: string) =>
    world.services.observe(
      {
        commit: world.commit,
        branch: 'master',
        repository: null,
        lane: 'acme',
        target: targetOf(production),
        overridden: false,
        givenBy: targetOf(staging),
        artifact: artifactOf(slug),
      },
      world.runPorts,
    );

  it('is an error where staging cannot give production what it verifies, before anything is built', async () => {
    const onFir = (app: object) => ({ ...app, generation: 'fir' });
    world.heroku.lies.set('GET /apps/acme-staging', onFir);
    const slug = world.heroku.slug(world.commit);
    await expect(observe(slug)).rejects.toMatchObject({ code: 'E_GENERATIONS' });
    expect(world.heroku.asked.filter((asked) => !asked.startsWith('GET '))).toEqual([]);
    world.heroku.lies.clear();
    expect(await observe(slug)).toMatchObject({ kind: 'observed' });
  });

  it('asks what runs and what can be promoted there side by side, and says what runs first', async () => {
    const slug = world.heroku.slug(world.commit);
    const { id } = world.released('Promote acme-staging v3 22222222', slug);
    world.heroku.faults.set('GET /apps/acme-staging', [{ status: 404, body: {} }]);
    expect(await observe(slug)).toMatchObject({ kind: 'found', own: true, release: { id } });
    const { asked } = world.heroku;
    const reachAt = asked.indexOf('GET /apps/acme-staging');
    expect(reachAt).toBeGreaterThanOrEqual(0);
    expect(reachAt).toBeLessThan(asked.findLastIndex((each) => each.includes('/slugs/')));
  });

  it('knows its own release by the artifact', async () => {
    const slug = world.heroku.slug(world.commit);
    const { id } = world.released('Promote acme-staging v3 22222222', slug);
    expect(await observe(slug)).toMatchObject({ kind: 'found', own: true, release: { id } });
  });

  it('tells of releases that no deploy of the lane made, with who and when, and of none that one made', async () => {
    expect(await observe('none')).not.toHaveProperty('others');
    const { id, version } = world.released('Deploy 44444444', world.heroku.slug(world.running));
    expect(await observe('none')).toMatchObject({
      others: [
        {
          release: { id, version: `v${version}` },
          ...{ description: 'Deploy 44444444', commit: world.running },
          ...{ by: expect.stringContaining('@'), at: expect.stringMatching(/^20\d\d-.*Z$/) },
        },
      ],
    });
    const target = 'heroku acme-production';
    world.tell({ type: 'lane.deployed', data: { deploy: '502-22222222', target, release: id } });
    expect(await observe('none')).not.toHaveProperty('others');
  });

  it('does not know for its own what somebody took back', async () => {
    const slug = world.heroku.slug(world.commit);
    world.released('Promote acme-staging v3 22222222', slug);
    world.released('Deploy 33333333', world.heroku.slug(world.graph.commit(world.commit)));
    world.released('Rollback to v3', slug);
    expect(await observe(slug)).not.toMatchObject({ own: true });
  });
});
