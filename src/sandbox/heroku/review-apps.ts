/**
 * Heroku's routes for what else may deploy: a pipeline's review apps (Heroku Platform API reference, Review App), and
 * an app's connection to GitHub, which Heroku's own command asks of a service beside the API.
 */
import type { Hono } from 'hono';
import { answer, appOf, type HerokuService, missing } from './answers.ts';
import { offset } from './artifact-bodies.ts';
import type { App, GitHubConnection } from './state.ts';
import type { HerokuWorld } from './world.ts';

export function addReviewAppRoutes(hono: Hono, { world }: HerokuService): void {
  hono.get('/pipelines/:pipeline/review-app-config', (c) => {
    const { pipeline } = world();
    const asked = c.req.param('pipeline');
    if (asked !== pipeline.id && asked !== pipeline.name) throw missing('pipeline');
    if (pipeline.reviewApps === null) throw missing('review app config');
    return answer(reviewAppsBody(pipeline, pipeline.reviewApps));
  });
  hono.get('/apps/:app/github', (c) => {
    const app = appOf(c, world());
    if (app.gitHub === null) throw missing('GitHub connection');
    return answer(gitHubBody(app, app.gitHub));
  });
}

function reviewAppsBody({ id }: HerokuWorld['pipeline'], { automatic }: { automatic: boolean }) {
  return {
    automatic_review_apps: automatic,
    base_name: null,
    deploy_target: { id: 'us', type: 'region' },
    destroy_stale_apps: true,
    pipeline_id: id,
    repo: { id: 123_456 },
    stale_days: 5,
    wait_for_ci: true,
  };
}

function gitHubBody(app: App, { repo, branch, autoDeploy }: GitHubConnection) {
  return {
    id: `0000ab00${app.id.slice(8)}`,
    app: { id: app.id },
    repo,
    repo_id: 123_456,
    repo_host: 'github.com',
    branch,
    auto_deploy: autoDeploy,
    wait_for_ci: true,
    pull_requests: { enabled: false, auto_deploy: false },
    owner: { id: '00000021-89ab-4def-8123-456789abcdef' },
    created_at: offset(app.createdAt),
    updated_at: offset(app.createdAt),
  };
}
