/** The vendors' own clients against the stand-ins, over real sockets. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Octokit } from '@octokit/rest';
import { WebClient } from '@slack/web-api';
import { IncomingWebhook } from '@slack/webhook';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningSandbox, startSandbox } from '../../src/sandbox/server.ts';

let sandbox: RunningSandbox;
const folder = mkdtempSync(join(tmpdir(), 'lockstep-clients-'));
const commits: string[] = [];
const of = { owner: 'acme', repo: 'web' };

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=Ana', '-c', 'user.email=ana@acme.test'];
  return execFileSync('git', [...identity, '-C', folder, ...args], { encoding: 'utf8' }).trim();
}

beforeAll(async () => {
  git('init', '--quiet', '--initial-branch=master');
  for (let i = 0; i < 5; i++) {
    git('commit', '--quiet', '--allow-empty', '-m', `commit ${i}`);
    commits.push(git('rev-parse', 'HEAD'));
  }
  sandbox = await startSandbox({ repositoryPath: folder });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('Octokit', () => {
  const octokit = (): Octokit =>
    new Octokit({
      baseUrl: sandbox.urls.github,
      auth: sandbox.environment.GITHUB_TOKEN,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
  const basehead = (): string => `${commits[0]}...${commits[4]}`;

  it('compares commits', async () => {
    const { data } = await octokit().rest.repos.compareCommitsWithBasehead({
      ...of,
      basehead: basehead(),
    });
    expect(data).toMatchObject({ status: 'ahead', ahead_by: 4, behind_by: 0 });
    expect(data.commits.map(({ sha }) => sha)).toEqual(commits.slice(1));
  });

  it('follows the pages of a comparison', async () => {
    const { repos } = octokit().rest;
    const pages = octokit().paginate.iterator(repos.compareCommitsWithBasehead, {
      ...of,
      basehead: basehead(),
      per_page: 3,
    });
    const sizes: number[] = [];
    for await (const { data } of pages)
      sizes.push((data as unknown as { commits: unknown[] }).commits.length);
    expect(sizes).toEqual([3, 1]);
  });

  it('is told of a commit that is not there, and of a wrong token', async () => {
    const missing = octokit().rest.repos.getCommit({ ...of, ref: 'f'.repeat(40) });
    await expect(missing).rejects.toMatchObject({ status: 422 });
    const stranger = new Octokit({ baseUrl: sandbox.urls.github, auth: 'nobody' });
    const asked = stranger.rest.repos.getCommit({ ...of, ref: 'master' });
    await expect(asked).rejects.toMatchObject({ status: 401 });
  });
});

describe('@slack/webhook', () => {
  it('posts, and is told when there is no such webhook', async () => {
    const url = sandbox.environment.SLACK_WEBHOOK_URL ?? '';
    expect(await new IncomingWebhook(url).send({ text: 'by webhook' })).toEqual({ text: 'ok' });
    expect(JSON.stringify(sandbox.slackMessages())).toContain('by webhook');
    const wrong = new IncomingWebhook(`${sandbox.urls.slack}/services/T0/B0/nobody`);
    await expect(wrong.send({ text: 'lost' })).rejects.toThrow(/404/);
  });
});

describe('@slack/web-api', () => {
  const client = (token: string): WebClient =>
    new WebClient(token, {
      slackApiUrl: `${sandbox.urls.slack}/api/`,
      retryConfig: { retries: 0 },
    });

  it('posts, answers in the thread, and updates', async () => {
    const slack = client(sandbox.slackBotToken);
    const { channel = '', ts = '' } = await slack.chat.postMessage({
      channel: '#x',
      text: 'first',
    });
    await slack.chat.postMessage({ channel, thread_ts: ts, text: 'in the thread' });
    await slack.chat.update({ channel, ts, text: 'changed' });
    const messages = sandbox.slackMessages() as {
      ts: string;
      thread_ts: string | null;
      text: string;
    }[];
    expect(messages.find((one) => one.ts === ts)?.text).toBe('changed');
    expect(messages.find(({ text }) => text === 'in the thread')?.thread_ts).toBe(ts);
  });

  it('is told of a token that is none', async () => {
    await expect(client('xoxb-nobody').auth.test()).rejects.toThrow(/invalid_auth/);
  });
});
