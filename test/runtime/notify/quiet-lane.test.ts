/** A lane with little news in a busy log: its outbox goes by the table of deploys, and reads nobody else's events. */
import { expect, it } from 'vitest';
import { deploysProjection } from '../../../src/runtime/audit/deploys-table.ts';
import { Outbox, type Pending } from '../../../src/runtime/notify/outbox.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';

let count = 0;
const append = (log: EventLog, deploy: string, type: string, data = {}) =>
  log.append([
    {
      stream: `deploy/${deploy}`,
      expected: 'any',
      events: [{ id: `quiet-${count++}`, type, data, metadata: {} }],
    },
  ]);

async function written(): Promise<EventLog> {
  const log = await openLog('sqlite::memory:', { projections: [deploysProjection] });
  await append(log, 'own', 'deploy.requested', { deploy: 'own', lane: 'quiet' });
  for (let n = 0; n < 300; n++) {
    await append(log, `${n}`, 'deploy.requested', { deploy: `${n}`, lane: 'busy' });
    await append(log, `${n}`, 'thing.happened');
  }
  return log;
}

const outboxOf = (log: EventLog, lane: string) =>
  new Outbox({
    log,
    channel: { name: 'slack' } as never,
    consumer: `slack/${lane}`,
    lane,
    progress: () => {},
    ...{ now: () => 0, ran: () => 0 },
  });

it('its news are found wherever they are, and nothing of others is read', async () => {
  const log = await written();
  const read: string[] = [];
  const { readStream } = log;
  log.readStream = (stream, options) => {
    read.push(stream);
    return readStream.call(log, stream, options);
  };
  log.readAll = () => Promise.reject(new Error('the log is gone through'));
  const places = ({ events }: Pending) =>
    events.map(({ stream, version }) => `${stream}@${version}`);
  expect(places(await outboxOf(log, 'quiet').pending(await log.head()))).toEqual(['deploy/own@1']);
  await append(log, 'own', 'thing.happened');
  await append(log, '3', 'thing.happened');
  const outbox = outboxOf(log, 'quiet');
  await log.saveCheckpoint('slack/quiet', { position: 1, state: { begun: true } });
  expect(places(await outbox.pending(await log.head()))).toEqual(['deploy/own@2']);
  expect(places(await outbox.pending(2))).toEqual([]);
  expect(new Set(read)).toEqual(new Set(['deploy/own']));
  await log.close();
});

it.each([
  ['few', 499, false],
  ['many', 500, true],
])(
  'with %s events of others behind its checkpoint a run moves that on, and the next has nothing before it',
  async (_, count, moves) => {
    const log = await written();
    const head = await log.head();
    const position = head - count;
    const consumer = 'slack/quiet';
    await log.saveCheckpoint(consumer, { position, state: { begun: true, ordersFrom: 0 } });
    const outbox = outboxOf(log, 'quiet');
    const isMuch = async () => outbox.hasSkippedMuch(await outbox.checkpoint());
    expect(await outbox.pending(head)).toEqual({ events: [], isAll: true });
    expect(await isMuch()).toBe(moves);
    const { token } = (await log.take('notify', { run: 'this' }, 60_000)) ?? { token: 0 };
    const fence = { resource: 'notify', token };
    await outbox.send(head, { fence, ports: {} as never, assertHeld: async () => {} });
    const after = await log.checkpoint(consumer);
    expect(after).toEqual({
      position: moves ? head : position,
      state: { begun: true, ordersFrom: 0 },
    });
    expect(await isMuch()).toBe(false);
    await log.close();
  },
);

it('a lane with much news goes through the log, in the same order', async () => {
  const log = await written();
  const { events } = await outboxOf(log, 'busy').pending(await log.head());
  expect(events.map(({ position }) => position)).toEqual(
    Array.from({ length: 200 }, (_, n) => n + 1),
  );
  await log.close();
});
