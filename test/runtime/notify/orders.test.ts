/** Orders of people as a channel is told them: among the events, once, and none of those that are old. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../src/effects/channels/channel.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { schemaNumbers } from '../../../src/machine/event-schemas.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { orderTypes } from '../../../src/machine/orders.ts';
import { Gate, within } from '../../../src/redaction/gate.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { createNotifier, type Notifier } from '../../../src/runtime/notify/notifier.ts';
import { readUndelivered } from '../../../src/runtime/notify/read-undelivered.ts';
import { rosterKeeper } from '../../../src/runtime/notify/roster.ts';
import type { EventLog, JsonObject } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { orderSamples } from '../../machine/order-samples.ts';
import { sample } from '../../machine/samples.ts';

let log: EventLog;
const told: string[] = [];
const lines: string[] = [];
let failing: Error | null = null;

beforeEach(async () => {
  log = await openLog('sqlite::memory:', { projections });
});
afterEach(async () => {
  await log.close();
  told.length = 0;
  lines.length = 0;
  failing = null;
});

const tell = (line: string) => {
  if (failing !== null) throw failing;
  told.push(line);
  return {};
};
const channel: Channel = {
  name: 'wall',
  title: 'The wall',
  faultOf: () => 'setup',
  deliver: async ({ history }) => tell(history.at(-1)?.type ?? ''),
  announce: async ({ lane, order }) => tell(`${lane} ${order.type}: ${order.data.reason}`),
};

const notifier = (more: Partial<Parameters<typeof createNotifier>[0]> = {}): Notifier =>
  createNotifier({
    ...{ log, channel, lane: 'acme-web', leaseMs: 60_000, startAt: 'head' },
    ports: {
      http: null as never,
      clock: systemClock,
      progress: (line) => lines.push(line),
    },
    owner: { run: randomUUID() },
    ...more,
  });

const append = (stream: string, type: string, data: unknown) =>
  log.append([
    {
      ...{ stream, expected: 'any' as const },
      events: [
        {
          id: randomUUID(),
          type,
          schema: schemaNumbers.get(type) ?? 1,
          data: data as JsonObject,
          metadata: {},
        },
      ],
    },
  ]);
const order = (type: LaneEvent['type'], reason: string, lane = 'acme-web') => {
  const one = orderSamples.find((each) => each.type === type);
  return append(`lane/${lane}`, type, { ...one?.data, reason });
};
const asked = (deploy: string) =>
  append(`deploy/${deploy}`, 'deploy.requested', {
    ...sample('deploy.requested').data,
    ...{ deploy, lane: 'acme-web' },
  });
const waits = (deploy: string) =>
  append('lane/acme-web', 'lane.joined', { deploy, run: 'r', build: '502', commit: 'c' });

describe('orders of people', () => {
  it('are told in the order of the log, among the events of deploys, each once', async () => {
    const first = notifier();
    await first.drain();
    await asked('502');
    await waits('502');
    await order('lane.disabled', 'one');
    await order('lane.disabled', 'another lane', 'acme-web-2');
    await asked('503');
    for (const type of orderTypes) await order(type, type);
    await first.drain();
    const all = [
      ...['deploy.requested', 'acme-web lane.disabled: one', 'deploy.requested'],
      ...orderTypes.map((type) => `acme-web ${type}: ${type}`),
    ];
    expect(told).toEqual(all);
    await notifier().drain();
    expect(told).toEqual(all);
  });

  it.each([
    ['many deploys', (n: number) => [`${n}a`, `${n}b`, `${n}c`, `${n}d`]],
    ['few deploys', () => ['a', 'b', 'c', 'd']],
  ])('stay in order where there is more than one reading of the log, of %s', async (_, deploys) => {
    await notifier().drain();
    for (let n = 0; n < 60; n++) {
      for (const deploy of deploys(n)) await asked(deploy);
      await order('lane.disabled', `${n}`);
    }
    await notifier().drain();
    const places = told.flatMap((line, at) => (line.startsWith('acme-web') ? [at] : []));
    expect(told).toHaveLength(300);
    expect(places).toEqual(Array.from({ length: 60 }, (_, n) => 5 * n + 4));
  });

  it('are told behind more words of the lane than are read at once', async () => {
    await notifier().drain();
    await log.append([
      {
        ...{ stream: 'lane/acme-web', expected: 'any' as const },
        events: Array.from({ length: 200 }, (_, n) => ({
          ...{ id: randomUUID(), type: 'lane.joined', schema: 1, metadata: {} },
          data: { deploy: `${n}`, run: 'r', build: '502', commit: 'c' },
        })),
      },
    ]);
    await order('lane.disabled', 'at last');
    await asked('502');
    await notifier().drain();
    expect(told).toEqual(['acme-web lane.disabled: at last', 'deploy.requested']);
  });

  it('that were given before any version told them are old news; the one that is given now is told', async () => {
    await asked('501');
    for (const type of orderTypes) await order(type, 'years ago');
    // As a version that told no orders left it, wherever it stood.
    await log.saveCheckpoint('wall/acme-web', { position: 1, state: { threads: {} } });
    // Behind what it told of deploys, all of theirs is news.
    await asked('502');
    const ordering = notifier();
    await order('lane.disabled', 'now');
    await ordering.drain();
    expect(told).toEqual(['deploy.requested', 'acme-web lane.disabled: now']);
    await order('lane.enabled', 'later');
    await notifier().drain();
    expect(told.slice(2)).toEqual(['acme-web lane.enabled: later']);
  });

  it('that were given by a process that could tell nobody are told by the next one', async () => {
    await notifier().drain();
    await order('lane.disabled', 'from a laptop');
    await notifier().drain();
    expect(told).toEqual(['acme-web lane.disabled: from a laptop']);
  });

  it('that cannot be told are said, kept and shown, and told in order by the next one', async () => {
    await notifier().drain();
    await rosterKeeper(log, 'acme-web', [channel]).drain();
    failing = new Error('no such channel');
    await order('lane.disabled', 'one');
    expect(await notifier().flush(1_000)).toBe('failed');
    expect(lines.join('\n')).toContain('The wall is not told for now: no such channel');
    const [undelivered] = await readUndelivered(log);
    expect(undelivered?.waiting).toMatchObject({
      event: { type: 'lane.disabled', deploy: null },
      message: 'no such channel',
    });
    failing = null;
    await order('lane.enabled', 'two');
    await notifier().drain();
    expect(told).toEqual(['acme-web lane.disabled: one', 'acme-web lane.enabled: two']);
    expect(await readUndelivered(log)).toEqual([]);
  });

  it('are told without what became a secret since they were given', async () => {
    await notifier().drain();
    await order('lane.disabled', 'the key is correct-horse-battery');
    const gate = new Gate();
    gate.hide('correct-horse-battery');
    await within(gate, () => notifier().drain());
    expect(told).toEqual(['acme-web lane.disabled: the key is [secret]']);
  });

  it('that this version cannot read are left out with the reason, and the next one is told', async () => {
    await notifier().drain();
    await append('lane/acme-web', 'lane.disabled', { actor: 'ana', mood: 'bad' });
    await order('lane.enabled', 'two');
    await notifier().drain();
    expect(told).toEqual(['acme-web lane.enabled: two']);
    expect(lines.join('\n')).toContain(
      'a message about lane/acme-web (lane.disabled) was left out',
    );
  });

  it('are told to a channel that wants them, and to no other', async () => {
    const wants = (type: string) => type === 'lock.broken' || type === 'deploy.failed';
    const { announce: _, ...deaf } = channel;
    const some = () => notifier({ channel: { ...channel, name: 'some', wants } });
    const none = () => notifier({ channel: { ...deaf, name: 'none' } });
    for (const one of [some(), none()]) await one.drain();
    for (const type of orderTypes) await order(type, type);
    for (const one of [some(), none()]) await one.drain();
    expect(told).toEqual(['acme-web lock.broken: lock.broken']);
  });
});
