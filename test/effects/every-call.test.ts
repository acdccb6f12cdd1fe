/**
 * Every call of GitHub, CircleCI and Slack meets every trouble, from each of its requests on: a read is
 * answered all the same once the trouble is over, and ends by its deadline where it is not; a message is
 * sent once, and again only where Slack refused it for its rate.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createSlack,
  type SlackPlace,
  slackFault,
} from '../../src/effects/channels/slack/slack.ts';
import { createCircleCi } from '../../src/effects/ci/circleci.ts';
import { createGitHub } from '../../src/effects/history/github.ts';
import { createHttpClient } from '../../src/effects/http/client.ts';
import { NoAnswer } from '../../src/effects/http/errors.ts';
import type { HttpRequest, HttpResponse } from '../../src/effects/http/request.ts';
import type { Ports } from '../../src/effects/ports.ts';
import { LockstepError } from '../../src/errors/error.ts';
import { createSandbox } from '../../src/sandbox/server.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';
import { commitLine, createRepository, setBranch, TemporaryFolder } from './git/git-repository.ts';

const start = Date.parse('2026-01-05T10:00:00Z');
const sandbox = createSandbox({ now: () => start });
const env = sandbox.environment;
const of = { owner: 'acme', name: 'web' };
const github = createGitHub({
  baseUrl: env.GITHUB_API_URL ?? '',
  token: env.GITHUB_TOKEN ?? '',
});
const circleci = createCircleCi({
  baseUrl: env.CIRCLE_API_URL ?? '',
  token: env.CIRCLE_TOKEN ?? '',
  projectSlug: 'gh/acme/web',
});
const slackAt = { baseUrl: `${env.SLACK_API_URL}/api`, channel: '#deploys' };
const bot = createSlack({ ...slackAt, botToken: sandbox.slackBotToken });
const webhook = createSlack({ ...slackAt, webhookUrl: env.SLACK_WEBHOOK_URL ?? '' });
const message = { text: 'live', blocks: [] };
const folder = new TemporaryFolder();
let [base, head] = ['', ''];
let place: SlackPlace;

beforeAll(async () => {
  [base = '', head = ''] = commitLine(createRepository(folder.path), 2);
  setBranch(folder.path, 'main', head);
  const { control } = sandbox;
  control.setRepository({ path: folder.path });
  control.pullRequest({ number: 7, commits: [head] });
  const build = { branch: 'main', commit: head };
  control.workflowRun({ ...build, workflow: 'deploy.yml', status: 'in_progress' });
  control.ciBuild({ ...build, pipeline: 107, job: 'test', number: 501, status: 'failed' });
  control.ciBuild({ ...build, pipeline: 107, job: 'deploy', number: 502, status: 'running' });
  const { outcome } = await call((ports) => bot.post(message, ports));
  if (!('value' in outcome)) throw outcome.error;
  place = outcome.value as SlackPlace;
});
afterAll(() => folder.remove());

const reads: Readonly<Record<string, (ports: Ports) => Promise<unknown>>> = {
  'github.compare': (ports) => github.compare(of, base, head, ports),
  'github.mergeCommit': (ports) => github.mergeCommit(of, 7, ports),
  'github.runs': (ports) => github.runs(of, 'deploy.yml', 'main', ports),
  'circleci.builds': (ports) => circleci.builds({ job: 'deploy', branch: 'main' }, ports),
  'circleci.ending': (ports) => circleci.ending('501', ports),
};
const messages: Readonly<Record<string, (ports: Ports) => Promise<unknown>>> = {
  'bot.post': (ports) => bot.post(message, ports),
  'bot.update': (ports) => bot.update(place, message, ports),
  'webhook.post': (ports) => webhook.post(message, ports),
};

type Trouble = (request: HttpRequest, time: VirtualTime) => Promise<HttpResponse>;

const answer = (status: number, body: string, headers = {}): HttpResponse => ({
  status,
  headers,
  body,
});

const troubles: Readonly<Record<string, Trouble>> = {
  'status 500': async () => answer(500, ''),
  'status 503': async () => answer(503, '<html>'),
  reset: async () => {
    throw new NoAnswer('the connection was reset', true);
  },
  'no answer': async ({ signal }, time) => {
    await time.sleep(86_400_000, signal);
    throw new Error('unreachable');
  },
  'status 429': async () => answer(429, '{}', { 'retry-after': '5' }),
};

/** What the sandbox answered, by request: in good times each is answered the same again. */
const answered = new Map<string, HttpResponse>();

async function good({ method, url, headers = {}, body }: HttpRequest): Promise<HttpResponse> {
  const key = `${method} ${url}`;
  const known = answered.get(key);
  if (known !== undefined) return known;
  const asked = new Request(url, {
    ...{ method, headers: { ...headers } },
    ...(body === undefined ? {} : { body: body as string }),
  });
  const response = await sandbox.fetch(sandbox.serviceOf(new URL(url)), asked);
  const whole = answer(
    response.status,
    await response.text(),
    Object.fromEntries(response.headers),
  );
  answered.set(key, whole);
  return whole;
}

interface Told {
  readonly outcome: { value: unknown } | { error: unknown };
  readonly requests: number;
  readonly tookMs: number;
}

/** Makes the call; from its request of that number on there is trouble for a while. */
async function call(
  make: (ports: Ports) => Promise<unknown>,
  trouble: Trouble | null = null,
  { from = 1, forMs = 0, deadlineMs = 3_600_000, lateMs = 0 } = {},
): Promise<Told> {
  const time = new VirtualTime(start);
  let [requests, until] = [0, Number.NEGATIVE_INFINITY];
  const http = createHttpClient({
    clock: time.clock,
    random: () => 0.5,
    beforeWrite: async () => {},
    notice: () => {},
    transport: async (request) => {
      requests += 1;
      if (requests === from) until = time.now() + forMs;
      await time.sleep(lateMs, request.signal);
      return trouble !== null && time.now() < until
        ? trouble(request, time)
        : time.during(good(request));
    },
  });
  const { signal } = new AbortController();
  const ports: Ports = {
    ...{ http, clock: time.clock, signal, progress: () => {} },
    deadlineMs: start + deadlineMs,
  };
  let outcome: Told['outcome'] | undefined;
  make(ports).then(
    (value) => (outcome = { value }),
    (error: unknown) => (outcome = { error }),
  );
  const ended = await time.runUntil(() => outcome !== undefined, start + 7_200_000);
  if (!ended || outcome === undefined) throw new Error('it hangs');
  return { outcome, requests, tookMs: time.now() - start };
}

it('these are all of their calls', () => {
  const methods = (one: object): string[] =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(one)).filter((name) => name !== 'constructor');
  const named = (vendor: string, names: readonly string[]) =>
    names.map((name) => `${vendor}.${name}`);
  expect(Object.keys(reads)).toEqual([
    ...named('github', Object.keys(github)),
    ...named('circleci', Object.keys(circleci)),
  ]);
  // A webhook's own `update` and `mention` send nothing. Whom a bot is to mention is asked twice at most: no message waits for it.
  const others = ['bot.mention', 'webhook.mention', 'webhook.update'];
  expect([...Object.keys(messages), ...others].toSorted()).toEqual(
    [...named('bot', methods(bot)), ...named('webhook', methods(webhook))].toSorted(),
  );
});

describe.each(Object.entries(reads))('%s', (_, read) => {
  it('is answered in good times', async () => {
    expect(await call(read)).toMatchObject({ outcome: { value: expect.anything() } });
  });

  it.each(Object.entries(troubles))('waits for the end of trouble: %s', async (_name, trouble) => {
    const { outcome, requests } = await call(read);
    for (let from = 1; from <= requests; from++) {
      for (const forMs of [40_000, 180_000]) {
        const told = await call(read, trouble, { from, forMs });
        expect({ from, outcome: told.outcome }).toEqual({ from, outcome });
        expect(told.requests).toBeGreaterThan(requests);
      }
    }
  });

  it.each(Object.entries(troubles))(
    'ends by its deadline where it does not: %s',
    async (_name, trouble) => {
      const told = await call(read, trouble, {
        forMs: Number.POSITIVE_INFINITY,
        deadlineMs: 120_000,
      });
      expect(told.outcome).toMatchObject({ error: expect.any(LockstepError) });
      expect((told.outcome as { error: LockstepError }).error.code).toMatch(/^E_VENDOR_/);
      // Six requests are made in any case, each of 30 seconds at most.
      expect(told.tookMs).toBeLessThan(300_000);
    },
  );

  it('takes an answer that comes late', async () => {
    const { outcome } = await call(read);
    expect((await call(read, null, { lateMs: 25_000 })).outcome).toEqual(outcome);
  });
});

describe.each(Object.entries(messages))('%s', (name, send) => {
  const never = { forMs: Number.POSITIVE_INFINITY };

  it.each(Object.entries(troubles).filter(([trouble]) => trouble !== 'status 429'))(
    'is sent once, and fails with what is known: %s',
    async (_name, trouble) => {
      const told = await call(send, trouble, never);
      expect(told).toMatchObject({ requests: 1, outcome: { error: expect.any(LockstepError) } });
      expect(told.tookMs).toBeLessThanOrEqual(10_000);
      // Not Slack's own no: the outbox tries again.
      const { error } = told.outcome as { error: unknown };
      expect([null, 'passing']).toContain(slackFault(error));
    },
  );

  it('is sent again after Slack’s limit of its rate', async () => {
    const { outcome } = await call(send);
    const told = await call(send, troubles['status 429'] as Trouble, { forMs: 12_000 });
    expect(told.outcome).toEqual(outcome);
    expect(told.requests, name).toBeGreaterThan(1);
  });

  it('takes an answer that comes late', async () => {
    const { outcome } = await call(send);
    expect((await call(send, null, { lateMs: 9_000 })).outcome).toEqual(outcome);
  });
});
