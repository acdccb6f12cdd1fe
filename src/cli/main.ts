/** The program's one entry: runs a command, prints what went wrong once, gives the exit code. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../effects/clock.ts';
import { systemClock } from '../effects/clock.ts';
import { LockstepError, UsageError } from '../errors/error.ts';
import { hideSecretsOf, redact } from '../redaction/gate.ts';
import { Lapsed, Overtaken } from '../runtime/lock/lease-keeper.ts';
import { StoreUnusable } from '../store/log.ts';
import { secretVariables } from './config/environment.ts';
import { CommanderError, createProgram } from './program.ts';
import { errorDocument, printError } from './render/error-view.ts';
import { heardTerminal } from './render/pulse.ts';
import { createTerminal } from './render/terminal.ts';

export async function main(argv: readonly string[]): Promise<number> {
  const { run, told } = commandOf(argv, process);
  // What nobody caught: Node would print it past the gate.
  process.on('uncaughtException', (error) => process.exit(told(error)));
  const { exit, failed } = await run();
  if (failed) endSoon(exit);
  return exit;
}

/** What a command is given, besides its arguments. */
export type HostProcess = Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>;

export interface Invocation {
  run(): Promise<{ readonly exit: number; readonly failed: boolean }>;
  /** Prints what went wrong, and gives the exit code for it. */
  told(error: unknown): number;
}

/** One run of the command line; its secrets are known to the gate from now on. */
export function commandOf(
  argv: readonly string[],
  around: HostProcess,
  clock: Clock = systemClock,
): Invocation {
  const { stdout, stderr, env } = around;
  hideSecretsOf(env, secretVariables, argv);
  const noColor = argv.includes('--no-color');
  const shown = createTerminal({ stdout, stderr, env, noColor });
  // With --json, standard output is one document: the result, or what went wrong.
  let isJsonDue = wantsJson(argv);
  const pulse = heardTerminal(
    {
      ...shown,
      json(value) {
        isJsonDue = false;
        shown.json(value);
      },
    },
    clock,
  );
  const { terminal } = pulse;
  const told = (error: unknown): number => {
    const exit = exitCodeOf(error);
    if (isJsonDue) terminal.json({ error: errorDocument(error, exit) });
    printError(terminal, error, { debug: argv.includes('--debug') });
    return exit;
  };
  const run = async () => {
    let exit = 0;
    const given = { version: packageVersion(), terminal, exit: (n: number) => (exit = n) };
    const program = createProgram(given, argv[0]);
    // The sandbox and `--watch` stay until somebody ends them, and `init` waits for the person whom it asks: they say nothing of waiting.
    program.hook('preAction', (_, command) => {
      const { watch, yes } = command.opts();
      const isAsked = command.name() === 'init' && yes !== true;
      const stays = command.name() === 'sandbox' || watch === true || isAsked;
      if (!stays) pulse.begin(command.name());
    });
    try {
      await program.parseAsync(argv, { from: 'user' });
      return { exit, failed: false };
    } catch (thrown) {
      if (thrown instanceof CommanderError && /^commander\.(help|version)/.test(thrown.code)) {
        return { exit: thrown.exitCode === 0 ? 0 : 2, failed: false };
      }
      const command = program.commands.find((one) => one.name() === argv[0])?.name();
      const error = thrown instanceof CommanderError ? wrongUsage(thrown, command) : thrown;
      return { exit: told(error), failed: true };
    } finally {
      pulse.end();
    }
  };
  return { run, told };
}

/** Before a `--`, after which everything is an argument. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/**
 * What commander says of flags and arguments, as an error of ours.
 *
 * @param command whose usage is wrong, by its name; none: the program's own
 */
function wrongUsage({ code, message }: CommanderError, command?: string): UsageError {
  const [what = '', ...more] = redact(message)
    .replace(/^error: /, '')
    .split('\n');
  const hint = more.map((line) => line.replace(/^\((.*)\)$/, '$1')).join(' ');
  return new UsageError('E_USAGE', what, {
    hint: hint === '' ? helpFor(command, lackingFlag(code, what)) : hint,
  });
}

/** The flag that a command cannot do without. */
function lackingFlag(code: string, message: string): string | null {
  if (code !== 'commander.missingMandatoryOptionValue') return null;
  return message.match(/--[a-z-]+/)?.[0] ?? null;
}

function helpFor(command: string | undefined, lacking: string | null): string {
  if (command === undefined) {
    return 'pipeline help lists the commands, pipeline help COMMAND its flags.';
  }
  return lacking === null
    ? `pipeline help ${command} lists its arguments and flags.`
    : `Add it: ${lacking} "…", as in the example of pipeline help ${command}.`;
}

/** Nothing should be open any more; a process that has told its error ends all the same. */
function endSoon(code: number): void {
  setTimeout(() => process.exit(code), lastResortMs).unref();
}

const lastResortMs = 10_000;

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof StoreUnusable) return 2;
  if (error instanceof LockstepError && error.code === 'E_LOCK_TIMEOUT') return 3;
  return error instanceof Overtaken || error instanceof Lapsed ? 4 : 1;
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
