/**
 * The idempotency key as a program is told it. A deploy that is made anew, because other code was released over what it
 * had come to, is another one to the program: the number of the attempt stands behind the key.
 */

const attempt = /#([1-9]\d*)$/;

/** The key that Lockstep knows the submission by. */
export const baseOf = (told: string): string => told.replace(attempt, '');

/** @param over the keys of those attempts over which other code was released */
export function toldKey(key: string, over: readonly string[]): string {
  const last = Math.max(0, ...over.map((one) => Number(attempt.exec(one)?.[1] ?? 1)));
  return last === 0 ? key : `${key}#${last + 1}`;
}

const taken = '!restore';

/** The key of taking back what was deployed under that one. */
export const restoreKey = (told: string): string => told + taken;

export const isRestoreKey = (told: string): boolean => told.endsWith(taken);

/** Whether it is that of a share of the traffic, or of taking one back: `502-1a5f89db/10`, and what may stand behind that. */
export const isShareKey = (told: string): boolean => /-[0-9a-f]{8}\/[1-9]\d?(?:$|[ #!])/.test(told);
