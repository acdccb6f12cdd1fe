/** `details` of an error is for people: it is printed and kept. What programs decide by is a field of a typed error. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const src = join(import.meta.dirname, '../src');

/** These show or keep the bag as a whole. */
const whole = [
  'cli/render/error-view.ts',
  'cli/transfer/event-source.ts',
  'runtime/loop/failure.ts',
];

const code = (name: string): string[] =>
  readFileSync(join(src, name), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line))
    .map((line) => `${name}: ${line.trim()}`);

/** A key of the bag, by any of the ways in which one is read. */
const key =
  /\bdetails(\?\.|\.|\??\.?\[)|\{[^{}]*\} = ([\w.!?]+\.)?details\b|details: \{ \w+ ?[,}].*=/;
const bag = /\w\.details\b/;

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

it('no file of src reads a key of an error’s details', () => {
  expect(files.length).toBeGreaterThan(200);
  expect(files.flatMap(code).filter((line) => key.test(line))).toEqual([]);
});

it('only what shows or keeps them reads them at all', () => {
  const reading = files.filter((name) =>
    code(name).some((line) => bag.test(line) && !line.includes('this.details =')),
  );
  expect(reading.toSorted()).toEqual(whole);
});

it.each([
  ...['error.details.sent === true', "error.details['sent']", 'error.details?.sent'],
  ...['const { id } = error.details;', 'const { id, method } = details;'],
])('finds %s', (line) => {
  expect(key.test(line)).toBe(true);
});
