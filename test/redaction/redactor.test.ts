/** Secrets are taken out of texts and JSON in every form, and nothing else is. */
import { hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formsOf } from '../../src/redaction/forms.ts';
import { masked, redactJson, redactor, withoutUserInfo } from '../../src/redaction/redactor.ts';
import { fc } from '../fast-check.ts';

/** Secrets as people and vendors make them. */
const secret = fc
  .string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 })
  .map((text) => text.trim())
  .filter((text) => text.length >= 8 && !'[secret]'.includes(text));

const around = fc.string({ unit: 'grapheme', maxLength: 30 });

describe('a secret of eight characters or more', () => {
  it('is gone in every form, wherever it stands, and nothing is masked twice', () => {
    fc.assert(
      fc.property(secret, around, around, (one, before, after) => {
        const redact = redactor([one]);
        for (const form of formsOf(one)) {
          const clean = redact(before + form + after);
          expect(clean.replaceAll('[secret]', '')).not.toContain(form);
          expect(redact(clean)).toBe(clean);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, (one: string) => string]>([
    ['plain', (one) => one],
    ['in a URL', (one) => encodeURIComponent(one)],
    [
      'in a URL, with hex digits of lower case',
      (one) => encodeURIComponent(one).replace(/%../g, (hex) => hex.toLowerCase()),
    ],
    ['as a form sends it', (one) => new URLSearchParams({ a: one }).toString().slice(2)],
    ['in base64', (one) => Buffer.from(one).toString('base64')],
    ['in base64url', (one) => Buffer.from(one).toString('base64url')],
    ['in Basic credentials', (one) => Buffer.from(`ana:${one}`).toString('base64')],
    ['in hex', (one) => Buffer.from(one).toString('hex')],
    ['in JSON', (one) => JSON.stringify({ token: one })],
    ['in JSON in JSON', (one) => JSON.stringify({ body: JSON.stringify({ token: one }) })],
    [
      'in JSON in JSON in JSON',
      (one) => JSON.stringify(JSON.stringify(JSON.stringify({ token: one }))),
    ],
    ...['&quot;', '&#34;'].flatMap((quote) =>
      ['&#39;', '&#x27;', '&apos;'].map((apostrophe): [string, (one: string) => string] => [
        `in HTML with ${quote} and ${apostrophe}`,
        (one) =>
          one
            .replaceAll('&', '&amp;')
            .replaceAll('<', '&lt;')
            .replaceAll('"', quote)
            .replaceAll("'", apostrophe),
      ]),
    ),
    [
      'in HTML',
      (one) =>
        one
          .replaceAll('&', '&amp;')
          .replaceAll('<', '&lt;')
          .replaceAll('"', '&quot;')
          .replaceAll("'", '&#39;'),
    ],
  ])('is gone %s', (_, encoded) => {
    const one = 'p&s"w<o\'r/d+0 =%é';
    const clean = redactor([one])(`before ${encoded(one)} after`);
    expect(clean).toContain('[secret]');
    for (const form of formsOf(one)) expect(clean).not.toContain(form);
  });

  it('is gone in Basic credentials without a user, though it is short', () => {
    const sent = Buffer.from(':s3cr3t-1').toString('base64');
    expect(redactor(['s3cr3t-1'])(`Basic ${sent}.`)).toBe('Basic [secret].');
  });

  it.each(['', 'a', 'ab', 'user:'])('leaves nothing of itself in base64 after %j', (before) => {
    const text = Buffer.from(`${before}circle-token-1:and more`).toString('base64');
    const shown = redactor(['circle-token-1'])(`Basic ${text}`);
    expect(shown).toContain('[secret]');
    for (const part of shown.slice('Basic '.length).split('[secret]')) {
      expect(Buffer.from(part, 'base64').toString('latin1')).not.toMatch(/circle|token/);
    }
  });
});

describe('several secrets', () => {
  it('leave no rest where one begins with, or runs into, another', () => {
    expect(redactor(['token-11', 'token-11-and-more'])('a token-11-and-more b')).toBe(
      'a [secret] b',
    );
    expect(redactor(['abcdefgh', 'efghijkl'])('x abcdefghijkl y')).toBe('x [secret] y');
    expect(redactor(['pass', 'pass!x'])('a pass!x b')).toBe('a [secret] b');
  });
});

describe('a short secret', () => {
  const redact = redactor(['test1', '4711']);

  it('is masked as a whole word', () => {
    expect(redact('the password test1, or "test1"; pin=4711.')).toBe(
      'the password [secret], or "[secret]"; pin=[secret].',
    );
  });

  it.each(['acme-test1', 'test12', 'a/test1/b', 'v1.4711', '14711', 'latest1'])(
    'is left alone in %s',
    (text) => expect(redact(text)).toBe(text),
  );

  it('of three characters is none', () => {
    expect(redactor(['abc'])('abc')).toBe('abc');
  });
});

describe('the credentials of any URL', () => {
  it.each([
    ['postgres://ada:correct%20horse@host/x', 'postgres://ada:[secret]@host/x'],
    ['https://ghp_0123456789abcdef@github.com/a/b', 'https://[secret]@github.com/a/b'],
    // As long as a token is, and one character less.
    ['https://0123456789abcdef@b.test/a', 'https://[secret]@b.test/a'],
    ['https://0123456789abcde@b.test/a', 'https://0123456789abcde@b.test/a'],
    ['ssh://git@github.com/a/b', 'ssh://git@github.com/a/b'],
    ['https://acme.test/@ana', 'https://acme.test/@ana'],
    [
      'write postgres://USER:PASSWORD@HOST, not postgres://ada:horse@host',
      'write postgres://USER:PASSWORD@HOST, not postgres://ada:[secret]@host',
    ],
  ])('%s', (text, clean) => {
    expect(redactor([])(`fatal: ${text} said no`)).toBe(`fatal: ${clean} said no`);
  });
});

describe('JSON', () => {
  it('loses secrets in values and names at every depth, and stays JSON', () => {
    const given = { a: ['one top-secret'], b: { 'top-secret': { c: 'top-secret', n: 12345678 } } };
    expect(redactJson(given, redactor(['top-secret', '12345678']), new Set())).toEqual({
      a: ['one [secret]'],
      b: { '[secret]': { c: '[secret]', n: 12345678 } },
    });
  });
});

it('ids pass whatever the secrets are: commits, UUIDs, digests, times', () => {
  const bytes = (seed: number) =>
    Buffer.from(hkdfSync('sha256', `${seed}`, '', '', 32)).toString('hex');
  fc.assert(
    fc.property(fc.integer(), fc.array(secret, { maxLength: 5 }), (seed, secrets) => {
      const hex = bytes(seed);
      fc.pre(!secrets.some((one) => hex.includes(one)));
      const ids = [hex, hex.slice(0, 40), `502-${hex.slice(0, 8)}`, '2026-01-05T13:00:00.000Z'];
      expect(redactJson(ids, redactor(secrets), new Set())).toEqual(ids);
    }),
  );
});

describe('the user of a URL', () => {
  it.each([
    ['https://x-access-token:ghs_1@github.test/a/b', 'https://github.test/a/b'],
    ['ssh://git@github.test/a/b', 'ssh://github.test/a/b'],
    ['https://ana:p@ss@github.test/a', 'https://github.test/a'],
    ['https://acme.test/@ana and https://b.test/c', 'https://acme.test/@ana and https://b.test/c'],
    ['git@github.test:a/b', 'git@github.test:a/b'],
  ])('%s', (text, without) => expect(withoutUserInfo(text)).toBe(without));

  it.each([
    'a-',
    'a.',
    '://',
    'a://',
    'a@',
    'a:',
    ':',
    '/',
    'https://a:b@c ',
    ' \n',
    '\\n',
    '=\n',
    'ab ',
    'YWJj',
  ])('a million characters of %j are dealt with in their own time, secrets too', (text) => {
    const long = text.repeat(1_000_000 / text.length);
    expect(withoutUserInfo(long).length).toBeLessThanOrEqual(long.length);
    expect(redactor(['a-secret-of-ours'])(`${long} a-secret-of-ours`)).toMatch(/\[secret\]$/);
  });
});

describe('finds that overlap', () => {
  it.each([
    [
      'one in the other',
      [
        [0, 8],
        [2, 4],
      ],
      '[secret]ij',
    ],
    [
      'the same beginning',
      [
        [0, 4],
        [0, 8],
      ],
      '[secret]ij',
    ],
    [
      'one after the other begins',
      [
        [0, 5],
        [3, 8],
      ],
      '[secret]ij',
    ],
    [
      'three in a chain, the longest first',
      [
        [0, 8],
        [1, 2],
        [7, 9],
      ],
      '[secret]j',
    ],
    [
      'side by side',
      [
        [0, 4],
        [4, 8],
      ],
      '[secret][secret]ij',
    ],
  ] as const)('%s: nothing of either is left', (_, spans, clean) => {
    expect(masked('abcdefghij', spans)).toBe(clean);
    expect(masked('abcdefghij', spans.toReversed())).toBe(clean);
  });
});
