/** Text of others in Markdown stays text: a property over whatever a commit's title may be. */
import { describe, expect, it } from 'vitest';
import { markdownLink, markdownText } from '../../src/format/markdown.ts';
import { fc } from '../fast-check.ts';

const messy = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom(
        '](http://evil.test)',
        '<img src=x>',
        '-->',
        '**',
        '`',
        '\\',
        '\n\n# ',
        '|',
        '&lt;',
        '```',
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe('markdownText', () => {
  it('escapes every sign that could mean something, and nothing else (CommonMark 2.4)', () => {
    fc.assert(
      fc.property(messy, (text) => {
        const escaped = markdownText(text);
        expect(escaped).not.toMatch(/[\n\r]/);
        // What is left once each escaped sign is taken out has no sign of ASCII in it.
        expect(escaped.replace(/\\[!-/:-@[-`{-~]/g, '')).not.toMatch(/[!-/:-@[-`{-~]/);
        const seen = escaped.replace(/\\([!-/:-@[-`{-~])/g, '$1');
        expect(seen).toBe(text.replace(/\s+/g, ' ').trim());
      }),
    );
  });
});

describe('markdownLink', () => {
  it('leads to its URL, whatever the words and the URL hold', () => {
    fc.assert(
      fc.property(
        messy,
        fc.webUrl({ withQueryParameters: true, withFragments: true }),
        (words, url) => {
          const [, shown, href] =
            /^\[(.*)\]\(<([^<>\s]*)>\)$/s.exec(markdownLink(url, words)) ?? [];
          expect(shown).toBe(markdownText(words));
          expect(new URL(href ?? '').origin).toBe(new URL(url).origin);
        },
      ),
    );
  });

  it.each([null, 'javascript:alert(1)', 'no url', 'data:text/html,x'])(
    'is words alone where the URL is %s',
    (url) => {
      expect(markdownLink(url, 'acme-web')).toBe('acme\\-web');
    },
  );

  it('has no user name and no password in it', () => {
    expect(markdownLink('https://ana:pw@ci.test/1', '1')).toBe('[1](<https://ci.test/1>)');
  });
});
