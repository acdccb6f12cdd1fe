/** Events that no log writes, with hashes as one who knows makes them: a fault with the position, nothing else. */

import { expect, it } from 'vitest';
import { hashOf, noHash } from '../../../src/store/hash-chain.ts';
import { LogFault } from '../../../src/store/log.ts';
import type { EventRow } from '../../../src/store/tables.ts';
import { fc } from '../../fast-check.ts';
import { emptyLog, openBytes } from './inside.ts';

const good: Omit<EventRow, 'hash'> = {
  position: 1,
  stream: 'a',
  version: 1,
  id: 'x',
  type: 'thing.happened',
  schema: 1,
  data: '{}',
  metadata: '{}',
  time: '2026-01-05T13:00:00.000Z',
  previous_hash: noHash,
};

const brokenJson = fc.oneof(
  fc.constantFrom('', '{', '[]', 'null', '7', '"x"', '{"a":}', 'undefined', '{}{}', '\u0000'),
  fc.json().map((text) => text.slice(0, -1)),
  fc.integer({ min: 1_101, max: 100_000 }).map((n) => `{"a":${'['.repeat(n)}${']'.repeat(n)}}`),
);
const edits: fc.Arbitrary<Partial<EventRow>> = fc.oneof(
  fc.record({ data: brokenJson }),
  fc.record({ metadata: brokenJson }),
  fc.record({ time: fc.constantFrom('', 'soon', '2026-13-05T13:00:00.000Z', '2026-01-05') }),
  fc.record({ schema: fc.constantFrom(0, -1) }),
  fc.record({ id: fc.constant('') }),
  fc.record({ type: fc.constant('') }),
);

it('are refused where they stand, by every way to read them', { timeout: 120_000 }, async () => {
  const inside = openBytes(await emptyLog());
  const { handle } = inside.connection;
  handle.exec(
    'drop trigger events_no_delete; drop trigger events_no_update; drop trigger events_next',
  );
  const insert = handle.prepare(
    'insert into events values (@position, @stream, @version, @id, @type, @schema, @data, @metadata, @time, @hash, @previous_hash)',
  );
  await fc.assert(
    fc.asyncProperty(edits, async (edit) => {
      const row = { ...good, ...edit };
      handle.exec('delete from events');
      insert.run({ ...row, hash: hashOf(row) });
      for (const read of [
        () => inside.log.readStream('a'),
        () => inside.log.readAll(),
        () => inside.log.readAll({ streamPrefix: 'a' }),
      ]) {
        const error = await read().catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(LogFault);
        expect(error).toMatchObject({ position: 1 });
      }
    }),
    { numRuns: 300 },
  );
  await inside.log.close();
});
