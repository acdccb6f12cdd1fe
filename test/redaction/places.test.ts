import { describe, expect, it } from 'vitest';
import { placesOf } from '../../src/redaction/places.ts';
import { fc } from '../fast-check.ts';

/** Of few letters, so that one is often a part of another; and of many, of which two may look alike to whoever counts. */
const letters = fc.oneof(fc.constantFrom('a', 'b'), fc.constantFrom('a', 'é', '\ud83d', '\uffff'));
const form = fc.oneof(
  fc.string({ unit: letters, minLength: 4, maxLength: 9 }),
  fc.string({ unit: 'grapheme', minLength: 4, maxLength: 9 }),
);

describe('the places of many texts', () => {
  it('are those that a search for each of them finds', () => {
    const given = fc.record({
      forms: fc.uniqueArray(form, { maxLength: 30 }),
      around: fc.array(fc.string({ unit: letters, maxLength: 20 }), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(given, ({ forms, around }) => {
        const text = around.map((one, n) => `${one}${forms[n] ?? ''}${forms[0] ?? ''}`).join('');
        const all = forms.flatMap((one) => {
          const found: [number, string][] = [];
          for (let at = text.indexOf(one); at !== -1; at = text.indexOf(one, at + 1))
            found.push([at, one]);
          return found;
        });
        expect(placesOf(forms)(text).sort()).toEqual(all.sort());
      }),
    );
  });
});
