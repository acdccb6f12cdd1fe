/** Where an import reads from is read twice, to check it and to write it: both times the same, however it grows meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSource } from '../../../src/cli/transfer/event-source.ts';
import { openLog } from '../../../src/store/open.ts';
import { events } from '../../store/events.ts';

it('a log that grows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-event-source-'));
  const url = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(url);
  const grow = (count: number) =>
    log.append([{ stream: 'a', expected: 'any', events: events(count) }]);
  await grow(7);
  const source = await openSource(url);
  try {
    const positions = async () => {
      const read: number[] = [];
      for await (const batch of source.batches()) read.push(...batch.events.map((e) => e.position));
      return read;
    };
    const first = await positions();
    expect(first).toHaveLength(7);
    await grow(3);
    expect(await positions()).toEqual(first);
  } finally {
    await source.close();
    await log.close();
    rmSync(folder, { recursive: true });
  }
});
