/** Releases: the first ones, the release phase, rollbacks, config vars. */
import { describe, expect, it } from 'vitest';
import { production, shaA, shaB, staging, visit } from '../visitor.ts';

const summary = (release: { version: number; status: string; current: boolean }) => [
  release.version,
  release.status,
  release.current,
];

it('a fresh app has three releases and no code', async () => {
  const { visitor } = visit();
  for (const app of [staging, production]) {
    const releases = await visitor.releases(app, 'version ..');
    expect(releases.map((one: { description: string }) => one.description)).toEqual([
      'Initial release',
      'Enable Logplex',
      'Set LANG config vars',
    ]);
    expect(releases.every((one: { slug: unknown }) => one.slug === null)).toBe(true);
  }
});

describe('the release phase', () => {
  it('keeps the release pending and the one before current, in a dyno of its own', async () => {
    const { sandbox, visitor, pass } = visit({ timing: { releasePhaseMs: 1_000 } });
    sandbox.control.seed({ app: staging, commit: shaA });
    sandbox.control.setReleasePhase({ app: staging, command: 'rake db:migrate' });
    sandbox.control.deploy({ app: staging, commit: shaB, byUser: 'ana@acme.test' });
    pass(999);
    const [pending, before] = await visitor.releases(staging);
    expect([summary(pending), summary(before)]).toEqual([
      [5, 'pending', false],
      [4, 'succeeded', true],
    ]);
    expect(pending).toMatchObject({ artifacts: [], eligible_for_rollback: false });
    const { pathname, search } = new URL(pending.output_stream_url);
    expect((await visitor.get('sources', pathname + search)).text).toContain('release command');
    const { body } = await visitor.heroku('GET', `/apps/${staging}/dynos`);
    expect(body).toContainEqual(
      expect.objectContaining({ name: 'release.1', type: 'release', command: 'rake db:migrate' }),
    );
    pass(1);
    const [done, old] = await visitor.releases(staging);
    expect([summary(done), summary(old)]).toEqual([
      [5, 'succeeded', true],
      [4, 'succeeded', false],
    ]);
    const dynos = (await visitor.heroku('GET', `/apps/${staging}/dynos`)).body;
    expect(dynos.map(({ name }: { name: string }) => name)).toEqual(['web.1', 'web.2']);
  });

  it('that fails leaves what ran running', async () => {
    const { sandbox, visitor, pass } = visit();
    sandbox.control.seed({ app: staging, commit: shaA });
    sandbox.control.setReleasePhase({ app: staging, command: 'rake db:migrate' });
    sandbox.control.failNextReleasePhase({ app: staging });
    const build = await visitor.build(staging, shaB);
    pass(10_000);
    const [failed, before] = await visitor.releases(staging);
    expect([summary(failed), summary(before)]).toEqual([
      [5, 'failed', false],
      [4, 'succeeded', true],
    ]);
    const built = (await visitor.heroku('GET', `/apps/${staging}/builds/${build.id}`)).body;
    expect(built).toMatchObject({ status: 'succeeded', release: { id: failed.id } });
    expect((await visitor.get('staging', '/')).headers.get('x-revision')).toBe(shaA);
  });

  it('that was overtaken by a later release does not take its place', async () => {
    const { sandbox, visitor, pass } = visit({ timing: { releasePhaseMs: 1_000 } });
    sandbox.control.setReleasePhase({ app: staging, command: 'rake db:migrate' });
    sandbox.control.deploy({ app: staging, commit: shaA, byUser: 'ana@acme.test' });
    sandbox.control.setReleasePhase({ app: staging, command: null });
    sandbox.control.deploy({ app: staging, commit: shaB, byUser: 'ana@acme.test' });
    pass(60_000);
    expect((await visitor.releases(staging)).map(summary).slice(0, 2)).toEqual([
      [5, 'succeeded', true],
      [4, 'succeeded', false],
    ]);
    expect((await visitor.get('staging', '/')).headers.get('x-revision')).toBe(shaB);
  });
});

describe('a rollback', () => {
  it('is a new release of older code with its config vars', async () => {
    const { sandbox, visitor, pass } = visit();
    sandbox.control.seed({ app: production, commit: shaA });
    await visitor.heroku('PATCH', `/apps/${production}/config-vars`, { FLAG: 'on', LANG: null });
    sandbox.control.seed({ app: production, commit: shaB });
    const [, , v4] = await visitor.releases(production);
    const made = await visitor.heroku('POST', `/apps/${production}/releases`, { release: v4.id });
    expect([made.status, made.body]).toMatchObject([
      201,
      { version: 7, description: 'Rollback to v4', slug: v4.slug, current: true },
    ]);
    const { body: config } = await visitor.heroku('GET', `/apps/${production}/config-vars`);
    expect(config).toEqual({ LANG: 'en_US.UTF-8' });
    pass(5_000);
    expect((await visitor.get('production', '/')).headers.get('x-revision')).toBe(shaA);
  });

  it('is refused for a release’s version, for one that is not there, and for one without code', async () => {
    const { sandbox, visitor } = visit();
    sandbox.control.seed({ app: production, commit: shaA });
    const [, v3] = await visitor.releases(production);
    for (const release of ['v4', '4', 'b4b3d1c5-0000-4000-8000-000000000000', v3.id]) {
      const refused = await visitor.heroku('POST', `/apps/${production}/releases`, { release });
      expect([refused.status, refused.body.id], release).toEqual([422, 'invalid_params']);
    }
  });
});

it('a slug can be released again, under a description of one’s own', async () => {
  const { sandbox, visitor } = visit();
  sandbox.control.seed({ app: staging, commit: shaA });
  const [{ slug }] = await visitor.releases(staging);
  const { status, body } = await visitor.heroku('POST', `/apps/${staging}/releases`, {
    slug: slug.id,
    description: 'Again',
  });
  expect([status, body]).toMatchObject([201, { version: 5, description: 'Again', slug }]);
});

it('a change of config vars is a release of the same code, and says what it set or removed', async () => {
  const { sandbox, visitor } = visit();
  sandbox.control.seed({ app: production, commit: shaA });
  const change = (vars: object) => visitor.heroku('PATCH', `/apps/${production}/config-vars`, vars);
  expect((await change({ A: '1', B: '2' })).body).toEqual({
    LANG: 'en_US.UTF-8',
    A: '1',
    B: '2',
  });
  await change({ A: null });
  const [removed, set, deploy] = await visitor.releases(production);
  expect([removed.description, set.description]).toEqual([
    'Remove A config vars',
    'Set A, B config vars',
  ]);
  expect([removed.slug, set.slug]).toEqual([deploy.slug, deploy.slug]);
  const of = await visitor.heroku('GET', `/apps/${production}/releases/${set.version}/config-vars`);
  expect(of.body).toMatchObject({ A: '1', B: '2' });
});
