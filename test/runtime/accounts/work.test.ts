/**
 * Accounts of a long time take work by what they tell of, and not by its square: of twice the history twice as much is looked at.
 * What is counted is each reading of anything that the log has; no time is measured.
 */
import { describe, expect, it } from 'vitest';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { changesIn } from '../../../src/runtime/accounts/changes.ts';
import type { LaneRecord } from '../../../src/runtime/accounts/deploy-record.ts';
import { laneMetrics } from '../../../src/runtime/accounts/metrics.ts';
import type { Told } from '../../../src/runtime/audit/explain-facts.ts';
import { sample } from '../../machine/samples.ts';
import { live, minute, recordOf, releaseOf, start, toProduction } from './records.ts';

/** The same, and how often anything in it was read. */
function counting<T extends object>(value: T): { readonly value: T; readonly reads: () => number } {
  let reads = 0;
  const known = new WeakMap<object, object>();
  const wrap = (inner: unknown): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner;
    const before = known.get(inner);
    if (before !== undefined) return before;
    const proxy = new Proxy(inner, {
      get(target, name) {
        reads += 1;
        return wrap(Reflect.get(target, name));
      },
    });
    known.set(inner, proxy);
    return proxy;
  };
  return { value: wrap(value) as T, reads: () => reads };
}

const person = { actor: 'ana', observed: 'seen', reason: 'errors' };
const hour = 60;
const told = (at: number, event: LaneEvent): Told<LaneEvent> => ({
  event,
  time: new Date(minute(at)).toISOString(),
  position: at,
});

const rolledBack = (label: number, at: number): Told<LaneEvent>[] => {
  const about = { rollback: `rollback-${label}`, target: 'sample acme-production', ...person };
  const back = { id: `back-${label}`, version: `v${label}.back` };
  const same = { ...about, commit: null, to: releaseOf(label - 1) };
  return [
    told(at, { type: 'rollback.begun', data: { ...same, from: releaseOf(label) } }),
    told(at + 1, { type: 'rollback.done', data: { ...same, release: back } }),
  ];
};

type World = (label: number, at: number) => Partial<Pick<LaneRecord, 'deploys' | 'orders'>>;

const failed = (label: number, at: number) =>
  recordOf(label, at, [
    ...toProduction(label, at),
    [at + 15, sample('deploy.failed', { step: 'checkProductionHealth' })],
  ]);

const worlds: readonly (readonly [string, World])[] = [
  ['become live', (label, at) => ({ deploys: [live(label, at)] })],
  ['fail in production', (label, at) => ({ deploys: [failed(label, at)] })],
  [
    'are held',
    (label, at) => ({
      deploys: [
        recordOf(label, at, [
          ...toProduction(label, at).slice(0, 7),
          [at + 8, sample('production.held')],
        ]),
      ],
    }),
  ],
  [
    'are each taken back by a person',
    (label, at) => ({ deploys: [live(label, at)], orders: rolledBack(label, at + 20) }),
  ],
  [
    'run beside what people take back',
    (label, at) => ({ deploys: [live(label, at)], orders: rolledBack(5_000 + label, at + 20) }),
  ],
  [
    'are each accepted by a person',
    (label, at) => {
      const deploy = live(label, at);
      const about = { deploy: deploy.deploy, about: 'settings' as const, digest: 'a'.repeat(64) };
      const given = { type: 'trust.given', data: { ...about, ...person } } as LaneEvent;
      return { deploys: [deploy], orders: [told(at + 5, given)] };
    },
  ],
];

const [few, many] = [60, 240];
/** What each world is made of, one deploy an hour: made once for all accounts of it, which only read. */
const made = new Map(
  worlds.map(([name, world]) => [
    name,
    Array.from({ length: many }, (_, n) => world(1_000 + n, n * hour)),
  ]),
);

/** Of so many deploys. */
function historyOf(world: string, count: number): LaneRecord {
  const parts = made.get(world)?.slice(0, count) ?? [];
  return {
    lane: 'acme-web',
    deploys: parts.flatMap(({ deploys = [] }) => deploys),
    orders: parts.flatMap(({ orders = [] }) => orders),
    liveBefore: null,
  };
}

const iso = (at: number): string => new Date(minute(at)).toISOString();
const accounts: readonly (readonly [string, (record: LaneRecord, hours: number) => unknown])[] = [
  ['report', (record, hours) => changesIn(record, { since: iso(0), until: iso(hours * hour) })],
  [
    'metrics',
    (record, hours) =>
      laneMetrics({
        ...record,
        ...{ sinceMs: start, untilMs: minute(hours * hour), committedAt: new Map() },
      }),
  ],
];

describe.each(accounts)('%s', (_, account) => {
  it.each([...made.keys()])('of deploys that %s', (world) => {
    const reads = (count: number): number => {
      const history = counting(historyOf(world, count));
      account(history.value, count);
      return history.reads();
    };
    const readOfFew = reads(few);
    expect(readOfFew).toBeGreaterThan(few);
    // Four times as much; in a loop within a loop it would be sixteen times.
    expect(reads(many) / readOfFew).toBeLessThan(4.5);
  });
});
