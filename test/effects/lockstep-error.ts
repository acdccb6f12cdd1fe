/** What a promise failed with, when that is an error that people can act on. */
import { expect } from 'vitest';
import { LockstepError } from '../../src/errors/error.ts';

export async function failureOf(promise: Promise<unknown>): Promise<LockstepError> {
  let outcome: unknown;
  try {
    outcome = await promise;
  } catch (error) {
    if (error instanceof LockstepError) return sayingEnough(error);
    throw error;
  }
  throw new Error(`it did not fail, it gave ${JSON.stringify(outcome)}`);
}

/** Whatever the error, its words are there, and are words. */
function sayingEnough(error: LockstepError): LockstepError {
  const { message, hint } = error;
  expect(message).toMatch(/\S \S/);
  if (hint !== undefined) expect(hint).toMatch(/\S/);
  expect(`${message} ${hint}`).not.toMatch(/\[object|\bNaN\b|\bundefined .*undefined\b/);
  return error;
}

/** The same, and each word of what people and programs are told of it is in the table beside the test: for what happens the same each time. */
export async function toldFailureOf(promise: Promise<unknown>): Promise<LockstepError> {
  const error = await failureOf(promise);
  const { code, message, hint, details } = error;
  const more = Object.keys(details).length === 0 ? '' : `\n  ${JSON.stringify(details)}`;
  const told = `${code}: ${message}\n  ${hint ?? ''}${more}`
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/(127\.0\.0\.1|localhost|\[::1\]):\d+/g, '$1:PORT')
    .replaceAll(/\d{4}-\d\d-\d\d(T[\d:.]+Z| \d\d:\d\d UTC)/g, 'TIME')
    .replaceAll(/\S*lockstep-[a-z]+-(\d+-)?\w{6}/g, 'FOLDER');
  expect(told).toMatchSnapshot();
  return error;
}

/** Everything of an error that may be printed or logged. */
export function toldBy({ code, message, hint, details }: LockstepError): string {
  return JSON.stringify([code, message, hint, details]);
}
