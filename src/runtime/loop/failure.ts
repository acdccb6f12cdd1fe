/** What a service threw, as the log keeps it: code, message, hint and plain values; never a stack, never endless. */
import { LockstepError } from '../../errors/error.ts';
import type { Failure } from '../../machine/events.ts';
import { cutOff } from '../../redaction/cut.ts';

const codeLengthMax = 100;
const messageLengthMax = 2_000;
const hintLengthMax = 4_000;
const detailsMax = 40;
const detailLengthMax = 1_000;

export function describeFailure(error: unknown): Failure {
  if (error instanceof LockstepError) {
    return {
      code: cutOff(error.code, codeLengthMax),
      message: cutOff(error.message, messageLengthMax),
      hint: error.hint === undefined ? null : cutOff(error.hint, hintLengthMax),
      details: plain(error.details),
    };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: 'E_INTERNAL',
    message: cutOff(message, messageLengthMax),
    hint: 'This is a fault of lockstep’s own: please report it with the deploy’s log.',
    details: {},
  };
}

function plain(details: Readonly<Record<string, unknown>>): Failure['details'] {
  const entries = Object.entries(details).slice(0, detailsMax);
  return Object.fromEntries(
    entries.map(([name, value]) => [cutOff(name, codeLengthMax), plainValue(value)]),
  );
}

function plainValue(value: unknown): Failure['details'][string] {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (value === null || value === undefined) return null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === undefined ? null : cutOff(text, detailLengthMax);
}
