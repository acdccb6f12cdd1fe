/** Random histories of one log in memory, with readers, on the store and on the model. */

import {
  type AppendOptions,
  EventIdReused,
  type EventLog,
  FencedOff,
  type RecordedEvent,
  VersionConflict,
} from '../../../src/store/log.ts';
import { fc } from '../../fast-check.ts';
import { grantTtlMs, type ModelEvent, type ModelLog, type Outcome } from '../model.ts';

const stream = fc.constantFrom('a', 'b', 'ab');
const resource = fc.constantFrom('r', 's');
const fence = fc.record({ resource, token: fc.nat(5) });
const maybe = fc.option(fence, { nil: undefined, freq: 3 });
const event = fc.record({
  id: fc.nat(15).map((n) => `event-${n}`),
  value: fc.nat(1),
});
const expected = fc.oneof(
  { weight: 3, arbitrary: fc.constant('any' as const) },
  { weight: 1, arbitrary: fc.constantFrom('none' as const, 'exists' as const) },
  { weight: 2, arbitrary: fc.nat(4) },
);
const batch = fc.record({ stream, expected, events: fc.array(event, { maxLength: 3 }) });
const ttlMs = fc.integer({ min: 1, max: 100 });

const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      batches: fc.array(batch, { minLength: 1, maxLength: 3 }),
      fence: maybe,
      grant: maybe,
      release: maybe,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), resource, ttlMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('renew' as const), fence, ttlMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), fence }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('save' as const), position: fc.nat(9), fence: maybe }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ttlMs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      stream,
      from: fc.integer({ min: 1, max: 4 }),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('tail' as const),
      after: fc.nat(6),
      limit: fc.integer({ min: 1, max: 4 }),
      prefix: fc.constantFrom('', 'a', 'ab'),
    }),
  },
);

export type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;
type Append = Extract<Operation, { kind: 'append' }>;

export const history = fc.array(operation, { minLength: 1, maxLength: 30 });

function onModel(model: ModelLog, op: Operation): Outcome {
  switch (op.kind) {
    case 'append':
      return model.append(op.batches, fencesOf(op));
    case 'take':
      return model.take(op.resource, 'taken', op.ttlMs);
    case 'renew':
      return String(model.renew(op.fence, op.ttlMs));
    case 'release':
      return String(model.release(op.fence));
    case 'save':
      return model.saveCheckpoint('c', op.position, op.fence);
    case 'wait':
      model.now += op.ttlMs;
      return 'waited';
    case 'read':
      return seen(
        ofModel(model)
          .filter((one) => one.stream === op.stream && one.version >= op.from)
          .slice(0, op.limit),
      );
    case 'tail':
      return seen(
        ofModel(model)
          .filter((one) => one.position > op.after && one.stream.startsWith(op.prefix))
          .slice(0, op.limit),
      );
  }
}

async function onLog(log: EventLog, op: Operation): Promise<Outcome> {
  switch (op.kind) {
    case 'append':
      return append(log, op);
    case 'take': {
      const lease = await log.take(op.resource, { owner: 'taken' }, op.ttlMs);
      return lease === null ? 'held' : `token ${lease.token}`;
    }
    case 'renew':
      return String(await log.renew(op.fence, op.ttlMs));
    case 'release':
      return String(await log.release(op.fence));
    case 'save': {
      const checkpoint = { position: op.position, state: {} };
      return log.saveCheckpoint('c', checkpoint, op.fence).then(() => 'saved', refusal);
    }
    case 'wait':
      return 'waited';
    case 'read':
      return seenIn(await log.readStream(op.stream, { fromVersion: op.from, limit: op.limit }));
    case 'tail': {
      const { after, limit, prefix } = op;
      return seenIn(await log.readAll({ after, limit, streamPrefix: prefix }));
    }
  }
}

function append(log: EventLog, op: Append): Promise<Outcome> {
  const { grant, ...fences } = fencesOf(op);
  const options: AppendOptions = {
    ...fences,
    ...(grant && { grant: { ...grant, owner: { owner: 'granted' }, ttlMs: grantTtlMs } }),
  };
  const batches = op.batches.map((one) => ({
    ...one,
    events: one.events.map(({ id, value }) => ({ id, type: 't', data: { value }, metadata: {} })),
  }));
  return log.append(batches, options).then(({ outcome, events }) => {
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

const fencesOf = ({ fence, grant, release }: Append) => ({
  ...(fence && { fence }),
  ...(grant && { grant }),
  ...(release && { release }),
});

type Seen = ModelEvent & { readonly position: number };

const ofModel = (model: ModelLog): Seen[] =>
  model.events.map((one, n) => ({ ...one, position: n + 1 }));

const seen = (events: readonly Seen[]): Outcome =>
  events
    .map(
      ({ position, stream, version, id, value }) =>
        `${position} ${stream}@${version} ${id} ${value}`,
    )
    .join();

const seenIn = (events: readonly RecordedEvent[]): Outcome =>
  seen(events.map((one) => ({ ...one, value: Number(one.data.value) })));

async function stateOfLog(log: EventLog): Promise<Outcome> {
  const leases = (await log.leases('')).map(({ resource, token, owner, expiresInMs, released }) =>
    [resource, token, owner.owner, expiresInMs, released].join(' '),
  );
  const { position } = await log.checkpoint('c');
  return [seenIn(await log.readAll()), leases, position].join('; ');
}

function stateOfModel(model: ModelLog): Outcome {
  const leases = [...model.leases]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, { token, owner, expiresAt, released }]) =>
      [resource, token, owner, expiresAt - model.now, released].join(' '),
    );
  return [seen(ofModel(model)), leases, model.checkpoints.get('c') ?? 0].join('; ');
}

/** @throws where the log is not what the model says, which is also looked at after a refusal */
export async function replay(
  log: EventLog,
  model: ModelLog,
  operations: readonly Operation[],
): Promise<void> {
  for (const [n, op] of operations.entries()) {
    same(await onLog(log, op), onModel(model, op), `operation ${n + 1}`);
    const isLast = n === operations.length - 1;
    if (isLast) same(await stateOfLog(log), stateOfModel(model), 'the log in the end');
  }
  const { fault } = await log.verify();
  if (fault !== null) throw new Error(`${fault.position}: ${fault.reason}`);
}

function same(found: Outcome, expected: Outcome, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${found}; the model: ${expected}`);
}
