/** What a service threw, as the log keeps it: code, message, hint and plain values; never a stack. */
import { LockstepError } from '../errors.ts';
import type { Failure } from '../machine/events.ts';

const messageLengthMax = 2_000;
const hintLengthMax = 4_000;

export function describeFailure(error: unknown): Failure {
  if (error instanceof LockstepError) {
    return {
      code: error.code,
      message: error.message.slice(0, messageLengthMax),
      hint: error.hint?.slice(0, hintLengthMax) ?? null,
      details: plain(error.details),
    };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: 'E_INTERNAL',
    message: message.slice(0, messageLengthMax),
    hint: 'This is a fault of lockstep’s own: please report it with the deploy’s log.',
    details: {},
  };
}

function plain(details: Readonly<Record<string, unknown>>): Failure['details'] {
  return Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? value
        : value === null || value === undefined
          ? null
          : JSON.stringify(value),
    ]),
  );
}
