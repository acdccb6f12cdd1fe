/** Where there is no log: every command but `advance` and `import` says where it looked, and makes none. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { createTerminal } from '../../src/cli/render/terminal.ts';
import { execute } from '../postgres/server.ts';
import { usePostgres } from '../postgres/use-postgres.ts';
import { storeFixture } from '../store/fixture.ts';
import { Stage } from './stage.ts';

const lines: Readonly<Record<string, readonly string[]>> = {
  resume: ['501', '--reason', 'x', '--branch', 'master'],
  disable: ['--reason', 'x', '--branch', 'master'],
  enable: ['--reason', 'x', '--branch', 'master'],
  unlock: ['--reason', 'x', '--branch', 'master'],
  rollback: ['--yes', '--reason', 'x', '--branch', 'master'],
  status: [],
  log: ['501'],
  replay: ['501'],
  export: [],
  explain: ['501'],
  verify: [],
  metrics: [],
  whatif: ['--set', 'gates.stuckExit=0'],
  report: ['501'],
  open: ['app'],
  serve: ['--port', '0'],
};
/** They make a log, or know none. */
const others = [
  ...['advance', 'import', 'docs', 'sandbox', 'help', 'version', 'completion', 'init'],
  // These say what they found, and what they found of the log is that there is none.
  ...['complete', 'doctor'],
  // It says how a log is asked, and looks at none.
  'views',
];

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ within: true });
  stage.commit('The first');
});
afterAll(() => stage.strike());

it('there is a line here for every command that reads or writes a log', () => {
  const { stdout, stderr } = process;
  const terminal = createTerminal({ stdout, stderr, env: {}, noColor: true });
  const program = createProgram({ version: '0', terminal, exit: () => {} });
  const names = program.commands.map((command) => command.name());
  expect(names.filter((name) => !others.includes(name)).sort()).toEqual(Object.keys(lines).sort());
});

describe.each(Object.keys(lines))('%s', { timeout: 60_000 }, (name) => {
  it('makes no file in a place without one', async () => {
    const file = join(stage.folder, `../${name}/somewhere/log.db`);
    const ended = await stage.run([name, ...(lines[name] ?? [])], {
      PIPELINE_STORE: `sqlite:${file}`,
    });
    expect(ended.exit, ended.stderr).toBe(2);
    expect(ended.stderr).toContain('error[E_STORE_MISSING]');
    expect(ended.stderr).toContain('somewhere/log.db');
    expect(ended.stderr).toContain('--store or PIPELINE_STORE');
    expect(existsSync(dirname(dirname(file)))).toBe(false);
  });

  it('looks where --store says, whatever the variable says', async () => {
    const file = join(stage.folder, `../${name}/named/log.db`);
    const line = [name, ...(lines[name] ?? []), '--store', `sqlite:${file}`];
    const ended = await stage.run(line, { PIPELINE_STORE: 'sqlite:/somewhere/else/log.db' });
    expect(ended.exit, ended.stderr).toBe(2);
    expect(ended.stderr).toContain('named/log.db');
    expect(ended.stderr).not.toContain('/somewhere/else');
    expect(existsSync(dirname(dirname(file)))).toBe(false);
  });

  it('leaves an empty file empty', async () => {
    const file = join(dirname(stage.logFile), `../empty-${name}.db`);
    writeFileSync(file, '');
    const ended = await stage.run([name, ...(lines[name] ?? [])], {
      PIPELINE_STORE: `sqlite:${file}`,
    });
    expect(ended.exit, ended.stderr).toBe(2);
    expect(ended.stderr).toContain('error[E_STORE_MISSING]');
    expect(statSync(file).size).toBe(0);
  });
});

describe('in PostgreSQL', () => {
  const { store } = storeFixture(usePostgres().store);

  it.each(Object.keys(lines))('%s makes no schema', { timeout: 60_000 }, async (name) => {
    const ended = await stage.run([name, ...(lines[name] ?? [])], { PIPELINE_STORE: store().url });
    expect(ended.exit, ended.stderr).toBe(2);
    expect(ended.stderr).toContain('error[E_STORE_MISSING]');
    const made = "select from pg_catalog.pg_namespace where nspname = 'lockstep'";
    expect(await execute(store().url, made)).toEqual([]);
  });
});
