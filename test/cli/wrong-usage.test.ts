/** A wrong flag is repeated to whoever gave it: a secret in it is masked, also one that goes over several lines. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandHere } from './command-here.ts';

/** Commander puts hints into brackets, which are taken away: the second line looks like one. */
const lines = ['HRKU-first-0a1b2c3d4e', '(second-5f6a7b8c9d0e1f)', 'third-2a3b4c5d6e7f8a'] as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-usage-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['disable', 'disable'],
  ['rollback', 'rollback v41 --yes'],
  ['resume', 'resume 502'],
])(
  'a command that lacks its reason is told what to add, and where that is shown: %s',
  async (name, typed) => {
    const { exit, stderr } = await new CommandHere(folder, {}).run(typed.split(' '));
    expect([exit, stderr.trimEnd().split('\n')]).toEqual([
      2,
      [
        "error[E_USAGE]: required option '--reason <text>' not specified",
        `  Add it: --reason "…", as in the example of pipeline help ${name}.`,
      ],
    ]);
  },
);

it.each([
  ['log', ['log']],
  ['report', ['report', '--format', 'xml']],
])(
  'wrong usage of a command that there is points to the help of that one: %s',
  async (name, args) => {
    const { stderr } = await new CommandHere(folder, {}).run(args);
    expect(stderr).toContain(`pipeline help ${name} lists its arguments and flags.`);
  },
);

it.each([
  ['a flag', (secret: string) => ['status', `--${secret}`]],
  ['a command', (secret: string) => [secret]],
  ['an argument too many', (secret: string) => ['status', secret]],
  ['a value that is none of the choices', (secret: string) => ['docs', `--format=${secret}`]],
])('%s', async (_, argsWith) => {
  const secret = lines.join('\n');
  const pipeline = new CommandHere(folder, { HEROKU_API_KEY: secret });
  for (const json of [[], ['--json']]) {
    const { exit, stdout, stderr } = await pipeline.run([...argsWith(secret), ...json]);
    expect(exit).toBe(2);
    for (const line of lines) expect(stdout + stderr).not.toContain(line.replace(/[()]/g, ''));
  }
});
