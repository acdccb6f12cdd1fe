/** What is sent to a vendor and what comes back, and the client as those who send see it. */
import type { Vendor } from './vendor-facts.ts';

export interface HttpRequest {
  readonly vendor: Vendor;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
  /** For one attempt; default 30,000. */
  readonly timeoutMs?: number;
  /**
   * Until when the answer is of use, by `Clock.ran`. A vendor that asks to wait longer is not waited
   * for. Left out: no single wait is longer than 5 minutes.
   */
  readonly deadlineMs?: number;
  /** How often it may be sent in all; default 6, and 1 for an endpoint, whose every answer counts. */
  readonly attemptsMax?: number;
  /**
   * False: a write's clearance has expired by now, and it is not sent. Asked after `beforeWrite`, in
   * the same turn in which the request is handed to the transport.
   */
  readonly isStillCleared?: () => boolean;
  /** Headers over the body as it is sent, which may hold less than `body` says. Names in lower case. */
  readonly sign?: (body: string) => Readonly<Record<string, string>>;
  /** Of the answer only the status counts: its body is not read, but for this many bytes where it says no. */
  readonly refusalBytesMax?: number;
  /**
   * For an answer that stays open, such as a build's output: told of each piece as it comes, where the transport can. At
   * the deadline, what has come is the answer.
   */
  readonly onPiece?: (piece: Uint8Array, status: number) => void;
}

/** An answer, read whole; header names in lower case. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Carries one request over the wire, once. The real one is undici; a simulation has its own. */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;

/** What a vendor's clock is ahead of our even one (`Clock.ran`): between these two, in milliseconds; negative when it is behind. */
export interface VendorClock {
  readonly aheadAtLeastMs: number;
  readonly aheadAtMostMs: number;
}

export interface HttpClient {
  /**
   * Any answer of the vendor, whatever its status, after the retries that are safe.
   * GET and HEAD are repeated on network errors, 429 and 5xx, at least `attemptsMax` times and until
   * `deadlineMs`; a write is sent once, after `beforeWrite`
   * (and again only when the vendor's rate limit refused it). Redirects of reads are followed on the
   * same server, but not an endpoint's.
   *
   * @throws VendorWait the vendor asks to wait longer than the answer is of use; told at once
   * @throws VendorRefused `E_VENDOR_MOVED` a read is redirected to another server, or in a circle
   * @throws ClearanceExpired `isStillCleared` says no; nothing was sent
   * @throws VendorUnreachable no answer at all; it is `sent` when a write may have happened
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** What `send` awaits before a write, for one that goes another way than by HTTP: throws where the lane is no longer ours. */
  assertHeld(): Promise<void>;
  /** What time the vendor's last answer told; null when none did. */
  vendorClock(vendor: Vendor): VendorClock | null;
}
