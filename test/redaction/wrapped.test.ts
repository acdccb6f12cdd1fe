/** A secret that somebody wrapped over lines, encoded or not, leaves no piece of itself: in a text, and line by line. */

import { describe, expect, it } from 'vitest';
import { finder } from '../../src/redaction/finder.ts';
import { LineGate } from '../../src/redaction/line-gate.ts';
import { redactor } from '../../src/redaction/redactor.ts';
import { fc } from '../fast-check.ts';

const secret = fc
  .string({ unit: 'grapheme-ascii', minLength: 12, maxLength: 400 })
  .filter((text) => /^[^\s\\]+$/.test(text) && new Set(text).size > 6);

const encodings: Readonly<Record<string, (one: string) => string>> = {
  plain: (one) => one,
  base64: (one) => Buffer.from(one).toString('base64'),
  base64url: (one) => Buffer.from(one).toString('base64url'),
  'base64 of more': (one) => Buffer.from(`machine heroku ${one} and so on`).toString('base64'),
  hex: (one) => Buffer.from(one).toString('hex'),
  'hex with colons': (one) => Buffer.from(one).toString('hex').match(/../g)?.join(':') ?? '',
  HEX: (one) => Buffer.from(one).toString('hex').toUpperCase(),
};
/** What people and programs put between two lines of one text. */
const breaks: Readonly<Record<string, string>> = {
  'a line end': '\n',
  'of Windows': '\r\n',
  'with indentation': '\n       ',
  'in JSON': '\\n',
  'in JSON in JSON': '\\\\n',
  'of Windows in JSON': '\\r\\n',
  'in a URL': '%0A',
  'in XML': '&#10;',
  'as strings that are joined': '" +\n  "',
  'as strings that are joined on one line': '" + "',
  'as strings that are joined, in JSON': '\\" + \\"',
  'as strings that are joined, in a URL': '%22%20+%20%20%22',
  'as strings in a row': "'\n'",
  'as a list of strings': '",\n  "',
  'with a backslash': ' \\\n',
  'as a mail’s soft break': '=\n',
  'of a quoted mail': '\n> ',
  'with a colour': '\u001b[0m\n\u001b[2m',
};

const wrap = (text: string, columns: number, by: string): string =>
  (text.match(new RegExp(`[^]{1,${columns}}`, 'g')) ?? []).join(by);

/** The encoded secret's own characters; at its ends base64 shares some with its neighbours. */
function ownPart(encoding: string, one: string): string {
  const text = encodings[encoding]?.(one) ?? '';
  return encoding === 'base64 of more' ? text.slice(20, -16) : text;
}

/** Whichever piece of the form is left, at least so long, whatever stands between its characters. */
function left(clean: string, form: string, length: number): string[] {
  const shown = clean.replaceAll('[secret]', '§').split(/[\s"'+,\\>]+|%0A|%2[02]|&#10;/);
  return [...Array(Math.max(0, form.length - length + 1)).keys()]
    .map((at) => form.slice(at, at + length))
    .filter((piece) => shown.some((part) => part.includes(piece)));
}

it.each(Object.keys(encodings))('a secret as %s, wrapped however, is gone whole', (encoding) => {
  const way = fc.constantFrom(...Object.keys(breaks));
  fc.assert(
    fc.property(secret, fc.integer({ min: 16, max: 80 }), way, (one, columns, how) => {
      const text = wrap(encodings[encoding]?.(one) ?? '', columns, breaks[how] ?? '');
      const clean = redactor([one])(`«${text}»`);
      expect(left(clean, ownPart(encoding, one), 6)).toEqual([]);
      expect(clean).toMatch(/^«.*»$/s);
    }),
    { numRuns: 300 },
  );
});

it.each([':', ' ', '-', ', ', '\\x', ', 0x', '%', '\n', ':\n    ', '" "'])(
  'hex with %j between its bytes is gone whole',
  (between) => {
    fc.assert(
      fc.property(secret, fc.constantFrom(2, 4), fc.boolean(), (one, digits, upper) => {
        const hex = Buffer.from(one).toString('hex');
        const groups = (upper ? hex.toUpperCase() : hex).match(
          new RegExp(`.{1,${digits}}`, 'g'),
        ) as string[];
        const clean = redactor([one])(`key = ${groups.join(between)} .`);
        expect(clean).toBe('key = [secret] .');
      }),
      { numRuns: 40 },
    );
  },
);

it('a key is known in lines of another length, in one line, and as base64 of all of it', () => {
  const body = Buffer.from(Array.from({ length: 600 }, (_, i) => (i * 7919) % 251)).toString(
    'base64',
  );
  const pem = (columns: number) =>
    `-----BEGIN KEY-----\n${wrap(body, columns, '\n')}\n-----END KEY-----`;
  const redact = redactor([pem(64)]);
  for (const columns of [60, 70, 76]) {
    expect(redact(`the key: ${pem(columns)}.`)).toBe('the key: [secret].');
    const whole = wrap(Buffer.from(pem(64)).toString('base64'), columns, '\n');
    expect(redact(`the key: ${whole}.`)).toBe('the key: [secret].');
  }
});

it('a secret with blanks is known where a line was wrapped at one of them', () => {
  expect(redactor(['correct horse battery'])('is correct horse\n  battery!')).toBe('is [secret]!');
});

describe('text that comes line by line', () => {
  const gateOf = (one: string) => new LineGate(() => finder([one]));
  const through = (one: string, lines: readonly string[]): string[] => {
    const gate = gateOf(one);
    return [...lines.flatMap((line) => gate.push(line)), ...gate.end()];
  };

  it.each(Object.keys(encodings))('shows four characters at most of a secret as %s', (encoding) => {
    fc.assert(
      fc.property(secret, fc.integer({ min: 5, max: 80 }), fc.nat(20), (one, columns, before) => {
        const text = `${'«'.repeat(before)}${encodings[encoding]?.(one) ?? ''}»`;
        const lines = ['one', ...wrap(text, columns, '\n').split('\n'), 'two'];
        const shown = through(one, lines);
        expect(left(shown.join('\n'), ownPart(encoding, one), 5)).toEqual([]);
        expect(shown[0]).toBe('one');
        expect(shown.at(-1)).toBe('two');
      }),
      { numRuns: 100 },
    );
  });

  it('whatever it is, all that is no secret is shown, in its order', () => {
    fc.assert(
      fc.property(
        secret,
        fc.array(fc.string({ unit: 'grapheme', maxLength: 60 })),
        (one, texts) => {
          const lines = texts.map((text) => text.replaceAll('\n', ' '));
          const { spansIn, begunIn } = finder([one]);
          fc.pre(spansIn(lines.join('\n')).length === 0 && begunIn(lines.join('\n')) === null);
          expect(through(one, lines)).toEqual(lines);
        },
      ),
    );
  });

  it('at its end what is held back is told once', () => {
    const gate = gateOf('npm_0123456789abcdef');
    expect(gate.push('> npm_01')).toEqual([]);
    expect(gate.end()).toEqual(['> npm_01']);
    expect(gate.end()).toEqual([]);
  });

  it('a line that may be the start of a secret is held until the next one tells', () => {
    const gate = gateOf('npm_0123456789abcdef');
    expect(gate.push('> npm_0123')).toEqual([]);
    expect(gate.rest()).toEqual(['> [secret]']);
    expect(gate.push('up to date')).toEqual(['> npm_0123', 'up to date']);
    expect(gate.push('> npm_0123')).toEqual([]);
    expect(gate.push('456789abcdef')).toEqual(['> [secret]']);
  });

  it('lines with the words of a log before each show no long piece of what is encoded', () => {
    const one = 'a-long-token-of-somebody-that-nobody-may-see-0123456789-0123456789-abcdefghijkl';
    const lines = wrap(encodings.base64?.(one) ?? '', 40, '\n').split('\n');
    const shown = through(
      one,
      lines.map((line) => `2026-01-05T10:00:00Z app[web.1]: ${line}`),
    );
    expect(left(shown.join('\n'), encodings.base64?.(one) ?? '', 20)).toEqual([]);
    expect(shown).toHaveLength(lines.length);
  });
});
