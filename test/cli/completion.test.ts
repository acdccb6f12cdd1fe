/** What a shell suggests at TAB. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { suggestions } from '../../src/cli/commands/suggestions.ts';
import { createProgram } from '../../src/cli/program.ts';
import { createTerminal } from '../../src/cli/render/terminal.ts';

const program = createProgram({
  version: '1.2.3',
  terminal: createTerminal({
    stdout: process.stdout,
    stderr: process.stderr,
    env: {},
    noColor: true,
  }),
  exit: () => {},
});
const asked = {
  deploys: async () => [
    { word: '502-1a5f89db', about: 'production.live' },
    { word: '501-0f0a53bc', about: 'superseded' },
  ],
  topics: [{ word: 'environment', about: '' }],
};
const next = async (...words: string[]): Promise<string[]> =>
  (await suggestions(program, words, asked)).map(({ word }) => word);

describe('suggestions', () => {
  it.each<[string, string[], string[]]>([
    ['the beginning of a command', ['re'], ['replay', 'report', 'resume']],
    ['a deploy', ['log', ''], ['501-0f0a53bc', '502-1a5f89db']],
    ['the beginning of a deploy', ['log', '501'], ['501-0f0a53bc']],
    [
      'a deploy after a flag and its value',
      ['log', '--store', 'sqlite:x', '502'],
      ['502-1a5f89db'],
    ],
    ['a deploy after a flag without a value', ['log', '--json', '502'], ['502-1a5f89db']],
    ['a second deploy', ['log', '502', ''], []],
    ['a value that is free', ['log', '--store', ''], []],
    ['one of a flag’s values', ['sandbox', '--generation', ''], ['cedar', 'fir']],
    ['one of an argument’s values', ['completion', ''], ['bash', 'fish', 'zsh']],
    ['the argument after that', ['open', 'app', '50'], ['501-0f0a53bc', '502-1a5f89db']],
    ['a command or a topic', ['help', 'en'], ['enable', 'environment']],
    ['a flag that is not given yet', ['status', '--json', '--js'], []],
    ['a flag', ['status', '--js'], ['--json']],
    ['a global flag', ['log', '--sto'], ['--store']],
    ['nothing known', ['nonsense', '--nonsense'], []],
  ])('of %s', async (_, words, expected) => {
    expect((await next(...words)).sort()).toEqual(expected);
  });

  it('of nothing are the commands that help lists', async () => {
    const visible = new Command().createHelp().visibleCommands(program);
    expect(await next('')).toEqual(visible.map((command) => command.name()));
    expect(await next('')).not.toContain('complete');
  });
});
