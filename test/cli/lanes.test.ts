/** What a command is asked about, and nothing else, is what it tells of: a lane that the log has, and a time. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
  await writeDeploy(log, { label: '7', commit, lane: 'acme-api' }, wayToLive(commit, null, 'v1'));
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
  ['explain', '501'],
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

/** Of those, what names each deploy or each lane that it tells of. */
const naming: readonly (readonly string[])[] = [
  ['status', '--offline'],
  ['explain', commit],
  ['metrics'],
  ['report'],
  ['report', '--format', 'json'],
  ['report', '--format', 'html', '--output', 'made.html'],
  ['whatif', '--set', 'stacking=every', '--json'],
  ['export'],
  ['export', '--format', 'cdevents'],
  ['export', '--format', 'otel'],
];
const ofWeb = /501-b{8}|^acme-web$/m;

/** Each command that takes a time, in each form that reads it otherwise, and what it tells of a time of nothing. */
const commandsInTime: readonly (readonly [readonly string[], RegExp])[] = [
  [['metrics'], /^acme-api\n {2}deployment frequency +0 deploys/m],
  [['report'], /^[^\r\n]+\r\n$/],
  [['report', '--format', 'json'], /"changes": \[\]/],
  [['export'], /^$/],
  [['export', '--format', 'cdevents'], /^$/],
  [['export', '--format', 'otel'], /^$/],
  [['replay', '--all'], /^0 deploys of 0 agree\n$/],
  [['whatif', '--set', 'stacking=every'], /of 0 deploys/],
];
const takesUntil = ([name]: readonly string[]): boolean => name !== 'replay' && name !== 'whatif';

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

  it.each(naming.map((command) => [command.join(' '), command] as const))(
    'is all that %s tells of',
    async (_, command) => {
      expect(await told(command)).toMatch(ofWeb);
      const own = await told([...command, '--lane', 'acme-api']);
      expect(own).not.toMatch(ofWeb);
      expect(own).toMatch(/7-b{8}|^acme-api$/m);
    },
  );

  it('is taken by no other command than those', () => {
    expect(taking('--lane')).toEqual([...new Set(commands.map(([name]) => name))].sort());
    expect([...new Set(naming.map(([name]) => name))].sort()).toEqual(taking('--lane'));
  });
});

describe('a time', () => {
  it.each(commandsInTime.map(([command, none]) => [command.join(' '), command, none] as const))(
    'before which nothing was is before all that %s tells of',
    async (_, command, none) => {
      const isOver = takesUntil(command) ? ['--until', '2001-01-01'] : ['--since', '2999-01-01'];
      expect(await told([...command, ...isOver])).toMatch(none);
      if (!takesUntil(command)) return;
      const ahead = ['--since', '2999-01-01', '--until', '3000-01-01'];
      expect(await told([...command, ...ahead])).toMatch(none);
    },
  );

  it('is taken by no other command than those', () => {
    const names = [...new Set(commandsInTime.map(([[name]]) => name))].sort();
    expect(taking('--since')).toEqual(names);
    const both = commandsInTime.filter(([command]) => takesUntil(command)).map(([[name]]) => name);
    expect(taking('--until')).toEqual([...new Set(both)].sort());
  });
});

/** What it prints, or writes. */
async function told(command: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await here.run(command);
  expect(exit, stderr).toBe(0);
  if (!command.includes('--output')) return stdout;
  const made = join(folder, 'made.html');
  const text = readFileSync(made, 'utf8');
  rmSync(made);
  return text;
}

function taking(flag: string): string[] {
  const silent = { out: () => {}, err: () => {} } as unknown as Terminal;
  return createProgram({ version: '0', terminal: silent, exit: () => {} })
    .commands.filter(({ options }) => options.some(({ long }) => long === flag))
    .map((command) => command.name())
    .sort();
}
