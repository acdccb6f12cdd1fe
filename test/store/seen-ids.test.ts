/** The ids that an import has seen: none is missed, and different ones are told apart but for a chance of one in many millions. */
import { expect, it } from 'vitest';
import { SeenIds } from '../../src/store/seen-ids.ts';
import { fc } from '../fast-check.ts';

it('knows each id that was added before, and takes none for it that was not', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 6 })), (ids) => {
      const seen = new SeenIds();
      const known = new Set<string>();
      for (const id of ids) {
        expect(seen.add(id)).toBe(known.has(id));
        known.add(id);
      }
    }),
  );
});

it('holds many, alike as they are', () => {
  const seen = new SeenIds();
  const ids = Array.from({ length: 50_000 }, (_, n) => `5f0c1a52-7a3e-4c1b-9d2e-${n}`);
  expect(ids.filter((id) => seen.add(id))).toEqual([]);
  expect(ids.filter((id) => !seen.add(id))).toEqual([]);
});
