/** CircleCI's stand-in: builds appear as they are told, and are told as CircleCI tells them. */
import { expect, it } from 'vitest';
import type { MadeBuild } from '../../../src/sandbox/circleci/builds.ts';
import { createCircleCi } from '../../../src/sandbox/circleci/circleci.ts';
import { Asker, serveStandIn, shaA, shaB, standInOptions, testClock } from '../stand-in-server.ts';

const token = 'CCIPAT-secret';
const v2 = '/api/v2/project/gh/acme/web';

function start() {
  const clock = testClock();
  const circleci = createCircleCi(standInOptions(token, { clock }));
  const ask = new Asker(circleci, { 'circle-token': token });
  const build = (more: Partial<Parameters<typeof circleci.control.ciBuild>[0]> = {}) =>
    circleci.control.ciBuild({
      branch: 'main',
      job: 'deploy',
      commit: shaA,
      status: 'running',
      ...more,
    });
  /** The statuses of a build's workflow and of the job in it. */
  const statuses = async ({ pipelineId, workflowId }: MadeBuild) => [
    (await ask.get(`/api/v2/pipeline/${pipelineId}/workflow`)).body.items.find(
      ({ id }: { id: string }) => id === workflowId,
    ).status,
    ...(await ask.get(`/api/v2/workflow/${workflowId}/job`)).body.items.map(
      (one: { status: string }) => one.status,
    ),
  ];
  return { clock, circleci, ask, build, statuses };
}

it.each([
  [{ 'circle-token': token }, 200],
  [{ 'circle-token': '', authorization: `Bearer ${token}` }, 200],
  [{ 'circle-token': '', authorization: `Basic ${btoa(`${token}:`)}` }, 200],
  [{ 'circle-token': '' }, 401],
  [{ 'circle-token': 'another' }, 401],
])('lets in whoever has the token: %j', async (headers, status) => {
  const { ask } = start();
  const answer = await ask.get(`${v2}/pipeline`, headers);
  expect(answer.status).toBe(status);
  if (status === 401) expect(answer.body).toEqual({ message: 'You must log in first.' });
});

it('leads from a branch to its pipelines, their workflows and the jobs in them', async () => {
  const { ask, build } = start();
  const made = build({ number: 502, pipeline: 107 });
  build({ number: 503, pipeline: 108, branch: 'feature/x', commit: shaB });
  const { body } = await ask.get(`${v2}/pipeline?branch=main`);
  expect(body.items).toMatchObject([
    { id: made.pipelineId, number: 107, vcs: { branch: 'main', revision: shaA } },
  ]);
  expect(body.next_page_token).toBeNull();
  const workflows = (await ask.get(`/api/v2/pipeline/${made.pipelineId}/workflow`)).body.items;
  expect(workflows).toMatchObject([{ id: made.workflowId, status: 'running', stopped_at: null }]);
  const jobs = (await ask.get(`/api/v2/workflow/${made.workflowId}/job`)).body.items;
  expect(jobs).toMatchObject([{ name: 'deploy', status: 'running', job_number: 502 }]);
  expect((await ask.get(`${v2}/job/502`)).body).toMatchObject({
    name: 'deploy',
    number: 502,
    duration: null,
    pipeline: { id: made.pipelineId },
  });
  expect((await ask.get(`${v2}/pipeline?branch=feature%2Fx`)).body.items).toHaveLength(1);
});

it('gives twenty a page, and a new pipeline shifts nothing onto the next page or off it', async () => {
  const { ask, build } = start();
  for (let number = 1; number <= 45; number++) build();
  const seen: number[] = [];
  let next: string | null = '';
  while (next !== null) {
    const query: string = next === '' ? '' : `?page-token=${next}`;
    const { body } = await ask.get(`${v2}/pipeline${query}`);
    expect(body.items.length).toBeLessThanOrEqual(20);
    seen.push(...body.items.map((one: { number: number }) => one.number));
    next = body.next_page_token;
    build();
  }
  expect(seen).toEqual(Array.from({ length: 45 }, (_, i) => 45 - i));
});

it('refuses a page token that is none of its own', async () => {
  const { ask, build } = start();
  build();
  expect((await ask.get(`${v2}/pipeline?page-token=nonsense`)).status).toBe(400);
});

it.each([
  ['queued', 'running'],
  ['blocked', 'running'],
  ['on_hold', 'on_hold'],
  ['running', 'running'],
  ['success', 'success'],
  ['failed', 'failed'],
  ['timedout', 'failed'],
  ['canceled', 'canceled'],
  ['unauthorized', 'unauthorized'],
  ['not_run', 'not_run'],
] as const)('a job that is %s makes its workflow %s', async (status, workflow) => {
  const { build, statuses } = start();
  expect(await statuses(build({ status }))).toEqual([workflow, status]);
});

it('a failed job beside a running one makes their workflow failing', async () => {
  const { build, statuses } = start();
  const made = build({ pipeline: 7, job: 'test', status: 'failed' });
  build({ pipeline: 7 });
  expect(await statuses(made)).toEqual(['failing', 'failed', 'running']);
});

it('a re-run is a new workflow of the old pipeline', async () => {
  const { ask, build } = start();
  const first = build({ number: 10, status: 'failed' });
  build();
  const second = build({ pipeline: first.pipeline, rerun: true });
  expect(second).toMatchObject({ number: 12, pipelineId: first.pipelineId });
  expect(second.workflowId).not.toBe(first.workflowId);
  const { items } = (await ask.get(`/api/v2/pipeline/${first.pipelineId}/workflow`)).body;
  expect(items).toHaveLength(2);
});

it('a job has its number from when it starts, and times as it goes', async () => {
  const { ask, build, circleci, clock } = start();
  const { workflowId } = build({ number: 9, status: 'queued' });
  const job = async () => (await ask.get(`/api/v2/workflow/${workflowId}/job`)).body.items[0];
  expect(await job()).not.toHaveProperty('job_number');
  expect(await job()).toMatchObject({ started_at: null });
  clock.pass(5_000);
  circleci.control.updateCiBuild({ number: 9, status: 'running' });
  expect(await job()).toMatchObject({ job_number: 9, started_at: '2026-01-05T10:00:05.000Z' });
  clock.pass(60_000);
  circleci.control.updateCiBuild({ number: 9, status: 'success' });
  expect((await ask.get(`${v2}/job/9`)).body).toMatchObject({
    status: 'success',
    duration: 60_000,
    stopped_at: '2026-01-05T10:01:05.000Z',
  });
});

it('an approval never has a number', async () => {
  const { ask, build } = start();
  const { workflowId } = build({ job: 'hold', status: 'on_hold', approval: true });
  const [job] = (await ask.get(`/api/v2/workflow/${workflowId}/job`)).body.items;
  expect(job).toMatchObject({ type: 'approval', status: 'on_hold' });
  expect(job).not.toHaveProperty('job_number');
});

it('cancels by control', async () => {
  const { build, circleci, statuses } = start();
  const made = build();
  circleci.control.cancelCiBuild({ number: made.number });
  expect(await statuses(made)).toEqual(['canceled', 'canceled']);
});

it.each([
  ['/api/v2/project/gh/acme/other/pipeline', 'Project not found'],
  [`${v2}/job/9`, 'Job not found'],
  ['/api/v2/pipeline/none/workflow', 'Pipeline not found'],
  ['/api/v2/workflow/none/job', 'Workflow not found'],
  ['/api/v2/nowhere', 'Not found'],
])('says 404 of %s', async (path, message) => {
  const { status, body } = await start().ask.get(path);
  expect([status, body]).toEqual([404, { message }]);
});

it('keeps projects apart, by either name of their host', async () => {
  const { ask, build } = start();
  build({ project: 'github/acme/other', number: 1 });
  build({ number: 1 });
  const list = async (project: string) =>
    (await ask.get(`/api/v2/project/${project}/pipeline`)).body.items.map(
      (one: { project_slug: string }) => one.project_slug,
    );
  expect(await list('gh/acme/other')).toEqual(['gh/acme/other']);
  expect(await list('github/acme/web')).toEqual(['gh/acme/web']);
});

it('refuses builds that cannot be', () => {
  const { build, circleci } = start();
  build({ number: 1, pipeline: 1 });
  expect(() => build({ number: 1 })).toThrow('there is a build 1 in gh/acme/web already');
  expect(() => build({ pipeline: 1, commit: shaB })).toThrow('pipeline 1 is of main');
  expect(() => build({ pipeline: 1 })).toThrow('has a job deploy already');
  expect(() => build({ commit: 'HEAD' })).toThrow('commit');
  expect(() => circleci.control.updateCiBuild({ number: 9, status: 'failed' })).toThrow(
    'there is no build 9',
  );
  expect(circleci.state()).toMatchObject({ builds: [{ number: 1, status: 'running' }] });
});

it('forgets all at a reset', async () => {
  const { ask, build, circleci } = start();
  build();
  circleci.reset();
  expect((await ask.get(`${v2}/pipeline`)).body.items).toEqual([]);
  expect(circleci.state()).toEqual({ builds: [] });
  expect(build()).toMatchObject({ number: 1, pipeline: 1 });
});

it('answers over a real connection', async () => {
  const { build, circleci } = start();
  build();
  const served = await serveStandIn(circleci);
  try {
    const headers = { 'circle-token': token };
    const response = await fetch(`${served.url}${v2}/pipeline?branch=main`, { headers });
    expect(await response.json()).toMatchObject({ items: [{ number: 1 }], next_page_token: null });
  } finally {
    await served.close();
  }
});
