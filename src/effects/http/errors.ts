/** The errors of the HTTP client: no answer, a refusal, an answer that cannot be read, a write that was not sent. */
import type { CoreCode } from '../../errors/catalogue.ts';
import { LockstepError } from '../../errors/error.ts';
import type { HttpRequest } from './request.ts';

type Details = Readonly<Record<string, unknown>>;

/** No answer: refused, reset, timed out. */
export class VendorUnreachable extends LockstepError {
  /** In words, without anything of the request. */
  readonly reason: string;
  /** It was a write, and the vendor may have carried it out. */
  readonly sent: boolean;
  constructor(
    message: string,
    options: { reason: string; sent: boolean; hint?: string; details?: Details },
  ) {
    const { reason, sent, hint, details } = options;
    super('E_VENDOR_UNREACHABLE', message, { hint, details: { ...details, reason, sent } });
    this.reason = reason;
    this.sent = sent;
  }
}

/** A write that was held up until its clearance had expired. Nothing was sent. */
export class ClearanceExpired extends LockstepError {}

/** The vendor asks to wait longer than the answer is of use. What it refused for that was not carried out. */
export class VendorWait extends LockstepError {}

/** A request that anybody on the way could read the token of. Nothing was sent. */
export class PlainHttp extends LockstepError {}

/** An answer that says no. */
export class VendorRefused<Code extends string = CoreCode> extends LockstepError<Code> {
  readonly method: HttpRequest['method'];
  readonly status: number;
  /** The vendor's own name of what is wrong; null where it gives none. */
  readonly id: string | null;
  constructor(
    code: NoInfer<Code>,
    message: string,
    options: {
      method: HttpRequest['method'];
      status: number;
      id: string | null;
      hint?: string;
      details?: Details;
    },
  ) {
    const { method, status, id, hint, details } = options;
    super(code, message, { hint, details: { ...details, method, status, id } });
    this.method = method;
    this.status = status;
    this.id = id;
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
