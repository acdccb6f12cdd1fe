/** The program's one entry: runs a command, prints what went wrong once, gives the exit code. */
import { readFileSync } from 'node:fs';
import { LockstepError, UsageError } from '../errors.ts';
import { hideSecretsOf } from '../redaction/gate.ts';
import { StoreUnusable } from '../store/log.ts';
import { CommanderError, createProgram } from './program.ts';
import { createTerminal, printError } from './terminal.ts';

export async function main(argv: readonly string[]): Promise<number> {
  hideSecretsOf(process.env, argv);
  const terminal = createTerminal({
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    noColor: argv.includes('--no-color'),
  });
  let code = 0;
  const program = createProgram({ version: packageVersion(), terminal, exit: (n) => (code = n) });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    // Help and version end so, with 0; a wrong flag with a message that commander printed.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(terminal, error, { debug: argv.includes('--debug') });
    return exitCodeOf(error);
  }
}

const overtaken: ReadonlySet<string> = new Set(['E_OVERTAKEN', 'E_LAPSED']);

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof StoreUnusable) return 2;
  return error instanceof LockstepError && overtaken.has(error.code) ? 4 : 1;
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
