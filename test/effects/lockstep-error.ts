/** What a promise failed with, when that is an error that people can act on. */
import { LockstepError } from '../../src/errors/error.ts';

export async function failureOf(promise: Promise<unknown>): Promise<LockstepError> {
  let outcome: unknown;
  try {
    outcome = await promise;
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error(`it did not fail, it gave ${JSON.stringify(outcome)}`);
}

/** Everything of an error that may be printed or logged. */
export function toldBy({ code, message, hint, details }: LockstepError): string {
  return JSON.stringify([code, message, hint, details]);
}
