import type { CoreCode } from './catalogue.ts';

/**
 * The one family of errors that Lockstep expects and prints as a message rather than as a stack.
 *
 * `code` is stable and is what programs branch on; `message` says what happened, to what; `hint`
 * says what to do about it. Anything else that is thrown is a bug of ours.
 *
 * Every code has its entry in the catalogue beside this file. A vendor's folder has a part of its own, and names its codes
 * in the type's parameter.
 */
export class LockstepError<Code extends string = CoreCode> extends Error {
  readonly code: Code;
  readonly hint: string | undefined;
  /** The values involved, safe to print and to log: never a secret. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: NoInfer<Code>,
    message: string,
    options: {
      hint?: string | undefined;
      details?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** The command line, the configuration or the environment is wrong: exit code 2, nothing was written. */
export class UsageError extends LockstepError {}
