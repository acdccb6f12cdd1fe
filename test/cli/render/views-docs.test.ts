/** `pipeline docs`: what it writes, what `--check` says, which changes it finds, and an output that cannot be. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { docs } from '../../../src/cli/commands/docs.ts';
import { type Promised, promised } from '../../../src/cli/commands/documents.ts';
import type { Terminal } from '../../../src/cli/render/terminal.ts';
import { chart } from '../../../src/machine/chart.ts';
import { chartOf } from '../../../src/machine/chart-of-definition.ts';
import { type ChartDefinition, definitionOf } from '../../../src/machine/definition.ts';
import { documentChart } from '../../../src/machine/document.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';

const same = (text: string): string => text;
let folder: string;
let said: string[];
let terminal: Terminal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-docs-'));
  said = [];
  terminal = {
    out: (text) => void said.push(text),
    json: () => {},
    write: async () => true,
    redraw: () => {},
    err: (text) => void said.push(text),
    annotate: () => {},
    isTty: false,
    columns: 80,
    color: { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same },
    status: () => {},
    clearStatus: () => {},
  };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('pipeline docs', () => {
  it('writes the chart, with the folders on the way, and is content with that afterwards', async () => {
    const output = join(folder, 'a/b/statechart.md');
    expect(await docs({ output }, terminal)).toBe(0);
    expect(readFileSync(output, 'utf8')).toBe(documentChart(chart));
    expect(await docs({ output, check: true }, terminal)).toBe(0);
  });

  it('--check exits 1, names the first line that differs, and writes nothing', async () => {
    const output = join(folder, 'statechart.md');
    const changed = documentChart(chart).replace('stateDiagram-v2', 'stateDiagram');
    writeFileSync(output, changed);
    expect(await docs({ output, check: true }, terminal)).toBe(1);
    const line = changed.split('\n').indexOf('stateDiagram') + 1;
    expect(said.join('\n')).toContain(`statechart.md:${line} is not what this version says`);
    expect(readFileSync(output, 'utf8')).toBe(changed);
    const absent = join(folder, 'absent.md');
    expect(await docs({ output: absent, check: true }, terminal)).toBe(1);
    expect(existsSync(absent)).toBe(false);
  });

  it.each([false, true])('refuses an output that cannot be a file (check: %s)', async (check) => {
    mkdirSync(join(folder, 'folder.md'));
    writeFileSync(join(folder, 'file'), '');
    const blocked = [join(folder, 'folder.md'), ...(check ? [] : [join(folder, 'file/x.md')])];
    for (const output of blocked) {
      const error = await toldFailureOf(docs({ output, check }, terminal));
      expect(error.code).toBe('E_OUTPUT');
      expect(error.hint).toContain('--output');
    }
  });
});

/** The chart with something else in its definition. */
const redrawn = (change: (of: ChartDefinition) => Partial<ChartDefinition>): Promised => {
  const definition = definitionOf(chart);
  return { ...promised, chart: chartOf({ ...definition, ...change(definition) }) };
};
const [firstPart, ...otherParts] = promised.errors;

describe('pipeline docs --check finds', () => {
  const output = 'docs/statechart.md';
  const errors = 'docs/errors.md';
  const events = 'schema/events.schema.json';
  const all = [output, 'README.md', errors, events];
  const root = resolve(import.meta.dirname, '../../..');
  const check = async (of: Promised): Promise<string[]> => {
    const exit = await docs({ output, check: true }, terminal, { folder, of });
    const files = said.map((line) => line.split(':')[0] ?? '');
    expect(exit).toBe(files.length === 0 ? 0 : 1);
    return files;
  };
  beforeEach(() => {
    for (const file of all) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      copyFileSync(join(root, file), join(folder, file));
    }
  });

  const changes: Readonly<Record<string, readonly [of: Promised, files: readonly string[]]>> = {
    nothing: [promised, []],
    'a state that means something else': [
      redrawn(({ states }) => ({
        states: states.map((one, i) =>
          i === 3 ? { ...one, description: 'Something else.' } : one,
        ),
      })),
      [output],
    ],
    'a state with another exit code': [
      redrawn(({ states }) => ({
        states: states.map((one) => (one.exit === 3 ? { ...one, exit: 7 } : one)),
      })),
      [output],
    ],
    'a transition that is gone': [
      redrawn(({ transitions }) => ({ transitions: transitions.slice(0, -1) })),
      [output, 'README.md'],
    ],
    'an event with another field': [
      {
        ...promised,
        events: { ...promised.events, 'lock.lost': z.strictObject({ another: z.string() }) },
      },
      [events],
    ],
    'a new event': [
      { ...promised, events: { ...promised.events, 'lock.found': z.strictObject({}) } },
      [events],
    ],
    'an exit code': [
      { ...promised, exitCodes: { ...promised.exitCodes, 5: 'something new' } },
      ['README.md'],
    ],
    'an error code': [
      {
        ...promised,
        errors: [
          {
            title: firstPart?.title ?? '',
            errors: { ...firstPart?.errors, E_NEW: { meaning: 'It is new.', remedy: 'Wait.' } },
          },
          ...otherParts,
        ],
      },
      [errors],
    ],
  };
  it.each(Object.entries(changes))('%s', async (_, [of, files]) => {
    expect(await check(of)).toEqual(files);
    said.length = 0;
    await docs({ output }, terminal, { folder, of });
    said.length = 0;
    expect(await check(of)).toEqual([]);
  });

  it('what is not one of its documents is left alone', async () => {
    for (const file of all.slice(1)) writeFileSync(join(folder, file), '# Ours\n');
    expect(await check({ ...promised, errors: [], exitCodes: {}, events: {} })).toEqual([]);
    rmSync(join(folder, errors));
    await docs({ output }, terminal, { folder });
    expect(existsSync(join(folder, errors))).toBe(false);
    expect(readFileSync(join(folder, events), 'utf8')).toBe('# Ours\n');
  });
});
