/** The CI's own list as the lock, by real processes whose runners share no log. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSoak } from '../store/attacks/seed.ts';
import { defaultConfig, type Ended, type Job, type Run, Stage } from './stage.ts';

let stage: Stage;
afterEach(() => stage.strike());

/** How each CI is told of a build, and what it tells the build's own job. */
interface Ci {
  /** In the CI's list from now on. */
  begin(build: number, commit: string): void;
  /** Waits for a person's approval. */
  hold(build: number, commit: string): void;
  end(build: number, how: 'succeeded' | 'cancelled'): void;
  env(build: number, commit: string): Record<string, string>;
}

/** @param project its slug; @param named what tells it to the job */
const circleCi = (project: string, named: Record<string, string>): Ci => ({
  begin: (number, commit) =>
    void stage.sandbox.control.ciBuild({
      ...inCircleCi,
      project,
      number,
      commit,
      status: 'running',
    }),
  hold(number, commit) {
    const { control } = stage.sandbox;
    const here = { ...inCircleCi, project };
    const approval = { ...here, job: 'approve', approval: true, status: 'on_hold' } as const;
    const { pipeline } = control.ciBuild({ ...approval, number: number + 1_000, commit });
    control.ciBuild({ ...here, pipeline, number, commit, status: 'blocked' });
  },
  end(number, how) {
    if (how === 'cancelled') stage.sandbox.control.cancelCiBuild({ project, number });
    else stage.sandbox.control.updateCiBuild({ project, number, status: 'success' });
  },
  env: (build, commit) => ({
    CIRCLECI: 'true',
    CIRCLE_BRANCH: 'master',
    CIRCLE_BUILD_NUM: String(build),
    CIRCLE_SHA1: commit,
    CIRCLE_JOB: 'deploy',
    ...named,
  }),
});
const byName = { CIRCLE_PROJECT_USERNAME: 'acme', CIRCLE_PROJECT_REPONAME: 'web' };
/** A project of GitHub's app, which says its ids in place of a repository's URL. */
const byId = {
  CIRCLE_ORGANIZATION_ID: '4e7b1a52-8f6e-4a3c-9d8e-2f6a1c0b7d93',
  CIRCLE_PROJECT_ID: '0b9d3c6a-1e2f-4d5a-8b7c-6a5f4e3d2c1b',
};
const appSlug = `circleci/${byId.CIRCLE_ORGANIZATION_ID}/${byId.CIRCLE_PROJECT_ID}`;
const circleCiApp = circleCi(appSlug, byId);
const inCircleCi = { branch: 'master', job: 'deploy' } as const;

const gitHub: Ci = {
  begin: (number, commit) =>
    void stage.sandbox.control.workflowRun({ ...inGitHub(number, commit), status: 'in_progress' }),
  hold: (number, commit) =>
    void stage.sandbox.control.workflowRun({ ...inGitHub(number, commit), status: 'waiting' }),
  end(number, how) {
    const conclusion = how === 'cancelled' ? 'cancelled' : 'success';
    stage.sandbox.control.updateWorkflowRun({ id: idOf(number), status: 'completed', conclusion });
  },
  env: (build, commit) => ({
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_REF: 'refs/heads/master',
    GITHUB_REF_NAME: 'master',
    GITHUB_REPOSITORY: 'acme/web',
    GITHUB_RUN_ID: String(idOf(build)),
    GITHUB_RUN_NUMBER: String(build),
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: commit,
    GITHUB_WORKFLOW_REF: 'acme/web/.github/workflows/deploy.yml@refs/heads/master',
  }),
};
const idOf = (number: number): number => 9_000_000 + number;
const inGitHub = (number: number, commit: string) => ({
  id: idOf(number),
  number,
  workflow: 'deploy.yml',
  branch: 'master',
  commit,
});

describe.each([
  ['circleci', 'by its name', circleCi('gh/acme/web', byName)],
  ['circleci', 'of GitHub’s app', circleCiApp],
  ['github', 'by its name', gitHub],
] as const)('lock.provider: %s, a project %s', { timeout: 90_000 }, (provider, _, ci) => {
  beforeEach(async () => {
    const lock = `lock: { provider: ${provider}, timeout: 40s }\n`;
    stage = await Stage.set({ config: (urls) => defaultConfig(urls) + lock });
  });

  /** As CI does: the build is in the list before its job runs. Each runner has a log of its own. */
  function start(build: number, commit: string): Job {
    ci.begin(build, commit);
    return stage.start(args, environmentOf(build, commit), stage.checkout(commit));
  }

  /** The same within this process, for one build at a time: of several the others are processes. */
  function startHere(build: number, commit: string): Run {
    ci.begin(build, commit);
    return stage.startHere(args, environmentOf(build, commit), stage.checkout(commit));
  }

  const args = ['advance', '--json'];
  const environmentOf = (build: number, commit: string) => ({
    ...ci.env(build, commit),
    PIPELINE_STORE: `sqlite:.pipeline/runner-${build}.db`,
  });

  /** Its end, which the CI hears of. */
  async function ending(build: number, job: Run): Promise<Ended & { summary: unknown }> {
    const ended = await job.ended;
    ci.end(build, 'succeeded');
    return { ...ended, summary: ended.stdout.trim() === '' ? null : JSON.parse(ended.stdout) };
  }

  // How a project is named changes nothing of this.
  const isAnother = ci === circleCiApp && !isSoak;
  it.each(isAnother ? [] : ['of three builds'])(
    '%s the first goes on, the middle one exits for the newer, the last waits and ships',
    async () => {
      stage.hold();
      const [a, b, c] = [stage.commit('a'), stage.commit('b'), stage.commit('c')];
      const first = startHere(501, a);
      await first.saw('took lane');
      const middle = start(502, b);
      await middle.saw('build 501 runs; waiting');
      const last = start(503, c);
      await last.saw('build 501 runs; waiting');

      expect(await ending(502, middle)).toMatchObject({
        exit: 0,
        summary: {
          state: 'superseded',
          reason: expect.stringContaining(`build 503 (${c.slice(0, 8)})`),
        },
      });
      stage.letGo();
      expect(await ending(501, first)).toMatchObject({ exit: 0 });
      expect(await ending(503, last)).toMatchObject({
        exit: 0,
        summary: { state: 'production.live' },
      });
      const shipped = stage.state().apps['acme-production']?.releases ?? [];
      expect(shipped.flatMap(({ commit }) => commit ?? [])).toEqual([a, c]);
    },
  );

  it('an older build is waited for until it is cancelled', async () => {
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    ci.begin(501, a);
    const job = startHere(502, b);
    await job.saw('build 501 runs; waiting');
    ci.end(501, 'cancelled');
    expect(await ending(502, job)).toMatchObject({
      exit: 0,
      summary: { state: 'production.live' },
    });
  });

  it('an older build that waits for a person’s approval is not waited for', async () => {
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    ci.hold(501, a);
    const ended = await ending(502, startHere(502, b));
    expect(ended).toMatchObject({ exit: 0, summary: { state: 'production.live' } });
    expect(ended.stderr).not.toContain('waiting for it to end');
  });

  it('an older build that never ends is given up on: exit 3, and nothing was built', async () => {
    const lock = `lock: { provider: ${provider}, timeout: 2s }\n`;
    stage.write('pipeline.yml', defaultConfig(stage.sandbox.urls) + lock);
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    ci.begin(501, a);
    const ended = await ending(502, startHere(502, b));
    expect(ended).toMatchObject({ exit: 3, summary: { state: 'queued.gaveUp' } });
    expect(stage.state().apps['acme-staging']?.builds).toEqual([]);
  });
});
