/** Only the chart knows its states by name: everybody else asks for tags and `meta` (src/machine/state-facts.ts). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chart } from '../src/machine/chart.ts';
import { statesOf } from '../src/machine/outline.ts';

const src = join(import.meta.dirname, '../src');

/** Words that are the name of a state and of something else too: not to be found where a state is looked at. */
const otherMeanings: Readonly<Record<string, string>> = {
  canary: 'an environment',
  disabled: 'how a lane or a switch is, and an answer of the gates',
  gates: 'an input of what writes to production',
  failed: 'a tag, and how a vendor’s build, job or release ended',
  live: 'a tag',
  production: 'an environment',
  queued: 'how a vendor’s build or job is',
  starting: 'how a vendor’s instance is',
  superseded: 'an answer of the gates and of the lock',
  waiting: 'the tone of a sentence, and how a vendor’s job is',
};

/** These know states of their vendors, by those vendors' names. */
const vendors = /^(sandbox|effects\/(ci|targets|checks|history))\//;
const upcasters = /\/upcasters\.ts$/;

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('machine/'))
  .filter((name) => !upcasters.test(name));

const textOf = (name: string): string => readFileSync(join(src, name), 'utf8');
const linesOf = (name: string, pattern: RegExp): string[] =>
  textOf(name)
    .split('\n')
    .filter((line) => pattern.test(line))
    .map((line) => `${name}: ${line.trim()}`);

const names = new Set(statesOf(chart).flatMap(({ name }) => [name, ...name.split('.')]));
const unmistakable = [...names].filter((name) => !Object.hasOwn(otherMeanings, name));

describe('no file outside of src/machine', () => {
  it('has the name of a state that means nothing else', () => {
    expect(unmistakable).toContain('production.live');
    const literal = new RegExp(`(['"\`])(${unmistakable.join('|').replaceAll('.', '\\.')})\\1`);
    expect(files.flatMap((name) => linesOf(name, literal))).toEqual([]);
  });

  it('compares a state with a text', () => {
    const compared =
      /\bstate(Of\([^)]*\))?\)?\s*([!=]==?\s*['"`]|\.(startsWith|endsWith|includes|match|split)\()|['"`]\s*[!=]==?\s*([\w.]+\.)?state\b|switch \(([\w.]+\.)?state(Of\([^)]*\))?\)|\]\.includes\(([\w.]+\.)?state\b/;
    const ours = files.filter((name) => !vendors.test(name) && !name.startsWith('store/'));
    expect(ours.flatMap((name) => linesOf(name, compared))).toEqual([]);
  });
});

it('a word with another meaning is the name of a state', () => {
  expect(Object.keys(otherMeanings).filter((word) => !names.has(word))).toEqual([]);
});
