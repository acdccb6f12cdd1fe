/** What a channel is told of a deploy costs as much for its last event as for its first: by counts of work, for no time is measured. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { News } from '../../../src/effects/channels/channel.ts';
import { schemaNumbers } from '../../../src/machine/event-schemas.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { Gate, hide, within } from '../../../src/redaction/gate.ts';
import { deploysProjection } from '../../../src/runtime/audit/deploys-table.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { Outbox } from '../../../src/runtime/notify/outbox.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';

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
async function delivered(onTold: (news: News) => void = () => {}, until?: number) {
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
    await outbox.send(until ?? (await log.head()), holding);
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

describe('what has happened since', () => {
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const tellLane = (of: LaneEvent | { readonly type: string; readonly data: object }, to = lane) =>
    log.append([{ stream: `lane/${to}`, expected: 'any', events: [newEvent(of, run)] }]);
  const shipped = (of: string): LaneEvent => ({
    type: 'lane.shipped',
    data: {
      ...{ deploy: of, target: 'sample acme-production', commit: 'c'.repeat(40), settings: null },
      release: { id: 'r', version: 'v1' },
      artifact: { kind: 'slug', id: 's', digest: null, commit: null },
    },
  });
  /** Of the deploy's first event, once all is written. */
  async function since() {
    const { told } = await delivered();
    const [news] = told.filter((one) => one.deploy === deploy);
    return { since: await news?.since(), nextTime: news?.nextTime };
  }
  const nobody = { wentOn: false, shipped: null, follower: null };

  it.each<[string, ReturnType<typeof eventOf>[], boolean]>([
    ['nothing', [], false],
    ['other runs of it', [went('a'), went('b')], false],
    ['a run, and a step', [went('a'), eventOf('lock.acquired', samples['lock.acquired'])], true],
    ['what this version cannot read', [eventOf('deploy.painted', {})], true],
    ['of runs what this version cannot read', [eventOf('run.painted', {})], false],
  ])('to the deploy itself: %s', async (_, later, wentOn) => {
    await append([begun(), ...later]);
    expect((await since()).since).toEqual({ ...nobody, wentOn });
  });

  it('in the lane: who went live first after it, and who goes next', async () => {
    await tellLane(shipped('499'));
    await append([begun()]);
    await tellLane(shipped('7'), `${lane}-2`);
    await log.take('run/505', run.owner, 60_000);
    const waiter = { deploy: '505', run: run.id, build: '505', commit: 'c'.repeat(40) };
    await tellLane({ type: 'lane.joined', data: waiter });
    const follower = { deploy: '505', build: '505' };
    expect((await since()).since).toEqual({ ...nobody, follower });
    // More than is read at once, and the next page begins behind them.
    const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };
    const lifted = { type: 'rollback.lifted', data: { target: 't', release: 'r', ...person } };
    for (let n = 0; n < 210; n++) await tellLane(lifted);
    await tellLane(shipped('503'));
    await tellLane(shipped('504'));
    await log.saveCheckpoint(consumer, { position: 0, state: {} });
    expect((await since()).since).toEqual({ ...nobody, shipped: '503', follower });
  });

  it('in a lane that a newer version wrote to: what can be read, and nobody is held up by the rest', async () => {
    await append([begun()]);
    await tellLane({ type: 'lane.painted', data: {} });
    await tellLane(shipped('503'));
    await log.take('run/505', run.owner, 60_000);
    const waiter = { deploy: '505', run: run.id, build: '505', commit: 'c'.repeat(40) };
    await tellLane({ type: 'lane.joined', data: waiter });
    expect((await since()).since).toEqual({ ...nobody, shipped: '503' });
  });

  it('tells of the next event only where that can be told', async () => {
    await append([begun(), went('a'), eventOf('deploy.painted', {}), went('b')]);
    const { told } = await delivered();
    expect(told.map(({ version, nextTime }) => [version, nextTime !== null])).toEqual([
      [1, true],
      [2, false],
      [4, false],
    ]);
  });

  it('tells of the next event only where that is told now, too', async () => {
    await append([begun(), went('a'), went('b')]);
    const { told } = await delivered(() => {}, 2);
    expect(told.map(({ version, nextTime }) => [version, nextTime !== null])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  it('has the head of the log in words', async () => {
    await append([begun()]);
    const { told } = await delivered();
    const { digest, position } = await log.headDigest();
    expect(await told[0]?.head()).toBe(`log head ${digest}@${position}`);
  });
});
