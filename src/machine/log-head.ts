/** The log's own events: a head of the log, signed, kept in the log itself so that an export has it. */
import { z } from 'zod';

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);

/** Every event type of the stream `heads` and the schema of its data. */
export const headEventSchemas = {
  /** What the log was up to a position, in the words of somebody who has the key. */
  'head.signed': z.strictObject({
    /** `2-` and 64 hex digits over the hashes of all events; of schema 1: 64 digits over every stream's name, last version and last hash. */
    digest: z.string().regex(/^(2-)?[0-9a-f]{64}$/),
    /** The last event that it is over. */
    position: z.int().nonnegative(),
    /** Ed25519, base64url. */
    signature: z.string().regex(/^[\w-]{86}$/),
    /** SHA-256 of the public key (its SubjectPublicKeyInfo, DER): which key it was. */
    key: hex64,
  }),
} as const;

export type HeadEventType = keyof typeof headEventSchemas;
export type SignedHead = z.infer<(typeof headEventSchemas)['head.signed']>;
