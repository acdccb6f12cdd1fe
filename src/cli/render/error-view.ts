/** What went wrong, for people and as `--json` gives it. */
import { LockstepError } from '../../errors/error.ts';
import { redact } from '../../redaction/gate.ts';
import { printLines } from './paragraph.ts';
import { safe, safeLines, type Terminal } from './terminal.ts';

/** An error as `--json` gives it: its stable code, what happened, what to do, the values, the exit code. */
export function errorDocument(error: unknown, exit: number): object {
  const { code, message, hint } = partsOf(error);
  const details = error instanceof LockstepError ? error.details : {};
  return { code, message, hint: hint ?? null, details, exit };
}

function partsOf(error: unknown): { code: string; message: string; hint: string | undefined } {
  if (error instanceof LockstepError) return error;
  return {
    code: 'E_INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    hint: 'This is a fault of lockstep’s own. Please report it; --debug prints where it happened.',
  };
}

/** What went wrong, once, on standard error: what, and how to mend it. A stack only for `--debug`. */
export function printError(
  terminal: Pick<Terminal, 'err' | 'color' | 'annotate' | 'isTty' | 'columns'>,
  error: unknown,
  { debug }: { debug: boolean },
): void {
  const { code, message, hint } = partsOf(error);
  const hints = redact(hint ?? '')
    .split('\n')
    .filter(Boolean);
  const told = [
    ...`${terminal.color.red(`error[${safe(code)}]:`)} ${safeLines(message)}`.split('\n'),
    ...hints.map((line) => `  ${safe(line)}`),
  ];
  printLines(told, { ...terminal, out: terminal.err });
  if (debug && error instanceof Error) terminal.err(safeLines(error.stack ?? ''));
  const annotated = hint === undefined ? message : `${message}\n${hint}`;
  terminal.annotate({ level: 'error', title: code, message: annotated });
}
