/** A job of GitHub Actions, whole: what it leaves for later steps and for people, at the run's page and at GitHub. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultConfig, type Ended, Stage } from './stage.ts';

let stage: Stage;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-job-'));
  stage = await Stage.set({
    within: true,
    config: (urls) => `${defaultConfig(urls)}  github: { comments: true }\n`,
  });
});
afterAll(async () => {
  await stage.strike();
  rmSync(folder, { recursive: true, force: true });
});

interface Left extends Ended {
  readonly outputs: string;
  readonly summary: string;
}

async function job(
  build: number,
  commit: string,
  more: Record<string, string> = {},
): Promise<Left> {
  const ended = await stage.run(
    ['advance'],
    { ...environmentOf(build, commit), ...more },
    stage.checkout(commit),
  );
  return { ...ended, ...leftBy(build) };
}

const fileOf = (name: string, build: number): string => join(folder, `${name}-${build}`);

const environmentOf = (build: number, commit: string): Record<string, string> => ({
  GITHUB_ACTIONS: 'true',
  GITHUB_EVENT_NAME: 'push',
  GITHUB_REF: 'refs/heads/master',
  GITHUB_REF_NAME: 'master',
  GITHUB_REPOSITORY: 'acme/web',
  GITHUB_RUN_ID: `900${build}`,
  GITHUB_RUN_NUMBER: String(build),
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_SHA: commit,
  GITHUB_OUTPUT: fileOf('output', build),
  GITHUB_STEP_SUMMARY: fileOf('summary', build),
});

function leftBy(build: number): Omit<Left, keyof Ended> {
  const read = (name: string): string => {
    try {
      return readFileSync(fileOf(name, build), 'utf8');
    } catch {
      return '';
    }
  };
  return { outputs: read('output'), summary: read('summary') };
}

const annotations = ({ stdout, stderr }: Ended): string[] =>
  (stdout + stderr).split('\n').filter((line) => /^\s*::|##\[/.test(line));

it('tells of a deploy that is live, of one that is held, and of one that never began', async () => {
  const first = stage.commit('The first');
  await job(88, first);
  const title = '::error::"no" <b>`x`\n\nWith a body.';
  const second = stage.commit(title);
  // The sandbox goes by the repository's own commits: one that it has is the pull request's last.
  stage.sandbox.control.pullRequest({ number: 12, commits: [second], head: first });
  const live = await job(89, second);
  expect(live.exit, live.stdout + live.stderr).toBe(0);
  expect(annotations(live)).toEqual([]);
  expect(live.outputs).toMatch(
    new RegExp(
      `^state<<(.+)\\nproduction\\.live\\n\\1\\ndeploy<<(.+)\\n89-${second.slice(0, 8)}\\n\\2\\nrelease<<(.+)\\nv\\d+\\n\\3\\ncommit<<(.+)\\n${second}\\n\\4\\n$`,
    ),
  );
  expect(live.summary).toMatch(/^## acme\\-web 89: ✅ live$/m);
  expect(live.summary).toContain('\\:\\:error\\:\\:\\"no\\" \\<b\\>\\`x\\`');
  expect(live.summary).toContain('[89](<https://github.com/acme/web/actions/runs/90089>)');

  const { deployments, pulls } = stage.state().github as {
    deployments: { sha: string; environment: string; statuses: { state: string }[] }[];
    pulls: { comments: { body: string }[] }[];
  };
  const shown = deployments.map(({ sha, environment, statuses }) => {
    return `${sha.slice(0, 8)} ${environment} ${statuses.at(-1)?.state}`;
  });
  const [one, two] = [first.slice(0, 8), second.slice(0, 8)];
  expect(shown).toEqual([
    `${two} production success`,
    `${one} production success`,
    `${two} staging success`,
    `${one} production inactive`,
    `${one} staging inactive`,
  ]);
  expect(pulls[0]?.comments[0]?.body).toContain('**Live in production**');

  stage.sandbox.control.rollback({ app: 'acme-production', byUser: 'bo@acme.test' });
  const third = stage.commit('Third: held');
  const held = await job(90, third);
  expect(held.exit, held.stdout + held.stderr).toBe(0);
  const [warning, ...others] = annotations(held);
  expect(others).toEqual([]);
  expect(warning).toMatch(
    /^::warning title=90-[0-9a-f]{8}%3A held before production::held: production was rolled back/,
  );
  expect(warning).toContain(`pipeline resume 90-${third.slice(0, 8)} --reason`);
  expect(held.outputs).toContain('\nblockedByRollback\n');
  expect(held.summary).toContain('⏸️ held before production');

  const wrong = await job(91, third, { GITHUB_REF: 'refs/heads/other', GITHUB_REF_NAME: 'other' });
  expect(wrong.exit).toBe(2);
  expect(annotations(wrong)).toEqual([
    expect.stringMatching(
      /^::error title=E_BRANCH::this build is of branch other; .*%0ARun pipeline advance/,
    ),
  ]);
  expect(wrong.outputs + wrong.summary).toBe('');

  const unwritable = await job(90, third, { GITHUB_STEP_SUMMARY: folder });
  expect(unwritable.exit).toBe(0);
  expect(unwritable.stdout).toContain('GitHub Actions is not told of this run');
});

it('tells of one that was cancelled as such: neither failed nor over, for programs too', async () => {
  stage.hold();
  const commit = stage.commit('Cancelled');
  const env = environmentOf(95, commit);
  const running = stage.start(['advance', '--json'], env, stage.checkout(commit));
  await running.saw('staging v');
  running.process.kill('SIGTERM');
  const ended = await running.ended;
  stage.letGo();
  expect(ended, ended.stderr).toMatchObject({ exit: 143 });
  expect(JSON.parse(ended.stdout)).toMatchObject({
    ...{ deploy: `95-${commit.slice(0, 8)}`, lane: 'acme-web', commit },
    ...{ settled: false, exit: 143, reason: null },
  });
  expect(annotations(ended)).toEqual([]);
  const { outputs, summary } = leftBy(95);
  expect(summary).toContain('⏹️ interrupted');
  expect(outputs).toContain(`\n95-${commit.slice(0, 8)}\n`);
}, 60_000);
