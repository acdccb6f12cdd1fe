/** One delivery after the other, at a Slack that refuses some: what is told again, where, and under whose lease. */
import { beforeEach, describe, expect, it } from 'vitest';
import type {
  Delivery,
  DeployEvents,
  Memory,
  News,
} from '../../../../src/effects/channels/channel.ts';
import { createSlackChannel } from '../../../../src/effects/channels/slack/channel.ts';
import type { SlackMessage, SlackPlace } from '../../../../src/effects/channels/slack/slack.ts';
import { fillIn } from '../../../../src/effects/channels/slack/templates.ts';
import { VendorRefused } from '../../../../src/effects/http/errors.ts';
import { samples } from '../../../../src/machine/samples.ts';
import { sample } from '../../../machine/samples.ts';

interface Posted {
  readonly text: string;
  readonly thread: string | null;
}

let posted: Posted[];
let memory: Memory;
/** What Slack says to the next posts and updates, one after the other; null: it takes it. */
let answers: (string | null)[];
let leftOut: number;
beforeEach(() => {
  [posted, memory, answers, leftOut] = [[], {}, [], 0];
});

const refuse = (): void => {
  const id = answers.shift() ?? null;
  if (id === null) return;
  throw new VendorRefused<string>('E_SLACK_REFUSED', id, { method: 'POST', status: 200, id });
};
const channel = createSlackChannel({
  slack: {
    mode: 'bot',
    async post(message: SlackMessage, _, thread: SlackPlace | null = null) {
      refuse();
      posted.push({ text: JSON.stringify(message), thread: thread?.ts ?? null });
      return { channel: 'C1', ts: `${posted.length}.000000` };
    },
    update: async () => refuse(),
    mention: async () => null,
  },
  oncall: null,
  clock: { now: () => Date.parse('2026-01-05T13:05:00Z') },
});

const events = [
  sample('lock.acquired'),
  sample('staging.submitted'),
  sample('staging.deployed'),
  sample('staging.verified'),
];
const at = (second: number): string => `2026-01-05T13:04:0${second}.000Z`;

/** The first so many events of a deploy, the last of them as news. */
async function deliver(
  count: number,
  nextTime: string | null = null,
  assertHeld: Delivery['assertHeld'] = async () => {},
): Promise<void> {
  const asked = { type: 'deploy.requested', data: samples['deploy.requested'] } as const;
  const news: News = {
    ...{ id: 'id', deploy: '502-1a5f89db', position: count, version: count + 1, nextTime },
    ...{ time: at(count), state: 'staging.submitting' },
    history: [asked, ...events.slice(0, count)] as DeployEvents,
    since: async () => ({ wentOn: false, shipped: null, follower: null }),
    head: async () => 'log head 00@1',
  };
  memory = await channel.deliver(news, {
    ports: { signal: new AbortController().signal, progress: () => {} } as never,
    memory: structuredClone(memory),
    assertHeld,
    remember: async (kept) => {
      memory = structuredClone(kept);
    },
    leftOut: () => {
      leftOut += 1;
    },
  });
}
const threads = (): string[] => Object.keys(memory.threads as object);

it('steps that are told in one message are told in no other', async () => {
  await deliver(1, at(2));
  await deliver(2, at(3));
  expect(posted).toEqual([]);
  await deliver(3);
  await deliver(4);
  const told = posted.map(({ text }) => text.includes('Before that'));
  expect(told).toEqual([false, true, false]);
});

it('what is posted again in another shape is posted by whoever holds the lease then', async () => {
  const taken = new Error('taken');
  let asked = 0;
  const assertHeld = async (): Promise<void> => {
    asked += 1;
    if (asked === 2) throw taken;
  };
  answers = ['invalid_blocks'];
  await expect(deliver(2, null, assertHeld)).rejects.toBe(taken);
  expect(posted).toEqual([]);
});

describe('a thread', () => {
  beforeEach(async () => {
    await deliver(2);
    expect(posted.map(({ thread }) => thread)).toEqual([null, '1.000000']);
    expect(threads()).toEqual(['502-1a5f89db']);
  });

  it('that is gone is left, and the next step begins another', async () => {
    answers = ['thread_not_found'];
    await deliver(3);
    expect(posted.at(-1)?.thread).toBeNull();
    expect(threads()).toEqual([]);
    await deliver(4);
    expect(posted.slice(-2).map(({ thread }) => thread)).toEqual([null, '4.000000']);
  });

  it.each([
    ['message_not_found', []],
    ['invalid_blocks', ['502-1a5f89db']],
  ])('whose first message is not changed because of %s', async (name, kept) => {
    answers = [null, name];
    await deliver(3);
    expect(threads()).toEqual(kept);
    expect(leftOut).toBe(1);
  });
});

it('a value that is cut in a template is cut between signs', () => {
  const asked = samples['deploy.requested'];
  for (let length = 990; length <= 1_000; length++) {
    const title = `${'x'.repeat(length)}&<b>`;
    const data = { ...asked, commit: { ...asked.commit, title } };
    const told = fillIn('{title}', { history: [{ type: 'deploy.requested', data }], next: null });
    expect(told.replace(/&(amp|lt|gt);/g, '')).not.toContain('&');
    expect(told.length).toBeLessThanOrEqual(1_000);
  }
});
