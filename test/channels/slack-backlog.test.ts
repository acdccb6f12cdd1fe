/** After an outage of Slack, over the sandbox's own: old steps in one message a deploy, and nobody called for what is over. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackChannel } from '../../src/effects/channels/slack/channel.ts';
import { createSlack } from '../../src/effects/channels/slack/slack.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { createHttpClient } from '../../src/effects/http/client.ts';
import { type UndiciTransport, undiciTransport } from '../../src/effects/http/undici-transport.ts';
import { schemaNumbers } from '../../src/machine/event-schemas.ts';
import type { DomainEvent } from '../../src/machine/events.ts';
import { createNotifier } from '../../src/runtime/notify/notifier.ts';
import { type RunningSandbox, startSandbox } from '../../src/sandbox/server.ts';
import type { EventLog, JsonObject } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { sample } from '../machine/samples.ts';

const oncall = '<!subteam^S0ONCALL>';
const minute = 60_000;

let sandbox: RunningSandbox;
let transport: UndiciTransport;
let folder: string;
let log: EventLog;
/** The log's time and the notifier's. */
let now: number;

beforeEach(async () => {
  now = Date.parse('2026-01-05T10:00:00Z');
  sandbox = await startSandbox();
  transport = undiciTransport();
  folder = mkdtempSync(join(tmpdir(), 'lockstep-backlog-'));
  log = await openLog(`sqlite:${join(folder, 'log.db')}`, { now: () => now });
});
afterEach(async () => {
  await log.close();
  await transport.close();
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

type Mode = 'bot' | 'webhook';

/** Another run's notifier, as each job of a CI has one. */
async function drain(mode: Mode): Promise<void> {
  const { environment, slackBotToken: botToken } = sandbox;
  const way = mode === 'bot' ? { botToken } : { webhookUrl: environment.SLACK_WEBHOOK_URL ?? '' };
  const clock = { ...systemClock, now: () => now };
  const notifier = createNotifier({
    log,
    channel: createSlackChannel({
      slack: createSlack({ baseUrl: sandbox.urls.slack, channel: '#alerts-deploy', ...way }),
      oncall,
      clock,
    }),
    lane: 'acme-web',
    ports: {
      http: createHttpClient({
        transport: transport.send,
        clock,
        random: () => 0,
        beforeWrite: async () => {},
        notice: () => {},
      }),
      clock,
      progress: () => {},
    },
    owner: { host: 'here', run: randomUUID() },
    leaseMs: 60_000,
    startAt: 0,
  });
  await notifier.drain();
}

const slackIsDown = () =>
  sandbox.control.fault({ service: 'slack', kind: 'status', status: 503, times: 1_000_000 });
const slackIsBack = () => sandbox.control.clearFaults({});

interface Shown {
  readonly text: string;
  readonly thread_ts: string | null;
  readonly broadcast: boolean;
  readonly whole: string;
}
const messages = (): Shown[] =>
  (sandbox.slackMessages() as Omit<Shown, 'whole'>[]).map((one) => ({
    ...one,
    whole: JSON.stringify(one),
  }));

/** Where some events lead. */
const ends: Readonly<Record<string, string>> = {
  'deploy.failed': 'failed',
  'production.verified': 'production.live',
};

async function write(stream: string, type: string, data: object): Promise<void> {
  const schema = schemaNumbers.get(type) ?? 1;
  const { [type]: to } = ends;
  const metadata = (to === undefined ? {} : { transition: { to } }) as JsonObject;
  const event = { id: randomUUID(), type, schema, data: data as JsonObject, metadata };
  await log.append([{ stream, expected: 'any', events: [event] }]);
}

/** One event after the other, so much time before each. */
async function tell(deploy: string, events: readonly DomainEvent[], everyMs = 0): Promise<void> {
  const [label = ''] = deploy.split('-');
  for (const { type, data } of events) {
    now += everyMs;
    const own =
      type === 'deploy.requested' ? { ...data, deploy, build: { ...data.build, label } } : data;
    await write(`deploy/${deploy}`, type, own);
  }
}

const commit = 'a'.repeat(40);
const shipped = (deploy: string): object => ({
  deploy,
  target: 'acme-production',
  release: { id: randomUUID(), version: 'v5' },
  commit,
  artifact: { kind: 'bundle', id: randomUUID(), digest: null, commit },
  settings: null,
});
const ship = (deploy: string) => write('lane/acme-web', 'lane.shipped', shipped(deploy));

const begun = [
  sample('deploy.requested'),
  sample('lock.acquired'),
  sample('deploy.observed'),
  sample('staging.deployed'),
];
const failing = [...begun, sample('deploy.failed')];
const shipping = [...begun, sample('production.verified')];

describe.each(['bot', 'webhook'] as const)('by a %s, after an outage of an hour', (mode) => {
  it('each of three deploys is told in one message, in their order', async () => {
    slackIsDown();
    for (const deploy of ['501-aaaaaaaa', '502-bbbbbbbb', '503-cccccccc']) {
      await tell(deploy, shipping, 4 * minute);
      await ship(deploy);
      await drain(mode);
    }
    expect(messages()).toEqual([]);
    now += 10 * minute;
    slackIsBack();
    await drain(mode);
    const told = messages();
    expect(told.map(({ text }) => /501|502|503/.exec(text)?.[0])).toEqual(['501', '502', '503']);
    for (const { whole, text } of told) {
      expect(text).toContain('live');
      expect(whole).toMatch(
        /Before that, in one because Slack could not be told in time:\\n⏳ queued/,
      );
      // The release notes, whichever step had them.
      for (const { title } of begun[2]?.type === 'deploy.observed'
        ? begun[2].data.notes.commits
        : []) {
        expect(whole).toContain(title);
      }
      expect(whole).not.toContain(oncall);
    }
    await drain(mode);
    expect(messages()).toHaveLength(3);
  });

  it('nobody is called for a failure that a later deploy has overtaken', async () => {
    slackIsDown();
    await tell('501-aaaaaaaa', failing, minute);
    await tell('502-bbbbbbbb', shipping, minute);
    await ship('502-bbbbbbbb');
    now += 60 * minute;
    slackIsBack();
    await drain(mode);
    const told = messages();
    expect(told).toHaveLength(2);
    expect(told[0]?.whole).toContain('502-bbbbbbbb went live since then: nobody is called');
    for (const { whole, broadcast } of told) {
      expect(whole).not.toContain('S0ONCALL');
      expect(broadcast).toBe(false);
    }
  });

  it('who is on call is called, once, for a failure that is how the lane stands', async () => {
    slackIsDown();
    await tell('500-aaaaaaaa', shipping, minute);
    await ship('500-aaaaaaaa');
    await tell('501-aaaaaaaa', failing, minute);
    await write('lane/acme-api', 'lane.shipped', shipped('9-dddddddd'));
    await write('lane/acme-web-2', 'lane.shipped', shipped('9-dddddddd'));
    now += 60 * minute;
    slackIsBack();
    await drain(mode);
    const calls = messages().filter(({ whole }) => whole.includes('S0ONCALL'));
    expect(calls.map(({ text }) => /50\d/.exec(text)?.[0])).toEqual(['501']);
  });

  it('who is on call is called, once, for a lane that is stuck, unless it shipped since', async () => {
    const stuckAs = (first: boolean): DomainEvent[] => {
      const release = { id: 'release-41', version: 'v41' };
      const production = { version: 'v41', commit: 'a'.repeat(40) };
      const data = {
        step: 'observe',
        production,
        verified: true,
        stuck: { release, first },
      } as const;
      return [
        ...begun.slice(0, 2),
        { type: 'deploy.superseded', data: { cause: 'diverged', ...data } },
      ];
    };
    await tell('501-aaaaaaaa', stuckAs(true));
    await tell('502-bbbbbbbb', stuckAs(false));
    await drain(mode);
    const calls = messages().filter(({ whole }) => whole.includes('S0ONCALL'));
    expect(calls.map(({ text }) => /50\d/.exec(text)?.[0])).toEqual(['501']);
    expect(messages().filter(({ text }) => text.includes('stuck still')).length).toBeGreaterThan(0);
    await tell('503-cccccccc', stuckAs(true));
    await ship('504-dddddddd');
    await drain(mode);
    expect(messages().filter(({ whole }) => whole.includes('S0ONCALL'))).toHaveLength(calls.length);
  });

  it('nobody is called where the deploy itself went on', async () => {
    await tell('501-aaaaaaaa', [...failing, sample('lock.acquired')]);
    await drain(mode);
    expect(messages().some(({ whole }) => whole.includes('S0ONCALL'))).toBe(false);
    expect(messages().some(({ whole }) => whole.includes('The deploy went on since then'))).toBe(
      true,
    );
  });

  it('a deploy that went on during the outage is one more message in its thread, and its own is up to date', async () => {
    await tell('501-aaaaaaaa', begun.slice(0, 2));
    await drain(mode);
    const before = messages().length;
    slackIsDown();
    await tell('501-aaaaaaaa', shipping.slice(2), minute);
    now += 60 * minute;
    slackIsBack();
    await drain(mode);
    const [first] = messages();
    const more = messages().slice(before);
    expect(more).toHaveLength(1);
    expect(more[0]?.text).toContain('live');
    if (mode === 'bot') expect(first?.text).toContain('live');
  });

  it('what is new is told step by step after what is old', async () => {
    slackIsDown();
    await tell('501-aaaaaaaa', begun, minute);
    now += 60 * minute;
    const fresh = [sample('staging.instancesUp'), sample('production.verified')];
    await tell('501-aaaaaaaa', fresh, minute / 2);
    slackIsBack();
    await drain(mode);
    // A bot's first message stands as the deploy does; what it told by the first would be lost with the next.
    const told = messages().filter(({ thread_ts }) => mode === 'webhook' || thread_ts !== null);
    expect(told).toHaveLength(3);
    expect(told[0]?.whole).toContain('Before that, in one');
    expect(told[1]?.text).toContain('staging v12 is up');
    expect(told[2]?.text).toContain('live');
  });

  it('is told once, wherever Slack fails again on the way', async () => {
    slackIsDown();
    for (const deploy of ['501-aaaaaaaa', '502-bbbbbbbb', '503-cccccccc']) {
      await tell(deploy, failing, minute);
    }
    now += 60 * minute;
    slackIsBack();
    for (let skip = 0; skip < 3; skip++) {
      sandbox.control.fault({ service: 'slack', kind: 'status', status: 503, skip: 1 });
      await drain(mode);
    }
    slackIsBack();
    await drain(mode);
    const told = messages().filter(({ thread_ts }) => thread_ts === null);
    expect(told.map(({ text }) => /50\d/.exec(text)?.[0])).toEqual(['501', '502', '503']);
    expect(messages()).toHaveLength(3);
  });
});

it('a slow minute is no outage: every step is told', async () => {
  await tell('501-aaaaaaaa', shipping, minute / 2);
  await drain('webhook');
  expect(messages()).toHaveLength(shipping.length);
});
