/** Slack told less than everything, or in more: what a bot and a webhook post of a deploy at each level, at the sandbox's Slack. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { schema } from '../../src/effects/channels/slack/config.ts';
import { open as openSlack } from '../../src/effects/channels/slack/open.ts';
import { type Clock, systemClock } from '../../src/effects/clock.ts';
import { createHttpClient } from '../../src/effects/http/client.ts';
import { type UndiciTransport, undiciTransport } from '../../src/effects/http/undici-transport.ts';
import { schemaNumbers } from '../../src/machine/event-schemas.ts';
import type { DomainEvent } from '../../src/machine/events.ts';
import { samples } from '../../src/machine/samples.ts';
import { tell as tellEvent } from '../../src/machine/story.ts';
import { laneStream, runResource } from '../../src/runtime/log/streams.ts';
import { createNotifier } from '../../src/runtime/notify/notifier.ts';
import { type RunningSandbox, startSandbox } from '../../src/sandbox/server.ts';
import type { EventLog, JsonObject } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { sample } from '../machine/samples.ts';

let sandbox: RunningSandbox;
let transport: UndiciTransport;
let folder: string;
let log: EventLog;
let said: string[];
beforeEach(async () => {
  sandbox = await startSandbox();
  transport = undiciTransport();
  folder = mkdtempSync(join(tmpdir(), 'lockstep-levels-'));
  log = await openLog(`sqlite:${join(folder, 'log.db')}`);
  said = [];
});
afterEach(async () => {
  await log.close();
  await transport.close();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

type Mode = 'bot' | 'webhook';
const emails: Readonly<Record<string, string>> = {
  [samples['deploy.observed'].notes.head]: 'ana@acme.test',
  [samples['deploy.observed'].notes.commits[0]?.sha ?? '']: 'bo@acme.test',
};

/** As another run does it, with what pipeline.yml says. */
async function drain(
  mode: Mode,
  more: Record<string, unknown>,
  clock: Clock = systemClock,
): Promise<void> {
  const { environment, slackBotToken } = sandbox;
  const way = mode === 'bot' ? { SLACK_BOT_TOKEN: slackBotToken } : {};
  const [channel] = openSlack(
    schema.parse({ channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>', ...more }),
    { ...environment, ...way },
    { clock, emailOf: async (commit) => emails[commit] ?? null },
  );
  if (channel === undefined || 'unset' in channel) throw new Error('the channel is not open');
  const http = createHttpClient({
    transport: transport.send,
    clock: systemClock,
    random: () => 0,
    beforeWrite: async () => {},
    notice: () => {},
  });
  const notifier = createNotifier({
    ...{ log, channel, lane: 'acme-web', leaseMs: 60_000, startAt: 0 },
    ports: { http, clock: systemClock, progress: (line) => said.push(line) },
    owner: { host: 'here', run: randomUUID() },
  });
  await notifier.drain();
}

const states: Readonly<Record<string, string>> = {
  'staging.submitted': 'deployingStaging.following',
  'staging.verified': 'verifying.gates',
  'deploy.failed': 'failed',
  'production.held': 'blockedByRollback',
  'production.verified': 'production.live',
};

async function write(stream: string, type: string, data: object): Promise<void> {
  const schema = schemaNumbers.get(type) ?? 1;
  const { [type]: to } = states;
  const metadata = (to === undefined ? {} : { transition: { to } }) as JsonObject;
  const event = { id: randomUUID(), type, schema, data: data as JsonObject, metadata };
  await log.append([{ stream, expected: 'any', events: [event] }]);
}
const tell = async (...events: readonly DomainEvent[]): Promise<void> => {
  for (const { type, data } of events) await write('deploy/502-1a5f89db', type, data);
};

interface Shown {
  readonly text: string;
  readonly ts: string;
  readonly thread_ts: string | null;
  readonly broadcast: boolean;
  readonly blocks: readonly { readonly type: string; readonly text?: { readonly text: string } }[];
}
const shown = (): (Shown & { readonly whole: string })[] =>
  (sandbox.slackMessages() as Shown[]).map((one) => ({
    ...one,
    whole: JSON.stringify(one.blocks),
  }));

const begun = [
  ...[sample('deploy.requested'), sample('lock.acquired'), sample('deploy.observed')],
  ...[sample('staging.submitted'), sample('staging.verified')],
];
const live = [sample('production.submitted'), sample('production.verified')];

describe.each(['bot', 'webhook'] as const)('a %s', (mode) => {
  it('told outcomes posts a deploy that is live as one line, whenever it is told', async () => {
    for (const event of [...begun, ...live]) {
      await tell(event);
      await drain(mode, { level: 'outcomes' });
    }
    const [message, ...others] = shown();
    expect(others).toEqual([]);
    expect(message).toMatchObject({ thread_ts: null, broadcast: false });
    // And, small, the log's head.
    expect(message?.blocks.map(({ type }) => type)).toEqual(['section', 'context']);
    expect(message?.blocks[0]?.text?.text).toContain(
      'is live: Greet people by name — Ana Lima and 1 more commit',
    );
  });

  it('told outcomes says that a deploy is held, and then that it is live after all', async () => {
    await tell(...begun, sample('production.held'));
    await drain(mode, { level: 'outcomes' });
    expect(shown()).toHaveLength(1);
    expect(shown()[0]?.whole).toContain('pipeline resume 502-1a5f89db --reason');
    await tell(sample('deploy.resumed'), sample('lock.acquired'), ...live);
    await drain(mode, { level: 'outcomes' });
    const all = shown();
    expect(all.slice(1).map(({ text }) => /resumed|live/.exec(text)?.[0])).toEqual([
      'resumed',
      'live',
    ]);
    if (mode === 'bot') {
      expect(all[0]?.text).toContain('live');
      for (const one of all.slice(1)) expect(one.thread_ts).toBe(all[0]?.ts);
    }
  });

  it('told outcomes says each of them by itself after an outage, for the next may not be told', async () => {
    await tell(...begun, sample('production.held'), sample('deploy.resumed'), ...live);
    const clock = { ...systemClock, now: () => Date.now() + 3_600_000 };
    await drain(mode, { level: 'outcomes' }, clock);
    expect(shown()).toHaveLength(3);
    expect(JSON.stringify(shown())).not.toContain('Before that');
  });

  it('told problems keeps quiet of what goes well', async () => {
    await tell(...begun, ...live);
    await drain(mode, { level: 'problems' });
    expect(shown()).toEqual([]);
  });

  it('told problems says of a failure who is concerned: whose commits, on call, and the build that follows', async () => {
    sandbox.control.slackUser({ email: 'bo@acme.test', id: 'U0BO12345' });
    for (const build of ['502', '512']) {
      const deploy = build === '502' ? '502-1a5f89db' : '512-aaaaaaaa';
      const joined = { deploy, run: 'r', build, commit: 'a'.repeat(40) };
      await write(laneStream('acme-web'), 'lane.joined', joined);
      await log.take(runResource(deploy), { host: 'elsewhere', run: 'r' }, 60_000);
    }
    await tell(...begun, sample('deploy.failed'));
    await drain(mode, { level: 'problems', mentionAuthors: true });
    const [message, ...others] = shown();
    expect(others).toEqual([]);
    const text = message?.whole ?? '';
    expect(text).toContain('<!subteam^S0ONCALL>');
    expect(text).toContain('The next one, 512, goes on without it.');
    expect(text).toMatch(/Since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/);
    expect(text).toContain('pipeline log 502-1a5f89db');
    // A webhook cannot ask who somebody is.
    expect(text.includes('Sort the list — Bo Chen <@U0BO12345>')).toBe(mode === 'bot');
    expect(text).toMatch(/Greet people by name — Ana Lima(?! <@)/);
    expect(said).toEqual([]);
  });
});

it.each([
  ...(['bot', 'webhook'] as const).flatMap((mode) => [
    { mode, level: 'steps', end: sample('production.verified') },
    { mode, level: 'problems', end: sample('production.held') },
  ]),
  { mode: 'bot', level: 'steps', end: sample('deploy.failed') } as const,
])('the last message of a deploy, by a $mode at $level, has the log’s head', async (row) => {
  const { mode, level, end } = row;
  await tell(...begun, end);
  // Of another deploy: the head is of the whole log, as far as it goes when the message is sent.
  await write('deploy/503-2b6f89db', 'deploy.requested', samples['deploy.requested']);
  await drain(mode, { level });
  const { digest, position } = await log.headDigest();
  expect(position).toBe(begun.length + 2);
  const having = shown().filter(({ whole }) => whole.includes('log head'));
  expect(having).toHaveLength(1);
  expect(having[0]?.whole).toContain(`log head ${digest}@${position}`);
  expect(having[0]?.text).toContain(tellEvent(end).headline.slice(0, 30));
});

it('nobody is mentioned without the right to look people up, which is said once, and the message is sent', async () => {
  sandbox.control.slackUser({ email: 'bo@acme.test', id: 'U0BO12345' });
  sandbox.control.slackScopes({ 'users:read.email': false });
  await tell(...begun, sample('deploy.failed'));
  await drain('bot', { mentionAuthors: true });
  expect(shown().some(({ text }) => text.includes('failed while'))).toBe(true);
  expect(JSON.stringify(shown())).not.toContain('<@U0BO12345>');
  expect(said).toEqual([
    'Slack mentions no authors: Slack refused a message: missing_scope (needs users:read.email); ' +
      'give the bot the scope users:read.email, or turn notify.slack.mentionAuthors off',
  ]);
});

it('nobody is looked up for a failure that is overtaken', async () => {
  sandbox.control.slackUser({ email: 'bo@acme.test', id: 'U0BO12345' });
  await tell(...begun, sample('deploy.failed'), sample('deploy.resumed'));
  await drain('bot', { mentionAuthors: true });
  expect(JSON.stringify(shown())).toContain('The deploy went on since then: nobody is called.');
  expect(sandbox.requests().filter(({ path }) => path.includes('lookupByEmail'))).toEqual([]);
});

it('nobody is mentioned unless it is asked for', async () => {
  sandbox.control.slackUser({ email: 'bo@acme.test', id: 'U0BO12345' });
  await tell(...begun, sample('deploy.failed'));
  await drain('bot', {});
  expect(JSON.stringify(shown())).not.toContain('<@U0BO12345>');
  expect(sandbox.requests().filter(({ path }) => path.includes('lookupByEmail'))).toEqual([]);
});

it('the team’s own words are told in place of ours, and the command stays', async () => {
  const messages = {
    'production.held': 'Hands off: {headline}',
    'production.verified': '🚀 {build}',
  };
  await tell(...begun, sample('production.held'));
  await drain('webhook', { level: 'outcomes', messages });
  const [message] = shown();
  expect(message?.text).toMatch(/^Hands off: held: production was rolled back/);
  expect(message?.whole).toContain('pipeline resume 502-1a5f89db --reason');
});

it.each(['bot', 'webhook'] as const)(
  'each outcome is told once by a %s, wherever Slack fails on the way',
  async (mode) => {
    await tell(...begun, sample('production.held'), sample('deploy.resumed'), ...live);
    for (let skip = 0; skip < 4; skip++) {
      sandbox.control.fault({ service: 'slack', kind: 'status', status: 503, skip: 1 });
      await drain(mode, { level: 'outcomes' });
    }
    sandbox.control.clearFaults({});
    await drain(mode, { level: 'outcomes' });
    const kinds = shown().map(({ text }) => /held|resumed|live/.exec(text)?.[0]);
    if (mode === 'webhook') expect(kinds).toEqual(['held', 'resumed', 'live']);
    // A bot's first message stands as the deploy does.
    else expect(kinds).toEqual(['live', 'resumed', 'live']);
  },
);
