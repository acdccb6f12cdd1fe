/** The control service: each verb by HTTP, what it refuses, the world's state and what was asked. */
import { describe, expect, it } from 'vitest';
import { verbs } from '../../src/sandbox/control.ts';
import { production, shaA, shaB, staging, type Visit, visit } from './visitor.ts';

const newest = ({ sandbox }: Visit, app: string) => sandbox.state().apps[app]?.releases.at(-1);

describe('a verb', () => {
  it('is found in the list, and does what the method of its name does', async () => {
    const visiting = visit();
    const { visitor } = visiting;
    const { verbs: listed, inputs } = (await visitor.get('control', '/')).body;
    expect(inputs.rollback).toMatchObject({ app: {}, byUser: { type: 'string' }, to: {} });
    expect(Object.keys(inputs).sort()).toEqual(Object.keys(verbs).sort());
    expect(listed).toEqual(expect.arrayContaining(Object.keys(verbs)));
    expect(listed).toEqual(
      expect.arrayContaining(['ciBuild', 'updateCiBuild', 'cancelCiBuild', 'workflowRun']),
    );
    const done = await visitor.control('seed', { app: staging, commit: shaA, by: 'ana@acme.test' });
    expect([done.status, done.body]).toEqual([200, { done: 'seed', result: null }]);
    expect(newest(visiting, staging)).toMatchObject({
      version: 4,
      status: 'succeeded',
      commit: shaA,
      by: 'ana@acme.test',
    });
  });

  it('that there is not is 404 with those that there are; an input that is not its own is 422', async () => {
    const { visitor, sandbox } = visit();
    const before = sandbox.state();
    const unknown = await visitor.control('toString');
    expect([unknown.status, unknown.body.verbs.includes('seed')]).toEqual([404, true]);
    for (const [verb, input] of [
      ['seed', { app: staging, commit: 'a1b2c3d' }],
      ['seed', { app: 'nobody', commit: shaA }],
      ['setPreboot', { app: staging }],
      ['fault', { service: 'nobody', kind: 'reset' }],
      ['fault', { service: 'heroku', kind: 'reset', path: '(' }],
      ['fault', { service: 'heroku', kind: 'nonsense' }],
      ['rollback', { app: production, byUser: 'ana@acme.test' }],
      ['rollback', { app: production, byUser: 'ana@acme.test', to: 2 }],
      ['setTiming', { buildMs: -1 }],
      ['failPromotion', { app: staging }],
    ] as const) {
      const { status } = await visitor.control(verb, input);
      expect([verb, status]).toEqual([verb, 422]);
    }
    expect(sandbox.state()).toEqual(before);
    const { error, takes } = (await visitor.control('rollback', { app: production, by: 'ana' }))
      .body;
    expect(error).toContain('byUser');
    expect(error).not.toContain('\\n');
    expect(Object.keys(takes)).toContain('byUser');
  });
});

describe('what a person does', () => {
  it('a rollback goes to the code before, or to the version that is named', async () => {
    const visiting = visit();
    const { control } = visiting.sandbox;
    control.seed({ app: production, commit: shaA });
    control.seed({ app: production, commit: shaB });
    control.setConfig({ app: production, vars: { A: '1' }, byUser: 'bo@acme.test' });
    control.rollback({ app: production, byUser: 'ana@acme.test' });
    expect(newest(visiting, production)).toMatchObject({
      description: 'Rollback to v4',
      commit: shaA,
      by: 'ana@acme.test',
    });
    control.rollback({ app: production, byUser: 'ana@acme.test', to: 5 });
    expect(newest(visiting, production)).toMatchObject({
      description: 'Rollback to v5',
      commit: shaB,
    });
  });

  it('a push is a deploy by that person, with the release phase; a seed has none', async () => {
    const visiting = visit();
    const { control } = visiting.sandbox;
    control.setReleasePhase({ app: staging, command: 'rake db:migrate' });
    control.seed({ app: staging, commit: shaA, description: 'Deploy by hand' });
    expect(newest(visiting, staging)).toMatchObject({
      description: 'Deploy by hand',
      status: 'succeeded',
    });
    control.deploy({ app: staging, commit: shaB, byUser: 'ana@acme.test' });
    expect(newest(visiting, staging)).toMatchObject({
      description: 'Deploy b2c3d4e5',
      status: 'pending',
      by: 'ana@acme.test',
    });
    visiting.pass(5_000);
    expect(newest(visiting, staging)?.status).toBe('succeeded');
  });
});

it('new timing holds for what begins after it', async () => {
  const { sandbox, visitor, pass } = visit({ timing: { buildMs: 1_000 } });
  const first = await visitor.build(staging, shaA);
  sandbox.control.setTiming({ buildMs: 10 });
  const second = await visitor.build(production, shaA);
  pass(10);
  const builds = Object.values(sandbox.state().apps).flatMap(({ builds: all }) => all);
  expect(builds.map(({ id, status }) => [id, status])).toEqual([
    [first.id, 'pending'],
    [second.id, 'succeeded'],
  ]);
});

it('new timing does not hold for what was due before it, though nobody had looked yet', async () => {
  const { sandbox, visitor, pass } = visit({ timing: { buildMs: 1_000, dynoBootMs: 1_000 } });
  await visitor.build(staging, shaA);
  pass(2_000);
  sandbox.control.setTiming({ dynoBootMs: 3_600_000 });
  expect(sandbox.state().apps[staging]?.dynos.map(({ state }) => state)).toEqual(['up', 'up']);
});

describe('what is seen', () => {
  it('the state has builds, releases, dynos, promotions and Slack’s messages', async () => {
    const { visitor, pass } = visit();
    await visitor.build(staging, shaA, 'lockstep 501');
    pass(5_000);
    await visitor.promote();
    pass(5_000);
    const { status, body } = await visitor.get('control', '/state');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      apps: {
        [staging]: {
          builds: [{ status: 'succeeded', commit: shaA, mark: 'lockstep 501' }],
          releases: [{}, {}, {}, { version: 4, commit: shaA, current: true }],
          dynos: [{ name: 'web.1', state: 'up', version: 4 }, {}],
        },
        [production]: { releases: [{}, {}, {}, { commit: shaA }] },
      },
      promotions: [{ status: 'succeeded' }],
      slack: { messages: [] },
    });
  });

  it('every request is kept with its status, and with its JSON at Heroku’s; control’s own are not', async () => {
    const { visitor } = visit();
    await visitor.heroku('PATCH', `/apps/${staging}`, { maintenance: true });
    await visitor.get('staging', '/');
    await visitor.control('fault', { service: 'heroku', kind: 'status', status: 500 });
    await visitor.heroku('GET', '/account');
    const { body } = await visitor.get('control', '/requests');
    const at = Date.parse('2026-01-05T10:00:00Z');
    expect(body).toEqual([
      {
        service: 'heroku',
        method: 'PATCH',
        path: `/apps/${staging}`,
        at,
        status: 200,
        body: { maintenance: true },
      },
      { service: 'staging', method: 'GET', path: '/', at, status: 503 },
      { service: 'heroku', method: 'GET', path: '/account', at, status: 500 },
    ]);
  });
});

it('a reset makes everything as it was at first, with ids that were not there before', async () => {
  const { sandbox, visitor } = visit();
  const shape = () => {
    const { apps, ...others } = sandbox.state();
    const releases = Object.values(apps).map((app) => app.releases.map(({ id, ...rest }) => rest));
    return { releases, others };
  };
  const fresh = shape();
  const ids = () =>
    Object.values(sandbox.state().apps).flatMap((app) => app.releases.map((r) => r.id));
  const before = new Set(ids());
  const { control } = sandbox;
  const url = await visitor.upload();
  control.seed({ app: staging, commit: shaA });
  control.setMaintenance({ app: staging, enabled: true });
  control.endpointDown({ app: staging });
  control.setTiming({ buildMs: 1 });
  control.fault({ service: 'heroku', kind: 'reset' });
  control.ciBuild({ number: 1, job: 'deploy', branch: 'master', commit: shaA, status: 'running' });
  expect((await visitor.control('reset')).status).toBe(200);
  expect(shape()).toEqual(fresh);
  expect(ids().filter((id) => before.has(id))).toEqual([]);
  expect(sandbox.requests()).toEqual([]);
  expect(sandbox.world.timing.buildMs).toBe(800);
  const app = await visitor.heroku('GET', `/apps/${staging}`);
  expect([app.status, app.body.maintenance]).toEqual([200, false]);
  expect(app.headers.get('ratelimit-remaining')).toBe('4499');
  const build = await visitor.heroku('POST', `/apps/${staging}/builds`, { source_blob: { url } });
  expect(build.status).toBe(422);
});
