/** What the HTTP client has to know of a vendor. Each vendor's folder defines its own, and each request carries it. */

/** An answer with a status that says no. */
export interface RefusedAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface VendorFacts {
  /** In `details.vendor` of errors: one word in lower case. */
  readonly id: string;
  /** As people call it. */
  readonly name: string;
  /** The environment variable that holds the token. */
  readonly tokenVariable: string;
  /** The environment variable that sets the base URL. */
  readonly urlVariable: string;
  readonly statusPage: string;
  /** Whether the lane's lock protects what is written there: before each write the lane has to be ours still. */
  readonly isFenced: boolean;
  /** What is written there is read by people, so that its body passes the redaction gate. */
  readonly isMessaging?: boolean;
  /** Where the path itself is a secret: only its first segment is shown. */
  readonly isSecretPath?: (pathname: string) => boolean;
  /** The header of an answer that names the request, besides `Request-Id` and `X-Request-Id`. */
  readonly requestIdHeader?: string;
  /** How many requests the account has left, where answers tell it. */
  readonly budget?: RequestBudget;
  /** A refusal for the rate alone that does not say so by status 429: nothing was carried out. */
  readonly isRateLimit?: (answer: RefusedAnswer) => boolean;
  /** How long to wait after a refusal for the rate that names no time, in milliseconds; the attempts count from 1. */
  readonly rateLimitWaitMs?: (attempt: number) => number;
  /** What to do where a read is redirected to another server. */
  readonly movedHint?: string;
}

/** Requests that everybody shares who uses the account: while few are left, they are read more slowly. */
export interface RequestBudget {
  /** The header that tells how many are left; its name in lower case. */
  readonly header: string;
  /** Below this, reading is slowed down. */
  readonly low: number;
  /** From this on, it is not any more. */
  readonly enough: number;
  /** The pause before each read while the budget is low. */
  readonly pauseMs: number;
}

/** Whom a request is for: a vendor, or the user's own app, which has no token and is named by its URL. */
export type Vendor = VendorFacts | 'endpoint';

/** As `details.vendor` of errors has it. */
export const vendorId = (vendor: Vendor): string => (vendor === 'endpoint' ? vendor : vendor.id);
