/**
 * Every call of GitHub, CircleCI and Slack meets every trouble, from each of its requests on: a read is
 * answered all the same once the trouble is over, and ends by its deadline where it is not; a message is
 * sent once, and again only where Slack refused it for its rate.
 */
import { describe, expect, it } from 'vitest';
import { createSlack, slackFault } from '../../src/effects/channels/slack/slack.ts';
import { createCircleCi } from '../../src/effects/ci/circleci.ts';
import { createGitHub } from '../../src/effects/history/github.ts';
import { createHttpClient } from '../../src/effects/http/client.ts';
import { NoAnswer } from '../../src/effects/http/errors.ts';
import type { HttpRequest, HttpResponse } from '../../src/effects/http/request.ts';
import type { Ports } from '../../src/effects/ports.ts';
import { LockstepError } from '../../src/errors/error.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';

const start = Date.parse('2026-01-05T10:00:00Z');
const [base, head] = ['a'.repeat(40), 'b'.repeat(40)];
const of = { owner: 'acme', name: 'web' };
const github = createGitHub({ baseUrl: 'https://api.github.test', token: 'ghp_0123456789' });
const circleci = createCircleCi({
  baseUrl: 'https://circleci.test',
  token: 'circle-0123456789',
  projectSlug: 'gh/acme/web',
});
const slackAt = { baseUrl: 'https://slack.test/api', channel: '#alerts' };
const bot = createSlack({ ...slackAt, botToken: 'xoxb-0123456789' });
const webhook = createSlack({ ...slackAt, webhookUrl: 'https://hooks.slack.test/services/T/B/x' });
const message = { text: 'live', blocks: [] };
const place = { channel: 'C0ALERTS', ts: '1.000001' };

const reads: Readonly<Record<string, (ports: Ports) => Promise<unknown>>> = {
  'github.compare': (ports) => github.compare(of, base, head, ports),
  'github.mergeCommit': (ports) => github.mergeCommit(of, 7, ports),
  'github.runs': (ports) => github.runs(of, 'deploy.yml', 'main', ports),
  'circleci.builds': (ports) => circleci.builds({ job: 'deploy', branch: 'main' }, ports),
  'circleci.ending': (ports) => circleci.ending('502', ports),
};
const messages: Readonly<Record<string, (ports: Ports) => Promise<unknown>>> = {
  'bot.post': (ports) => bot.post(message, ports),
  'bot.update': (ports) => bot.update(place, message, ports),
  'webhook.post': (ports) => webhook.post(message, ports),
};

/** What each address answers in good times. */
const answers: readonly (readonly [path: RegExp, body: unknown])[] = [
  [
    /\/compare\//,
    {
      status: 'ahead',
      ahead_by: 1,
      behind_by: 0,
      total_commits: 1,
      base_commit: { sha: base },
      merge_base_commit: { sha: base },
      commits: [
        {
          sha: head,
          commit: { author: { name: 'Ana', email: 'a@b.test' }, committer: null, message: 'x' },
        },
      ],
    },
  ],
  [/\/pulls\//, { number: 7, merged_at: '2026-01-05T10:00:00Z', merge_commit_sha: head }],
  [
    /\/actions\/workflows\//,
    {
      total_count: 1,
      workflow_runs: [
        {
          ...{ id: 7, run_number: 88, run_attempt: 1, event: 'push', status: 'in_progress' },
          ...{ conclusion: null, head_sha: head, head_branch: 'main', html_url: 'https://x.test' },
          run_started_at: null,
        },
      ],
    },
  ],
  [
    /\/pipeline\?/,
    {
      items: [{ id: 'p', number: 107, vcs: { branch: 'main', revision: head } }],
      next_page_token: null,
    },
  ],
  [
    /\/pipeline\/p\/workflow/,
    {
      items: [{ id: 'w', status: 'running', created_at: '2026-01-05T09:50:00Z', pipeline_id: 'p' }],
      next_page_token: null,
    },
  ],
  [
    /\/workflow\/w\/job/,
    { items: [{ name: 'deploy', status: 'running', job_number: 502 }], next_page_token: null },
  ],
  [/\/job\/502$/, { status: 'failed', number: 502 }],
  [/\/api\/chat\./, { ok: true, ...place }],
];

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

function good({ url }: HttpRequest): HttpResponse {
  const found = answers.find(([path]) => path.test(url));
  return answer(200, found === undefined ? 'ok' : JSON.stringify(found[1]));
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
      return trouble !== null && time.now() < until ? trouble(request, time) : good(request);
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
