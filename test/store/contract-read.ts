/** The contract of reading: streams, the global order, checkpoints, waiting for changes, verification. */
import { describe, expect, it } from 'vitest';
import { firstEventsOf } from '../../src/runtime/log/first-events.ts';
import {
  type EventLog,
  FencedOff,
  type JsonObject,
  type RecordedEvent,
} from '../../src/store/log.ts';
import { anEvent, events, places, type TestStore } from './events.ts';
import { storeFixture } from './fixture.ts';

export function readContract(create: () => Promise<TestStore>): void {
  const { open } = storeFixture(create);

  describe('reading', () => {
    it('gives a stream in order, from a version on, and an unknown one as empty', async () => {
      const log = await open();
      for (const stream of ['a', 'b', 'a']) {
        await log.append([{ stream, expected: 'any', events: events(2) }]);
      }
      expect(places(await log.readStream('a'))).toEqual(['a@1', 'a@2', 'a@3', 'a@4']);
      expect(places(await log.readStream('a', { fromVersion: 3 }))).toEqual(['a@3', 'a@4']);
      expect(places(await log.readStream('a', { fromVersion: 2, limit: 2 }))).toEqual([
        'a@2',
        'a@3',
      ]);
      expect(await log.readStream('c')).toEqual([]);
    });

    it('gives the first event of each stream whose name begins so, however many and however long they are', async () => {
      const log = await open();
      const names = Array.from({ length: 1_003 }, (_, n) => `deploy/${n}`);
      const others = ['deploy', 'deploy0', 'lane/a', 'deplox/1', 'deploy/ä', 'deploy/\u{10000}'];
      const batches = [...names, ...others].map((stream) => ({
        ...{ stream, expected: 'none' as const, events: events(2) },
      }));
      await log.append(batches);
      const found: RecordedEvent[] = [];
      for await (const first of firstEventsOf(log, 'deploy/')) found.push(first);
      const wanted = [...names, 'deploy/ä', 'deploy/\u{10000}'].map((name) => `${name}@1`);
      expect(places(found).toSorted()).toEqual(wanted.toSorted());
      const [one] = await log.readStream('deploy/77', { limit: 1 });
      expect(found).toContainEqual(one);
      expect(await log.firsts({ prefix: 'nobody/', limit: 2 })).toEqual([]);
      expect(places(await log.firsts({ prefix: 'lane/', limit: 1 }))).toEqual(['lane/a@1']);
      expect(await log.firsts({ prefix: 'lane/', after: 'lane/a', limit: 1 })).toEqual([]);
    });

    it('gives a stream from its last event of a type on, or all of it where there is none', async () => {
      const log = await open();
      const types = ['x', 'whole', 'x', 'whole', 'x', 'x'];
      for (const stream of ['a', 'b']) {
        const kinds = types.map((type) => ({ ...anEvent(), type }));
        await log.append([{ stream, expected: 'none', events: kinds }]);
      }
      const lastOn = async (fromLast: string, fromVersion?: number) =>
        places(await log.readStream('a', { fromLast, ...(fromVersion && { fromVersion }) }));
      expect(await lastOn('whole')).toEqual(['a@4', 'a@5', 'a@6']);
      expect(await lastOn('whole', 5)).toEqual(['a@5', 'a@6']);
      expect(await lastOn('none')).toHaveLength(6);
      const { events: read } = await log.readWithLeases('a', [], { fromLast: 'whole' });
      expect(places(read)).toEqual(['a@4', 'a@5', 'a@6']);
      const both = { fromLast: 'whole', fromVersion: 2 };
      expect((await log.readWithLeases('a', [], both)).events).toEqual(read);
      expect(await log.readStream('c', { fromLast: 'whole' })).toEqual([]);
    });

    it('gives everything in the order of commits, in pages, or only streams with a prefix', async () => {
      const log = await open();
      for (const stream of ['x/1', 'y/1', 'x%', 'x/2']) {
        await log.append([{ stream, expected: 'none', events: events(1) }]);
      }
      expect(places(await log.readAll())).toEqual(['x/1@1', 'y/1@1', 'x%@1', 'x/2@1']);
      expect(places(await log.readAll({ after: 1, limit: 2 }))).toEqual(['y/1@1', 'x%@1']);
      expect(places(await log.readAll({ streamPrefix: 'x/' }))).toEqual(['x/1@1', 'x/2@1']);
      expect(places(await log.readAll({ streamPrefix: 'x%' }))).toEqual(['x%@1']);
      expect(places(await log.readAll({ streamPrefix: 'x/', after: 1 }))).toEqual(['x/2@1']);
      expect(await log.readAll({ after: 4 })).toEqual([]);
      expect(await log.head()).toBe(4);
    });

    it('gives at most 1,000 events at once unless told otherwise', async () => {
      const log = await open();
      await log.append([{ stream: 'a', expected: 'none', events: events(1_001) }]);
      expect(await log.readAll()).toHaveLength(1_000);
      expect(await log.readAll({ limit: 2_000 })).toHaveLength(1_001);
      expect(await log.readStream('a')).toHaveLength(1_001);
    });

    it('has the same in every connection, and after all of them were closed', async () => {
      const log = await open();
      await log.append([{ stream: 'a', expected: 'none', events: events(3) }]);
      await log.take('r', { host: 'h' }, 60_000);
      const other = await open();
      expect(await other.readAll()).toEqual(await log.readAll());
      const verified = await log.verify();
      await log.close();
      await other.close();
      const again = await open();
      expect(await again.verify()).toEqual(verified);
      expect(await again.lease('r')).toMatchObject({ token: 1, owner: { host: 'h' } });
    });

    it('times events by the log clock, which never goes back in it', async () => {
      let now = Date.UTC(2026, 0, 2);
      const log = await open({ now: () => now });
      const append = () => log.append([{ stream: 'a', expected: 'any', events: events(1) }]);
      await append();
      now -= 86_400_000;
      await append();
      now += 86_400_001;
      await append();
      expect((await log.readAll()).map(({ time }) => time)).toEqual([
        '2026-01-02T00:00:00.000Z',
        '2026-01-02T00:00:00.000Z',
        '2026-01-02T00:00:00.001Z',
      ]);
      expect((await log.verify()).fault).toBeNull();
    });
  });

  describe('verify', () => {
    it('of an untouched log finds no fault, and digests its heads', async () => {
      const log = await open();
      const empty = await log.verify();
      expect(empty).toMatchObject({ events: 0, streams: 0, fault: null });
      await log.append([
        { stream: 'a', expected: 0, events: events(2) },
        { stream: 'b', expected: 0, events: events(1) },
      ]);
      const two = await log.verify();
      expect(two).toMatchObject({ events: 3, streams: 2, fault: null });
      expect(two.headDigest).toMatch(/^2-[0-9a-f]{64}$/);
      expect(two.headDigest).not.toBe(empty.headDigest);
      expect(await log.verify()).toEqual(two);
      for (const stream of ['ä', '\u{10000}', '\uffee', 'b']) {
        await log.append([{ stream, expected: 'any', events: events(1) }]);
        const { headDigest, events: position } = await log.verify();
        expect(await log.headDigest()).toEqual({ digest: headDigest, position });
      }
    });
  });

  describe('the head', () => {
    const kept = async (log: EventLog) => (await log.checkpoint('heads')).state.blocks;
    const long = async () => {
      const log = await open();
      await log.append([{ stream: 'a', expected: 'any', events: events(1_300) }]);
      const { headDigest } = await log.verify();
      return { log, head: { digest: headDigest, position: 1_300 } };
    };

    it('is computed on from where it was computed last, not from the first event', async () => {
      const { log, head } = await long();
      expect(await kept(log)).toBeUndefined();
      expect(await log.headDigest()).toEqual(head);
      expect(await kept(log)).toMatchObject({ position: 1_280 });
      await log.append([{ stream: 'b', expected: 'any', events: events(3) }]);
      const { headDigest } = await log.verify();
      expect(await log.headDigest()).toEqual({ digest: headDigest, position: 1_303 });
      // What it goes on from decides: nothing before that was read.
      const blocks = (await kept(log)) as JsonObject;
      const state = { blocks: { ...blocks, digest: 'a'.repeat(64) } };
      await log.saveCheckpoint('heads', { position: 0, state });
      expect((await log.headDigest()).digest).not.toBe(headDigest);
    });

    it('goes on from nothing that is of another log, or that it cannot use', async () => {
      const { log, head } = await long();
      await log.headDigest();
      const blocks = (await kept(log)) as JsonObject;
      const wrong = { digest: 'a'.repeat(64) };
      for (const state of [
        { blocks: { ...blocks, ...wrong, last: 'b'.repeat(64) } },
        { blocks: { ...blocks, ...wrong, position: 1_536 } },
        { blocks: { ...blocks, ...wrong, position: 1_279 } },
        { blocks: { ...blocks, digest: 'no digest' } },
        { blocks: 7 },
        {},
      ]) {
        await log.saveCheckpoint('heads', { position: 0, state });
        expect(await log.headDigest(), JSON.stringify(state)).toEqual(head);
        expect(await kept(log)).toEqual(blocks);
      }
    });

    it('of a log that is only read is the same, and nothing is kept', async () => {
      const { log, head } = await long();
      const read = await open({ readOnly: true });
      expect(await read.headDigest()).toEqual(head);
      expect(await kept(log)).toBeUndefined();
    });
  });

  describe('checkpoints', () => {
    it('are at 0 at first, and are what was saved last', async () => {
      const log = await open();
      expect(await log.checkpoint('slack')).toEqual({ position: 0, state: {} });
      await log.saveCheckpoint('slack', { position: 3, state: { thread: '1.2' } });
      await log.saveCheckpoint('slack', { position: 4, state: { thread: '1.3' } });
      expect(await (await open()).checkpoint('slack')).toEqual({
        position: 4,
        state: { thread: '1.3' },
      });
      expect(await log.checkpoint('other')).toEqual({ position: 0, state: {} });
    });

    it('with a fence are saved only while it is held', async () => {
      const log = await open();
      await log.take('outbox', {}, 60_000);
      const fence = { resource: 'outbox', token: 1 };
      await log.saveCheckpoint('slack', { position: 1, state: {} }, fence);
      await log.release(fence);
      await expect(log.saveCheckpoint('slack', { position: 2, state: {} }, fence)).rejects.toThrow(
        FencedOff,
      );
      expect(await log.checkpoint('slack')).toEqual({ position: 1, state: {} });
    });
  });

  describe('changed', () => {
    const forever = { timeoutMs: 600_000 };

    it('resolves at a write of this connection or of another one, to events or leases', async () => {
      const log = await open();
      const other = await open();
      const fence = { resource: 'r', token: 1 };
      for (const writer of [log, other]) {
        const writes = [
          () => writer.append([{ stream: 'a', expected: 'any', events: events(1) }]),
          () => writer.take('r', {}, 60_000),
          () => writer.renew({ ...fence, token: writer === log ? 1 : 2 }, 60_000),
          () => writer.release({ ...fence, token: writer === log ? 1 : 2 }),
        ];
        for (const write of writes) {
          const changed = log.changed(forever);
          await write();
          await changed;
        }
      }
    });

    it('resolves at its timeout, at an abort, at the close, and never rejects for them', async () => {
      const log = await open();
      await log.changed({ timeoutMs: 0 });
      await log.changed({ timeoutMs: 5 });
      const abort = new AbortController();
      const aborted = log.changed({ ...forever, signal: abort.signal });
      abort.abort(new Error('stop'));
      await aborted;
      await log.changed({ ...forever, signal: abort.signal });
      const closed = log.changed(forever);
      await log.close();
      await closed;
    });

    it('does not resolve for a write before the call, nor for one that was refused', async () => {
      const other = await open();
      await other.append([{ stream: 'a', expected: 'any', events: events(1) }]);
      let pauses = 0;
      const timeoutMs = 12_000;
      const enough = Promise.withResolvers<void>();
      const log = await open({
        now: () => 0,
        sleep: async (ms) => {
          // The end of the wait comes once it was looked often enough.
          if (ms === timeoutMs) return enough.promise;
          pauses++;
          if (pauses === 3) {
            const refused = other.append([{ stream: 'a', expected: 0, events: events(1) }]);
            await refused.catch(() => {});
          }
          if (pauses === 6) enough.resolve();
        },
      });
      await log.head();
      await log.changed({ timeoutMs });
      expect(pauses).toBeGreaterThanOrEqual(6);
    });
  });

  it('a closed log says so', async () => {
    const log = await open();
    await log.close();
    await expect(log.head()).rejects.toMatchObject({ code: 'E_STORE_CLOSED' });
    await expect(
      log.append([{ stream: 'a', expected: 'any', events: events(1) }]),
    ).rejects.toMatchObject({ code: 'E_STORE_CLOSED', details: { unknown: false } });
    await log.close();
  });
}
