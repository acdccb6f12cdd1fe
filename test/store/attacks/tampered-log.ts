/** A log whose rows can be put in place of others: recorded in memory, then stripped of triggers and constraints. */
import type { Verification } from '../../../src/store/log.ts';
import type { EventRow } from '../../../src/store/tables.ts';
import { emptyLog, type Inside, openBytes } from './inside.ts';
import type { Lot } from './seed.ts';

const streams = ['a', 'b', 'c'];
const appends = 24;

export interface Recorded {
  /** The database without triggers and constraints: whoever can write the file can have it so. */
  readonly bytes: Buffer;
  readonly rows: readonly EventRow[];
  readonly verified: Verification;
}

export async function recorded(lot: Lot): Promise<Recorded> {
  let now = Date.UTC(2026, 0, 1);
  const { connection, log } = openBytes(await emptyLog(), { now: () => now });
  for (let n = 1; n <= appends; n++) {
    now += lot.below(3);
    const events = Array.from({ length: 1 + lot.below(2) }, (_, m) => ({
      id: `event ${n}-${m}`,
      type: 'thing.happened',
      data: { n, text: 'é'.repeat(lot.below(9)) },
      metadata: { actor: 'ada' },
    }));
    await log.append([{ stream: lot.oneOf(streams), expected: 'any', events }]);
  }
  connection.handle.exec(
    'create table loose as select * from events; drop table events; alter table loose rename to events',
  );
  const rows = rowsOf({ connection, log });
  const verified = await log.verify();
  const bytes = connection.handle.serialize();
  await log.close();
  return { bytes, rows, verified };
}

const rowsOf = ({ connection }: Inside): EventRow[] =>
  connection.handle.prepare<[], EventRow>('select * from events order by position').all();

/** Puts these rows in place of those that are there. */
export function put({ connection }: Inside, rows: readonly EventRow[]): void {
  const { handle } = connection;
  handle.exec('delete from events');
  const insert = handle.prepare(
    'insert into events values (@position, @stream, @version, @id, @type, @schema, @data, @metadata, @time, @hash, @previous_hash)',
  );
  handle.transaction(() => {
    for (const row of rows) insert.run(row);
  })();
}

export const isSameRow = (a: EventRow, b: EventRow | undefined): boolean =>
  JSON.stringify(Object.values(a)) === JSON.stringify(Object.values(b ?? {}));
