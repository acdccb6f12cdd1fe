/** The lane's snapshot: written with a grant, read in place of all that is before it, and no way round what the events say. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { emptyLane, foldLane, type Lane, type LaneEvent } from '../../../src/machine/lane.ts';
import type { ServiceInput } from '../../../src/machine/services.ts';
import { hide } from '../../../src/redaction/gate.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { LogVerifier } from '../../../src/runtime/audit/verify.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { switchLane } from '../../../src/runtime/lock/lane-orders.ts';
import { Lanes, readLane } from '../../../src/runtime/lock/lanes.ts';
import { createLeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { snapshotDue } from '../../../src/runtime/lock/snapshot.ts';
import { createStoreLock } from '../../../src/runtime/lock/store-lock.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import { hashOf, noHash } from '../../../src/store/hash-chain.ts';
import { type EventLog, LogFault, type RecordedEvent } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import type { EventRow } from '../../../src/store/tables.ts';
import { anActor } from '../../actor.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';
import { sqliteStore } from '../../store/events.ts';
import { storeFixture } from '../../store/fixture.ts';

const { open, store } = storeFixture(sqliteStore);
const name = 'acme';
const stream = laneStream(name);
const leaseMs = 60_000;
const run = newRun({ actor: anActor, ci: null, program: 'test' });
const person = { actor: 'ada', observed: 'seen', reason: 'a rollback that is none' };
const lift = (release: string): LaneEvent => ({
  type: 'rollback.lifted',
  data: { target: 'sample acme', release, ...person },
});
const events = (count: number, first = 0): LaneEvent[] =>
  Array.from({ length: count }, (_, n) => lift(`v${first + n}`));

const write = (log: EventLog, ...of: readonly LaneEvent[]) =>
  log.append([{ stream, expected: 'any', events: of.map((event) => newEvent(event, run)) }]);

/** Has a deploy given the lane, and gives it back. @returns the events that this wrote, without what it was joined by */
async function deployIn(log: EventLog, label: string): Promise<readonly RecordedEvent[]> {
  const clock = createVirtualClock({ holdMs: 1 });
  const keeper = createLeaseKeeper({ log, clock, leaseMs });
  const deploy = `${label}-11111111`;
  const mine = await log.take(runResource(deploy), run.owner, leaseMs);
  keeper.hold({ resource: runResource(deploy), token: mine?.token ?? 0 });
  const lock = createStoreLock({
    ...{ log, clock, run, keeper, leaseMs },
    relations: async (_, heads) => heads.map(() => 'unknown'),
    quiesce: async () => {},
  });
  const input: ServiceInput<'acquireLock'> = {
    ...{ deploy, lane: name, commit: label.padStart(40, '1'), branch: 'main' },
    build: { provider: 'other', label, attempt: 1, job: null, workflow: null, url: null },
    ...{ stacking: 'skip', purpose: 'deploy' },
    lock: { provider: 'store', timeoutMs: 3_600_000, leaseMs },
  };
  try {
    const granted = await lock.acquire(input, new AbortController().signal, () => {});
    const token = granted.kind === 'granted' ? (granted.token ?? 0) : 0;
    const wrote = await log.readStream(stream, { fromVersion: token });
    await log.append(
      [
        {
          ...{ stream, expected: 'any' },
          events: [newEvent({ type: 'lock.released', data: { deploy, token, why: 'live' } }, run)],
        },
      ],
      { release: { resource: stream, token } },
    );
    return wrote;
  } finally {
    keeper.stop();
    await log.release({ resource: runResource(deploy), token: mine?.token ?? 0 });
  }
}

const typesOf = (records: readonly RecordedEvent[]) => records.map(({ type }) => type);

async function rowsOf(log: EventLog): Promise<EventRow[]> {
  const rows: EventRow[] = [];
  for await (const page of log.stored()) rows.push(...page);
  return rows;
}

const verified = (rows: readonly EventRow[]) => {
  const verifier = new LogVerifier();
  for (const row of rows) verifier.take(row);
  return verifier
    .finish()
    .findings.map(({ kind, position, reason }) => ({ kind, position, reason }));
};

/** A log that an owner of the database wrote anew from there on, so that all hashes are right. */
function rehashed(rows: readonly EventRow[]): EventRow[] {
  let previous_hash = noHash;
  return rows.map((row) => {
    const unhashed = { ...row, previous_hash };
    previous_hash = hashOf(unhashed);
    return { ...unhashed, hash: previous_hash };
  });
}

it('nothing is known of a lane whose last events a server lost, and which went on without them', async () => {
  const [before, after] = [await openLog('sqlite::memory:'), await openLog('sqlite::memory:')];
  await write(before, lift('v1'), lift('v2'));
  await write(after, lift('v1'), { type: 'lane.disabled', data: person }, lift('v3'));
  let now: EventLog = before;
  const log = new Proxy({} as EventLog, { get: (_, key) => Reflect.get(now, key).bind(now) });
  const lanes = new Lanes(log);
  await lanes.read(name);
  now = after;
  await expect(lanes.read(name)).rejects.toMatchObject({ code: 'E_STORE_REPLACED' });
  expect((await new Lanes(log).read(name)).disabled).not.toBeNull();
  await before.close();
  await after.close();
});

it('is written with the first grant of a long lane that an earlier version wrote, and then each hundred events', async () => {
  const log = await open();
  await write(log, ...events(250));
  expect(typesOf(await deployIn(log, '501'))).toEqual(['lock.granted', 'lane.snapshot']);
  expect(typesOf(await deployIn(log, '502'))).toEqual(['lock.granted']);
  await write(log, ...events(100, 250));
  expect(typesOf(await deployIn(log, '503'))).toEqual(['lock.granted', 'lane.snapshot']);
});

it('is all that is read of what came before it, once; then only what is new is', async () => {
  const log = await open();
  await write(log, ...events(250));
  await deployIn(log, '501');
  let read = 0;
  const counting = new Proxy(log, {
    get(target, member) {
      if (member !== 'readStream') return Reflect.get(target, member).bind(target);
      return async (...of: Parameters<EventLog['readStream']>) => {
        const found = await target.readStream(...of);
        read += found.length;
        return found;
      };
    },
  });
  const lanes = new Lanes(counting);
  const lane = await lanes.read(name);
  // The snapshot, and that the lane was given back.
  expect(read).toBe(2);
  expect(lane.lifted.has('v249')).toBe(true);
  expect(await lanes.read(name)).toBe(lane);
  await write(log, lift('v250'));
  expect((await lanes.read(name)).lifted.has('v250')).toBe(true);
  expect(read).toBe(3);
});

it('is without runs that waited and are over, which may join again; who is alive keeps its place', async () => {
  const log = await open();
  const waits = (deploy: string): LaneEvent => ({
    type: 'lane.joined',
    data: { deploy, run: run.id, build: deploy, commit: deploy },
  });
  await write(log, ...events(100), waits('dead'), waits('alive'));
  await log.take(runResource('alive'), run.owner, leaseMs);
  const unordered = await log.take(runResource('dead'), run.owner, leaseMs);
  await log.release({ resource: runResource('dead'), token: unordered?.token ?? 0 });
  // One that goes before all who wait: nobody of them is superseded by it.
  const lane = async (): Promise<Lane> => readLane(log, name);
  expect((await lane()).waiting.map(({ deploy }) => deploy)).toEqual(['dead', 'alive']);
  const clock = createVirtualClock({ holdMs: 1 });
  const keeper = createLeaseKeeper({ log, clock, leaseMs });
  const mine = await log.take(runResource('back'), run.owner, leaseMs);
  keeper.hold({ resource: runResource('back'), token: mine?.token ?? 0 });
  const lock = createStoreLock({
    ...{ log, clock, run, keeper, leaseMs },
    relations: async (_, heads) => heads.map(() => 'unknown'),
    quiesce: async () => {},
  });
  await lock.acquire(
    {
      ...{ deploy: 'back', lane: name, commit: 'c', branch: 'main' },
      rollback: {
        from: { id: '2', version: 'v2' },
        to: { id: '1', version: 'v1' },
        ...person,
        at: '',
      },
      build: { provider: 'other', label: '9', attempt: 1, job: null, workflow: null, url: null },
      ...{ stacking: 'skip', purpose: 'deploy' },
      lock: { provider: 'store', timeoutMs: 3_600_000, leaseMs },
    },
    new AbortController().signal,
    () => {},
  );
  keeper.stop();
  expect((await lane()).waiting.map(({ deploy }) => deploy)).toEqual(['alive']);
  expect(verified(await rowsOf(log))).toEqual([]);
});

it('is not written where something in it is known as a secret by now: it would be another lane', async () => {
  const log = await open();
  await write(log, ...events(120));
  await write(log, { type: 'lane.disabled', data: { ...person, reason: 'snail-4471-hunter' } });
  await write(log, { type: 'lane.enabled', data: person }, lift('snail-4471-hunter'));
  hide('snail-4471-hunter');
  expect(typesOf(await deployIn(log, '501'))).toEqual(['lock.granted']);
});

it('is not written where more wait than an event has room for', () => {
  const joined = Array.from({ length: 2_000 }, (_, n): LaneEvent => {
    const id = `${n}-${'1'.repeat(40)}`;
    return { type: 'lane.joined', data: { deploy: id, run: id, build: id, commit: id } };
  });
  const lanes = [150, 2_000].map((count) =>
    joined.slice(0, count).reduce((lane, event, at) => foldLane(lane, event, at + 1), emptyLane),
  );
  expect(lanes.map((lane) => snapshotDue(lane, []).length)).toEqual([1, 0]);
});

describe('that is not the lane that the events before it make', () => {
  /** A lane that somebody disabled, written down; and its rows. */
  async function disabled(): Promise<readonly EventRow[]> {
    const log = await open();
    await write(log, ...events(120));
    await switchLane(log, name, 'disabled', run, 'an incident');
    await deployIn(log, '501');
    await write(log, ...events(10, 300));
    const rows = await rowsOf(log);
    expect(verified(rows)).toEqual([]);
    await log.close();
    return rows;
  }
  const lies: Readonly<Record<string, readonly [string, unknown]>> = {
    'says that the lane is enabled': ['disabled', null],
    'has another rollback lifted': ['lifted', ['v999']],
    'trusts a digest that nobody accepted': ['trusted', ['f'.repeat(64)]],
    'has the lane given back': ['grant', null],
    'knows a release as its own': ['deployed', ['v999']],
    'lets somebody wait who never joined': [
      'waiting',
      [{ deploy: 'x', run: 'x', build: 'x', commit: 'x', yieldsTo: [] }],
    ],
  };

  it.each(Object.entries(lies))(
    '%s: verify says so, at its place and nowhere else',
    async (_, lie) => {
      const rows = await disabled();
      const at = rows.findIndex(({ type }) => type === 'lane.snapshot');
      const [field, value] = lie;
      const changed = rows.map((row, index) =>
        index === at
          ? { ...row, data: JSON.stringify({ ...JSON.parse(row.data), [field]: value }) }
          : row,
      );
      const [found, ...others] = verified(rehashed(changed));
      expect(others).toEqual([]);
      expect(found).toEqual({
        ...{ kind: 'snapshot', position: at + 1 },
        reason: `the lane was written down with another ${field} than the events before make`,
      });
    },
  );

  const change = (sql: string) => {
    const file = new Database(store().file);
    for (const { name: trigger } of file
      .prepare<[], { name: string }>("select name from sqlite_master where type = 'trigger'")
      .all()) {
      file.exec(`drop trigger ${trigger}`);
    }
    file.exec(sql);
    file.close();
  };
  const enabled = `replace(data, '"disabled":{', '"disabled":null,"was":{')`;
  const tampered: Readonly<Record<string, string>> = {
    'its data was changed': `update events set data = ${enabled} where type = 'lane.snapshot'`,
    'its type was taken': `update events set type = 'lane.enabled' where type = 'lane.snapshot'`,
    'it was deleted': `delete from events where type = 'lane.snapshot'`,
    'another event is called one': `update events set type = 'lane.snapshot' where position =
      (select max(position) from events where type = 'rollback.lifted')`,
  };
  it.each(Object.entries(tampered))('%s: the lane is not read', async (_, sql) => {
    await disabled();
    change(sql);
    const log = await openLog(store().url, { readOnly: true });
    await expect(readLane(log, name)).rejects.toBeInstanceOf(LogFault);
    await log.close();
  });

  const indexed: Readonly<Record<string, string>> = {
    'its row is gone': `delete from lane_marks`,
    'its row names an event before it': `update lane_marks set version = 1, position = 1`,
    'its row names an event of another kind': `update lane_marks set version = version - 1`,
  };
  it.each(Object.entries(indexed))(
    'in the index of lanes %s: the lane is the same',
    async (_, sql) => {
      await disabled();
      const log = await open({ projections });
      change(sql);
      expect((await readLane(log, name)).disabled?.reason).toBe('an incident');
    },
  );
});
