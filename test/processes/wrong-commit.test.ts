/** What ships is what was checked out and tested, by the rules that it has itself: never another commit, never another file. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectCi } from '../../src/cli/ci/ci.ts';
import { defaultConfig, deployId, type Ended, quietConfig, Stage } from './stage.ts';

const sha = 'b'.repeat(40);
const run = {
  event: 'push',
  head_sha: sha,
  head_branch: 'master',
  conclusion: 'success',
  head_repository: { full_name: 'acme/web' },
};
const repository = { full_name: 'acme/web' };
const workflowRun = (change: object = {}) => ({ repository, workflow_run: { ...run, ...change } });
const gitHub = {
  GITHUB_ACTIONS: 'true',
  GITHUB_SHA: 'a'.repeat(40),
  GITHUB_REF: 'refs/heads/master',
  GITHUB_RUN_NUMBER: '88',
};

describe('GitHub’s event', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-event-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function factsOf(GITHUB_EVENT_NAME: string, payload: unknown) {
    const GITHUB_EVENT_PATH = join(folder, 'event.json');
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    if (payload !== undefined) writeFileSync(GITHUB_EVENT_PATH, text);
    const { commits, ref } = detectCi({ ...gitHub, GITHUB_EVENT_NAME, GITHUB_EVENT_PATH });
    return { commit: commits[0]?.name ?? null, ref };
  }
  const master = { kind: 'branch', name: 'master' };

  it.each<[string, unknown]>([
    ['workflow_run', workflowRun()],
    ['workflow_run', workflowRun({ event: 'workflow_dispatch' })],
    ['workflow_run', workflowRun({ event: 'schedule' })],
    ['workflow_run', workflowRun({ event: 'repository_dispatch' })],
    ['check_suite', { check_suite: run }],
    ['check_run', { check_run: { ...run, check_suite: run } }],
    ['status', { sha, state: 'success', branches: [{ name: 'master' }] }],
  ])('%s is about the commit that its payload names, not about the tip', (event, payload) => {
    expect(factsOf(event, payload)).toEqual({ commit: sha, ref: master });
  });

  it.each(['push', 'workflow_dispatch', 'schedule', 'repository_dispatch', 'deployment'])(
    '%s is about GITHUB_SHA',
    (event) => {
      const payload = { ...workflowRun(), deleted: false };
      expect(factsOf(event, payload)).toEqual({ commit: gitHub.GITHUB_SHA, ref: master });
    },
  );

  it.each<[string, string, unknown, string]>([
    ['that failed', 'workflow_run', workflowRun({ conclusion: 'failure' }), 'untested'],
    ['that was cancelled', 'workflow_run', workflowRun({ conclusion: 'cancelled' }), 'untested'],
    ['that runs', 'workflow_run', workflowRun({ conclusion: null }), 'untested'],
    [
      'of a fork',
      'workflow_run',
      workflowRun({ head_repository: { full_name: 'eve/web' } }),
      'pull request',
    ],
    ['of a pull request', 'workflow_run', workflowRun({ event: 'pull_request' }), 'pull request'],
    ['of a merge queue', 'workflow_run', workflowRun({ event: 'merge_group' }), 'merge queue'],
    [
      'of its branch',
      'workflow_run',
      workflowRun({ head_branch: `gh-readonly-queue/master/pr-1-${sha}` }),
      'merge queue',
    ],
    ['of a release', 'workflow_run', workflowRun({ event: 'release' }), 'tag'],
    // Of these the head is the default branch's tip, whatever the run that was followed tested.
    ...['workflow_run', 'check_suite', 'check_run', 'status', 'issue_comment', 'deployment'].map(
      (event): [string, string, unknown, string] => [
        `that followed ${event}`,
        'workflow_run',
        workflowRun({ event }),
        'unclear',
      ],
    ),
    ['without a payload', 'workflow_run', undefined, 'unclear'],
    ['with an empty payload', 'workflow_run', '', 'unclear'],
    ['with a broken payload', 'workflow_run', '{', 'unclear'],
    ['with another payload', 'workflow_run', { repository, check_suite: run }, 'unclear'],
    ['without a commit', 'workflow_run', workflowRun({ head_sha: undefined }), 'unclear'],
    ['of half a commit', 'workflow_run', workflowRun({ head_sha: 'abc' }), 'unclear'],
    ['that failed', 'check_suite', { check_suite: { ...run, conclusion: 'failure' } }, 'untested'],
    [
      'that failed',
      'check_run',
      { check_run: { ...run, conclusion: 'timed_out', check_suite: run } },
      'untested',
    ],
    [
      'that failed',
      'status',
      { sha, state: 'failure', branches: [{ name: 'master' }] },
      'untested',
    ],
    ['of no tip', 'status', { sha, state: 'success', branches: [] }, 'unclear'],
    ['of a deletion', 'push', { deleted: true }, 'unclear'],
  ])('%s: %s does not ship', (_, event, payload, kind) => {
    expect(factsOf(event, payload).ref).toMatchObject({ kind });
  });
});

describe('the command', { timeout: 60_000 }, () => {
  let stage: Stage;
  let tested: string;
  let tip: string;
  beforeEach(async () => {
    stage = await Stage.set({ within: true, config: quietConfig });
    tested = stage.commit('Tested');
    tip = stage.commit('The tip');
  });
  afterEach(() => stage.strike());

  const shippedBy = (app: string) =>
    stage
      .state()
      .apps[app]?.releases.map(({ commit }) => commit)
      .filter((one) => one !== null);

  function expectRefused(ended: Ended, code: string, ...texts: string[]): void {
    expect(ended.exit, ended.stderr).toBe(2);
    expect(ended.stderr).toContain(`error[${code}]`);
    for (const text of texts) expect(ended.stderr).toContain(text);
    expect(existsSync(stage.logFile)).toBe(false);
    expect(Object.values(stage.state().apps).flatMap(({ builds }) => builds)).toEqual([]);
  }

  it('is refused where the CI names another commit than the one checked out, with both', async () => {
    const flags = ['--build', '1', '--branch', 'master'];
    const cis: [Record<string, string>, string[]][] = [
      [{ CIRCLECI: 'true', CIRCLE_BRANCH: 'master', CIRCLE_SHA1: tested }, []],
      [{ ...gitHub, GITHUB_SHA: tested }, []],
      [{ BUILDKITE: 'true', BUILDKITE_BRANCH: 'master', BUILDKITE_COMMIT: tested }, []],
      [{}, ['--commit', tested]],
      [{ ...gitHub, GITHUB_SHA: tip }, ['--commit', tested]],
      [{ ...gitHub, GITHUB_SHA: tested }, ['--commit', tip]],
    ];
    for (const [env, more] of cis) {
      const ended = await stage.run(['advance', ...flags, ...more], env);
      expectRefused(ended, 'E_WRONG_COMMIT', tested, tip);
    }
  });

  it('ships in a workflow_run what was tested, not the tip that GITHUB_SHA names', async () => {
    const payload = join(stage.folder, '../event.json');
    writeFileSync(payload, JSON.stringify(workflowRun({ head_sha: tested })));
    const env = {
      ...gitHub,
      GITHUB_SHA: tip,
      GITHUB_EVENT_NAME: 'workflow_run',
      GITHUB_EVENT_PATH: payload,
    };
    expectRefused(await stage.run(['advance'], env), 'E_WRONG_COMMIT', tested, tip);
    const ended = await stage.start(['advance'], env, stage.checkout(tested)).ended;
    expect(ended, ended.stderr).toMatchObject({ exit: 0 });
    expect(shippedBy('acme-production')?.at(-1)).toBe(tested);

    writeFileSync(payload, JSON.stringify(workflowRun({ head_sha: tip, conclusion: 'failure' })));
    const failed = await stage.run(['advance'], env);
    expect(failed.exit).toBe(2);
    expect(failed.stderr).toContain('ended with failure');
    expect(shippedBy('acme-staging')).not.toContain(tip);
  });

  it('ships any commit that a person names', async () => {
    const args = ['advance', '--build', '1', '--commit', tested, '--branch', 'master'];
    const ended = await stage.run(args, { CI: undefined, PRODUCTION_CD_ENABLED: 'true' });
    expect(ended, ended.stderr).toMatchObject({ exit: 0 });
    expect(shippedBy('acme-production')?.at(-1)).toBe(tested);
  });

  it('goes by the commit’s pipeline.yml, and tells that the working tree’s differs', async () => {
    const folder = stage.checkout(tip);
    const other = defaultConfig(stage.sandbox.urls).replace('app: acme-web', 'app: other-lane');
    writeFileSync(join(folder, 'pipeline.yml'), other);
    const ended = await stage.advance(501, tip);
    expect(ended, ended.stderr).toMatchObject({ exit: 0 });
    expect(ended.stdout).toContain('pipeline.yml in the working tree differs from commit');
    const [requested] = await stage.events(501, tip);
    expect(requested?.data).toMatchObject({ deploy: deployId(501, tip), lane: 'acme-web' });
    rmSync(join(folder, 'pipeline.yml'));
    const again = await stage.advance(502, tip);
    expect(again, again.stderr).toMatchObject({ exit: 0 });
  });

  it('is refused in a CI where pipeline.yml is not in the commit, unless it is named', async () => {
    stage.git('rm', '--quiet', '--cached', 'pipeline.yml');
    stage.git('commit', '--quiet', '-m', 'No pipeline.yml');
    const bare = stage.git('rev-parse', 'HEAD');
    const args = ['advance', '--build', '501', '--commit', bare, '--branch', 'master'];
    expectRefused(await stage.run(args), 'E_CONFIG_NOT_COMMITTED', 'PIPELINE_CONFIG');
    const named = await stage.run(args, { PIPELINE_CONFIG: 'pipeline.yml' });
    expect(named, named.stderr).toMatchObject({ exit: 0 });
    expect(named.stdout).toContain('pipeline.yml is not in commit');
    const person = { CI: undefined, PRODUCTION_CD_ENABLED: 'true' };
    const ended = await stage.run(['advance', '--build', '502', '--branch', 'master'], person);
    expect(ended, ended.stderr).toMatchObject({ exit: 0 });
  });

  it('looks for git in the current folder, wherever the configuration is', async () => {
    const config = join(stage.folder, '../elsewhere.yml');
    writeFileSync(config, defaultConfig(stage.sandbox.urls));
    const args = ['--build', '501', '--branch', 'master', '--config', '../elsewhere.yml'];
    const ended = await stage.run(['advance', ...args]);
    expect(ended, ended.stderr).toMatchObject({ exit: 0 });
    expect(ended.stdout).toContain('elsewhere.yml is outside of the repository');
  });
});
