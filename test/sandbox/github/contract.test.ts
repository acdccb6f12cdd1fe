/** Every answer of GitHub's stand-in against GitHub's published schema, on a tour of every route. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGitHub } from '../../../src/sandbox/github/github.ts';
import {
  commitLine,
  createRepository,
  git,
  setBranch,
  TemporaryFolder,
  writeFile,
} from '../../effects/git/git-repository.ts';
import { type Answer, Asker, shaA, standInOptions } from '../stand-in-server.ts';
import { findContract, missedRoutes } from '../vendor-contract.ts';

const contract = findContract('github-openapi.used.json');
/** The rest of it, in a file of its own. */
const artifacts = findContract('github-openapi.more.json');
const root = '/repos/acme/web';

/** Served, and in no file of the schema that is at hand. */
const beyondSchema: readonly string[] = [
  'GET /repos/:owner/:repo/actions/runs/:id/attempts/:attempt/jobs',
];

/** One pull request, by what the schema says of one that is made (the same body), and of what is not found. */
function ofSchema<T extends { readonly method: string; path: string; status: number }>(stop: T): T {
  if (stop.method !== 'GET' || !/\/pulls\/\d+$/.test(stop.path)) return stop;
  return stop.status === 200
    ? { ...stop, method: 'POST', path: `${root}/pulls`, status: 201 }
    : { ...stop, path: `${root}/commits/${shaA}/pulls`.replace('/pulls', '') };
}

/** The schema's own default there is an empty text, which is no URI. */
const emptyByDefault = /^(\/\d+)?\/(environment_url|log_url|target_url) must match format "uri"/;

async function tour(folder: string) {
  const github = createGitHub(standInOptions('t', { repositoryPath: () => folder }));
  const ask = new Asker(github, { authorization: 'Bearer t', 'user-agent': 'tests' });
  const line = commitLine(folder, 3);
  setBranch(folder, 'main', line[2] ?? '');
  git(folder, ['reset', '--quiet', '--hard']);
  writeFile(folder, 'a.txt', 'a\n');
  git(folder, ['add', '--all']);
  git(folder, ['commit', '--quiet', '--message', 'A file']);

  await ask.get('/rate_limit');
  await ask.get(`${root}/compare/${line[0]}...main`);
  await ask.get(`${root}/compare/main...${line[0]}?per_page=1`);
  await ask.get(`${root}/compare/${shaA}...main`);
  await ask.get(`${root}/commits`);
  await ask.get(`${root}/commits?sha=nowhere`);
  await ask.get(`${root}/commits/main`);
  await ask.get(`${root}/commits/${shaA}`);
  await tourOfActions(github, ask, line[0] ?? '');
  await tourOfDeployments(github, ask, line[0] ?? '');
  return { stops: ask.stops, routes: github.routes };
}

async function tourOfActions(github: ReturnType<typeof createGitHub>, ask: Asker, commit: string) {
  const actions = `${root}/actions`;
  const made = { workflow: 'deploy.yml', branch: 'main' };
  github.control.workflowRun({ ...made, commit: shaA, status: 'queued' });
  const { id } = github.control.workflowRun({ ...made, commit, status: 'completed' });
  github.control.updateWorkflowRun({ id, attempt: 2, status: 'in_progress' });
  await ask.get(`${actions}/runs`);
  await ask.get(`${actions}/workflows/deploy.yml/runs?status=queued`);
  await ask.get(`${actions}/runs/${id}`);
  await ask.get(`${actions}/runs/${id}/attempts/1`);
  const { body } = await ask.get(`${actions}/runs/${id}/jobs?filter=all`);
  await ask.get(`${actions}/jobs/${body.jobs[0].id}`);
  await ask.post(`${actions}/runs/${id}/cancel`);
  await ask.post(`${actions}/runs/${id}/cancel`);
}

async function tourOfDeployments(
  github: ReturnType<typeof createGitHub>,
  ask: Asker,
  commit: string,
) {
  const deployments = `${root}/deployments`;
  const quiet = { auto_merge: false, required_contexts: [] };
  const { body } = await ask.post(deployments, { ref: commit, ...quiet, payload: { a: 1 } });
  await ask.post(deployments, { ref: commit });
  await ask.post(deployments, { ref: 'nowhere', ...quiet });
  await ask.post(deployments, {});
  await ask.get(`${deployments}?environment=production`);
  await ask.get(`${deployments}/${body.id}`);
  await ask.get(`${deployments}/0`);
  const statuses = `${deployments}/${body.id}/statuses`;
  await ask.post(statuses, { state: 'in_progress', log_url: 'https://ci.test/1' });
  await ask.post(statuses, { state: 'success', environment_url: 'https://www.acme.test/' });
  await ask.post(statuses, { state: 'success', description: 'x'.repeat(141) });
  await ask.post(statuses, { state: 'done' });
  await ask.get(statuses);
  github.control.pullRequest({ number: 7, commits: [commit] });
  github.control.pullRequest({ number: 8, commits: [commit], merged: false });
  await ask.get(`${root}/commits/${commit}/pulls`);
  for (const number of [7, 8, 99]) await ask.get(`${root}/pulls/${number}`);
  await ask.post(`${root}/issues/7/comments`, { body: 'Live.' });
  await ask.post(`${root}/issues/7/comments`, {});
  await ask.post(`${root}/issues/9/comments`, { body: 'Live.' });
  await ask.get(`${root}/issues/7/comments`);
  await ask.post('/orgs/acme/artifacts/metadata/deployment-record', {
    ...{ name: 'acme-web', digest: `sha256:${'a'.repeat(64)}`, status: 'deployed' },
    ...{ logical_environment: 'production', deployment_name: 'acme-web' },
  });
}

describe.runIf(contract !== null)('GitHub’s contract', () => {
  let folder: TemporaryFolder;
  let seen: { stops: readonly Answer[]; routes: readonly { method: string; path: string }[] };
  beforeAll(async () => {
    folder = new TemporaryFolder();
    createRepository(folder.path);
    seen = await tour(folder.path);
  });
  afterAll(() => folder.remove());

  it('holds for every answer on a tour of every route', () => {
    const held = contract?.();
    expect(new Set(seen.stops.map(({ status }) => status))).toEqual(
      new Set([200, 201, 202, 404, 409, 422]),
    );
    for (const stop of seen.stops) {
      const by = stop.path.startsWith('/orgs/') ? artifacts?.() : held;
      const faults = by?.faults(ofSchema(stop)).filter((fault) => !emptyByDefault.test(fault));
      expect(faults, `${stop.method} ${stop.path}: ${stop.text}`).toEqual([]);
    }
  });

  it('is toured whole: no route of the stand-in is left out', () => {
    expect(seen.routes.length).toBeGreaterThan(20);
    expect(missedRoutes(seen.routes, seen.stops)).toEqual(beyondSchema);
  });

  it('finds an answer that breaks it', () => {
    const held = contract?.();
    const stop = seen.stops.find(({ path }) => path.includes('/compare/'));
    if (stop === undefined) throw new Error('the tour saw no comparison');
    expect(held?.faults({ ...stop, body: { ...stop.body, status: 'sideways' } })).not.toEqual([]);
    expect(held?.faults({ ...stop, body: { ...stop.body, commits: [{}] } })).not.toEqual([]);
    expect(held?.faults({ ...stop, status: 299 })).not.toEqual([]);
  });
});
