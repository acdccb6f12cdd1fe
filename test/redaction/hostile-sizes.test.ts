/** Texts that somebody made so that a search in them takes for ever, or finds too much to carry: the search ends. */
import { describe, expect, it } from 'vitest';
import { finder } from '../../src/redaction/finder.ts';
import { LineGate } from '../../src/redaction/line-gate.ts';
import { redactor } from '../../src/redaction/redactor.ts';
import { harmlessFor } from '../../src/redaction/runner-commands.ts';

const secret = 'HRKU-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
const clean = redactor([secret, 'ghp_abcdefghijklmnopqrstuvwxyz0123456789']);

const parts = [
  ...['\\', '"', "'", ' ', '\t', '\n', '\r', '\u0085', '%', '+', '=', ':', '.', '0', 'a'],
  ...['"+', '%22', '%20', '\\n', '\\"', '0x', '&#10;', '://', '@', '\u001b[0m', 'HRKU', 'SFJLVS1h'],
];
/** In which a search that looks at each stretch from each of its places takes minutes. */
const length = 60_000;

describe.each(parts)('%j, again and again', (part) => {
  it.each(['', '\\', ' '])('with %j', { timeout: 10_000 }, (other) => {
    const text = `${(part + other).repeat(length / (part + other).length)}x`;
    expect(clean(text)).not.toContain(secret);
    const lines = harmlessFor({ GITHUB_ACTIONS: 'true' })(text).split(/[\r\n]/);
    expect(lines.filter((line) => line.trimStart().startsWith('::'))).toEqual([]);
  });
});

it('finds a secret as often as it is there', () => {
  const encoded = Buffer.from(secret).toString('base64');
  for (const text of [`${encoded.repeat(9_000)}`, `${`${secret} `.repeat(130_000)}\n`]) {
    expect(clean(text)).not.toMatch(/HRKU|SFJLVS1h/);
  }
});

it('holds back two hundred lines at most', () => {
  const gate = new LineGate(() => finder([secret]));
  expect(gate.push('see HRKU')).toEqual([]);
  const shown = Array.from({ length: 400 }, () => gate.push('')).flat();
  expect(shown.length).toBeGreaterThanOrEqual(200);
});
