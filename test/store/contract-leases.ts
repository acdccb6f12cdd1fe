/** The contract of leases: tokens that only grow, and writers that are fenced off in the append itself. */
import { describe, expect, it } from 'vitest';
import {
  type AppendOptions,
  type EventLog,
  FencedOff,
  VersionConflict,
} from '../../src/store/log.ts';
import { events, type TestStore } from './events.ts';
import { storeFixture } from './fixture.ts';

const fence = (token: number, resource = 'r') => ({ resource, token });

function append(log: EventLog, options: AppendOptions, expected: number | 'any' = 'any') {
  return log.append([{ stream: 'a', expected, events: events(1) }], options);
}

export function leaseContract(create: () => Promise<TestStore>): void {
  const { open } = storeFixture(create);

  async function opened(startMs = 1_000_000) {
    const clock = { now: startMs };
    const log = await open({ now: () => clock.now });
    return { clock, log };
  }

  describe('leases', () => {
    it('are taken by one at a time, each time under the next token', async () => {
      const { clock, log } = await opened();
      expect(await log.lease('r')).toBeNull();
      expect(await log.take('r', { host: 'one' }, 100)).toEqual({
        ...fence(1),
        owner: { host: 'one' },
        expiresInMs: 100,
        released: false,
      });
      expect(await log.take('r', { host: 'two' }, 100)).toBeNull();
      clock.now += 99;
      expect(await log.take('r', { host: 'two' }, 100)).toBeNull();
      clock.now += 1;
      expect(await log.lease('r')).toMatchObject({ token: 1, expiresInMs: 0, released: false });
      expect(await log.take('r', { host: 'two' }, 100)).toMatchObject({ token: 2 });
      expect(await log.release(fence(2))).toBe(true);
      expect(await log.take('r', { host: 'one' }, 100)).toMatchObject({ token: 3 });
    });

    it('released keep their token on record, and are over whatever the clock says', async () => {
      const { clock, log } = await opened();
      await log.take('r', {}, 1_000);
      expect(await log.release(fence(1))).toBe(true);
      expect(await log.release(fence(1))).toBe(false);
      clock.now -= 5_000;
      const lease = await log.lease('r');
      expect(lease).toMatchObject({ token: 1, released: true });
      expect(lease?.expiresInMs).toBeLessThanOrEqual(0);
    });

    it('are prolonged and released by their own token only', async () => {
      const { clock, log } = await opened();
      await log.take('r', {}, 100);
      expect(await log.renew(fence(2), 1_000)).toBe(false);
      expect(await log.renew(fence(1, 'other'), 1_000)).toBe(false);
      expect(await log.release(fence(2))).toBe(false);
      clock.now += 500;
      // Run out, but nobody took it: it is still this token's.
      expect(await log.renew(fence(1), 1_000)).toBe(true);
      expect((await log.lease('r'))?.expiresInMs).toBe(1_000);
      clock.now += 1_001;
      await log.take('r', {}, 100);
      expect(await log.renew(fence(1), 1_000)).toBe(false);
      expect(await log.release(fence(1))).toBe(false);
      expect((await log.lease('r'))?.token).toBe(2);
    });

    it('are listed by prefix and name', async () => {
      const { log } = await opened();
      for (const resource of ['run/b', 'run/a', 'lane/x', 'run%']) await log.take(resource, {}, 10);
      const named = async (prefix: string) =>
        (await log.leases(prefix)).map(({ resource }) => resource);
      expect(await named('run/')).toEqual(['run/a', 'run/b']);
      expect(await named('run')).toHaveLength(3);
      expect(await named('none')).toEqual([]);
      await log.release({ resource: 'run/a', token: 1 });
      expect(await named('run/')).toEqual(['run/a', 'run/b']);
      expect(await log.leases('run/', { held: true })).toMatchObject([{ resource: 'run/b' }]);
    });
  });

  describe('a stream that is read with leases', () => {
    it('has its events from a version on, and the leases in the order that was asked for', async () => {
      const { clock, log } = await opened();
      await log.append([{ stream: 'a', expected: 'none', events: events(3) }]);
      await log.take('r', { host: 'one' }, 100);
      await log.take('s', {}, 100);
      await log.release(fence(1, 's'));
      clock.now += 40;
      const read = (stream: string, resources: readonly string[], fromVersion?: number) =>
        log.readWithLeases(stream, resources, fromVersion === undefined ? {} : { fromVersion });
      const whole = await read('a', ['s', 'none', 'r']);
      expect(whole.events).toEqual(await log.readStream('a'));
      const held = { ...fence(1), owner: { host: 'one' }, expiresInMs: 60, released: false };
      expect(whole.leases).toEqual([await log.lease('s'), null, held]);
      expect((await read('a', [], 3)).events.map(({ version }) => version)).toEqual([3]);
      expect(await read('a', ['r'], 4)).toEqual({ events: [], leases: [held] });
      expect(await read('b', ['none'])).toEqual({ events: [], leases: [null] });
    });

    it('and whose writer never rests shows no lease without its event, nor an event without its lease', async () => {
      const { log } = await opened();
      const other = await open();
      const tokens = Array.from({ length: 40 }, (_, place) => place + 1);
      let isOver = false;
      const writing = (async () => {
        for (const token of tokens) {
          await append(other, { grant: { ...fence(token), owner: {}, ttlMs: 100 } });
        }
        isOver = true;
      })();
      let reads = 0;
      for (let known = 0; !isOver; reads++) {
        const { events: more, leases } = await log.readWithLeases('a', ['r'], {
          fromVersion: known + 1,
        });
        known += more.length;
        expect(leases[0]?.token ?? 0).toBe(known);
      }
      await writing;
      expect(reads).toBeGreaterThan(0);
    });
  });

  describe('an append with a fence', () => {
    it('is taken while the token is the current one, also after it ran out', async () => {
      const { clock, log } = await opened();
      await log.take('r', {}, 100);
      await append(log, { fence: fence(1) });
      clock.now += 1_000;
      await append(log, { fence: fence(1) });
      expect(await log.head()).toBe(2);
    });

    it('is refused after a takeover, after the release, and for a resource that nobody holds', async () => {
      const { clock, log } = await opened();
      const refused = async (token: number, current: number) => {
        const error = await append(log, { fence: fence(token) }).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(FencedOff);
        expect(error).toMatchObject({ resource: 'r', token, current });
      };
      await refused(1, 0);
      await log.take('r', {}, 100);
      await refused(2, 1);
      clock.now += 101;
      await log.take('r', {}, 100);
      await refused(1, 2);
      await log.release(fence(2));
      await refused(2, 2);
      expect(await log.head()).toBe(0);
    });

    it('tells a fenced-off writer that, rather than that its version is stale', async () => {
      const { log } = await opened();
      await expect(append(log, { fence: fence(1) }, 9)).rejects.toThrow(FencedOff);
    });
  });

  describe('an append with a grant', () => {
    const grant = (token: number, owner = {}) => ({ ...fence(token), owner, ttlMs: 100 });

    it('gives the resource in the same transaction, under any token above the last', async () => {
      const { log } = await opened();
      await append(log, { grant: grant(7, { host: 'one' }) });
      expect(await log.lease('r')).toEqual({
        ...fence(7),
        owner: { host: 'one' },
        expiresInMs: 100,
        released: false,
      });
      await append(log, { grant: grant(9) });
      expect(await log.lease('r')).toMatchObject({ token: 9 });
      await log.release(fence(9));
      expect(await log.take('r', {}, 10)).toMatchObject({ token: 10 });
    });

    it('is refused for a token that is not above the last, released or not, and nothing is written', async () => {
      const { log } = await opened();
      await append(log, { grant: grant(7) });
      for (const token of [7, 6, 0]) {
        await expect(append(log, { grant: grant(token) })).rejects.toMatchObject({ current: 7 });
      }
      await log.release(fence(7));
      await expect(append(log, { grant: grant(7) })).rejects.toThrow(FencedOff);
      expect(await log.head()).toBe(1);
      expect(await log.lease('r')).toMatchObject({ token: 7, released: true });
    });

    it('gives nothing when the version is stale; of two that want the same token, the second learns that', async () => {
      const { log } = await opened();
      await append(log, { grant: grant(1, { host: 'one' }) }, 0);
      await expect(append(log, { grant: grant(1, { host: 'two' }) }, 0)).rejects.toThrow(
        VersionConflict,
      );
      await expect(append(log, { grant: grant(5) }, 0)).rejects.toThrow(VersionConflict);
      expect(await log.lease('r')).toMatchObject({ token: 1, owner: { host: 'one' } });
    });

    it('that is repeated gives nothing twice', async () => {
      const { log } = await opened();
      const batch = [{ stream: 'a', expected: 0, events: events(1) }];
      await log.append(batch, { grant: grant(1) });
      await log.release(fence(1));
      expect((await log.append(batch, { grant: grant(1) })).outcome).toBe('alreadyAppended');
      expect(await log.lease('r')).toMatchObject({ token: 1, released: true });
    });
  });

  describe('an append with a release', () => {
    it('gives the resource back with the event, or neither', async () => {
      const { log } = await opened();
      await log.take('r', {}, 100);
      await expect(append(log, { release: fence(2) })).rejects.toThrow(FencedOff);
      await expect(append(log, { release: fence(1) }, 5)).rejects.toThrow(VersionConflict);
      expect(await log.lease('r')).toMatchObject({ released: false });
      await append(log, { release: fence(1), fence: fence(1) });
      expect(await log.lease('r')).toMatchObject({ token: 1, released: true });
      await expect(append(log, { release: fence(1) })).rejects.toThrow(FencedOff);
      expect(await log.head()).toBe(1);
    });

    it('can hand the resource on in one step', async () => {
      const { log } = await opened();
      await log.take('r', { host: 'one' }, 100);
      const grant = { ...fence(2), owner: { host: 'two' }, ttlMs: 100 };
      await append(log, { release: fence(1), grant });
      expect(await log.lease('r')).toMatchObject({ token: 2, owner: { host: 'two' } });
    });
  });
}
