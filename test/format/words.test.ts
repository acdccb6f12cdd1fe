/** Numbers, lists and foreign text in sentences. */
import { expect, it } from 'vitest';
import { cut, oneLine } from '../../src/format/text.ts';
import { counted, listed, sentence } from '../../src/format/words.ts';

it.each([
  [0, '0 events'],
  [1, '1 event'],
  [999, '999 events'],
  [12_000, '12,000 events'],
  [1_234_567, '1,234,567 events'],
])('counts %d', (count, text) => {
  expect(counted(count, 'event')).toBe(text);
});

it('lists the first few, and says how many more there are', () => {
  expect(listed([], 2)).toBe('');
  expect(listed(['a', 'b'], 2)).toBe('a, b');
  expect(listed(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
});

it.each([
  ['it broke', 'it broke.'],
  ['it broke. ', 'it broke.'],
  ['why?', 'why?'],
])('makes a sentence of %j', (text, made) => {
  expect(sentence(text)).toBe(made);
});

it('puts a text on one line, and cuts it at no half of a character', () => {
  expect(oneLine('  a\n\tb ')).toBe('a b');
  expect(cut('abc', 3)).toBe('abc');
  expect(cut('abcd', 3)).toBe('ab…');
  expect(cut('a🚀bc', 3)).toBe('a…');
});
