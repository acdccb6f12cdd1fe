/** A holder that was killed on a host that nobody here can ask: its CI can be asked, and nobody waits for its lease. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployId, type Ended, type Job, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set();
});
afterEach(() => stage.strike());

/** Longer than any test: who goes on did not wait for it. */
const lease = { PIPELINE_LEASE: '30m' };
const elsewhere = { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'elsewhere.ts')}` };
const args = ['advance', '--branch', 'master'];

const circleCi = (build: number, commit: string) => ({
  CIRCLECI: 'true',
  CIRCLE_BRANCH: 'master',
  CIRCLE_BUILD_NUM: String(build),
  CIRCLE_SHA1: commit,
  CIRCLE_JOB: 'deploy',
  CIRCLE_PROJECT_USERNAME: 'acme',
  CIRCLE_PROJECT_REPONAME: 'web',
  ...lease,
});
const gitHub = (build: number, commit: string, attempt = 1) => ({
  GITHUB_ACTIONS: 'true',
  GITHUB_REF: 'refs/heads/master',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'acme/web',
  GITHUB_RUN_ID: String(9_000 + build),
  GITHUB_RUN_NUMBER: String(build),
  GITHUB_RUN_ATTEMPT: String(attempt),
  GITHUB_SHA: commit,
  ...lease,
});

const start = (env: Record<string, string>, commit: string): Job =>
  stage.start(args, env, stage.checkout(commit));

/** The same within this process. */
const run = (env: Record<string, string>, commit: string): Promise<Ended> =>
  stage.runHere(args, env, stage.checkout(commit));

/** A run that took the lane on another host, and was killed there. */
async function killedElsewhere(env: Record<string, string>, commit: string): Promise<void> {
  stage.hold();
  const holder = start({ ...env, ...elsewhere }, commit);
  await holder.saw('took lane');
  holder.process.kill('SIGKILL');
  await holder.ended;
}

/** What the grant to a deploy says of the holder before it. */
async function takenOver(build: number, commit: string) {
  const events = await stage.events(build, commit);
  return events.find(({ type }) => type === 'lock.acquired')?.data.takenOver;
}

async function asked(path: RegExp): Promise<void> {
  while (!stage.sandbox.requests().some((request) => path.test(request.path))) {
    await new Promise((again) => setTimeout(again, 20));
  }
}

/** Ended by now? A run that goes on would have, had it taken the lane. */
async function stillWaits(job: Job): Promise<void> {
  const later = new Promise((done) => setTimeout(() => done('waits'), 2_000));
  expect(await Promise.race([job.ended, later])).toBe('waits');
}

describe('a holder that was killed on another host', { timeout: 60_000 }, () => {
  it('is waited for while CircleCI says that its job runs, and not once it says that it ended', async () => {
    const { control } = stage.sandbox;
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    control.ciBuild({ branch: 'master', job: 'deploy', commit: a, status: 'running', number: 501 });
    await killedElsewhere(circleCi(501, a), a);
    stage.letGo();
    const waiter = start(circleCi(502, b), b);
    await waiter.saw('is held by');
    await asked(/\/project\/gh\/acme\/web\/job\/501$/);
    await stillWaits(waiter);
    waiter.process.kill('SIGKILL');
    await waiter.ended;

    control.updateCiBuild({ number: 501, status: 'infrastructure_fail' });
    const next = await run(circleCi(502, b), b);
    expect(next, next.stdout + next.stderr).toMatchObject({ exit: 0 });
    expect(await takenOver(502, b)).toMatchObject({
      deploy: deployId(501, a),
      why: 'CircleCI says that its job ended (infrastructure_fail)',
    });
  });

  it('is asked after by its ids where the project is of GitHub’s app', async () => {
    const { control } = stage.sandbox;
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    const ids = {
      CIRCLE_PROJECT_USERNAME: '',
      CIRCLE_PROJECT_REPONAME: '',
      CIRCLE_ORGANIZATION_ID: '4e7b1a52-8f6e-4a3c-9d8e-2f6a1c0b7d93',
      CIRCLE_PROJECT_ID: '0b9d3c6a-1e2f-4d5a-8b7c-6a5f4e3d2c1b',
    };
    const project = `circleci/${ids.CIRCLE_ORGANIZATION_ID}/${ids.CIRCLE_PROJECT_ID}`;
    const build = { project, branch: 'master', job: 'deploy', commit: a, number: 501 };
    control.ciBuild({ ...build, status: 'running' });
    await killedElsewhere({ ...circleCi(501, a), ...ids }, a);
    stage.letGo();
    control.updateCiBuild({ project, number: 501, status: 'canceled' });
    const next = await run({ ...circleCi(502, b), ...ids }, b);
    expect(next, next.stdout + next.stderr).toMatchObject({ exit: 0 });
    expect(await takenOver(502, b)).toMatchObject({
      why: 'CircleCI says that its job ended (canceled)',
    });
  });

  it('is waited for while GitHub says that its run runs, and not once it says that it ended', async () => {
    const { control } = stage.sandbox;
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    const listed = { workflow: 'deploy.yml', branch: 'master', commit: a, number: 501, id: 9_501 };
    control.workflowRun({ ...listed, status: 'in_progress' });
    await killedElsewhere(gitHub(501, a), a);
    stage.letGo();
    const waiter = start(gitHub(502, b), b);
    await waiter.saw('is held by');
    await asked(/\/actions\/runs\/9501\/attempts\/1$/);
    await stillWaits(waiter);
    waiter.process.kill('SIGKILL');
    await waiter.ended;

    control.updateWorkflowRun({ id: 9_501, status: 'completed', conclusion: 'cancelled' });
    const next = await run(gitHub(502, b), b);
    expect(next, next.stdout + next.stderr).toMatchObject({ exit: 0 });
    expect(await takenOver(502, b)).toMatchObject({
      deploy: deployId(501, a),
      why: 'GitHub says that its run ended (cancelled)',
    });
  });

  it('is gone on with at once by the next attempt of its own run', async () => {
    const { control } = stage.sandbox;
    const commit = stage.commit('a');
    const listed = { workflow: 'deploy.yml', branch: 'master', commit, number: 501, id: 9_501 };
    control.workflowRun({ ...listed, status: 'completed', conclusion: 'failure' });
    await killedElsewhere(gitHub(501, commit), commit);
    stage.letGo();
    control.updateWorkflowRun({ id: 9_501, attempt: 2, status: 'in_progress' });
    const again = await run(gitHub(501, commit, 2), commit);
    expect(again, again.stdout + again.stderr).toMatchObject({ exit: 0 });
    expect(again.stdout + again.stderr).toContain('GitHub says that its run ended (failure)');
    expect(stage.state().apps['acme-production']?.releases.at(-1)).toMatchObject({ commit });
  });
});

it('a CI that does not answer fails nobody: the lane is waited for as ever', async () => {
  const [a, b] = [stage.commit('a'), stage.commit('b')];
  stage.sandbox.control.fault({ service: 'circleci', kind: 'hang', times: 1_000 });
  stage.hold();
  const holder = start({ ...circleCi(501, a), ...elsewhere }, a);
  await holder.saw('took lane');
  const waiter = stage.startHere(args, circleCi(502, b), stage.checkout(b));
  await waiter.saw('is held by');
  await asked(/\/job\/501$/);
  stage.letGo();
  expect(await holder.ended).toMatchObject({ exit: 0 });
  expect(await waiter.ended).toMatchObject({ exit: 0 });
  expect(await takenOver(502, b)).toBeNull();
});
