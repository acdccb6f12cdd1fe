/**
 * A deploy that is carried on where the CI's list is the lock. A list shows the builds of one job (CircleCI) or of one workflow
 * (GitHub): from another one, a newer build that deploys is not seen.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { defaultConfig, deployId, type Ended, Stage } from './stage.ts';

let stage: Stage;
afterEach(() => stage.strike());

/** A CI with a list of builds that have names; `deploy` is what deploys are asked for in. */
interface Ci {
  /** In the list from now on. */
  begin(build: number, name: string, commit: string): void;
  end(build: number): void;
  env(build: number, name: string, commit: string): Record<string, string>;
}

const project = 'gh/acme/web';
const circleCi: Ci = {
  begin: (number, job, commit) =>
    void stage.sandbox.control.ciBuild({
      ...{ branch: 'master', status: 'running', project, number, job, commit },
    }),
  end: (number) => void stage.sandbox.control.updateCiBuild({ project, number, status: 'success' }),
  env: (build, job, commit) => ({
    ...{ CIRCLECI: 'true', CIRCLE_BRANCH: 'master', CIRCLE_BUILD_NUM: String(build) },
    ...{ CIRCLE_SHA1: commit, CIRCLE_JOB: job },
    ...{ CIRCLE_PROJECT_USERNAME: 'acme', CIRCLE_PROJECT_REPONAME: 'web' },
  }),
};

const idOf = (number: number): number => 9_000_000 + number;
const gitHub: Ci = {
  begin: (number, name, commit) =>
    void stage.sandbox.control.workflowRun({
      ...{ id: idOf(number), workflow: `${name}.yml`, branch: 'master', status: 'in_progress' },
      ...{ number, commit },
    }),
  end: (number) =>
    void stage.sandbox.control.updateWorkflowRun({
      ...{ id: idOf(number), status: 'completed', conclusion: 'success' },
    }),
  env: (build, name, commit) => ({
    ...{ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/heads/master' },
    ...{ GITHUB_REF_NAME: 'master', GITHUB_REPOSITORY: 'acme/web', GITHUB_SHA: commit },
    ...{ GITHUB_RUN_ID: String(idOf(build)), GITHUB_RUN_NUMBER: String(build) },
    ...{ GITHUB_SERVER_URL: 'https://github.com', GITHUB_WORKFLOW: name },
    GITHUB_WORKFLOW_REF: `acme/web/.github/workflows/${name}.yml@refs/heads/master`,
  }),
};

const words = ({ stdout, stderr }: Ended): string => stdout + stderr;

describe.each([
  ['circleci', 'job', circleCi],
  ['github', 'workflow', gitHub],
] as const)('lock.provider: %s', { timeout: 60_000 }, (provider, kind, ci) => {
  /** A deploy of build 501 that the kill switch held, while build 502 of another commit is under way in the CI. */
  async function held() {
    const config = (urls: Parameters<typeof defaultConfig>[0]) =>
      `${defaultConfig(urls)}lock: { provider: ${provider}, timeout: 2s }\n`;
    stage = await Stage.set({ config, within: true });
    const commit = stage.commit('a');
    ci.begin(501, 'deploy', commit);
    const off = { ...ci.env(501, 'deploy', commit), PRODUCTION_CD_ENABLED: 'false' };
    const first = await stage.run(['advance'], off, stage.checkout(commit));
    expect(first.stdout, words(first)).toContain('PRODUCTION_CD_ENABLED');
    ci.end(501);
    ci.begin(502, 'deploy', stage.commit('b'));
    return { commit, deploy: deployId(501, commit) };
  }

  const head = () => stage.read((log) => log.headDigest());

  it(`a ${kind} of another name does not resume it: its list does not show who deploys`, async () => {
    const { commit, deploy } = await held();
    const before = await head();
    ci.begin(600, 'resume', commit);
    const args = ['resume', deploy, '--reason', 'it may go on'];
    const ended = await stage.run(args, ci.env(600, 'resume', commit), stage.checkout(commit));
    expect(ended, words(ended)).toMatchObject({ exit: 2 });
    expect(words(ended)).toContain('E_LOCK_PROVIDER');
    expect(words(ended)).toContain(`${kind} deploy`);
    expect(words(ended)).toContain(`${kind} resume`);
    expect(await head()).toEqual(before);
    expect(stage.state().apps['acme-production']?.releases.at(-1)?.commit).not.toBe(commit);
  });

  it(`a ${kind} of the same name does, and waits for the newer build that deploys`, async () => {
    const { commit, deploy } = await held();
    ci.begin(600, 'deploy', commit);
    const args = ['resume', deploy, '--reason', 'it may go on'];
    const ended = await stage.run(args, ci.env(600, 'deploy', commit), stage.checkout(commit));
    expect(words(ended)).toContain('build 502 runs; waiting');
    expect(ended, words(ended)).toMatchObject({ exit: 3 });
  });
});
