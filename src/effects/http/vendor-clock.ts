/**
 * How long ago something happened at a vendor, by the vendor's own clock: ours may be hours off. Every
 * answer's `Date` header (RFC 9110, section 6.6.1) is a reading of that clock, in whole seconds.
 */

import type { Clock } from '../clock.ts';
import type { HttpClient, VendorClock } from './request.ts';
import type { Vendor } from './vendor-facts.ts';

export interface Age {
  readonly atLeastMs: number;
  readonly atMostMs: number;
}

/** A `Date` header tells the second, and so do the times in most vendors' answers. */
const secondMs = 1_000;

/**
 * What an answer says of its vendor's clock: it was written after the request was sent and before the
 * answer was here. Null without a readable `Date`. An answer from a cache is as much older as its `Age` says.
 *
 * @param sentAt @param receivedAt by our even clock (`Clock.ran`): one that is set between two readings makes nothing older
 */
export function readVendorClock(
  headers: Readonly<Record<string, string>>,
  sentAt: number,
  receivedAt: number,
): VendorClock | null {
  const date = Date.parse(headers.date ?? '');
  if (Number.isNaN(date)) return null;
  const inCacheMs = /^\d+$/.test(headers.age ?? '') ? Number(headers.age) * secondMs : 0;
  return {
    aheadAtLeastMs: date + inCacheMs - receivedAt,
    aheadAtMostMs: date + inCacheMs + secondMs - sentAt,
  };
}

/**
 * To be called right after the read that gave the time: what was measured then is what it goes by.
 *
 * @param at a time in a vendor's answer: milliseconds since the epoch, or as text
 * @returns null when the vendor has not told what time it is by its clock, or `at` is no time
 */
export function ageOf(
  at: number | string,
  vendor: Vendor,
  { http, clock }: { http: Pick<HttpClient, 'vendorClock'>; clock: Pick<Clock, 'ran'> },
): Age | null {
  const then = typeof at === 'number' ? at : Date.parse(at);
  const ahead = http.vendorClock(vendor);
  if (ahead === null || Number.isNaN(then)) return null;
  const now = clock.ran();
  return {
    atLeastMs: Math.max(0, now + ahead.aheadAtLeastMs - (then + secondMs)),
    atMostMs: Math.max(0, now + ahead.aheadAtMostMs - then),
  };
}

/**
 * How long it is until a time that an answer names, by the clock of that very answer; null when the
 * answer does not tell what time it is there.
 */
export function untilMs(at: number, headers: Readonly<Record<string, string>>): number | null {
  const told = readVendorClock(headers, 0, 0);
  return told === null ? null : Math.max(0, at - told.aheadAtLeastMs);
}
