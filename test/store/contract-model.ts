/** The contract as a model: random histories, by two connections, give what the smallest log gives. */

import { describe, expect, it } from 'vitest';
import {
  type AppendOptions,
  EventIdReused,
  type EventLog,
  FencedOff,
  VersionConflict,
} from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { fc } from '../fast-check.ts';
import { often } from './attacks/seed.ts';
import type { TestStore } from './events.ts';
import { grantTtlMs, type ModelBatch, ModelLog, type ModelOptions, type Outcome } from './model.ts';

const histories = often(15, 150);

const stream = fc.constantFrom('a', 'b');
const resource = fc.constantFrom('r', 's');
const fence = fc.record({ resource, token: fc.integer({ min: 0, max: 5 }) });
const optionalFence = fc.option(fence, { nil: undefined, freq: 3 });
const event = fc.record({
  id: fc.constantFrom(...'abcdefghijklmnop').map((letter) => `event-${letter}`),
  value: fc.integer({ min: 0, max: 1 }),
});
const batch = fc.record({
  stream,
  expected: fc.oneof(
    { weight: 3, arbitrary: fc.constant('any' as const) },
    { weight: 1, arbitrary: fc.constantFrom('none' as const, 'exists' as const) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 4 }) },
  ),
  events: fc.array(event, { maxLength: 2 }),
});

/** Which connection carries an operation out. */
const by = fc.constantFrom(0, 1);
const ttlMs = fc.integer({ min: 1, max: 100 });

const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      by,
      batches: fc.array(batch, { minLength: 1, maxLength: 2 }),
      options: fc.record({ fence: optionalFence, grant: optionalFence, release: optionalFence }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), by, resource, ttlMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('renew' as const), by, fence, ttlMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), by, fence }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('save' as const),
      by,
      position: fc.nat(9),
      fence: optionalFence,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), by, ttlMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), by }) },
);

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const owner = 'taken';

function onModel(model: ModelLog, op: Operation): Outcome {
  switch (op.kind) {
    case 'append':
      return model.append(op.batches, present(op.options));
    case 'take':
      return model.take(op.resource, owner, op.ttlMs);
    case 'renew':
      return String(model.renew(op.fence, op.ttlMs));
    case 'release':
      return String(model.release(op.fence));
    case 'save':
      return model.saveCheckpoint('c', op.position, op.fence);
    case 'wait':
      model.now += op.ttlMs;
      return 'waited';
    case 'reopen':
      return 'reopened';
  }
}

async function onLog(log: EventLog, op: Operation): Promise<Outcome> {
  switch (op.kind) {
    case 'append':
      return appendTo(log, op.batches, present(op.options));
    case 'take': {
      const lease = await log.take(op.resource, { owner }, op.ttlMs);
      return lease === null ? 'held' : `token ${lease.token}`;
    }
    case 'renew':
      return String(await log.renew(op.fence, op.ttlMs));
    case 'release':
      return String(await log.release(op.fence));
    case 'save':
      return log
        .saveCheckpoint('c', { position: op.position, state: {} }, op.fence)
        .then(() => 'saved', refusal);
    case 'wait':
      return 'waited';
    case 'reopen':
      await log.close();
      return 'reopened';
  }
}

function appendTo(
  log: EventLog,
  batches: readonly ModelBatch[],
  { grant, ...options }: ModelOptions,
): Promise<Outcome> {
  const given: AppendOptions =
    grant === undefined
      ? options
      : { ...options, grant: { ...grant, owner: { owner: 'granted' }, ttlMs: grantTtlMs } };
  const appended = log.append(
    batches.map((one) => ({
      ...one,
      events: one.events.map(({ id, value }) => ({
        id,
        type: 'thing.happened',
        data: { value },
        metadata: {},
      })),
    })),
    given,
  );
  return appended.then(({ outcome, events }) => {
    const word = outcome === 'appended' ? 'appended' : 'already';
    return `${word} ${events.map(({ position }) => position)}`;
  }, refusal);
}

function refusal(error: unknown): Outcome {
  if (error instanceof VersionConflict) return `VersionConflict ${error.stream}@${error.actual}`;
  if (error instanceof FencedOff) return `FencedOff ${error.current}`;
  if (error instanceof EventIdReused) return 'EventIdReused';
  throw error;
}

function present(
  options: { [K in keyof ModelOptions]: ModelOptions[K] | undefined },
): ModelOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function stateOfLog(log: EventLog) {
  const events = await log.readAll();
  return {
    positions: events.map(({ position }) => position),
    events: events.map(({ stream, version, id, data }) => ({ stream, version, id, ...data })),
    leases: await log.leases(''),
    checkpoint: (await log.checkpoint('c')).position,
  };
}

function stateOfModel(model: ModelLog) {
  return {
    positions: model.events.map((_, n) => n + 1),
    events: model.events,
    leases: [...model.leases]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([resource, { token, owner, expiresAt, released }]) => {
        const expiresInMs = expiresAt - model.now;
        return { resource, token, owner: { owner }, expiresInMs, released };
      }),
    checkpoint: model.checkpoints.get('c') ?? 0,
  };
}

async function agrees(create: () => Promise<TestStore>, history: readonly Operation[]) {
  const store = await create();
  const model = new ModelLog();
  const open = () => openLog(store.url, { now: () => model.now });
  const logs = [await open(), await open()];
  try {
    for (const op of history) {
      const log = logs[op.by] as EventLog;
      expect(await onLog(log, op), JSON.stringify(op)).toBe(onModel(model, op));
      if (op.kind === 'reopen') logs[op.by] = await open();
    }
    for (const log of logs) expect(await stateOfLog(log)).toEqual(stateOfModel(model));
    expect((await logs[0]?.verify())?.fault).toBeNull();
  } finally {
    for (const log of logs) await log.close();
    await store.remove();
  }
}

export function modelContract(create: () => Promise<TestStore>): void {
  describe('any history', () => {
    it(`gives the outcomes and the state of the model (${histories} histories)`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40 }), (history) =>
          agrees(create, history),
        ),
        { numRuns: histories },
      );
    });
  });
}
