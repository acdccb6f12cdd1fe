/** The declarations of commands: whichever is asked for, it is what it would be beside all others. */
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { createTerminal } from '../../src/cli/render/terminal.ts';

const terminal = createTerminal({
  ...{ stdout: process.stdout, stderr: process.stderr, env: {}, noColor: true },
});
const declared = (asked?: string) =>
  createProgram({ version: '1.2.3', terminal, exit: () => {} }, asked).commands;
const all = declared();
/** They tell of the other commands. */
const ofAll = ['help', 'version', 'completion', 'complete'];

describe('a command that is asked for', () => {
  it.each(all.map((command) => [command.name(), command] as const))(
    '%s is declared, and as it is beside all others',
    (name, command) => {
      const asked = declared(name);
      const own = asked.find((one) => one.name() === name);
      expect(own?.helpInformation()).toBe(command.helpInformation());
      expect(asked.length < all.length).toBe(!ofAll.includes(name));
    },
  );

  it.each(['', 'nothing', '--store', 'stat'])('is none, so all are declared: %j', (asked) => {
    expect(declared(asked).map((one) => one.name())).toEqual(all.map((one) => one.name()));
  });
});
