/** Two who both believe that they hold a resource: from the takeover on, only the newer token appends. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  type AppendOptions,
  type EventLog,
  type Fence,
  FencedOff,
  VersionConflict,
} from '../../../src/store/log.ts';
import { sqliteStore } from '../events.ts';
import { storeFixture } from '../fixture.ts';
import { Attacker } from './processes.ts';
import { attackTimeoutMs, drawn, type Lot, often, tell } from './seed.ts';

const { open, store } = storeFixture(sqliteStore);

const overlaps = often(400, 100_000);
/** How often one of two processes has to find itself overtaken. */
const overtakings = often(60, 10_000);
const ttlMs = 100;

const lease = { owner: {}, ttlMs };

const append = (log: EventLog, { resource }: Fence, options: AppendOptions) =>
  log.append(
    [
      {
        stream: resource,
        expected: 'any',
        events: [{ id: randomUUID(), type: 'thing.happened', data: {}, metadata: {} }],
      },
    ],
    options,
  );

/** What a holder may do, and what it came to: `done`, `not`, or the token that it was told of. */
type Step = (log: EventLog, fence: Fence, isFenced: boolean) => Promise<string | number>;

const refusal = (error: unknown): number => {
  if (error instanceof FencedOff) return error.current;
  throw error;
};

const steps: Readonly<Record<string, Step>> = {
  append: (log, fence, isFenced) =>
    append(log, fence, isFenced ? { fence } : {}).then(() => 'done', refusal),
  'append and release': (log, fence) =>
    append(log, fence, { release: fence }).then(() => 'done', refusal),
  'save a checkpoint': (log, fence) =>
    log
      .saveCheckpoint(fence.resource, { position: fence.token, state: {} }, fence)
      .then(() => 'done', refusal),
  renew: async (log, fence) => ((await log.renew(fence, ttlMs)) ? 'done' : 'not'),
  release: async (log, fence) => ((await log.release(fence)) ? 'done' : 'not'),
};

const harmless = ['append', 'save a checkpoint', 'renew'];

interface Clock {
  now: number;
}

/** Two ask at the same time for what is free: one has it. */
async function takenByOne(logs: readonly EventLog[], resource: string, lot: Lot): Promise<number> {
  const before = (await logs[0]?.lease(resource))?.token ?? 0;
  const fence = { resource, token: before + 1 };
  const version = (await logs[0]?.readStream(resource))?.length ?? 0;
  const grant = (log: EventLog) => {
    const event = { id: randomUUID(), type: 'lock.acquired', data: {}, metadata: {} };
    const batch = { stream: resource, expected: version, events: [event] };
    return log.append([batch], { grant: { ...fence, ...lease } }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof VersionConflict) return false;
        throw error;
      },
    );
  };
  const take = async (log: EventLog) => (await log.take(resource, {}, ttlMs)) !== null;
  const ask = lot.happens(0.5) ? take : grant;
  const order = lot.oneOf([
    [0, 1],
    [1, 0],
  ]);
  const got = await Promise.all(order.map((n) => ask(logs[n] as EventLog)));
  if (got.filter(Boolean).length !== 1) throw new Error(`${ask.name}: ${got} of both`);
  expect(await logs[0]?.lease(resource)).toMatchObject({ token: fence.token, released: false });
  return order[got.indexOf(true)] as number;
}

/** The first is overtaken at some point of its work, and goes on; so does the one that overtook it. */
async function overlap(
  logs: readonly EventLog[],
  clock: Clock,
  resource: string,
  lot: Lot,
  isFenced = true,
): Promise<string | null> {
  const first = await takenByOne(logs, resource, lot);
  const old = { resource, token: 1 };
  for (let n = lot.below(3); n > 0; n--) {
    const step = steps[lot.oneOf(harmless)] as Step;
    expect(await step(logs[first] as EventLog, old, isFenced)).toBe('done');
  }
  // Its lease runs out, or somebody unlocks it.
  if (lot.happens(0.5)) clock.now += ttlMs + lot.below(5);
  else await logs[lot.below(2)]?.release(old);
  const second = await takenByOne(logs, resource, lot);
  const current = { resource, token: 2 };

  for (let n = 2 + lot.below(4); n > 0; n--) {
    const isOld = lot.happens(0.5);
    const [name, step] = lot.oneOf(Object.entries(steps));
    if (!isOld && !harmless.includes(name)) continue;
    const log = logs[isOld ? 1 - second : second] as EventLog;
    const outcome = await step(log, isOld ? old : current, isFenced);
    const isRight = isOld ? outcome === 2 || outcome === 'not' : outcome === 'done';
    if (!isRight) return `${isOld ? 'the old' : 'the current'} holder: ${name} gave ${outcome}`;
  }
  // Both at once, at last.
  const both = [old, current].map((fence, n) =>
    (steps.append as Step)(logs[n] as EventLog, fence, isFenced),
  );
  const outcomes = await Promise.all(both);
  return outcomes.join() === '2,done' ? null : `both append: ${outcomes}`;
}

async function twoLogs() {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const now = () => clock.now;
  return { clock, logs: [await open({ now }), await open({ now })] };
}

it(`${overlaps} forced overlaps`, { timeout: attackTimeoutMs }, async () => {
  await drawn(async (lot, seed) => {
    const { clock, logs } = await twoLogs();
    for (let n = 0; n < overlaps; n++) {
      expect(await overlap(logs, clock, `r${n}`, lot)).toBeNull();
    }
    expect((await logs[0]?.verify())?.fault).toBeNull();
    tell(`takers: ${overlaps} overlaps, seed ${seed}`);
  });
});

it('holders that append without their token are found out', async () => {
  await drawn(async (lot) => {
    const { clock, logs } = await twoLogs();
    expect(await overlap(logs, clock, 'r', lot, false)).not.toBeNull();
  });
});

/** The tokens that two processes appended under, in order, until each was overtaken often enough. */
async function fightOver(manner: string): Promise<number[]> {
  const count = String(overtakings);
  const starting = ['ada', 'bob'].map((name) =>
    Attacker.start('taker-process.ts', [store().url, name, count, manner]),
  );
  const takers = await Promise.all(starting);
  await Promise.all(takers.map((taker) => taker.line()));
  await Promise.all(takers.map((taker) => taker.end()));
  const log = await open();
  expect((await log.verify()).fault).toBeNull();
  const events = await log.readStream('r', { limit: 10_000_000 });
  return events.map(({ data }) => Number(data.token));
}

const inOrder = (tokens: readonly number[]): boolean =>
  tokens.every((token, n) => n === 0 || token > (tokens[n - 1] ?? 0));

it(`two processes that overtake each other ${overtakings} times`, {
  timeout: attackTimeoutMs,
}, async () => {
  const tokens = await fightOver('fenced');
  tell(
    `takers: ${tokens.length} appends of processes that were overtaken ${overtakings} times each`,
  );
  expect(inOrder(tokens)).toBe(true);
});

it('two processes that append without their token are found out', async () => {
  expect(inOrder(await fightOver('unfenced'))).toBe(false);
});
