/** Who sends to a channel, and when: one process at a time, again after a pause where it failed; and what is said of it. In virtual time. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Channel, ChannelFault } from '../../../src/effects/channels/channel.ts';
import { LockstepError } from '../../../src/errors/error.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import {
  createNotifier,
  type Flushed,
  type Notifier,
  type NotifierOptions,
  together,
} from '../../../src/runtime/notify/notifier.ts';
import { undeliveredIn } from '../../../src/runtime/notify/undelivered.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { orderSamples } from '../../machine/order-samples.ts';
import { sample } from '../../machine/samples.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';

const startMs = Date.UTC(2026, 0, 5, 9);
const [second, minute] = [1_000, 60_000];
const lane = 'acme-web';
const resource = `notify/wall/${lane}`;
const run = newRun({ actor: anActor, ci: null, program: 'test' });

let time: VirtualTime;
let log: EventLog;
/** What the wall was told, and when: the deploy, or the lane and the order. */
let told: [afterMs: number, what: string][];
/** When it was tried, whatever came of it. */
let tries: number[];
let lines: string[];
/** What comes of a try. */
let answer: (signal: AbortSignal) => Promise<void>;
let fault: ChannelFault;
let ended: Notifier[];

beforeEach(async () => {
  time = new VirtualTime(startMs);
  log = await openLog('sqlite::memory:', { now: time.now, sleep: time.sleep });
  [told, tries, lines, ended] = [[], [], [], []];
  answer = async () => {};
  fault = 'passing';
});
afterEach(async () => {
  answer = async () => {};
  await during(Promise.all(ended.map((one) => one.flush(1))));
  await log.close();
});

const sinceStart = () => time.now() - startMs;
const tell = async (what: string, signal: AbortSignal) => {
  tries.push(sinceStart());
  await answer(signal);
  told.push([sinceStart(), what]);
  return {};
};
const wall: Channel = {
  name: 'wall',
  title: 'The wall',
  faultOf: () => fault,
  deliver: ({ deploy }, { ports }) => tell(deploy, ports.signal),
  announce: ({ lane: of, order }, { ports }) => tell(`${of} ${order.type}`, ports.signal),
};

function sender(more: Partial<NotifierOptions> = {}): Notifier {
  const ports = {
    http: null as never,
    clock: time.clock,
    progress: (of: string) => lines.push(of),
  };
  const owner = { host: 'here', run: String(ended.length) };
  const notifier = createNotifier({
    ...{ log, channel: wall, lane, ports, owner, leaseMs: minute, startAt: 0 },
    ...more,
  });
  ended.push(notifier);
  return notifier;
}

/** The log with some of its methods changed. */
const changed = (of: Partial<EventLog>): EventLog =>
  new Proxy(log, {
    get(target, name) {
      const member = of[name as keyof EventLog] ?? target[name as keyof EventLog];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });

const asked = (deploy: string, of = lane) =>
  log.append([
    {
      ...{ stream: `deploy/${deploy}`, expected: 'none' },
      events: [newEvent(sample('deploy.requested', { deploy, lane: of }), run)],
    },
  ]);
const order = (of: string) =>
  log.append([
    {
      ...{ stream: `lane/${of}`, expected: 'any' },
      events: orderSamples
        .filter(({ type }) => type === 'lane.disabled')
        .map((event) => newEvent(event, run)),
    },
  ]);

/** Lets time pass until that is done. */
async function during<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  work.then(done, done);
  await time.runUntil(() => isDone, time.now() + 60 * minute);
  if (!isDone) throw new Error('it does not end');
  return work;
}
const pass = (ms: number) => during(time.sleep(ms));
const whats = () => told.map(([, what]) => what);

it.each([
  ['drain', (one: Notifier) => one.drain(), 0],
  ['flush', (one: Notifier) => one.flush(minute), 0],
  ['start', async (one: Notifier) => one.start(), 10 * second],
] as const)(
  'what the channel lets wait is sent at once, or once it has waited: by %s',
  async (_, way, after) => {
    await log.saveCheckpoint(`wall/${lane}`, {
      ...{ position: 0, state: { begun: true, ordersFrom: 0 } },
    });
    await asked('501');
    const patient: Channel = { ...wall, patienceMs: () => 10 * second };
    await during<unknown>(way(sender({ channel: patient })));
    await pass(11 * second);
    expect(told).toEqual([[after, '501']]);
  },
);

describe('of several senders', () => {
  /** One elsewhere holds the lease, and dies. */
  const elsewhere = () => log.take(resource, { host: 'elsewhere', run: 'x' }, 10 * second);

  it.each(['start', 'drain', 'flush'] as const)(
    'one that is dead elsewhere is waited for until its lease ends, and no longer: %s',
    async (way) => {
      await log.saveCheckpoint(`wall/${lane}`, {
        ...{ position: 0, state: { begun: true, ordersFrom: 0 } },
      });
      await asked('501');
      await elsewhere();
      let taken = 0;
      const one = sender({
        log: changed({
          take: (...of) => {
            taken += 1;
            return log.take(...of);
          },
        }),
      });
      if (way === 'start') {
        one.start();
        await pass(11 * second);
      } else if (way === 'flush') expect(await during(one.flush(minute))).toBe('done');
      else await during(one.drain());
      // Who only drains is done with it: the next one tells.
      expect(told).toEqual(way === 'drain' ? [] : [[10_001, '501']]);
      expect(taken).toBe(way === 'drain' ? 1 : 2);
      expect(lines).toEqual([]);
    },
  );

  it('one that was about to begin as another did begins where that one stands: no order is passed over', async () => {
    const unbegun = await log.checkpoint(`wall/${lane}`);
    await sender({ startAt: 'head' }).drain();
    await order(lane);
    let looks = 0;
    const checkpoint: EventLog['checkpoint'] = (of) =>
      looks++ === 0 ? Promise.resolve(unbegun) : log.checkpoint(of);
    await sender({ startAt: 'head', log: changed({ checkpoint }) }).drain();
    expect(whats()).toEqual([`${lane} lane.disabled`]);
  });

  it('each gives the lease back when it is done, and takes it for ten seconds at the most', async () => {
    for (const [leaseMs, expected] of [
      [minute, 10 * second],
      [3 * second, 3 * second],
    ] as const) {
      const [deploy, holding] = [`${leaseMs}`, [] as number[]];
      await asked(deploy);
      answer = async () => void holding.push((await log.lease(resource))?.expiresInMs ?? 0);
      await sender({ leaseMs }).drain();
      expect(holding).toEqual([expected]);
      expect(await log.lease(resource)).toMatchObject({ released: true });
    }
  });

  it.each([
    ['is slow', false],
    ['is slow, while the log fails now and then', true],
  ])('one that %s keeps the lease: nobody else tells the same', async (_, isFlaky) => {
    await asked('501');
    answer = (signal) => time.sleep(25 * second, signal);
    let beats = 0;
    const slow = sender({
      log: changed({
        renew: (...of) => {
          beats += 1;
          if (isFlaky && beats % 2 === 1) throw new Error('the log is away');
          return log.renew(...of);
        },
      }),
    });
    slow.start();
    await pass(second);
    sender().start();
    await pass(minute);
    expect(tries).toHaveLength(1);
    expect(whats()).toEqual(['501']);
    expect(beats).toBe(7);
  });

  it('one that lost it is cut off at its next beat, and says nothing of that', async () => {
    await asked('501');
    const cut: [afterMs: number, error: unknown][] = [];
    answer = (signal) =>
      time.sleep(25 * second, signal).catch((error: unknown) => {
        cut.push([sinceStart(), error]);
        throw error;
      });
    sender().start();
    await pass(second);
    const lease = await log.lease(resource);
    await log.release({ resource, token: lease?.token ?? 0 });
    await pass(3 * second);
    expect(cut).toEqual([[3_333, expect.objectContaining({ code: 'E_FENCED_OFF' })]]);
    expect(lines).toEqual([]);
    answer = async () => {};
    await pass(minute);
    expect(whats()).toEqual(['501']);
  });
});

describe('what failed', () => {
  const pauses = () => tries.slice(1).map((at, place) => at - (tries[place] ?? 0));
  const fails = (message: string, hint?: string) => async () => {
    throw new LockstepError<string>('E_TEST', message, hint === undefined ? {} : { hint });
  };

  it('is tried again after pauses that grow to a minute, and begin anew once it passed', async () => {
    answer = fails('it is away');
    await asked('501');
    sender().start();
    await pass(5 * minute);
    const growing = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, minute, minute, minute];
    expect(pauses()).toEqual(growing.slice(0, pauses().length));
    expect(pauses().length).toBeGreaterThanOrEqual(9);
    answer = async () => {};
    await pass(minute);
    expect(whats()).toEqual(['501']);
    [answer, tries] = [fails('it is away'), []];
    await asked('502');
    await pass(2 * second);
    expect(pauses()).toEqual([500, 1_000]);
  });

  it('until a person mends it is tried again each minute, and not waited for at the end', async () => {
    [answer, fault] = [fails('no such wall', 'Build one.'), 'setup'];
    await asked('501');
    const one = sender();
    one.start();
    await pass(3 * minute);
    expect(pauses()).toEqual([minute, minute, minute].slice(0, pauses().length));
    expect(pauses().length).toBeGreaterThanOrEqual(2);
    const before = sinceStart();
    expect(await during(one.flush(minute))).toBe('failed');
    expect(sinceStart()).toBe(before);
    expect(lines).toEqual([
      'The wall is not told for now: no such wall. Build one.',
      'The wall was not told everything; the next run after it is mended sends the rest',
    ]);
  });

  it('is tried again at the end for as long as the run gives it, and then said', async () => {
    answer = fails('it is away');
    await asked('501');
    expect(await during(sender().flush(4 * second))).toBe('timedOut');
    expect(pauses()).toEqual([500, 1_000, 2_000]);
    expect(sinceStart()).toBe(4 * second);
    expect(lines).toEqual([
      'The wall is not told for now: it is away',
      'The wall was not told everything in time; the next run sends the rest',
    ]);
    expect(await log.lease(resource)).toMatchObject({ released: true });
    // What it failed with is kept for whoever looks, and not that the run ended meanwhile.
    const { state } = await log.checkpoint(`wall/${lane}`);
    expect(undeliveredIn(state).waiting).toMatchObject({ message: 'it is away', tries: 4 });
  });

  it('is waited for a moment at the end, for its lease, and no longer than that', async () => {
    await asked('501');
    answer = () => new Promise(() => {});
    const one = sender();
    one.start();
    await pass(second);
    expect(await during(one.flush(2 * second))).toBe('timedOut');
    expect(sinceStart()).toBe(3 * second + 250);
  });

  it('is said once, and again where it comes again after it passed', async () => {
    const one = sender();
    const drain = async (of: typeof answer) => {
      answer = of;
      await one.drain();
      return lines.splice(0);
    };
    await asked('501');
    const [away, full] = ['it is away', 'it is full'].map(
      (what) => `The wall is not told for now: ${what}`,
    );
    expect(await drain(fails('it is full'))).toEqual([full]);
    expect(await drain(fails('it is away'))).toEqual([away]);
    expect(await drain(fails('it is away'))).toEqual([]);
    expect(await drain(async () => {})).toEqual([]);
    await asked('502');
    expect(await drain(fails('it is away'))).toEqual([away]);
    const text = async () => {
      throw 'a text';
    };
    expect(await drain(text)).toEqual(['The wall is not told for now: a text']);
  });
});

describe('what is there', () => {
  it('is seen within half a minute where no word of a write arrives', async () => {
    const deaf = changed({ changed: ({ timeoutMs, signal }) => time.sleep(timeoutMs, signal) });
    const one = sender({ log: deaf });
    one.start();
    await pass(second);
    await asked('501');
    await pass(28 * second);
    expect(told).toEqual([]);
    await pass(2 * second);
    expect(whats()).toEqual(['501']);
    await during(one.flush(minute));
  });

  it('is seen at once where it is written while the notifier looks', async () => {
    await log.saveCheckpoint(`wall/${lane}`, {
      ...{ position: 0, state: { begun: true, ordersFrom: 0 } },
    });
    const written = Promise.withResolvers<void>();
    let [isWritten, looks] = [false, 0];
    const one = sender({
      log: changed({
        // Whoever watches from then on hears nothing of what was written before.
        changed: ({ timeoutMs, signal }) =>
          isWritten ? time.sleep(timeoutMs, signal) : written.promise,
        head: async () => {
          const head = await log.head();
          looks += 1;
          if (looks === 2) {
            await asked('501');
            isWritten = true;
            written.resolve();
          }
          return head;
        },
      }),
    });
    one.start();
    await pass(second);
    expect(told).toEqual([[0, '501']]);
  });

  it('is of all lanes where none is given', async () => {
    const ports = { http: null as never, clock: time.clock, progress: () => {} };
    const all = () =>
      createNotifier({
        ...{ log, channel: wall, ports, owner: run.owner, leaseMs: minute, startAt: 'head' },
      });
    await all().drain();
    await asked('501');
    await asked('7', 'acme-api');
    await order(lane);
    await order('acme-api');
    await all().drain();
    expect(whats()).toEqual(['501', '7', 'acme-web lane.disabled', 'acme-api lane.disabled']);
    expect((await log.checkpoint('wall')).position).toBe(await log.head());
    expect(await log.lease('notify/wall')).toMatchObject({ released: true });
  });

  it.each<[string, NotifierOptions['startAt'], boolean, string[]]>([
    ['the whole log', 0, false, ['501', '502', '503', '504']],
    ['behind a place', 2, false, ['503', '504']],
    ['behind what was there when it was made', 'head', false, ['504']],
    ['behind what is there, where that could not be read', 'head', true, []],
  ])('is told from the first time on: %s', async (_, startAt, isDeaf, expected) => {
    for (const deploy of ['501', '502', '503']) await asked(deploy);
    let asks = 0;
    const one = sender({
      startAt,
      log: changed({
        head: () => {
          asks += 1;
          return isDeaf && asks === 1 ? Promise.reject(new Error('it is away')) : log.head();
        },
      }),
    });
    await time.runUntil(() => true, 0);
    await asked('504');
    await one.drain();
    expect(whats()).toEqual(expected);
  });
});

describe('several channels as one', () => {
  it.each<[Flushed[], Flushed]>([
    [['done', 'done'], 'done'],
    [['done', 'failed'], 'failed'],
    [['timedOut', 'done'], 'timedOut'],
    [[], 'done'],
  ])('that end with %j', async (each, all) => {
    const began: string[] = [];
    const one = together(
      each.map((flushed) => ({
        drain: async () => void began.push('drain'),
        start: () => void began.push('start'),
        flush: async () => flushed,
      })),
    );
    one.start();
    await one.drain();
    expect(await one.flush(0)).toBe(all);
    expect(began).toEqual([...each.map(() => 'start'), ...each.map(() => 'drain')]);
  });
});
