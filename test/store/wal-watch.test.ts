/** What the operating system tells of writes to a log: whoever waits is woken by it, and believes it only once it has told something. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WalWatch } from '../../src/store/sqlite/wal-watch.ts';
import { events, sqliteStore } from './events.ts';
import { storeFixture } from './fixture.ts';

describe('what is told of a WAL', () => {
  let folder: string;
  let file: string;
  let heard: number;
  let watch: WalWatch;
  const hear = () => {
    heard += 1;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-wal-'));
    file = join(folder, 'log.db');
    heard = 0;
    watch = new WalWatch(file, hear);
  });
  afterEach(() => {
    watch.close();
    rmSync(folder, { recursive: true });
  });
  const write = () => appendFileSync(`${file}-wal`, 'more');

  it('is believed from the first write that is told of, until the file is gone', async () => {
    writeFileSync(`${file}-wal`, '');
    watch.start();
    expect(watch.isLive).toBe(false);
    await vi.waitFor(() => {
      write();
      expect(heard).toBeGreaterThan(0);
    });
    expect(watch.isLive).toBe(true);
    rmSync(`${file}-wal`);
    await vi.waitFor(() => expect(watch.isLive).toBe(false));
  });

  it('is told of again and again', async () => {
    writeFileSync(`${file}-wal`, '');
    watch.start();
    for (const times of [1, 2, 3]) {
      await vi.waitFor(() => {
        write();
        expect(heard).toBeGreaterThanOrEqual(times);
      });
    }
  });

  describe('while nothing settles by itself', () => {
    /** What the system has to tell by now is told. */
    const { setTimeout } = globalThis;
    const told = () => new Promise((resolve) => setTimeout(resolve, 30));
    const isLive = async (one: WalWatch) => {
      while (!one.isLive) {
        write();
        await told();
      }
    };
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      writeFileSync(`${file}-wal`, '');
    });
    afterEach(() => vi.useRealTimers());

    it('is one reason to look, of however many writes', async () => {
      watch.start();
      await isLive(watch);
      write();
      await told();
      expect(heard).toBe(0);
      vi.advanceTimersByTime(1_000);
      expect(heard).toBe(1);
    });

    it('is none any more once it was closed', async () => {
      watch.start();
      await isLive(watch);
      watch.close();
      vi.advanceTimersByTime(1_000);
      expect(heard).toBe(0);
    });

    it('is heard by one watch, however often it was started, and by none that was closed', async () => {
      watch.start();
      watch.start();
      await isLive(watch);
      watch.close();
      const other = new WalWatch(file, hear);
      other.close();
      for (const one of [watch, other]) one.start();
      write();
      await told();
      vi.advanceTimersByTime(1_000);
      expect([heard, watch.isLive, other.isLive]).toEqual([0, false, false]);
    });
  });

  it('is nothing where there is none, and nothing is told once nobody wants to know', async () => {
    watch.start();
    expect(watch.isLive).toBe(false);
    const other = new WalWatch(file, hear);
    writeFileSync(`${file}-wal`, '');
    other.start();
    other.close();
    write();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([heard, other.isLive]).toEqual([0, false]);
  });
});

describe('who waits for a write to a log in SQLite', () => {
  const { open } = storeFixture(sqliteStore);

  it('is woken by what the system tells, though it does not look by itself', async () => {
    /** Looks that nothing was told for are never made. */
    const untold = [30, 75];
    const sleep = (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        if (!untold.includes(ms)) setTimeout(resolve, ms).unref();
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    const log = await open({ sleep });
    const other = await open();
    const changed = log.changed({ timeoutMs: 3_600_000 });
    await other.append([{ stream: 'a', expected: 'none', events: events(1) }]);
    await changed;
    expect(await log.head()).toBe(1);
  });
});
