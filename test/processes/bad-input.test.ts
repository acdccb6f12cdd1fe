/** What is given wrongly: one clear message, the right exit code, nothing half-written. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultConfig, deployId, type Ended, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true });
});
afterEach(() => stage.strike());

/** One message that begins with its code, on standard error; no stack. */
function expectError(ended: Ended, exit: number, code: string, ...texts: string[]): void {
  expect(ended.exit, ended.stderr).toBe(exit);
  expect(ended.stderr).toContain(`error[${code}]`);
  expect(ended.stderr.match(/error\[/g)).toHaveLength(1);
  expect(ended.stderr).not.toMatch(/\n\s+at /);
  for (const text of texts) expect(ended.stderr).toContain(text);
}

function expectNothingWritten(): void {
  expect(existsSync(stage.logFile)).toBe(false);
  const { apps } = stage.state();
  expect(Object.values(apps).flatMap(({ builds }) => builds)).toEqual([]);
  expect(stage.slackTexts()).toBe('[]');
}

describe('pipeline.yml', { timeout: 30_000 }, () => {
  const wrong: readonly [string, (text: string) => string, readonly string[]][] = [
    [
      'an unknown key',
      (t) => t.replace('branch: master', 'brnch: master'),
      ['pipeline.yml:2:1', 'brnch', 'branch'],
    ],
    ['a wrong type', (t) => `${t}stacking: 7\n`, ['pipeline.yml:', 'stacking', 'skip']],
    ['a missing app', (t) => t.replace(/^app: .*\n/, ''), ['pipeline.yml', 'app']],
    [
      'a bad duration',
      (t) => t.replace('timeout: 20s', 'timeout: soon'),
      ['pipeline.yml:7:', 'soon', '90s'],
    ],
    ['broken YAML', (t) => `${t}  - [\n`, ['pipeline.yml:']],
  ];

  it.each(wrong)(
    'with %s: the place, what is wrong, what would be right; exit 2',
    async (_, change, texts) => {
      stage.write('pipeline.yml', change(defaultConfig(stage.sandbox.urls)));
      const commit = stage.commit('The first');
      expectError(await stage.advance(501, commit), 2, 'E_CONFIG', ...texts);
      expectNothingWritten();
    },
  );

  it('that is not there: says so; exit 2', async () => {
    rmSync(join(stage.folder, 'pipeline.yml'));
    const commit = stage.commit('The first');
    const ended = await stage.advance(501, commit);
    expect(ended.exit).toBe(2);
    expect(ended.stderr).toContain('pipeline.yml');
    expectNothingWritten();
  });
});

describe('the environment', { timeout: 30_000 }, () => {
  it('without the Heroku token: names the variable; exit 2, nothing written', async () => {
    const commit = stage.commit('The first');
    const ended = await stage.advance(501, commit, { HEROKU_API_KEY: undefined });
    expectError(ended, 2, 'E_MISSING_TOKEN', 'HEROKU_API_KEY');
    expectNothingWritten();
  });

  it('with a token that Heroku refuses: the deploy fails and says so', async () => {
    const commit = stage.commit('The first');
    const ended = await stage.advance(501, commit, { HEROKU_API_KEY: 'HRKU-not-a-valid-one' });
    expect(ended.exit).toBe(1);
    const last = (await stage.events(501, commit)).at(-1);
    expect(last?.type).toBe('deploy.failed');
    expect(JSON.stringify(last?.data)).toContain('401');
    expect(ended.stdout).toContain('HEROKU_API_KEY');
    expect(JSON.stringify(last)).not.toContain('HRKU-not-a-valid-one');
    expect(ended.stdout + ended.stderr).not.toContain('HRKU-not-a-valid-one');
  });

  it('with a Heroku that nothing answers at: it is waited for, saying where, until it answers', async () => {
    const commit = stage.commit('The first');
    const job = stage.startAdvance(501, commit, { HEROKU_API_URL: 'http://127.0.0.1:9' });
    await job.saw('Heroku at http://127.0.0.1:9, GET');
    await job.saw('(attempt 4)');
    job.process.kill('SIGTERM');
    expect((await job.ended).exit).toBe(143);
    expect((await stage.events(501, commit)).at(-1)?.type).toBe('run.interrupted');
    expect((await stage.advance(501, commit)).exit).toBe(0);
  });

  it('with a Slack that does not answer: the deploy goes live all the same', async () => {
    const commit = stage.commit('The first');
    const ended = await stage.advance(501, commit, {
      SLACK_WEBHOOK_URL: 'http://127.0.0.1:9/services/T0/B0/x4711-not-there',
      SLACK_BOT_TOKEN: undefined,
    });
    expect(ended).toMatchObject({ exit: 0 });
    expect(ended.stdout).toContain('Slack');
  });
});

describe('the surroundings', { timeout: 30_000 }, () => {
  it('not a git repository: says so; exit 2, nothing written', async () => {
    const commit = stage.commit('The first');
    rmSync(join(stage.folder, '.git'), { recursive: true });
    const ended = await stage.run(['advance', '--build', '501', '--commit', commit]);
    expectError(ended, 2, 'E_NOT_A_REPOSITORY');
    expectNothingWritten();
  });

  it('a commit that is not there: says so; exit 2, nothing written', async () => {
    stage.commit('The first');
    const ended = await stage.run(['advance', '--build', '501', '--commit', 'f'.repeat(40)]);
    expectError(ended, 2, 'E_COMMIT_UNKNOWN');
    expectNothingWritten();
  });

  it('a store file that is not a database: says so, leaves it as it was; exit 2', async () => {
    const commit = stage.commit('The first');
    const file = join(stage.folder, '../notes.txt');
    const text =
      'This is not a database, and longer than the hundred bytes that one begins with. '.repeat(4);
    writeFileSync(file, text);
    const ended = await stage.advance(501, commit, { PIPELINE_STORE: `sqlite:${file}` });
    expectError(ended, 2, 'E_STORE_NOT_A_DATABASE', 'notes.txt');
    expectNothingWritten();
  });

  it('another branch than the lane’s: says so; exit 2', async () => {
    const commit = stage.commit('The first');
    const ended = await stage.run([
      'advance',
      '--build',
      '1',
      '--commit',
      commit,
      '--branch',
      'topic',
    ]);
    expectError(ended, 2, 'E_BRANCH', 'topic', 'master');
    expectNothingWritten();
  });

  it('an unknown command, flag or deploy: says so; exit 2', async () => {
    const commit = stage.commit('The first');
    expect(await stage.run(['advnce'])).toMatchObject({ exit: 2 });
    expect(await stage.run(['advance', '--brnch', 'x'])).toMatchObject({ exit: 2 });
    await stage.advance(501, commit);
    expectError(await stage.run(['log', 'nothing']), 2, 'E_NO_DEPLOY', 'nothing');
    expectError(
      await stage.run(['resume', deployId(501, commit), '--reason', 'x']),
      2,
      'E_NOT_HELD',
    );
  });
});
