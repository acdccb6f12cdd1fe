/** The errors of the HTTP client: no answer, a refusal, an answer that cannot be read, a write that was not sent. */
import type { CoreCode } from '../../errors/catalogue.ts';
import { LockstepError } from '../../errors/error.ts';

/** No answer: refused, reset, timed out. */
export class VendorUnreachable extends LockstepError {}

/** A write that was held up until what allowed it was too old. Nothing was sent. */
export class WriteTooLate extends LockstepError {}

/** The vendor asks to wait longer than the answer is of use. What it refused for that was not carried out. */
export class VendorWait extends LockstepError {}

/** A request that anybody on the way could read the token of. Nothing was sent. */
export class PlainHttp extends LockstepError {}

/** An answer that says no. `details`: vendor, method, path, status, id, requestId. */
export class VendorRefused<Code extends string = CoreCode> extends LockstepError<Code> {
  readonly status: number;
  constructor(
    code: NoInfer<Code>,
    message: string,
    options: { status: number; hint?: string; details: Readonly<Record<string, unknown>> },
  ) {
    super(code, message, options);
    this.status = options.status;
  }
}

/** An answer that is empty, malformed or misses what it must have. Unknown means stop. */
export class VendorMalformed extends LockstepError {}

/**
 * What a transport throws when it got no answer; anything else that it throws counts as
 * `the connection failed`, perhaps after the request was sent.
 */
export class NoAnswer extends Error {
  /** In words, without anything of the request. */
  readonly reason: string;
  /** Whether the vendor may have carried it out. */
  readonly sent: boolean;
  constructor(reason: string, sent: boolean) {
    super(reason);
    this.name = 'NoAnswer';
    this.reason = reason;
    this.sent = sent;
  }
}
