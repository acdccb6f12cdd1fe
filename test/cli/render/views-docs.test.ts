/** `pipeline docs`: what it writes, what `--check` says, and an output that cannot be. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { docs } from '../../../src/cli/commands/docs.ts';
import type { Terminal } from '../../../src/cli/render/terminal.ts';
import { chart } from '../../../src/machine/chart.ts';
import { documentChart } from '../../../src/machine/document.ts';
import { failureOf } from '../../effects/lockstep-error.ts';

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
    expect(said.join('\n')).toContain(`statechart.md:${line} is not what the chart says`);
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
      const error = await failureOf(docs({ output, check }, terminal));
      expect(error.code).toBe('E_OUTPUT');
      expect(error.hint).toContain('--output');
    }
  });
});
