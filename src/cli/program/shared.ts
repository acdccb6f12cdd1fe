/** What the declarations of commands share. */
import { Option } from 'commander';
import type { Terminal } from '../render/terminal.ts';

/** What a command's action is handed. */
export interface ProgramOptions {
  readonly version: string;
  readonly terminal: Terminal;
  /** Keeps the exit code that the process is to end with. */
  readonly exit: (code: number) => void;
}

export const example = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;

export const jsonOption = (): Option =>
  new Option('--json', 'one JSON document on standard output');
export const actorOption = (): Option =>
  new Option('--actor <name>', 'who; what the CI, git and the target say is kept beside it');
export const branchOption = (): Option =>
  new Option('--branch <name>', 'in a CI: the branch of this build (default: what the CI says)');
