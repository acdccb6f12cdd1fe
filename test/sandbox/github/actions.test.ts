/** Workflow runs at GitHub's stand-in: they stand as they are told to, attempt by attempt. */
import { expect, it } from 'vitest';
import { createGitHub } from '../../../src/sandbox/github/github.ts';
import { Asker, shaA, shaB, standInOptions, testClock } from '../stand-in-server.ts';

const actions = '/repos/acme/web/actions';

function start() {
  const clock = testClock();
  const github = createGitHub(standInOptions('t', { clock }));
  const ask = new Asker(github, { authorization: 'Bearer t', 'user-agent': 'tests' });
  const run = (more: Partial<Parameters<typeof github.control.workflowRun>[0]> = {}) =>
    github.control.workflowRun({
      workflow: 'deploy.yml',
      branch: 'main',
      commit: shaA,
      status: 'in_progress',
      ...more,
    });
  const ids = async (query: string) =>
    (await ask.get(actions + query)).body.workflow_runs.map((one: { id: number }) => one.id);
  return { clock, github, ask, run, ids };
}

it('lists runs newest first, of a branch, a workflow, a commit, a status or a conclusion', async () => {
  const { ask, run, ids } = start();
  run({ id: 11, number: 5 });
  run({ id: 12, branch: 'feature/x', commit: shaB });
  run({ id: 13, workflow: 'test.yml', status: 'completed', conclusion: 'failure' });
  run({ id: 14, status: 'queued' });
  expect(await ids('/runs')).toEqual([14, 13, 12, 11]);
  expect(await ids('/runs?branch=feature%2Fx')).toEqual([12]);
  expect(await ids(`/runs?head_sha=${shaA}`)).toEqual([14, 13, 11]);
  expect(await ids('/runs?status=in_progress')).toEqual([12, 11]);
  expect(await ids('/runs?status=failure')).toEqual([13]);
  expect(await ids('/workflows/deploy.yml/runs?branch=main')).toEqual([14, 11]);
  const { body } = await ask.get(`${actions}/runs/13`);
  expect(body).toMatchObject({ status: 'completed', conclusion: 'failure', run_number: 1 });
  expect(await ids(`/workflows/${body.workflow_id}/runs`)).toEqual([13]);
  expect((await ask.get(`${actions}/runs/14`)).body.run_number).toBe(7);
});

it('gives pages, with the count of all of them', async () => {
  const { ask, run } = start();
  for (let made = 0; made < 31; made++) run();
  const first = await ask.get(`${actions}/runs`);
  expect([first.body.total_count, first.body.workflow_runs.length]).toEqual([31, 30]);
  expect(first.headers.get('link')).toMatch(/page=2>; rel="next", <.*page=2>; rel="last"$/);
  const last = await ask.get(`${actions}/runs?page=2`);
  expect(last.body.workflow_runs).toHaveLength(1);
  expect(last.headers.get('link')).not.toContain('rel="next"');
});

it('a re-run keeps id and number, and the attempt before stays to be read', async () => {
  const { ask, github, run, clock } = start();
  const { id, number } = run({ status: 'completed', conclusion: 'failure' });
  clock.pass(60_000);
  github.control.updateWorkflowRun({ id, attempt: 2 });
  expect((await ask.get(`${actions}/runs/${id}`)).body).toMatchObject({
    id,
    run_number: number,
    run_attempt: 2,
    status: 'queued',
    conclusion: null,
    run_started_at: '2026-01-05T10:01:00Z',
    created_at: '2026-01-05T10:00:00Z',
    previous_attempt_url: `http://stand-in.test${actions}/runs/${id}/attempts/1`,
  });
  const before = (await ask.get(`${actions}/runs/${id}/attempts/1`)).body;
  expect(before).toMatchObject({ run_attempt: 1, status: 'completed', conclusion: 'failure' });
  expect((await ask.get(`${actions}/runs/${id}/attempts/3`)).status).toBe(404);
  expect(() => github.control.updateWorkflowRun({ id, attempt: 1 })).toThrow('at attempt 2');
});

it('lists the jobs of the last attempt, or of all', async () => {
  const { ask, github, run } = start();
  const { id } = run({
    jobs: [
      { name: 'test', status: 'completed' },
      { name: 'deploy', status: 'in_progress' },
    ],
  });
  github.control.updateWorkflowRun({ id, attempt: 2, status: 'in_progress' });
  const jobs = async (query: string) =>
    (await ask.get(`${actions}/runs/${id}${query}`)).body.jobs.map(
      (one: { name: string; run_attempt: number; status: string; conclusion: string | null }) =>
        `${one.name} ${one.run_attempt} ${one.status} ${one.conclusion}`,
    );
  const first = ['test 1 completed success', 'deploy 1 in_progress null'];
  expect(await jobs('/jobs')).toEqual(['deploy 2 in_progress null']);
  expect(await jobs('/jobs?filter=all')).toEqual([...first, 'deploy 2 in_progress null']);
  expect(await jobs('/attempts/1/jobs')).toEqual(first);
  const [job] = (await ask.get(`${actions}/runs/${id}/jobs`)).body.jobs;
  expect((await ask.get(`${actions}/jobs/${job.id}`)).body).toEqual(job);
});

it('has a conclusion only when it is completed', async () => {
  const { ask, github, run } = start();
  const { id } = run({ conclusion: 'failure' });
  const ends = async () => {
    const { status, conclusion } = (await ask.get(`${actions}/runs/${id}`)).body;
    return [status, conclusion];
  };
  expect(await ends()).toEqual(['in_progress', null]);
  github.control.updateWorkflowRun({ id, status: 'completed' });
  expect(await ends()).toEqual(['completed', 'success']);
  github.control.updateWorkflowRun({ id, conclusion: 'timed_out' });
  expect(await ends()).toEqual(['completed', 'timed_out']);
});

it('cancels what is under way, and says 409 of what is over', async () => {
  const { ask, run } = start();
  const { id } = run();
  const path = `${actions}/runs/${id}/cancel`;
  const first = await ask.post(path);
  expect([first.status, first.body]).toEqual([202, {}]);
  expect((await ask.get(`${actions}/runs/${id}`)).body.conclusion).toBe('cancelled');
  expect((await ask.post(path)).status).toBe(409);
});

it.each([
  ['GET', 'runs/9'],
  ['GET', 'runs/9/jobs'],
  ['GET', 'runs/9/attempts/1'],
  ['GET', 'runs/9/attempts/1/jobs'],
  ['GET', 'jobs/9'],
  ['GET', 'workflows/none.yml/runs'],
  ['POST', 'runs/9/cancel'],
])('says 404 of %s %s', async (method, path) => {
  const { status, body } = await start().ask.send(method, `${actions}/${path}`);
  expect([status, body.message, body.status]).toEqual([404, 'Not Found', '404']);
});

it('refuses runs that cannot be', () => {
  const { github, run } = start();
  run({ id: 7 });
  expect(() => run({ id: 7 })).toThrow('there is a workflow run 7 already');
  expect(() => run({ commit: 'main' })).toThrow('commit');
  expect(() => github.control.updateWorkflowRun({ id: 8 })).toThrow('there is no workflow run 8');
});
