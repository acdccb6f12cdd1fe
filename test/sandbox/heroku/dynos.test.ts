/** Dynos: which run on which release, and which of old and new code answers. */
import { describe, expect, it } from 'vitest';
import { production, shaA, shaB, staging, type Visit, visit } from '../visitor.ts';

const dynos = async ({ visitor }: Visit, app: string): Promise<string[]> =>
  (await visitor.heroku('GET', `/apps/${app}/dynos`)).body.map(
    (one: { name: string; state: string; release: { version: number } }) =>
      `${one.name} ${one.state} v${one.release.version}`,
  );

it('a release replaces all dynos, and they boot', async () => {
  const visiting = visit({ timing: { dynoBootMs: 1_000 } });
  visiting.sandbox.control.seed({ app: staging, commit: shaA });
  expect(await dynos(visiting, staging)).toEqual(['web.1 starting v4', 'web.2 starting v4']);
  visiting.pass(1_000);
  expect(await dynos(visiting, staging)).toEqual(['web.1 up v4', 'web.2 up v4']);
  visiting.sandbox.control.seed({ app: staging, commit: shaB });
  expect(await dynos(visiting, staging)).toEqual(['web.1 starting v5', 'web.2 starting v5']);
});

it('the first dyno of the next release crashes when told so, and of no other', async () => {
  const visiting = visit();
  const { control } = visiting.sandbox;
  control.crashNextDyno({ app: staging });
  control.setFormation({ app: staging, type: 'worker', quantity: 1 });
  control.seed({ app: staging, commit: shaA });
  visiting.pass(5_000);
  expect(await dynos(visiting, staging)).toEqual([
    'web.1 crashed v4',
    'web.2 up v4',
    'worker.1 up v4',
  ]);
  control.setConfig({ app: staging, vars: { A: '1' }, byUser: 'ana@acme.test' });
  visiting.pass(5_000);
  expect(await dynos(visiting, staging)).toEqual(['web.1 up v5', 'web.2 up v5', 'worker.1 up v5']);
});

it('a formation’s change starts and stops only what it must, and makes no release', async () => {
  const visiting = visit();
  visiting.sandbox.control.seed({ app: staging, commit: shaA });
  visiting.pass(5_000);
  const scale = (quantity: number, type = 'web') =>
    visiting.visitor.heroku('PATCH', `/apps/${staging}/formation`, {
      updates: [{ type, quantity }],
    });
  expect((await scale(3)).body).toMatchObject([{ type: 'web', quantity: 3 }]);
  expect(await dynos(visiting, staging)).toEqual([
    'web.1 up v4',
    'web.2 up v4',
    'web.3 starting v4',
  ]);
  await scale(0);
  expect(await dynos(visiting, staging)).toEqual([]);
  expect((await visiting.visitor.releases(staging))[0].version).toBe(4);
  expect((await scale(1, 'nothing-of-ours')).status).toBe(404);
});

describe('preboot', () => {
  const revision = async ({ visitor }: Visit) =>
    (await visitor.get('production', '/')).headers.get('x-revision');

  it('lists the new dynos at once while the old code goes on answering', async () => {
    const visiting = visit({ timing: { prebootMs: 180_000 } });
    const { sandbox, visitor, pass } = visiting;
    sandbox.control.seed({ app: production, commit: shaA });
    pass(5_000);
    const { body } = await visitor.heroku('PATCH', `/apps/${production}/features/preboot`, {
      enabled: true,
    });
    expect(body.enabled).toBe(true);
    sandbox.control.seed({ app: production, commit: shaB });
    pass(179_999);
    expect(await dynos(visiting, production)).toEqual(['web.1 up v5', 'web.2 up v5']);
    expect(await revision(visiting)).toBe(shaA);
    pass(1);
    expect(await revision(visiting)).toBe(shaB);
  });

  it('starts the wait anew for a release meanwhile, and the oldest code answers', async () => {
    const visiting = visit({ timing: { prebootMs: 180_000 } });
    const { sandbox, pass } = visiting;
    sandbox.control.seed({ app: production, commit: shaA });
    sandbox.control.setPreboot({ app: production, enabled: true });
    sandbox.control.seed({ app: production, commit: shaB });
    pass(170_000);
    sandbox.control.setConfig({ app: production, vars: { A: '1' }, byUser: 'ana@acme.test' });
    pass(179_000);
    expect(await revision(visiting)).toBe(shaA);
    pass(1_000);
    expect(await revision(visiting)).toBe(shaB);
  });

  it('of the first code has nothing old to answer', async () => {
    const visiting = visit();
    visiting.sandbox.control.setPreboot({ app: production, enabled: true });
    visiting.sandbox.control.seed({ app: production, commit: shaA });
    visiting.pass(5_000);
    expect(await revision(visiting)).toBe(shaA);
  });
});
