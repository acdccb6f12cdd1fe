/**
 * Heroku's routes for pipelines and promotions: a slug copied from one app to others (Heroku Platform API
 * reference, Pipeline Promotion).
 */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import {
  answer,
  answerBodies,
  appOf,
  bodyOf,
  type HerokuService,
  invalid,
  missing,
} from './answers.ts';
import { couplingBody, pipelineBody, promotionBody, targetBody } from './bodies.ts';
import type { App, Promotion } from './state.ts';
import type { HerokuWorld } from './world.ts';

const named = z.looseObject({ id: z.string() });
const newPromotion = z.looseObject({
  pipeline: named,
  source: z.looseObject({ app: named, release: named.optional() }),
  targets: z.array(z.looseObject({ app: named })).min(1),
});

export function addPromotionRoutes(hono: Hono, { world }: HerokuService): void {
  hono.get('/apps/:app/pipeline-couplings', (c) => {
    const app = appOf(c, world());
    if (!world().pipeline.couplings.has(app.id)) throw missing('pipeline coupling');
    return answer(couplingBody(world(), app));
  });
  /** Of every pipeline that the account is in. */
  hono.get('/pipeline-couplings', (c) =>
    answerBodies(
      c,
      coupledApps(world()).map((app) => couplingBody(world(), app)),
    ),
  );
  hono.get('/pipelines/:pipeline', (c) => {
    mustBePipeline(c, world());
    return answer(pipelineBody(world()));
  });
  hono.get('/pipelines/:pipeline/pipeline-couplings', (c) => {
    mustBePipeline(c, world());
    return answerBodies(
      c,
      coupledApps(world()).map((app) => couplingBody(world(), app)),
    );
  });
  hono.post('/pipeline-promotions', async (c) => {
    const promotion = create(world(), await bodyOf(c, newPromotion));
    return answer(promotionBody(world(), promotion), 201);
  });
  hono.get('/pipeline-promotions/:promotion', (c) =>
    answer(promotionBody(world(), promotionOf(c, world()))),
  );
  hono.get('/pipeline-promotions/:promotion/promotion-targets', (c) => {
    const promotion = promotionOf(c, world());
    return answerBodies(
      c,
      promotion.targets.map((target) => targetBody(promotion, target)),
    );
  });
}

const coupledApps = ({ apps, pipeline }: HerokuWorld): App[] =>
  apps.filter(({ id }) => pipeline.couplings.has(id));

function mustBePipeline(c: Context, { pipeline: { id, name } }: HerokuWorld): void {
  const asked = c.req.param('pipeline');
  if (asked !== id && asked !== name) throw missing('pipeline');
}

function promotionOf(c: Context, { pipeline }: HerokuWorld): Promotion {
  const promotion = pipeline.promotions.find(({ id }) => id === c.req.param('promotion'));
  if (promotion === undefined) throw missing('pipeline promotion');
  return promotion;
}

/** Without a release the source's current one goes. */
function create(world: HerokuWorld, wanted: z.infer<typeof newPromotion>): Promotion {
  const { pipeline, source, targets } = wanted;
  const coupled = (id: string) => coupledApps(world).find((app) => app.id === id);
  const from = coupled(source.app.id);
  const to = targets.flatMap(({ app: { id } }) => coupled(id) ?? []);
  if (pipeline.id !== world.pipeline.id || from === undefined || to.length < targets.length) {
    throw invalid('Source and targets must be apps of the pipeline.');
  }
  const pinned = source.release?.id;
  const release =
    pinned === undefined ? world.current(from) : from.releases.find(({ id }) => id === pinned);
  if (release === undefined || release.slug === null || release.status !== 'succeeded') {
    throw invalid('The source app has no such release to promote.');
  }
  return world.pipeline.promote({ app: from, release }, to);
}
