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
