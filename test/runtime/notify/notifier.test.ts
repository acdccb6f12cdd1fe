/** The notifier on a real log and real HTTP: what is told, once, whatever Slack does meanwhile. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackChannel } from '../../../src/effects/channels/slack/channel.ts';
import { createSlack } from '../../../src/effects/channels/slack/slack.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { schemaNumbers } from '../../../src/machine/event-schemas.ts';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { nextFor } from '../../../src/machine/state-facts.ts';
import {
  createNotifier,
  type Notifier,
  type NotifierOptions,
} from '../../../src/runtime/notify/notifier.ts';
import type { EventLog, JsonObject } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { blockText, type SlackServer, startSlack } from '../../effects/channels/slack/server.ts';
import { sample } from '../../machine/samples.ts';

let server: SlackServer;
let folder: string;
let log: EventLog;
const lines: string[] = [];
const notifiers: Notifier[] = [];
const opened: EventLog[] = [];

beforeEach(async () => {
  server = await startSlack();
  folder = mkdtempSync(join(tmpdir(), 'lockstep-notifications-'));
  log = await open();
});
afterEach(async () => {
  await Promise.all(notifiers.splice(0).map((notifier) => notifier.flush(1)));
  for (const one of opened.splice(0)) await one.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
  lines.length = 0;
});

async function open(): Promise<EventLog> {
  const one = await openLog(`sqlite:${join(folder, 'log.db')}`);
  opened.push(one);
  return one;
}

function notifier(options: Partial<NotifierOptions> & { mode?: 'bot' | 'webhook' } = {}): Notifier {
  const { baseUrl, webhookUrl, botToken } = server;
  const channel = '#alerts-deploy';
  const way = options.mode === 'webhook' ? { webhookUrl } : { botToken };
  const made = createNotifier({
    log,
    channel: createSlackChannel({
      slack: createSlack({ baseUrl, channel, ...way }),
      oncall: '<!subteam^S0ONCALL>',
      clock: systemClock,
      // What is told together is in folding.test.ts.
      patienceMs: 0,
    }),
    lane: 'acme-web',
    ports: { http: server.http, clock: systemClock, progress: (line) => lines.push(line) },
    owner: { host: 'here', run: randomUUID() },
    leaseMs: 60_000,
    startAt: 0,
    ...options,
  });
  notifiers.push(made);
  return made;
}

/** Where some events lead. */
const ends: Readonly<Record<string, string>> = {
  'deploy.failed': 'failed',
  'production.held': 'blockedByRollback',
};

async function write(deploy: string, ...events: readonly DomainEvent[]): Promise<void> {
  const news = events.map(({ type, data }) => ({
    id: randomUUID(),
    type,
    schema: schemaNumbers.get(type) ?? 1,
    data: (type === 'deploy.requested' ? { ...data, deploy } : data) as unknown as JsonObject,
    metadata: (type in ends ? { transition: { to: ends[type] ?? '' } } : {}) as JsonObject,
  }));
  await log.append([{ stream: `deploy/${deploy}`, expected: 'any', events: news }]);
}

const story = [
  sample('deploy.requested'),
  sample('lock.acquired'),
  sample('deploy.observed'),
  sample('staging.deployed'),
  sample('staging.instancesUp'),
];
const steps = ['queued', 'took lane', '2 commits', 'is released', 'staging v12 is up'];
/** The texts of what was posted, in order, updates left out. */
const posted = (): string[] =>
  server.messages.filter(({ method }) => method !== 'update').map(({ body }) => body.text);
const expectSteps = (texts: readonly string[], expected: readonly string[]) => {
  expect(texts).toHaveLength(expected.length);
  for (const [i, part] of expected.entries()) expect(texts[i]).toContain(part);
};

describe('a bot', () => {
  it('keeps one message per deploy up to date and tells every step in its thread, in order', async () => {
    await write('502-1a5f89db', ...story);
    await notifier().drain();
    expectSteps(posted(), steps);
    const [first, ...rest] = server.messages;
    expect(first?.body).not.toHaveProperty('thread_ts');
    const replies = rest.filter(({ method }) => method === 'post');
    for (const { body } of replies) expect(body.thread_ts).toBe('1767610800.000001');
    const update = server.messages.at(-1);
    expect(update?.method).toBe('update');
    expect(update?.body).toMatchObject({ channel: 'C0SANDBOX1', ts: '1767610800.000001' });
    expect(update?.body.text).toContain('staging v12 is up');
  });

  it('goes on in the same thread in the next run, and forgets it when the deploy is over', async () => {
    await write('502-1a5f89db', ...story);
    await notifier().flush(10_000);
    await write('502-1a5f89db', sample('deploy.failed'));
    await notifier().flush(10_000);
    const failure = server.messages.findLast(({ method }) => method === 'post');
    expect(failure?.body).toMatchObject({ thread_ts: '1767610800.000001', reply_broadcast: true });
    expect(JSON.stringify(failure)).toContain('<!subteam^S0ONCALL>');
    expect((await log.checkpoint('slack/acme-web')).state).toMatchObject({ threads: {} });
  });

  it('that loses its lease between two messages sends nothing until it has it again: each is told once', async () => {
    await write('502-1a5f89db', ...story);
    for (let lostAt = 1; lostAt <= 12; lostAt++) {
      let reads = 0;
      const losing = new Proxy(log, {
        get(target, name) {
          const member = target[name as keyof EventLog];
          if (name !== 'readStream') {
            return typeof member === 'function' ? member.bind(target) : member;
          }
          const readStream: EventLog['readStream'] = async (...args) => {
            const answer = await target.readStream(...args);
            reads += 1;
            // Given to another sender, who is done at once.
            if (reads === lostAt) {
              for (const { resource, token } of await target.leases('')) {
                await target.release({ resource, token });
              }
            }
            return answer;
          };
          return readStream;
        },
      });
      await notifier({ log: losing, leaseMs: 200 }).flush(10_000);
      expectSteps(posted(), steps);
      await log.saveCheckpoint('slack/acme-web', { position: 0, state: { threads: {} } });
      server.messages.splice(0);
    }
  });

  it('goes on where an earlier version left off: nothing is told twice, and in the same thread', async () => {
    await write('502-1a5f89db', ...story.slice(0, 3));
    const [, second] = await log.readAll({ after: 0, limit: 2, streamPrefix: 'deploy/' });
    const { baseUrl, botToken } = server;
    const slack = createSlack({ baseUrl, channel: '#alerts-deploy', botToken });
    const ports = { http: server.http, signal: AbortSignal.timeout(20_000) };
    await slack.post({ text: 'The first message', blocks: [] }, ports);
    server.messages.splice(0);
    // As the log has it from before the outbox knew of any channel but one.
    await log.saveCheckpoint('slack/acme-web', {
      position: second?.position ?? 0,
      state: {
        threads: { '502-1a5f89db': { channel: 'C0SANDBOX1', ts: '1767610800.000001' } },
        sent: null,
        folded: {},
      },
    });
    await notifier({ startAt: 'head' }).drain();
    expectSteps(posted(), steps.slice(2, 3));
    expect(server.messages[0]?.body).toMatchObject({ thread_ts: '1767610800.000001' });
  });

  it('says what a person can do where a deploy waits for one, with the command', async () => {
    const state = 'blockedByRollback';
    await write('502-1a5f89db', ...story);
    await write('502-1a5f89db', sample('production.held'));
    for (const mode of ['bot', 'webhook'] as const) {
      await notifier({ mode }).drain();
      const shown = JSON.stringify(server.messages.splice(0));
      const [command = ''] = /pipeline .*/.exec(nextFor(state, '502-1a5f89db') ?? '') ?? [];
      expect(command).toContain('502-1a5f89db');
      expect(shown).toContain(JSON.stringify(command).slice(1, -1));
      await log.saveCheckpoint('slack/acme-web', { position: 0, state: {} });
    }
  });

  it('begins a new message where the old one was deleted', async () => {
    await write('502-1a5f89db', ...story.slice(0, 2));
    await notifier().drain();
    server.answer = ({ method, body }) =>
      method === 'update' || body.thread_ts === '1767610800.000001'
        ? { body: { ok: false, error: 'message_not_found' } }
        : null;
    await write('502-1a5f89db', story[3] as DomainEvent, story[4] as DomainEvent);
    await notifier().drain();
    expect(posted().filter((text) => text.includes('is released'))).toHaveLength(1);
    const up = server.messages.filter(({ body }) => body.text.includes('v12 is up'));
    expect(up.length).toBeGreaterThanOrEqual(1);
    expect((await log.checkpoint('slack/acme-web')).position).toBe(await log.head());
  });

  it('begins a new message for what comes after the deletion, though the old one’s thread takes it', async () => {
    await write('502-1a5f89db', ...story.slice(0, 2));
    await notifier().drain();
    server.answer = ({ method, body }) =>
      method === 'update' && body.ts === '1767610800.000001'
        ? { body: { ok: false, error: 'message_not_found' } }
        : null;
    await write('502-1a5f89db', ...story.slice(3, 4));
    await notifier().drain();
    await write('502-1a5f89db', ...story.slice(4));
    await notifier().drain();
    const own = server.messages.filter(
      ({ method, body }) => method === 'post' && body.thread_ts === undefined,
    );
    expect(own).toHaveLength(2);
    expect(own[1]?.body.text).toContain('v12 is up');
  });
});

describe('a webhook', () => {
  it('posts a message for every step', async () => {
    await write('502-1a5f89db', ...story);
    await notifier({ mode: 'webhook' }).drain();
    expectSteps(posted(), steps);
    expect(server.messages.every(({ method }) => method === 'webhook')).toBe(true);
  });

  it('is not told again by a rerun', async () => {
    await write('502-1a5f89db', ...story);
    await notifier({ mode: 'webhook' }).flush(10_000);
    const again = notifier({ mode: 'webhook', log: await open() });
    again.start();
    expect(await again.flush(10_000)).toBe('done');
    expect(posted()).toHaveLength(5);
  });
});

describe('what is told', () => {
  it('begins behind what an old log has, and is all of what came after the notifier was made', async () => {
    await write('501-0f0a53bc', ...story);
    const first = notifier({ mode: 'webhook', startAt: 'head' });
    await log.head();
    await write('502-1a5f89db', ...story);
    expect(await first.flush(10_000)).toBe('done');
    expectSteps(posted(), steps);
  });

  it('is of one’s own lane alone', async () => {
    const other = sample('deploy.requested', { lane: 'acme-api' });
    await write('7-1a5f89db', other, sample('lock.acquired'));
    await write('502-1a5f89db', ...story);
    await write('8-1a5f89db', other, sample('lock.acquired'));
    await notifier({ mode: 'webhook' }).drain();
    expectSteps(posted(), steps);
  });

  it('goes past an event that this version cannot read', async () => {
    await write('502-1a5f89db', ...story.slice(0, 2));
    await log.append([
      {
        stream: 'deploy/502-1a5f89db',
        expected: 'exists',
        events: [{ id: randomUUID(), type: 'deploy.painted', data: {}, metadata: {} }],
      },
    ]);
    await write('502-1a5f89db', story[3] as DomainEvent);
    await notifier({ mode: 'webhook' }).drain();
    expectSteps(posted(), ['queued', 'took lane', 'is released']);
    expect(lines.join()).toContain('deploy.painted');
  });

  it('is sent as the log grows', async () => {
    const live = notifier({ mode: 'webhook' });
    live.start();
    for (const event of story) await write('502-1a5f89db', event);
    await expect.poll(posted, { timeout: 20_000 }).toHaveLength(5);
    expectSteps(posted(), steps);
  });

  it('is sent once by many at the same time', async () => {
    const logs = [log, await open(), await open()];
    const many = logs.map((one) => notifier({ mode: 'webhook', log: one }));
    for (const one of many) one.start();
    for (const event of story) await write('502-1a5f89db', event);
    const flushed = await Promise.all(many.map((one) => one.flush(20_000)));
    expect(flushed).toEqual(['done', 'done', 'done']);
    expectSteps(posted(), steps);
  });
});

describe('when Slack fails', () => {
  it('the run says so once, and the next run sends what was missed, in order', async () => {
    server.answer = () => ({ status: 503, body: 'unwell' });
    await write('502-1a5f89db', ...story);
    const unlucky = notifier({ mode: 'webhook' });
    unlucky.start();
    expect(await unlucky.flush(1_500)).toBe('timedOut');
    expect(lines.filter((line) => line.includes('unwell'))).toHaveLength(1);
    expect(lines.at(-1)).toContain('next run');
    server.answer = () => null;
    expect(await notifier({ mode: 'webhook' }).flush(10_000)).toBe('done');
    expectSteps(posted(), steps);
  });

  it('a flush gives up at once where somebody has to mend something first', async () => {
    server.answer = () => ({ status: 404, body: 'no_service' });
    await write('502-1a5f89db', ...story);
    expect(await notifier({ mode: 'webhook' }).flush(60_000)).toBe('failed');
    expect(lines.join()).toContain('SLACK_WEBHOOK_URL');
    expect(lines.join()).not.toContain('secretOfTheWebhook');
  });

  it('a flush does not wait for an answer that never comes', async () => {
    server.answer = () => 'hang';
    await write('502-1a5f89db', ...story);
    const hung = notifier({ mode: 'webhook' });
    hung.start();
    expect(await hung.flush(300)).toBe('timedOut');
    expect(await log.lease('notify/slack/acme-web')).toMatchObject({ released: true });
  });

  it('goes on behind the last message that was sent, also within one event’s messages', async () => {
    const { notes } = samples['deploy.observed'];
    const commits = notes.commits.map((commit) => ({ ...commit, body: 'x'.repeat(30_000) }));
    const observed = sample('deploy.observed', { notes: { ...notes, commits } });
    await write('502-1a5f89db', story[0] as DomainEvent, observed);
    let taken = 0;
    server.answer = () => (taken++ < 4 ? null : { status: 503, body: 'unwell' });
    await notifier({ mode: 'webhook' }).drain();
    expect(posted()).toHaveLength(4);
    server.answer = () => null;
    await notifier({ mode: 'webhook' }).drain();
    const texts = server.messages.map(({ body: { blocks = [] } }) =>
      blocks.map(blockText).join(''),
    );
    expect(texts.join('').match(/x{1000}/g)?.length).toBe(60);
    expect(new Set(texts.map((text) => text.slice(0, 80))).size).toBeGreaterThan(1);
  });

  it('a message that it refuses is sent as plain text', async () => {
    server.answer = ({ body }) =>
      body.text.includes('took lane') && (body.blocks?.length ?? 0) > 0
        ? { status: 400, body: 'invalid_blocks' }
        : null;
    await write('502-1a5f89db', ...story);
    await notifier({ mode: 'webhook' }).drain();
    expectSteps(posted(), steps);
    expect(server.messages[1]?.body.blocks).toEqual([]);
  });

  it('a message that it refuses in any form is left out with a notice, and the others arrive', async () => {
    server.answer = ({ body }) =>
      body.text.includes('took lane') ? { status: 400, body: 'something_new' } : null;
    await write('502-1a5f89db', ...story);
    await notifier({ mode: 'webhook' }).drain();
    expectSteps(posted(), steps.toSpliced(1, 1));
    expect(lines.join()).toMatch(/lock\.acquired.*left out.*something_new/);
  });
});

describe('of several senders', () => {
  it('a dead one on this host is not waited for', async () => {
    await write('502-1a5f89db', ...story);
    await log.take('notify/slack/acme-web', { host: 'here', run: 'dead' }, 60_000);
    const next = notifier({ mode: 'webhook', isGone: (owner) => owner.run === 'dead' });
    expect(await next.flush(10_000)).toBe('done');
    expect(posted()).toHaveLength(5);
  });

  it('one that was overtaken sends nothing more', async () => {
    await write('502-1a5f89db', ...story);
    const slow = notifier({ mode: 'webhook' });
    let overtaken = false;
    server.answer = ({ body }) => {
      if (body.text.includes('took lane') && !overtaken) {
        overtaken = true;
        return 'hang';
      }
      return null;
    };
    slow.start();
    await expect.poll(() => overtaken, { timeout: 20_000 }).toBe(true);
    const held = await log.lease('notify/slack/acme-web');
    await log.release({ resource: 'notify/slack/acme-web', token: held?.token ?? 0 });
    const next = notifier({ mode: 'webhook', log: await open() });
    expect(await next.flush(10_000)).toBe('done');
    await slow.flush(5_000);
    expectSteps(posted(), steps);
  });
});
