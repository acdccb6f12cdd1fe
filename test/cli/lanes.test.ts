/** A lane that the log does not have: refused by every command that reads one, with the name that was probably meant. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/render/terminal.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { wayToLive, writeDeploy, writeLane } from '../runtime/audit/written.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let here: CommandHere;
const commit = 'b'.repeat(40);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-lanes-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  await writeDeploy(log, { label: '501', commit }, wayToLive(commit, null, 'v1'));
  await writeDeploy(log, { label: '7', commit, lane: 'acme-api' }, []);
  // One that has nothing but an order of a person.
  const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'not yet' };
  await writeLane(log, { type: 'lane.disabled', data: person }, 'acme-docs');
  await log.close();
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Each command that takes `--lane`, in each form that reads it otherwise. */
const commands: readonly (readonly string[])[] = [
  ['status', '--offline'],
  ['explain', commit],
  ['metrics'],
  ['report'],
  ['report', '--format', 'html', '--output', 'made.html'],
  ['whatif', '--set', 'stacking=every'],
  ['whatif', '--set', 'stacking=every', '--format', 'markdown'],
  ['export'],
  ['export', '--output', 'made.jsonl'],
  ['export', '--format', 'cdevents'],
  ['export', '--format', 'otel', '--since', '1h'],
  ['export', '--otlp', 'http://127.0.0.1:9'],
];

describe('a lane', () => {
  it.each(commands.map((command) => [command.join(' '), command] as const))(
    'that is not there is refused by %s',
    async (_, command) => {
      const { exit, stdout, stderr } = await here.run([...command, '--lane', 'acme-wbe']);
      expect([exit, stdout]).toEqual([2, '']);
      expect(stderr).toContain('E_NO_LANE');
      expect(stderr).toContain('Did you mean acme-web?');
      expect(readdirSync(folder).filter((name) => name.startsWith('made'))).toEqual([]);
      const far = await here.run([...command, '--lane', 'nothing-like-it']);
      expect(far.stderr).toContain('acme-api, acme-docs, acme-web');
    },
  );

  it.each(
    commands
      .filter((command) => !command.includes('--otlp'))
      .map((command) => [command.join(' '), command] as const),
  )('that has nothing but an order is known to %s', async (_, command) => {
    const { stderr } = await here.run([...command, '--lane', 'acme-docs']);
    expect(stderr).not.toContain('Did you mean');
    expect(stderr).not.toMatch(/no lane acme-docs/);
  });

  it('is taken by no other command than those', () => {
    const silent = { out: () => {}, err: () => {} } as unknown as Terminal;
    const taking = createProgram({ version: '0', terminal: silent, exit: () => {} })
      .commands.filter(({ options }) => options.some(({ long }) => long === '--lane'))
      .map((command) => command.name());
    expect(taking.sort()).toEqual([...new Set(commands.map(([name]) => name))].sort());
  });
});
