/** What people see of each command that tells of the log: on terminals of each width and theme, on dumb ones, and in a CI's log. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { widthOf } from '../../../src/format/columns.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { openLog } from '../../../src/store/open.ts';
import { sample } from '../../machine/samples.ts';
import { wayToGates, wayToLive, writeDeploy } from '../../runtime/audit/written.ts';
import { CommandHere } from '../command-here.ts';

let folder: string;
let store: string;
const [first, second, third] = ['b', 'c', 'd'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-screen-'));
  execFileSync('git', ['init', '--quiet', folder]);
  store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  await writeDeploy(log, { label: '501', commit: first }, wayToLive(first, null, 'v1'));
  await writeDeploy(log, { label: '502', commit: second }, [
    ...wayToGates(second, first, 'v2'),
    sample('production.held'),
  ]);
  await writeDeploy(log, { label: '7', commit: third, lane: 'acme-api' }, [
    sample('lock.acquired'),
    sample('deploy.failed', { step: 'observe' }),
  ]);
  await log.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const commands: readonly (readonly string[])[] = [
  ['status'],
  ['status', '--lane', 'acme-web'],
  ['explain', '502'],
  ['log', '502'],
  ['log', '7'],
  ['replay', '501'],
  ['replay', '501', '--at', '3'],
  ['replay', '--all'],
  ['metrics'],
  ['verify'],
  ['verify', '--head', `${'0'.repeat(64)}@3`],
  ['whatif', '--set', 'production.bake=5m'],
  ['doctor'],
  ['resume', 'nothing', '--reason', 'why'],
  ['whatif', '--set', 'gates.stuckExist=0'],
];

const named = commands.map((args) => ({ args, line: args.join(' ') }));

async function shown(
  args: readonly string[],
  columns: number | null,
  env: Record<string, string> = {},
): Promise<string> {
  const here = new CommandHere(folder, { PIPELINE_STORE: store, ...env }, { columns });
  const { stdout, stderr } = await here.run(args);
  return stdout + stderr;
}

const esc = '\u001b';
/** The live line is written over. */
const overwritten = new RegExp(`[^\\n\\r]*\\r${esc}\\[2K`, 'g');
const anyCode = new RegExp(`${esc}\\[([\\d;]*)(\\w)`, 'g');
/** Bold yellow is bright yellow on many terminals, which nobody sees on white. */
const boldColor = new RegExp(`${esc}\\[1m${esc}\\[3|${esc}\\[3\\dm${esc}\\[1m`);
const moved = new RegExp(`[\\r\\b${esc}]`);
const settled = (text: string): string => text.replace(overwritten, '');
const linesOf = (text: string): string[] =>
  stripVTControlCharacters(settled(text)).trimEnd().split('\n');
/** What cannot be broken: one word, with its label or without, or a command to be typed. */
const isWhole = (line: string): boolean =>
  /^(\w+ {2,})?\S+$/.test(line.replace(/pipeline .*/, 'command').trim());

describe('on a terminal', () => {
  afterEach(() => vi.useRealTimers());

  it.each(named)('$line fits its width', async ({ args }) => {
    for (const columns of [40, 80, 120]) {
      const wide = linesOf(await shown(args, columns)).filter(
        (line) => widthOf(line) > columns && !isWhole(line),
      );
      expect([columns, wide]).toEqual([columns, []]);
    }
  });

  it.each(named)(
    '$line says the same without colour, and has those that any theme shows',
    async ({ args }) => {
      // How long ago something was is the same each time.
      vi.useFakeTimers({ toFake: ['Date'] });
      const colored = await shown(args, 200, { TERM: 'xterm' });
      const codes = [...settled(colored).matchAll(anyCode)];
      // Bold, dim, red, green, yellow, cyan, and their ends: of the eight that every theme sets for its own background.
      const known = ['1', '2', '22', '31', '32', '33', '36', '39'];
      expect(codes.filter(([, code = '', end]) => end !== 'm' || !known.includes(code))).toEqual(
        [],
      );
      expect(settled(colored)).not.toMatch(boldColor);
      for (const env of [{ NO_COLOR: '1' }, { NO_COLOR: 'false' }]) {
        const plain = settled(await shown(args, 200, env));
        expect(plain).not.toContain(esc);
        expect(linesOf(plain)).toEqual(linesOf(colored));
      }
    },
  );
});

describe('elsewhere', () => {
  it.each(named)('$line moves no cursor and paints nothing', async ({ args }) => {
    for (const [columns, env] of [
      [80, { TERM: 'dumb' }],
      [80, { CI: 'true', GITHUB_ACTIONS: 'true' }],
      [null, {}],
    ] as const) {
      expect(await shown(args, columns, env)).not.toMatch(moved);
    }
  });
});
