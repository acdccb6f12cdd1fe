/** The program's one entry: runs a command, prints what went wrong once, gives the exit code. */
import { readFileSync } from 'node:fs';
import { LockstepError, UsageError } from '../errors.ts';
import { hideSecretsOf } from '../redaction/gate.ts';
import { StoreUnusable } from '../store/log.ts';
import { CommanderError, createProgram } from './program.ts';
import { createTerminal, errorDocument, printError, type Terminal } from './terminal.ts';

export async function main(argv: readonly string[]): Promise<number> {
  hideSecretsOf(process.env, argv);
  const shown = createTerminal({
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    noColor: argv.includes('--no-color'),
  });
  // With --json, standard output is one document: the result, or what went wrong.
  let isJsonDue = wantsJson(argv);
  const terminal: Terminal = {
    ...shown,
    json(value) {
      isJsonDue = false;
      shown.json(value);
    },
  };
  const told = (error: unknown): number => {
    const exit = exitCodeOf(error);
    if (isJsonDue) terminal.json({ error: errorDocument(error, exit) });
    printError(terminal, error, { debug: argv.includes('--debug') });
    return exit;
  };
  // What nobody caught: Node would print it past the gate.
  process.on('uncaughtException', (error) => process.exit(told(error)));
  let code = 0;
  const program = createProgram({ version: packageVersion(), terminal, exit: (n) => (code = n) });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError && /^commander\.(help|version)/.test(thrown.code)) {
      return thrown.exitCode === 0 ? 0 : 2;
    }
    const error = thrown instanceof CommanderError ? wrongUsage(thrown) : thrown;
    const exit = told(error);
    endSoon(exit);
    return exit;
  }
}

/** Before a `--`, after which everything is an argument. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/** What commander says of flags and arguments, as an error of ours. */
function wrongUsage({ message }: CommanderError): UsageError {
  const [what = '', ...more] = message.replace(/^error: /, '').split('\n');
  const hint = more.map((line) => line.replace(/^\((.*)\)$/, '$1')).join(' ');
  return new UsageError('E_USAGE', what, {
    hint: hint === '' ? 'pipeline help lists the commands, pipeline help COMMAND its flags.' : hint,
  });
}

/** Nothing should be open any more; a process that has told its error ends all the same. */
function endSoon(code: number): void {
  setTimeout(() => process.exit(code), lastResortMs).unref();
}

const lastResortMs = 10_000;

const overtaken: ReadonlySet<string> = new Set(['E_OVERTAKEN', 'E_LAPSED']);

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof StoreUnusable) return 2;
  return error instanceof LockstepError && overtaken.has(error.code) ? 4 : 1;
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
