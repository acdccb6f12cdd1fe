/**
 * Signs what a hook sends, by the open scheme of Standard Webhooks
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */
import { createHmac } from 'node:crypto';
import { UsageError } from '../../../errors/error.ts';

/** What a shared secret signs with. */
export type SigningKey = Uint8Array;

const secretPrefix = 'whsec_';
/** Of the key, in bytes, as the scheme has it. */
const keyBytes = { min: 24, max: 64 };
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * @param secret `whsec_` and 24 to 64 bytes in base64
 * @param variable where it was read, for the message
 * @throws UsageError E_ENVIRONMENT
 */
export function signingKey(secret: string, variable: string): SigningKey {
  const text = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : '';
  const key = base64.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  if (key.length >= keyBytes.min && key.length <= keyBytes.max) return key;
  throw new UsageError('E_ENVIRONMENT', `${variable} is no secret that a hook can be signed with`, {
    hint: `Set it to ${secretPrefix} and ${keyBytes.min} to ${keyBytes.max} random bytes in base64: echo "${secretPrefix}$(openssl rand -base64 32)"`,
  });
}

/**
 * The headers of a signed request. With several keys there are several signatures, of which a receiver needs one: so a
 * secret is replaced by another without a gap.
 *
 * @param nowMs when it is sent, milliseconds since the epoch; the signature is over it, in seconds, too
 */
export function signatureOf(
  id: string,
  body: string,
  keys: readonly SigningKey[],
  nowMs: number,
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(nowMs / 1_000);
  const signatures = keys.map((key) => {
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    return `v1,${mac}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}
