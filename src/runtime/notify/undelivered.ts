/**
 * What a channel was not told: the event that it stands at, with all behind it, and those that were left out for good.
 * It is kept beside the channel's checkpoint, for whoever looks (`pipeline status`).
 */
import { z } from 'zod';
import { LockstepError } from '../../errors/error.ts';
import { cutOff } from '../../redaction/cut.ts';
import type { JsonObject, RecordedEvent } from '../../store/log.ts';
import { deployStream } from '../log/streams.ts';

/** The prefix of the leases under which channels are told; a consumer's name of the log follows. */
export const sendingPrefix = 'notify/';

const text = z.string();

const eventSchema = z.object({
  id: text,
  type: text,
  /** Null: it is an order for the lane. */
  deploy: text.nullable(),
  /** In the whole log. */
  position: z.number(),
  /** When it was recorded. */
  time: text,
});

const waitingSchema = z.object({
  /** The first event that was not delivered; whatever comes after it waits too. */
  event: eventSchema,
  /** When it failed first, and last: ISO 8601. */
  since: text,
  at: text,
  tries: z.number(),
  /** Of the error that it failed with last. */
  code: text.nullable(),
  message: text,
  hint: text.nullable(),
});

const leftOutSchema = z.object({ event: eventSchema, at: text, reason: text });

const undeliveredSchema = z.object({
  waiting: waitingSchema.nullable().default(null),
  /** For good, the newest last, at most 20 of them. */
  leftOut: z.array(leftOutSchema).default([]),
  /** How many there were in all. */
  leftOutCount: z.number().default(0),
});

export type Waiting = z.output<typeof waitingSchema>;
export type LeftOut = z.output<typeof leftOutSchema>;
export type Undelivered = z.output<typeof undeliveredSchema>;

const leftOutMax = 20;
const messageMax = 500;

/** Whatever an earlier or a later version kept that cannot be read: nothing is known to be undelivered. */
export function undeliveredIn(state: JsonObject): Undelivered {
  const read = undeliveredSchema.safeParse(state.undelivered ?? {});
  return read.success ? read.data : undeliveredSchema.parse({});
}

/** The event failed once more. @param tried false: the run ended before it could be tried */
export function stillWaiting(
  { waiting }: Undelivered,
  event: RecordedEvent,
  error: unknown,
  { nowMs, tried }: { readonly nowMs: number; readonly tried: boolean },
): Waiting {
  const at = new Date(nowMs).toISOString();
  const before = waiting?.event.id === event.id ? waiting : null;
  const known = error instanceof LockstepError ? error : null;
  return {
    event: named(event),
    since: before?.since ?? at,
    at,
    tries: (before?.tries ?? 0) + (tried ? 1 : 0),
    code: known?.code ?? null,
    message: cutOff(messageOf(error), messageMax),
    hint: known?.hint === undefined ? null : cutOff(known.hint, messageMax),
  };
}

export function leftOutNow(event: RecordedEvent, error: unknown, nowMs: number): LeftOut {
  const at = new Date(nowMs).toISOString();
  return { event: named(event), at, reason: cutOff(messageOf(error), messageMax) };
}

/** Those that were left out before, and these. Of one event the same is kept once. */
export function withLeftOut(before: Undelivered, more: readonly LeftOut[]): Undelivered {
  const isKept = (one: LeftOut) =>
    before.leftOut.some(({ event, reason }) => event.id === one.event.id && reason === one.reason);
  const fresh = more.filter((one) => !isKept(one));
  return {
    ...before,
    leftOut: [...before.leftOut, ...fresh].slice(-leftOutMax),
    leftOutCount: before.leftOutCount + fresh.length,
  };
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function named({ id, type, stream, position, time }: RecordedEvent): Waiting['event'] {
  const prefix = deployStream('');
  const deploy = stream.startsWith(prefix) ? stream.slice(prefix.length) : null;
  return { id, type, deploy, position, time };
}
