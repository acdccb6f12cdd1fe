/**
 * Reports of periods that meet, of one log: each change of production is in exactly one of them, wherever the edge is; and a deploy
 * that waited before a period counts in it for as long as it waited there.
 */
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/machine/events.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { type LaneRecord, readLaneRecord } from '../../../src/runtime/accounts/deploy-record.ts';
import { laneMetrics } from '../../../src/runtime/accounts/metrics.ts';
import { readChanges } from '../../../src/runtime/accounts/read-changes.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { deployStream, laneStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { fc } from '../../fast-check.ts';
import { sample } from '../../machine/samples.ts';
import { attackTimeoutMs, often } from '../../store/attacks/seed.ts';
import { deployEvents, run, wayToGates, wayToLive } from '../audit/written.ts';

const lane = 'acme-web';
const start = Date.parse('2026-01-05T10:00:00.000Z');
const minute = 60_000;
const day = 24 * 60 * minute;
const iso = (ms: number): string => new Date(ms).toISOString();
const commitOf = (n: number): string => `${n}`.padEnd(40, 'a');
const releaseOf = (n: number) => ({ id: `release-v${n}`, version: `v${n}` });
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };

/** A log that is written at times that a test chooses. */
class History {
  nowMs = start;
  readonly log: EventLog;
  #label = 500;

  private constructor(log: EventLog) {
    this.log = log;
  }

  static async open(): Promise<History> {
    const clock = { now: () => start };
    const log = await openLog('sqlite::memory:', { projections, now: () => clock.now() });
    const history = new History(log);
    clock.now = () => history.nowMs;
    return history;
  }

  close(): Promise<void> {
    return this.log.close();
  }

  /** A deploy whose events follow each other by those pauses, over and over. */
  async deploy(
    events: (label: number) => readonly DomainEvent[],
    pauses: readonly number[],
    meanwhile: (after: string) => Promise<void> = async () => {},
  ): Promise<void> {
    const label = ++this.#label;
    const commit = commitOf(label);
    const made = deployEvents({ label: `${label}`, commit, lane }, events(label));
    const stream = deployStream(`${label}-${commit.slice(0, 8)}`);
    for (const [i, event] of made.entries()) {
      this.pass(pauses[i % pauses.length] ?? 0);
      await this.log.append([{ stream, expected: i === 0 ? 'none' : i, events: [event] }]);
      if (event.type === 'production.deployed') {
        const made = { deploy: `${label}`, release: releaseOf(label).id };
        const data = { ...made, target: 'sample production' };
        await this.order({ type: 'lane.deployed', data });
      }
      await meanwhile(event.type);
    }
  }

  async order(event: LaneEvent): Promise<void> {
    const events = [newEvent(event, run)];
    await this.log.append([{ stream: laneStream(lane), expected: 'any', events }]);
  }

  pass(minutes: number): void {
    this.nowMs += minutes * minute;
  }
}

const live = (label: number) => wayToLive(commitOf(label), commitOf(label - 1), `v${label}`);
const toGates = (label: number) => wayToGates(commitOf(label), commitOf(label - 1), `v${label}`);

const ends = ['done', 'runs', 'late', 'nothing', 'none'] as const;
/** What happens one after another. `pauses` in minutes; `skew`: by how much the target's clock is ahead of the log's. */
const happenings = fc.oneof(
  fc.record({ kind: fc.constantFrom('live', 'fails', 'open', 'held', 'resumed' as const) }),
  fc.record({ kind: fc.constant('rollback' as const), end: fc.constantFrom(...ends) }),
  fc.record({ kind: fc.constant('outside' as const), skew: fc.integer({ min: -90, max: 90 }) }),
);
type Happening = typeof happenings extends fc.Arbitrary<infer T> ? T : never;

/** @returns how many changes of production there were */
async function happen(
  history: History,
  what: Happening,
  pauses: readonly number[],
  n: number,
): Promise<number> {
  const deploy = (events: (label: number) => readonly DomainEvent[]) =>
    history.deploy(events, pauses);
  if (what.kind === 'live') await deploy(live);
  if (what.kind === 'open') await deploy((label) => live(label).slice(0, -3));
  if (what.kind === 'fails')
    await deploy((label) => [...live(label).slice(0, -1), sample('deploy.failed')]);
  if (what.kind === 'held') {
    await deploy((label) => [...toGates(label), sample('production.disabled', { switch: 'lane' })]);
    return 0;
  }
  if (what.kind === 'resumed') {
    const off = sample('production.disabled', { switch: 'lane' });
    const way = (label: number) => [
      ...toGates(label),
      off,
      sample('deploy.resumed'),
      ...live(label),
    ];
    // Another one is live while it is held.
    await history.deploy(way, pauses, (type) =>
      type === off.type ? deploy(live) : Promise.resolve(),
    );
    return 2;
  }
  if (what.kind === 'rollback') await rollBack(history, what.end, pauses, n);
  if (what.kind === 'outside') {
    const { rollback } = samples['production.held'];
    const at = iso(history.nowMs + what.skew * minute);
    const own = { id: `outside-${n}`, version: `x${n}` };
    const met = { ...rollback, release: own, at, kind: 'rollback' as const };
    // A second deploy meets the same release, at any time after the first.
    for (let twice = 0; twice < 2; twice++) {
      await deploy((label) => [...toGates(label), sample('production.held', { rollback: met })]);
    }
  }
  return 1;
}

async function rollBack(
  history: History,
  end: (typeof ends)[number],
  pauses: readonly number[],
  n: number,
): Promise<void> {
  const about = {
    rollback: `r${n}`,
    target: 'sample acme-production',
    to: releaseOf(1),
    ...person,
  };
  const made = { release: { id: `back-${n}`, version: `b${n}` }, commit: commitOf(1) };
  await history.order({
    type: 'rollback.begun',
    data: { ...about, from: releaseOf(2), commit: null },
  });
  history.pass(pauses[0] ?? 0);
  if (end === 'none') return;
  if (end === 'done') return history.order({ type: 'rollback.done', data: { ...about, ...made } });
  const failed = { ...about, code: 'E_UNHEALTHY', message: 'down' };
  const runs = end === 'runs';
  return history.order({
    type: 'rollback.failed',
    data: { ...failed, made: end === 'nothing' ? null : { ...made, runs } },
  });
}

const pausesOf = fc.array(fc.constantFrom(0, 1, 2, 7, 60, 26 * 60), { minLength: 3, maxLength: 8 });
const histories = fc.array(fc.record({ what: happenings, pauses: pausesOf }), {
  minLength: 1,
  maxLength: 6,
});

describe('of two periods that meet, each change of production', () => {
  it(
    'is in exactly one, wherever the edge is',
    async () => {
      const edges = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1)), {
        minLength: 8,
        maxLength: 8,
      });
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(histories, edges, async (all, places) => {
          const history = await History.open();
          try {
            let count = 0;
            for (const [n, { what, pauses }] of all.entries()) {
              count += await happen(history, what, pauses, n);
            }
            const { log } = history;
            const [since, until] = [iso(start - 10 * day), iso(history.nowMs + 10 * day)];
            const whole = await readChanges(log, lane, { since, until });
            expect(whole).toHaveLength(count);
            const events = await log.readAll({ after: 0, limit: 10_000 });
            const times = [...events.map(({ time }) => time), ...whole.map(({ at }) => at)];
            for (const [place, after] of places) {
              const edge = iso(Date.parse(times[place % times.length] ?? '') + after);
              const first = await readChanges(log, lane, { since, until: edge });
              const second = await readChanges(log, lane, { since: edge, until });
              expect([...first, ...second], edge).toEqual(whole);
              compared += 1;
            }
          } finally {
            await history.close();
          }
        }),
        { numRuns: often(10, 300) },
      );
      expect(compared).toBeGreaterThan(79);
    },
    attackTimeoutMs,
  );
});

it('what a target with a fast clock tells of is once in the period in which it was met first', async () => {
  const history = await History.open();
  const release = { id: 'outside', version: 'x1' };
  const at = iso(start + 90 * minute);
  const rollback = { ...samples['production.held'].rollback, release, at };
  const meets = (label: number) => [...toGates(label), sample('production.held', { rollback })];
  await history.deploy(meets, [0]);
  history.pass(30);
  await history.deploy(live, [0]);
  history.pass(40);
  await history.deploy(meets, [0]);
  const edge = iso(start + 60 * minute);
  const releases = async (since: string, until: string) =>
    (await readChanges(history.log, lane, { since, until })).map((change) => change.release);
  expect(await releases(iso(start), edge)).toEqual(['x1', 'v502']);
  expect(await releases(edge, iso(start + day))).toEqual([]);
  await history.close();
});

describe('what waited before a period', () => {
  const waitedIn = async (log: EventLog, fromMs: number, toMs: number) => {
    const record: LaneRecord = await readLaneRecord(log, lane, {
      since: iso(fromMs),
      until: iso(toMs),
    });
    const input = { ...record, sinceMs: fromMs, untilMs: toMs, committedAt: new Map() };
    return laneMetrics(input).waiting;
  };
  const held = (label: number) => [
    ...toGates(label),
    sample('production.disabled', { switch: 'lane' }),
  ];

  it.each([
    ['is held through it', () => {}, day],
    [
      'is held until another deploy is live in it',
      async (history: History) => {
        history.pass(2 * 24 * 60 + 60);
        await history.deploy(live, [0]);
      },
      60 * minute,
    ],
    [
      'is held no more: another deploy was live before it',
      async (history: History) => {
        history.pass(60);
        await history.deploy(live, [0]);
      },
      0,
    ],
  ] as const)('and %s counts for that long', async (_, happens, heldMs) => {
    const history = await History.open();
    await history.deploy(held, [0]);
    await happens(history);
    const { parts } = await waitedIn(history.log, start + 2 * day, start + 3 * day);
    expect(parts.held).toBe(heldMs);
    await history.close();
  });

  it('and gave up waiting for the lane, until another one that is live before the period', async () => {
    const history = await History.open();
    await history.deploy(() => [sample('lock.waitTimedOut')], [0]);
    history.pass(60);
    await history.deploy(live, [0]);
    const { wholeMs } = await waitedIn(history.log, start + 2 * day, start + 3 * day);
    expect(wholeMs).toBe(0);
    await history.close();
  });

  it(
    'is the same in all, however the time is cut into periods',
    async () => {
      const edges = fc.array(fc.integer({ min: 1, max: 20 * 24 * 60 - 1 }), {
        minLength: 1,
        maxLength: 4,
      });
      await fc.assert(
        fc.asyncProperty(histories, edges, async (all, cuts) => {
          const history = await History.open();
          for (const [n, { what, pauses }] of all.entries()) await happen(history, what, pauses, n);
          const { log } = history;
          const endMs = start + 20 * day;
          const whole = await waitedIn(log, start, endMs);
          const times = [...new Set(cuts)].map((at) => start + at * minute).sort((a, b) => a - b);
          const all_ = [start, ...times, endMs];
          const sum = { wholeMs: 0, held: 0 };
          for (const [i, from] of all_.slice(0, -1).entries()) {
            const { wholeMs, parts } = await waitedIn(log, from, all_[i + 1] ?? endMs);
            sum.wholeMs += wholeMs;
            sum.held += parts.held;
          }
          expect(sum).toEqual({ wholeMs: whole.wholeMs, held: whole.parts.held });
          await history.close();
        }),
        { numRuns: often(10, 300) },
      );
    },
    attackTimeoutMs,
  );
});
