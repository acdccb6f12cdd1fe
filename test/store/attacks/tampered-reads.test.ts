/** What a read gives of a log that was changed behind its back: what was recorded, or a fault with its position. */
import { expect, it } from 'vitest';
import { LogFault, type RecordedEvent } from '../../../src/store/log.ts';
import type { EventRow } from '../../../src/store/tables.ts';
import { openBytes } from './inside.ts';
import { attackTimeoutMs, drawn, type Lot, often, tell } from './seed.ts';
import { isSameRow, put, recorded } from './tampered-log.ts';
import { tamperings } from './tampering.ts';

const changes = often(1_500, 300_000);
const changesPerLog = 300;
const streams = ['a', 'b', 'c'];

type Rows = readonly EventRow[];

/** Everything is as it was recorded, or the last part of it is missing: that alone no stream can show. */
const isBeginning = (rows: Rows, of: Rows): boolean =>
  rows.every((row, n) => isSameRow(row, of[n]));

/** Null: the read gave what was recorded, or said at which changed place it was not. */
async function problem(
  read: Promise<readonly RecordedEvent[]>,
  after: Rows,
  before: Rows,
): Promise<string | null> {
  let fault: unknown = null;
  const given = await read.catch((error: unknown) => {
    fault = error;
    return [];
  });
  if (isBeginning(after, before)) {
    if (fault !== null) return `refused what was recorded: ${fault}`;
    return given.length === after.length ? null : `gave ${given.length} of ${after.length}`;
  }
  if (!(fault instanceof LogFault)) return `not found: ${fault ?? 'nothing thrown'}`;
  return Number.isInteger(fault.position) ? null : `no position: ${fault.position}`;
}

async function problemsOf(lot: Lot): Promise<string[]> {
  const before = await recorded(lot);
  const inside = openBytes(before.bytes);
  const problems: string[] = [];
  const plain = Object.entries(tamperings).filter(([, { signs }]) => !signs);
  for (let n = 0; n < changesPerLog; n++) {
    const [what, { change }] = lot.oneOf(plain);
    const rows = change(before.rows, lot);
    put(inside, rows);
    const seen: (string | null)[] = [await problem(inside.log.readAll(), rows, before.rows)];
    for (const stream of streams) {
      const fromVersion = 1 + lot.below(4);
      const part = (all: Rows) =>
        all
          .filter((row) => row.stream === stream && row.version >= fromVersion - 1)
          .sort((a, b) => a.version - b.version);
      const expected = (all: Rows) => part(all).slice(fromVersion === 1 ? 0 : 1);
      const [now, then] = [part(rows), part(before.rows)];
      const read = inside.log.readStream(stream, { fromVersion });
      seen.push(
        isBeginning(now, then)
          ? await problem(read, expected(rows), expected(before.rows))
          : await problem(read, now, then),
      );
    }
    for (const one of seen) if (one !== null) problems.push(`${what}: ${one}`);
  }
  await inside.log.close();
  return problems;
}

it(`${changes} changes: what is read was recorded`, { timeout: attackTimeoutMs }, async () => {
  await drawn(async (lot, seed) => {
    for (let n = 0; n < changes / changesPerLog; n++) expect(await problemsOf(lot)).toEqual([]);
    tell(`tampered reads: ${changes} changes, seed ${seed}`);
  });
});

it('an edit whose hash was made again is found at the event after it in its stream', async () => {
  await drawn(async (lot) => {
    const before = await recorded(lot);
    const inside = openBytes(before.bytes);
    const { change } = tamperings['a row and its hash edited'] ?? { change: (rows: Rows) => rows };
    for (let n = 0; n < 200; n++) {
      const rows = change(before.rows, lot);
      const edited = rows.find((row, at) => !isSameRow(row, before.rows[at]));
      const next = rows.find(
        ({ stream, version }) => stream === edited?.stream && version === edited.version + 1,
      );
      put(inside, rows);
      const read = inside.log.readStream(edited?.stream ?? '');
      if (next === undefined) expect(await read).toHaveLength(edited?.version ?? 0);
      else await expect(read).rejects.toMatchObject({ position: next.position });
    }
    await inside.log.close();
  });
});
