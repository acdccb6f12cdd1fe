/**
 * The one HTTP client: deadline, retry with jitter of what is safe to repeat, rate limits obeyed,
 * errors typed, and every write fenced.
 */
import { LockstepError } from '../errors.ts';
import type { Clock } from './ports.ts';

export type Vendor = 'heroku' | 'circleci' | 'github' | 'slack' | 'endpoint';

export interface HttpRequest {
  readonly vendor: Vendor;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
  /** For one attempt; default 30,000. */
  readonly timeoutMs?: number;
}

/** An answer, read whole; header names in lower case. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Carries one request over the wire, once. The real one is undici; a simulation has its own. */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;

export interface HttpClient {
  /**
   * Any answer of the vendor, whatever its status, after the retries that are safe.
   * GET and HEAD are repeated on network errors, 429 and 5xx; a write is sent once, after `beforeWrite`.
   *
   * @throws VendorUnreachable no answer at all; `details.sent` is true when a write may have happened
   */
  send(request: HttpRequest): Promise<HttpResponse>;
}

export interface HttpClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** 0 ≤ n < 1; for the jitter. */
  readonly random: () => number;
  /** Awaited before each write that changes a vendor's world: throws when the lane is no longer ours. */
  readonly beforeWrite: (request: HttpRequest) => Promise<void>;
  /** Told of waits on a vendor's word: rate limits, retries. */
  readonly notice: (line: string) => void;
}

/** No answer: refused, reset, timed out. */
export class VendorUnreachable extends LockstepError {}

/** An answer that says no. `details`: vendor, method, path, status, id, requestId. */
export class VendorRefused extends LockstepError {
  readonly status: number;
  constructor(
    code: string,
    message: string,
    options: { status: number; hint?: string; details: Readonly<Record<string, unknown>> },
  ) {
    super(code, message, options);
    this.status = options.status;
  }
}

/** An answer that is empty, malformed or misses what it must have. Unknown means stop. */
export class VendorMalformed extends LockstepError {}
