/** What work on a log failed with, which has to be an error of one kind. */
import { expect } from 'vitest';

export async function failureAs<E extends Error>(
  kind: new (...given: never[]) => E,
  work: Promise<unknown>,
): Promise<E> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(kind);
  return error as E;
}
