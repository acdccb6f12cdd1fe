/** What is written down is what the code says; test/cli/render/views-docs.test.ts has that `docs --check` finds what changes. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorParts } from '../src/cli/commands/documents.ts';
import { exitCodes } from '../src/cli/workspace/exit-codes.ts';
import { chart } from '../src/machine/chart.ts';
import { chartEventSchemas, definitionOf } from '../src/machine/definition.ts';
import { schemaNumbers } from '../src/machine/event-schemas.ts';
import { eventSchemas } from '../src/machine/events.ts';
import { laneEventSchemas } from '../src/machine/lane.ts';
import { headEventSchemas } from '../src/machine/log-head.ts';
import { samples } from '../src/machine/samples.ts';

const read = (file: string): string =>
  readFileSync(join(resolve(import.meta.dirname, '..'), file), 'utf8');
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const code = (text: string | number): string => `\`${text}\``;

describe('docs/statechart.md', () => {
  const lines = new Set(read('docs/statechart.md').split('\n'));
  const definition = definitionOf(chart);

  it('has a row for each state, with what decides about it', () => {
    const missing = definition.states.filter(({ name, description, exit, invokes, next }) => {
      const around = definition.states.filter((one) => `${name}.`.startsWith(`${one.name}.`));
      const tags = [...new Set(around.flatMap((one) => one.tags))].map(code).join(' ');
      const service = invokes === null ? '' : code(invokes.service);
      const wanted = [description, tags, exit === null ? '' : code(exit), service, next ?? ''];
      return !lines.has(row(code(name), ...wanted));
    });
    expect(missing.map(({ name }) => name)).toEqual([]);
    expect(definition.states.length).toBeGreaterThan(40);
  });

  it('has a row for each transition, with its guard and why it is taken', () => {
    const leafOf = (name: string): string => {
      const inner = definition.states.find((one) => one.name === name)?.initial ?? null;
      return inner === null ? name : leafOf(inner);
    };
    const missing = definition.transitions.filter(({ from, event, target, guard, description }) => {
      const to = target === null ? from : leafOf(target);
      const by = event === null ? 'at once' : code(event);
      return !lines.has(
        row(code(from), by, code(to), guard === null ? '' : code(guard), description),
      );
    });
    expect(missing.map(({ from, event }) => `${from} ${event}`)).toEqual([]);
    expect(definition.transitions.length).toBeGreaterThan(140);
  });
});

describe('schema/events.schema.json', () => {
  const { definitions } = JSON.parse(read('schema/events.schema.json'));
  const all = { ...eventSchemas, ...laneEventSchemas, ...headEventSchemas, ...chartEventSchemas };

  it('has every event in the schema that is in use, and no other', () => {
    const inUse = Object.keys(all).map((type) => `${type}@${schemaNumbers.get(type) ?? 1}`);
    expect(Object.keys(definitions).sort()).toEqual(inUse.sort());
  });

  it('names every field that an event of a deploy has', () => {
    for (const [type, data] of Object.entries(samples)) {
      const text = JSON.stringify(definitions[`${type}@${schemaNumbers.get(type) ?? 1}`]);
      for (const name of Object.keys(data)) expect(text, type).toContain(`"${name}":`);
    }
  });
});

it('README.md has every exit code', () => {
  const rows = read('README.md').matchAll(/^\| ([\d, ]+) \| /gm);
  const told = [...rows].flatMap(([, codes = '']) => codes.split(', ').map(Number));
  expect(told.sort((a, b) => a - b)).toEqual(
    Object.keys(exitCodes)
      .map(Number)
      .sort((a, b) => a - b),
  );
});

it('docs/errors.md has every error code, with its meaning', () => {
  const page = read('docs/errors.md');
  const missing = errorParts.flatMap(({ errors }) =>
    Object.entries(errors).filter(
      ([name, { meaning }]) => !page.includes(name) || !page.includes(cell(meaning)),
    ),
  );
  expect(missing.map(([name]) => name)).toEqual([]);
});
