/** What a channel is told of a deploy costs as much for its last event as for its first: by counts of work, for no time is measured. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { News } from '../../../src/effects/channels/channel.ts';
import { schemaNumbers } from '../../../src/machine/event-schemas.ts';
import { samples } from '../../../src/machine/samples.ts';
import { Gate, hide, within } from '../../../src/redaction/gate.ts';
import { deploysProjection } from '../../../src/runtime/audit/deploys-table.ts';
import { Outbox } from '../../../src/runtime/notify/outbox.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';

const [deploy, lane] = ['502-1a5f89db', 'acme-web'];
const consumer = 'test/acme-web';
let log: EventLog;
beforeEach(async () => {
  log = await openLog('sqlite::memory:', { projections: [deploysProjection] });
});
afterEach(() => log.close());

let written = 0;
const eventOf = (type: string, data: object) => ({
  ...{ id: `event-${written++}`, type, schema: schemaNumbers.get(type) ?? 1 },
  ...{ data: data as never, metadata: {} },
});
const went = (run: string) => eventOf('run.resumed', { run, order: null });
const begun = (of = deploy) =>
  eventOf('deploy.requested', { ...samples['deploy.requested'], deploy: of, lane });
const append = (events: ReturnType<typeof eventOf>[], of = deploy) =>
  log.append([{ stream: `deploy/${of}`, expected: 'any', events }]);

/** Counts what passes it. */
class CountingGate extends Gate {
  passed = 0;

  constructor() {
    super();
    const mask = this.redactAll;
    this.redactAll = (value) => {
      this.passed += 1;
      return mask(value);
    };
  }
}

/** Delivers all that the log has; what was told, and what that took. */
async function delivered(onTold: (news: News) => void = () => {}) {
  const told: News[] = [];
  const channel = {
    name: 'test',
    deliver: async (news: News) => {
      told.push(news);
      onTold(news);
      return {};
    },
  };
  let read = 0;
  const counting = new Proxy(log, {
    get(target, name) {
      const member = target[name as keyof EventLog];
      if (name !== 'readStream') return typeof member === 'function' ? member.bind(target) : member;
      return async (...args: Parameters<EventLog['readStream']>) => {
        const events = await target.readStream(...args);
        read += events.length;
        return events;
      };
    },
  });
  const gate = new CountingGate();
  await within(gate, async () => {
    const outbox = new Outbox({
      ...{ log: counting, channel: channel as never, consumer, lane, progress: () => {} },
      ...{ now: () => 0, ran: () => 0 },
    });
    const lease = await log.take('outbox', { id: 'test' } as never, 60_000);
    if (lease === null) throw new Error('it is taken');
    const fence = { resource: 'outbox', token: lease.token };
    const holding = { fence, ports: {} as never, assertHeld: async () => {} };
    await outbox.send(await log.head(), holding);
    await log.release(fence);
  });
  return { told, read, passed: gate.passed };
}

it.each([40, 160])('of %i events each is read and masked a few times', async (count) => {
  await append([begun(), ...Array.from({ length: count - 1 }, (_, n) => went(`run ${n}`))]);
  const { told, read, passed } = await delivered();
  expect(told.map(({ history }) => history.length)).toEqual(
    Array.from({ length: count }, (_, n) => n + 1),
  );
  expect(told.map(({ nextTime }) => nextTime === null)).toEqual([
    ...Array.from({ length: count - 1 }, () => false),
    true,
  ]);
  expect(passed).toBeLessThanOrEqual(2 * count);
  expect(read).toBeLessThanOrEqual(5 * count);
});

it('of deploys whose events alternate each has its own history', async () => {
  const deploys = Array.from({ length: 30 }, (_, n) => `${n}-1a5f89db`);
  for (const one of deploys) await append([begun(one)], one);
  for (const one of deploys) await append([went('again')], one);
  const { told } = await delivered();
  expect(told.map(({ deploy: of, history }) => [of, history.length])).toEqual([
    ...deploys.map((one) => [one, 1]),
    ...deploys.map((one) => [one, 2]),
  ]);
  for (const { deploy: of, history } of told) expect(history[0].data.deploy).toBe(of);
});

it('of what became a secret meanwhile nothing is told, though it was told of before', async () => {
  await append([begun(), went('correct-horse-battery'), went('third')]);
  const { told } = await delivered(({ version }) => {
    if (version === 2) hide('correct-horse-battery');
  });
  const runs = (at: number) => JSON.stringify(told[at]?.history);
  expect(runs(1)).toContain('correct-horse-battery');
  expect(runs(2)).not.toContain('correct-horse-battery');
  expect(runs(2)).toContain('[secret]');
});
