/** Promotions: a slug goes from staging to production, or not, or in part. */
import { expect, it } from 'vitest';
import { production, shaA, shaB, staging, type Visit, visit } from '../visitor.ts';

async function look({ visitor }: Visit, id: string) {
  const promotion = (await visitor.heroku('GET', `/pipeline-promotions/${id}`)).body;
  const path = `/pipeline-promotions/${id}/promotion-targets`;
  const [target] = (await visitor.heroku('GET', path)).body;
  return { promotion, target };
}

it('copies the slug and says from where', async () => {
  const visiting = visit({ timing: { promotionMs: 1_000 } });
  const { sandbox, visitor, pass } = visiting;
  sandbox.control.seed({ app: staging, commit: shaA });
  const { status, body } = await visitor.promote();
  expect([status, body.status]).toEqual([201, 'pending']);
  pass(999);
  expect(await look(visiting, body.id)).toMatchObject({
    promotion: { status: 'pending', updated_at: null },
    target: { status: 'pending', release: null },
  });
  pass(1);
  const { promotion, target } = await look(visiting, body.id);
  expect([promotion.status, target.status, target.error_message]).toEqual([
    'completed',
    'succeeded',
    null,
  ]);
  const [newest] = await visitor.releases(production);
  const [source] = await visitor.releases(staging);
  expect(newest).toMatchObject({
    id: target.release.id,
    description: 'Promote acme-staging v4 a1b2c3d',
    slug: source.slug,
  });
});

it('ships the release that it names, not the one that is current by then', async () => {
  const { sandbox, visitor, pass } = visit();
  sandbox.control.seed({ app: staging, commit: shaA });
  const [verified] = await visitor.releases(staging);
  sandbox.control.seed({ app: staging, commit: shaB });
  expect((await visitor.promote(verified.id)).body.source.release.id).toBe(verified.id);
  pass(10_000);
  expect((await visitor.get('production', '/revision')).text).toBe(`${shaA}\n`);
});

it('stays pending as long as the release phase of the target, with the release already there', async () => {
  const visiting = visit({ timing: { promotionMs: 1_000, releasePhaseMs: 1_000 } });
  const { sandbox, visitor, pass } = visiting;
  sandbox.control.seed({ app: staging, commit: shaA });
  sandbox.control.setReleasePhase({ app: production, command: 'rake db:migrate' });
  sandbox.control.failNextReleasePhase({ app: production });
  const { body } = await visitor.promote();
  pass(1_500);
  const under = await look(visiting, body.id);
  expect([under.promotion.status, under.target.status]).toEqual(['pending', 'pending']);
  expect(under.target.release).not.toBeNull();
  pass(500);
  expect(await look(visiting, body.id)).toMatchObject({
    promotion: { status: 'completed' },
    target: { status: 'failed', release: under.target.release },
  });
  expect((await visitor.releases(production))[0].status).toBe('failed');
});

it('fails without a release, or in part with one, once each', async () => {
  const visiting = visit();
  const { sandbox, visitor, pass } = visiting;
  sandbox.control.seed({ app: staging, commit: shaA });
  const outcome = async () => {
    const { id } = (await visitor.promote()).body;
    pass(5_000);
    const { promotion, target } = await look(visiting, id);
    return [promotion.status, target.status, target.release !== null];
  };
  sandbox.control.failPromotion({});
  expect(await outcome()).toEqual(['completed', 'failed', false]);
  sandbox.control.partialPromotion({});
  expect(await outcome()).toEqual(['completed', 'failed', true]);
  expect(await outcome()).toEqual(['completed', 'succeeded', true]);
});

it('is refused for apps outside the pipeline, and for what has no code', async () => {
  const { sandbox, visitor } = visit();
  expect((await visitor.promote()).status).toBe(422);
  sandbox.control.seed({ app: staging, commit: shaA });
  const [, withoutCode] = await visitor.releases(staging);
  expect((await visitor.promote(withoutCode.id)).status).toBe(422);
  const { pipeline, app } = (await visitor.heroku('GET', `/apps/${staging}/pipeline-couplings`))
    .body;
  const stranger = { app: { id: 'b4b3d1c5-0000-4000-8000-000000000000' } };
  for (const [from, targets] of [
    [{ app }, [stranger]],
    [stranger, [{ app }]],
    [{ app }, []],
  ]) {
    const body = { pipeline: { id: pipeline.id }, source: from, targets };
    const refused = await visitor.heroku('POST', '/pipeline-promotions', body);
    expect([refused.status, refused.body.id]).toEqual([422, 'invalid_params']);
  }
});
