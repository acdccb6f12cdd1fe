/** Text for Slack: harmless, whole, within limits. */

import { describe, expect, it } from 'vitest';
import {
  cutEscaped,
  escapeText,
  link,
  pieces,
} from '../../../../src/effects/channels/slack/text.ts';
import { replaceUnseen } from '../../../../src/redaction/unseen.ts';
import { fc } from '../../../fast-check.ts';
import { mentionsIn, seen } from './server.ts';

/** Text with what Slack, Unicode and git messages have to offer. */
const words = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('<!channel>', '<@U012AB3CD>', '<http://evil.test|here>', '&lt;!here&gt;'),
      fc.constantFrom('\n', '\n\n', ' ', '👩‍👩‍👧', '🚀', '&', '<', '>', '|', '`', '*'),
      fc.constantFrom('x'.repeat(3_100), '<'.repeat(900), '🚀'.repeat(1_600)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))
  // They become U+FFFD, which another test shows.
  .map((text) => replaceUnseen(text, (character) => (character === '\n' ? character : '')));

describe('escapeText', () => {
  it.each([
    ['<!channel>', '&lt;!channel&gt;'],
    ['<@U012AB3CD> & co', '&lt;@U012AB3CD&gt; &amp; co'],
    ['<http://evil.test|here>', '&lt;http://evil.test|here&gt;'],
    ['&lt;', '&amp;lt;'],
    ['a\u0000b\u001bc', 'a\ufffdb\ufffdc'],
    ['half \ud83d', 'half \ufffd'],
    ['one\r\ntwo\rthree\nfour', 'one\ntwo\nthree\nfour'],
    ['a\u200bb\u202ec\u{e0041}d\u009be', 'a\ufffdb\ufffdc\ufffdd\ufffde'],
  ])('%j becomes %j', (text, escaped) => {
    expect(escapeText(text)).toBe(escaped);
  });
});

describe('pieces', () => {
  it('put together are the text, each within the limit, none with an active mention or half a character', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 10, max: 3_000 }), (text, max) => {
        const cut = pieces(text, max);
        for (const piece of cut) {
          expect(piece.length).toBeLessThanOrEqual(max);
          expect(piece.isWellFormed()).toBe(true);
          expect(piece.replace(/&(amp|lt|gt);/g, '')).not.toMatch(/[&<>]/);
          expect(mentionsIn(piece)).toEqual([]);
          expect(piece.trim()).not.toBe('');
        }
        const visible = (one: string) => one.replace(/\s+/g, '');
        expect(visible(seen(cut.join('')))).toBe(visible(text));
        // White space is lost only where a piece would have been nothing else.
        if (max >= 1_000 && !/\s{500}/.test(text)) expect(seen(cut.join(''))).toBe(text.trim());
      }),
      { numRuns: 300 },
    );
  });

  it('are cut after a line where they can be', () => {
    expect(pieces('one two\nthree four\nfive', 12)).toEqual(['one two\n', 'three four\n', 'five']);
  });

  it('are cut after a word where a line is too long, and the space stays with the word before it', () => {
    expect(pieces('one two three four', 9)).toEqual(['one two ', 'three ', 'four']);
    expect(pieces('aa bb cc dd', 5)).toEqual(['aa ', 'bb ', 'cc dd']);
  });

  it('of white space alone are none', () => {
    expect(pieces(' \n '.repeat(3_000))).toEqual([]);
  });

  it('of a very long text without a space are whole', () => {
    expect(pieces('<&>'.repeat(200_000)).join('')).toHaveLength(200_000 * 13);
  });
});

describe('cutEscaped', () => {
  it('never cuts inside an entity, a link or a character', () => {
    for (let max = 1; max < 40; max++) {
      const cut = cutEscaped('a&amp;b<https://acme.test|link>🚀&lt;', max);
      expect(cut.length).toBeLessThanOrEqual(max);
      expect(cut.isWellFormed()).toBe(true);
      expect(cut).toMatch(/^(a(&amp;(b(<https:\/\/acme\.test\|link>(🚀(&lt;)?)?)?)?)?)?…?$/u);
    }
  });
});

describe('link', () => {
  it('escapes its words and closes its URL', () => {
    expect(link('https://acme.test/?a=1&b=<x>|y', 'a|b <c>')).toBe(
      '<https://acme.test/?a=1&amp;b=%3Cx%3E%7Cy|a¦b &lt;c&gt;>',
    );
  });

  it.each([null, 'javascript:alert(1)', 'not a url', 'slack://open'])(
    'is only its words for the URL %s',
    (url) => {
      expect(link(url, '<!here>')).toBe('&lt;!here&gt;');
    },
  );

  it('leaves out a user name and a password', () => {
    expect(link('https://bo:secret@acme.test/x', 'x')).toBe('<https://acme.test/x|x>');
  });
});
