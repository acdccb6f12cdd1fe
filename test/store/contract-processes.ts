/** The contract between processes: races on one store, a tailing reader, and processes killed in the middle. */
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../src/store/log.ts';
import { often } from './attacks/seed.ts';
import type { TestStore } from './events.ts';
import { storeFixture } from './fixture.ts';
import { startWriter, type Writer } from './writers.ts';

const names = ['w1', 'w2', 'w3', 'w4'];
const killings = often(2, 20);

async function allOver(writers: readonly Writer[]): Promise<void> {
  expect(await Promise.all(writers.map(({ over }) => over))).toEqual(writers.map(() => '0'));
}

export function processContract(create: () => Promise<TestStore>): void {
  const { store, open } = storeFixture(create);

  describe('several processes', () => {
    it('on one stream: a tailing reader sees every event once, in order, without gaps', async () => {
      const perWriter = 150;
      const total = perWriter * names.length;
      const writers = names.map((name) => startWriter(store().url, name, 'any', perWriter));
      const log = await open();
      const seen: RecordedEvent[] = [];
      let areOver = false;
      const over = allOver(writers).finally(() => {
        areOver = true;
      });
      for (let after = 0; after < total; ) {
        // Looked at before reading: once they are over, one more read has everything.
        const wasOver = areOver;
        const page = await log.readAll({ after, limit: 50 });
        seen.push(...page);
        after = seen.at(-1)?.position ?? 0;
        if (page.length === 0 && wasOver) break;
        if (page.length === 0) await log.changed({ timeoutMs: 1_000 });
      }
      await over;
      expect(seen.map(({ position }) => position)).toEqual(seen.map((_, n) => n + 1));
      expect(seen.map(({ version }) => version)).toEqual(seen.map((_, n) => n + 1));
      expect(new Set(seen.map(({ id }) => id)).size).toBe(total);
      for (const name of names) {
        const own = seen.filter(({ data }) => data.name === name).map(({ data }) => data.n);
        expect(own).toEqual(own.map((_, n) => n + 1));
      }
      expect(await log.verify()).toMatchObject({ events: total, fault: null });
    });

    it('counting on exact versions all get through, each event once', async () => {
      const writers = names.map((name) => startWriter(store().url, name, 'exact', 25));
      await allOver(writers);
      const log = await open();
      expect(await log.verify()).toMatchObject({ events: 100, streams: 1, fault: null });
      expect(new Set((await log.readAll()).map(({ id }) => id)).size).toBe(100);
    });

    it('under a lease count up a number without losing a step', async () => {
      const writers = names.map((name) => startWriter(store().url, name, 'take', 15));
      await allOver(writers);
      const log = await open();
      expect(await log.checkpoint('counter')).toMatchObject({ position: 60 });
      const tokens = (await log.readStream('counter')).map(({ id }) => Number(id.split(' ')[1]));
      expect(tokens).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    });

    it('killed in the middle of appends lose nothing acknowledged, halve no batch, and leave no lock', async () => {
      const log = await open();
      for (let n = 0; n < killings; n++) {
        const name = `k${n}`;
        const other = startWriter(store().url, `o${n}`, 'pair', 10);
        const writer = startWriter(store().url, name, 'pair', 1_000_000);
        await writer.printed(1 + 7 * n);
        writer.process.kill('SIGKILL');
        expect(await writer.over).toBe('SIGKILL');
        expect(await other.over).toBe('0');

        const left = await log.readStream(`${name}/left`);
        const right = await log.readStream(`${name}/right`);
        const acknowledged = writer.acknowledged().length;
        expect(acknowledged).toBeGreaterThan(0);
        // One more may have been written and not told of: the unknown outcome.
        expect([acknowledged, acknowledged + 1]).toContain(left.length);
        expect(right).toHaveLength(left.length);
      }
      expect((await log.verify()).fault).toBeNull();
    });
  });
}
