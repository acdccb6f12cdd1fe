/** The contract of importing: what another log recorded comes in exactly so, or not at all. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDeploys } from '../../src/runtime/audit/deploys.ts';
import { deploysProjection } from '../../src/runtime/audit/deploys-table.ts';
import { Chain, hashOf } from '../../src/store/hash-chain.ts';
import {
  type EventLog,
  type ImportFlaw,
  ImportRefused,
  type JsonObject,
  type RecordedEvent,
} from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { toRow } from '../../src/store/stored-event.ts';
import { fc } from '../fast-check.ts';
import { anEvent, events, places, type TestStore } from './events.ts';
import { failureAs } from './failure.ts';
import { storeFixture } from './fixture.ts';

const golden = join(import.meta.dirname, '../fixtures/logs/1');

/** What another log recorded: streams a, b, a, c, a. */
async function recordedElsewhere(): Promise<readonly RecordedEvent[]> {
  const log = await openLog('sqlite::memory:');
  for (const stream of ['a', 'b', 'a', 'c', 'a']) {
    await log.append([{ stream, expected: 'any', events: events(1) }]);
  }
  const all = await log.readAll();
  await log.close();
  return all;
}

const hashed = (event: RecordedEvent): RecordedEvent => ({ ...event, hash: hashOf(toRow(event)) });

/** The events with one of them changed. */
function withChange(
  all: readonly RecordedEvent[],
  position: number,
  change: (event: RecordedEvent) => RecordedEvent,
): RecordedEvent[] {
  return all.map((event) => (event.position === position ? change(event) : event));
}

export function importContract(create: () => Promise<TestStore>): void {
  const { open } = storeFixture(create);

  describe('importEvents', () => {
    it('keeps every event as it was recorded, and appends go on behind it', async () => {
      const all = await recordedElsewhere();
      const log = await open();
      expect(await log.importEvents(all)).toEqual({ imported: 5, present: 0 });
      expect(await log.readAll()).toEqual(all);
      expect(await log.verify()).toMatchObject({ events: 5, streams: 3, fault: null });
      const next = await log.append([{ stream: 'a', expected: 3, events: events(1) }]);
      expect(next.events[0]).toMatchObject({ position: 6, version: 4, previousHash: all[4]?.hash });
      expect((await log.verify()).fault).toBeNull();
    });

    it('takes in a log that an earlier version wrote, with the head that it had', async () => {
      const name = 'superseded-waiting';
      const read = (file: string) => readFileSync(join(golden, file), 'utf8').trim().split('\n');
      const all = read(`${name}.jsonl`).map((line): RecordedEvent => JSON.parse(line));
      const digest = read('digests.txt').find((line) => line.endsWith(`  ${name}`));
      const log = await open();
      expect(await log.importEvents(all)).toEqual({ imported: all.length, present: 0 });
      expect(await log.readAll()).toEqual(all);
      expect((await log.verify()).fault).toBeNull();
      const chain = new Chain();
      for await (const page of log.stored()) for (const row of page) chain.add(row);
      const [earlier = ''] = digest?.split('  ') ?? [];
      expect(earlier).toMatch(/^[0-9a-f]{64}$/);
      expect(chain.isHead({ digest: earlier, position: all.length })).toBe(true);
    });

    it('a second time changes nothing; what is new comes behind what is there', async () => {
      const all = await recordedElsewhere();
      const log = await open();
      expect(await log.importEvents(all.slice(0, 2))).toEqual({ imported: 2, present: 0 });
      expect(await log.importEvents(all.slice(1, 4))).toEqual({ imported: 2, present: 1 });
      expect(await log.importEvents(all.slice(4))).toEqual({ imported: 1, present: 0 });
      const before = await log.verify();
      expect(await log.importEvents(all)).toEqual({ imported: 0, present: 5 });
      expect(await log.importEvents(all.slice(2, 3))).toEqual({ imported: 0, present: 1 });
      expect(await log.importEvents([])).toEqual({ imported: 0, present: 0 });
      expect(await log.verify()).toEqual(before);
    });

    it('takes more events at once than one statement does', async () => {
      const source = await openLog('sqlite::memory:');
      await source.append([{ stream: 'a', expected: 0, events: events(1_234) }]);
      const all = await source.readAll({ limit: 2_000 });
      await source.close();
      const log = await open();
      await log.importEvents(all.slice(0, 600));
      expect(await log.importEvents(all)).toEqual({ imported: 634, present: 600 });
      expect(await log.readAll({ limit: 2_000 })).toEqual(all);
    });

    const refusals: [
      what: string,
      flaw: ImportFlaw,
      position: number,
      change: (all: readonly RecordedEvent[]) => readonly RecordedEvent[],
    ][] = [
      ['a beginning that is missing', 'position', 2, (all) => all.slice(1)],
      ['a gap', 'position', 4, (all) => all.filter(({ position }) => position !== 3)],
      [
        'other data under the old hash',
        'hash',
        3,
        (all) => withChange(all, 3, (event) => ({ ...event, data: { n: 9 } })),
      ],
      [
        'another time under the old hash',
        'hash',
        3,
        (all) => withChange(all, 3, (event) => ({ ...event, time: '2099-01-01T00:00:00.000Z' })),
      ],
      [
        'other data with its hash, which the next event does not follow',
        'chain',
        3,
        (all) => withChange(all, 1, (event) => hashed({ ...event, data: { n: 9 } })),
      ],
      [
        'a version that is not the next',
        'version',
        5,
        (all) => withChange(all, 5, (event) => hashed({ ...event, version: 4 })),
      ],
      [
        'a time before the last event’s',
        'time',
        5,
        (all) =>
          withChange(all, 5, (event) => hashed({ ...event, time: '2001-01-01T00:00:00.000Z' })),
      ],
      [
        'an id that is there already',
        'id',
        5,
        (all) => withChange(all, 5, (event) => hashed({ ...event, id: all[1]?.id ?? '' })),
      ],
      [
        'a stream without a name',
        'event',
        2,
        (all) => withChange(all, 2, (event) => hashed({ ...event, stream: '' })),
      ],
      [
        'a schema that is no number from 1',
        'event',
        2,
        (all) => withChange(all, 2, (event) => hashed({ ...event, schema: 0 })),
      ],
      [
        'a time that the log does not write so',
        'event',
        5,
        (all) =>
          withChange(all, 5, (event) => hashed({ ...event, time: '2099-02-30T00:00:00.000Z' })),
      ],
      [
        'data that is no object',
        'event',
        5,
        (all) =>
          withChange(all, 5, (event) => hashed({ ...event, data: [] as unknown as JsonObject })),
      ],
      [
        'data that is nested deeper than what goes through it can go',
        'event',
        5,
        (all) =>
          withChange(all, 5, (event) => hashed({ ...event, data: nested(2_000) as JsonObject })),
      ],
      [
        'an event that is too large',
        'event',
        5,
        (all) =>
          withChange(all, 5, (event) =>
            hashed({ ...event, data: { text: 'x'.repeat(1_100_000) } }),
          ),
      ],
    ];
    for (const [what, flaw, position, change] of refusals) {
      it(`refuses ${what}, names it, and keeps nothing of the batch`, async () => {
        const all = change(await recordedElsewhere());
        const log = await open();
        const error = await failureAs(ImportRefused, log.importEvents(all));
        expect(error).toMatchObject({ flaw, position, code: `E_IMPORT_${flaw.toUpperCase()}` });
        expect(all[error.index]?.position).toBe(position);
        expect(error.message).toContain(`position ${position}`);
        expect(await log.head()).toBe(0);
      });
    }

    it('refuses the same position with another event, wherever the two logs part', async () => {
      const all = await recordedElsewhere();
      const log = await open();
      await log.importEvents(all.slice(0, 3));
      await log.append([{ stream: 'c', expected: 'none', events: events(1) }]);
      const before = await log.verify();
      expect(await failureAs(ImportRefused, log.importEvents(all))).toMatchObject({
        flaw: 'other',
        position: 4,
      });
      expect(await failureAs(ImportRefused, log.importEvents(all.slice(4)))).toMatchObject({
        position: 5,
      });
      expect(await log.verify()).toEqual(before);
    });

    it('refuses an id that the log has from before', async () => {
      const all = await recordedElsewhere();
      const log = await open();
      await log.importEvents(all.slice(0, 4));
      const [, , , , last] = withChange(all, 5, (event) =>
        hashed({ ...event, id: all[0]?.id ?? '' }),
      );
      if (last === undefined) throw new Error('five events');
      expect(await failureAs(ImportRefused, log.importEvents([last]))).toMatchObject({
        flaw: 'id',
        index: 0,
      });
      expect(await log.head()).toBe(4);
    });

    it('of the same import twice at once, each event is taken once', async () => {
      const all = await recordedElsewhere();
      const logs = [await open(), await open()] as const;
      const done = await Promise.all(logs.map((log) => log.importEvents(all)));
      expect(done).toContainEqual({ imported: 5, present: 0 });
      expect(done).toContainEqual({ imported: 0, present: 5 });
      expect(places(await logs[0].readAll())).toEqual(places(all));
    });

    it('moves checkpoints along: what happened in another log is no news', async () => {
      const all = await recordedElsewhere();
      const log = await open();
      await log.importEvents(all.slice(0, 3));
      await log.saveCheckpoint('behind', { position: 1, state: { seen: 1 } });
      await log.saveCheckpoint('ahead', { position: 99, state: {} });
      await log.importEvents(all);
      expect(await log.checkpoint('behind')).toEqual({ position: 5, state: { seen: 1 } });
      expect(await log.checkpoint('ahead')).toMatchObject({ position: 99 });
      expect(await log.checkpoint('new')).toEqual({ position: 0, state: {} });
      await log.saveCheckpoint('behind', { position: 2, state: {} });
      await log.importEvents(all);
      expect(await log.checkpoint('behind')).toMatchObject({ position: 2 });
    });

    it('feeds the read models', async () => {
      const source = await openLog('sqlite::memory:', { projections: [deploysProjection] });
      const request = { ...anEvent({ deploy: '7-abc', lane: 'acme' }), type: 'deploy.requested' };
      const steps = [request, ...events(2)];
      for (const event of steps) {
        await source.append([{ stream: 'deploy/7-abc', expected: 'any', events: [event] }]);
      }
      const log = await open({ projections: [deploysProjection] });
      const all = await source.readAll();
      await log.importEvents(all.slice(0, 2));
      await log.importEvents(all);
      const rows = await readDeploys(log);
      expect(rows).toEqual(await readDeploys(source));
      expect(rows).toMatchObject([{ deploy: '7-abc', lane: 'acme', version: 3 }]);
      await source.close();
    });

    it('wakes whoever waits for a change', async () => {
      const all = await recordedElsewhere();
      const [log, other] = [await open(), await open()];
      const changed = other.changed({ timeoutMs: 60_000 });
      await log.importEvents(all);
      await changed;
    });

    it('gives back the bytes that were written, whatever the JSON', async () => {
      const log = await open();
      const source = await openLog('sqlite::memory:');
      await fc.assert(
        fc.asyncProperty(jsonObjects, jsonObjects, async (data, metadata) => {
          const event = { ...anEvent(data), metadata };
          const { events: written } = await source.append([
            { stream: 'a', expected: 'any', events: [event] },
          ]);
          const lines = written.map((one) => JSON.stringify(one));
          const read = lines.map((line) => JSON.parse(line) as RecordedEvent);
          expect(await log.importEvents(read)).toEqual({ imported: 1, present: 0 });
        }),
        { numRuns: 150 },
      );
      expect(await lastHash(log)).toBe(await lastHash(source));
      expect((await log.verify()).fault).toBeNull();
      await source.close();
    });
  });
}

async function lastHash(log: EventLog): Promise<string> {
  const after = (await log.head()) - 1;
  return (await log.readAll({ after }))[0]?.hash ?? '';
}

/** What could come back as other bytes: keys that are numbers, `__proto__`, halves of characters, −0, depth. */
const jsonObjects = fc
  .oneof(
    { weight: 4, arbitrary: fc.dictionary(keys(), values()) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 1_000 }).map(nested) },
  )
  .map((object) => object as JsonObject);

function keys(): fc.Arbitrary<string> {
  const odd = ['__proto__', 'constructor', 'toJSON', '', '0', '1', '10', '4294967295', '-1', '1.5'];
  return fc.oneof(fc.constantFrom(...odd), fc.nat().map(String), text());
}

function text(): fc.Arbitrary<string> {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 });
  const odd = ['\ud800', '\udc00x', '\0', '\u2028\u2029', '\u007f\u0085', '\ufeff', '\\"/\b'];
  return fc.oneof(
    units.map((codes) => String.fromCharCode(...codes)),
    fc.constantFrom(...odd),
  );
}

function values(): fc.Arbitrary<unknown> {
  const number = fc.oneof(fc.double(), fc.constantFrom(-0, 1e21, 1e-7, 2 ** 53 + 2, 5e-324));
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.oneof(text(), number, fc.boolean(), fc.constant(null), fc.constant(undefined)),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(keys(), tie('value'), { maxKeys: 5 }),
    ),
  })).value;
}

function nested(depth: number): unknown {
  let value: unknown = {};
  for (let n = 0; n < depth; n++) value = n % 2 === 0 ? [value] : { 7: value, ['__proto__']: 7 };
  return { value };
}
