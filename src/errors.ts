/**
 * The one family of errors that Lockstep expects and prints as a message rather than as a stack.
 *
 * `code` is stable and is what programs branch on; `message` says what happened, to what; `hint`
 * says what to do about it. Anything else that is thrown is a bug of ours.
 */
export class LockstepError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  /** The values involved, safe to print and to log: never a secret. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
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
