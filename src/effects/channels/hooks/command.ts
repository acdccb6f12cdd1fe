/** Hands an event to a command: the document on its standard input, the least environment, a deadline. */
import { redactAll } from '../../../redaction/gate.ts';
import type { Ports } from '../../ports.ts';
import { type ProgramRun, runProgram } from '../../programs/program.ts';
import type { Envelope } from './envelope.ts';
import { HookError } from './errors.ts';

export interface HookCommand {
  /** As the shell takes it. */
  readonly line: string;
  readonly folder: string;
  /** The process's own environment, of which it gets what every program needs, and what `names` has. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly names: readonly string[];
  /** For people. */
  readonly title: string;
}

const timeoutMs = 30_000;
/** EX_TEMPFAIL of sysexits.h: not now. */
const tryAgain = 75;
/** By which the shell says that there is no such command, or that it may not be run (POSIX, 2.8.2). */
const notStarted: readonly number[] = [126, 127];

/** What a program needs to find others, its files, its language and the time: no secret. */
const everyPrograms =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|SSL_CERT_FILE|SSL_CERT_DIR)$/;

/** @throws HookError, or the system's error where no program could be started */
export async function hand(
  command: HookCommand,
  envelope: Envelope,
  { signal, progress }: Pick<Ports, 'signal' | 'progress'>,
): Promise<void> {
  // It goes to whoever the program tells, as a message does.
  const told = redactAll(envelope);
  const run = await runProgram({
    line: command.line,
    folder: command.folder,
    env: environmentOf(command, told),
    input: JSON.stringify(told),
    signal,
    timeoutMs,
  });
  for (const line of run.output) progress(`${command.title}: ${line}`);
  const fault = faultOf(command.title, run);
  if (fault !== null) throw fault;
}

function environmentOf({ env, names }: HookCommand, event: Envelope): Record<string, string> {
  const given = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && (everyPrograms.test(name) || names.includes(name))
      ? [[name, value] as const]
      : [],
  );
  return {
    ...Object.fromEntries(given),
    PIPELINE_EVENT_ID: event.id,
    PIPELINE_EVENT_TYPE: event.type,
    // Empty of an order.
    PIPELINE_DEPLOY: event.deploy ?? '',
    PIPELINE_LANE: event.lane,
  };
}

function faultOf(title: string, { end, output }: ProgramRun): HookError | null {
  const last = output.at(-1);
  const said = last === undefined ? '' : `: ${last}`;
  if (end.kind === 'timedOut') {
    const message = `${title} did not end within ${timeoutMs / 1_000} s${said}`;
    return new HookError('E_HOOK_LATER', message, { fault: 'passing' });
  }
  if (end.kind === 'killed') {
    const message = `${title} was killed by ${end.signal}${said}`;
    return new HookError('E_HOOK_LATER', message, { fault: 'passing' });
  }
  const { code } = end;
  if (code === 0) return null;
  const message = `${title} ended with ${code}${said}`;
  if (code === tryAgain) return new HookError('E_HOOK_LATER', message, { fault: 'passing' });
  if (notStarted.includes(code)) {
    return new HookError('E_HOOK_NOT_STARTED', message, {
      fault: 'setup',
      hint: 'It runs in the folder of pipeline.yml, as /bin/sh takes it; the file has to be executable.',
    });
  }
  return new HookError('E_HOOK_REFUSED', message, { fault: 'event' });
}
