/** Characters that nobody sees are made visible; what people write in their own scripts stays. */

import { describe, expect, it } from 'vitest';
import { visible, visibleJson } from '../../src/redaction/unseen.ts';
import { codePoint, fc } from '../fast-check.ts';

const hidden = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2]]/v;

describe('visible', () => {
  it('leaves no control, format or tag character but tabs, and joiners where they join', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint, maxLength: 60 }), (text) => {
        expect(visible(text).replace(/[\t\u200c\u200d]/g, '')).not.toMatch(
          // A joiner after an emoji or an Arabic letter is a part of what it joins.
          hidden,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['zero width', 'pay\u200bload', 'pay\\u200bload'],
    ['a joiner between Latin letters', 'pay\u200dload', 'pay\\u200dload'],
    ['tags', 'a\u{e0041}\u{e007f}b', 'a\\u{e0041}\\u{e007f}b'],
    ['C1', 'a\u009b2Jb', 'a\\u009b2Jb'],
    ['overrides', 'a\u202eb\u2066c', 'a\\u202eb\\u2066c'],
    ['a byte order mark', '\ufeffa', '\\ufeffa'],
    ['separators of lines and paragraphs', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['half a character', 'a\ud83d', 'a\\ud83d'],
  ])('shows %s', (_, text, shown) => expect(visible(text)).toBe(shown));

  it.each(['👩‍👩‍👧 ❤️ 👍🏽 1️⃣ 🏳️‍🌈', 'می‌خواهم', 'क्‍ष', 'a\tÄé 日本 🚀 שלום'])('keeps %s', (text) =>
    expect(visible(text)).toBe(text),
  );
});

it('JSON of unseen characters is ASCII there, and the same value', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: codePoint }), fc.string({ unit: codePoint })),
      (value) => {
        const text = visibleJson(JSON.stringify(value, null, 2));
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text.replace(/[\n\u200c\u200d]/g, '')).not.toMatch(hidden);
      },
    ),
  );
});
