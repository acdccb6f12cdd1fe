/** Text in columns of a terminal. */
import { describe, expect, it } from 'vitest';
import { cutToWidth, table, widthOf } from '../../src/format/columns.ts';
import { fc } from '../fast-check.ts';

const esc = '\u001b';

describe('a table', () => {
  it('aligns its columns by how wide they look: wide characters, joined emoji, colours', () => {
    expect(widthOf('日本')).toBe(4);
    expect(widthOf('👩‍🚀')).toBe(2);
    expect(widthOf('e\u0301')).toBe(1);
    expect(widthOf(`${esc}[32mlive${esc}[39m`)).toBe(4);
    const lines = table([
      ['日本', 'x'],
      [`${esc}[32mab${esc}[39m`, 'y'],
    ]);
    expect(lines).toEqual(['日本  x', `${esc}[32mab${esc}[39m    y`]);
  });

  it('of no rows has no lines', () => {
    expect(table([])).toEqual([]);
  });
});

describe('a width', () => {
  it.each([
    ['a flag', '🇩🇪', 2],
    ['a heart that is shown as an emoji', '❤️', 2],
    ['a sign that is text', '©', 1],
    ['what nobody sees', '\u200b\u2060', 0],
  ])('of %s', (_, text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  // A mark joins the sign before it and takes no column; with one, the text is measured sign by sign.
  it('of plain text is the same as of one that is measured sign by sign', () => {
    const signs = fc.array(fc.integer({ min: 0x20, max: 0x2200 }), { maxLength: 12 });
    const plain = signs.map((codes) => `x${String.fromCodePoint(...codes)}x`);
    const both = (text: string): void => {
      expect(widthOf(`${text}\u0301`), JSON.stringify(text)).toBe(widthOf(text));
    };
    for (let code = 0x20; code < 0x2200; code++) both(`x${String.fromCodePoint(code)}x`);
    fc.assert(fc.property(plain, both));
  });

  it('is never more than what a text is cut to, and whatever fits stays as it is', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 });
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 40 }), (whole, columns) => {
        const shown = cutToWidth(whole, columns);
        expect(widthOf(shown)).toBeLessThanOrEqual(columns);
        if (widthOf(whole) <= columns) expect(shown).toBe(whole);
        else if (columns > 0) expect(shown).toMatch(/…$/);
      }),
    );
  });
});
