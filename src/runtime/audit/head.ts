/**
 * Heads of the log: 64 digits that stand for all of it, kept where whoever owns the log cannot reach. Signed, they can stand
 * in the log itself: who rewrites it cannot sign again.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { UsageError } from '../../errors/error.ts';
import { headEventSchemas, type SignedHead } from '../../machine/log-head.ts';
import type { EventLog, LogHead, RecordedEvent } from '../../store/log.ts';
import type { Run } from '../identity.ts';
import { newEvent } from '../log/new-event.ts';
import { headsStream } from '../log/streams.ts';

/** `DIGEST@POSITION`: as it is printed, and as `pipeline verify --head` takes it. */
export const headText = ({ digest, position }: LogHead): string => `${digest}@${position}`;

/** The head for people who keep it elsewhere: in the CI's output, in a message, in a summary. */
export const headWords = (head: LogHead & Partial<SignedHead>): string =>
  `log head ${headText(head)}${head.signature === undefined ? '' : ', signed'}`;

/** Null: the text is no head. */
export function parseHead(text: string): LogHead | null {
  const [, digest, position] = /^((?:2-)?[0-9a-f]{64})@(\d{1,15})$/i.exec(text.trim()) ?? [];
  if (digest === undefined || position === undefined) return null;
  return { digest: digest.toLowerCase(), position: Number(position) };
}

/** What is signed: a head is taken for nothing else, and nothing else for a head. */
const signed = (head: LogHead): Buffer => Buffer.from(`lockstep log head 1\n${headText(head)}\n`);

/** SHA-256 (hex) of a public key, or of a private one's. */
export function keyName(key: KeyObject): string {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({
    format: 'der',
    type: 'spki',
  });
  return createHash('sha256').update(spki).digest('hex');
}

export function signHead(head: LogHead, key: KeyObject): SignedHead {
  const signature = sign(null, signed(head), key).toString('base64url');
  return { digest: head.digest, position: head.position, signature, key: keyName(key) };
}

/** Whether the head was signed with the private key of this public one. */
export function isSignedBy(head: SignedHead, publicKey: KeyObject): boolean {
  return verify(null, signed(head), publicKey, Buffer.from(head.signature, 'base64url'));
}

/**
 * An Ed25519 key, as PEM, or as the base64 of its DER in one line, which CI variables keep better.
 *
 * @throws UsageError E_ENVIRONMENT, E_USAGE: it is none; the text is not shown
 */
export function readKey(type: 'private' | 'public', text: string, where: string): KeyObject {
  const key = keyIn(type, text.replaceAll('\\n', '\n').trim());
  if (key?.asymmetricKeyType === 'ed25519') return key;
  const how = 'openssl genpkey -algorithm ed25519 -out head-key.pem';
  const hint =
    type === 'private'
      ? `Make one with: ${how}. docs/audit.md says where to keep it.`
      : 'Take it from the private one with: openssl pkey -in head-key.pem -pubout -out head-key.pub';
  throw new UsageError(
    type === 'private' ? 'E_ENVIRONMENT' : 'E_USAGE',
    `${where} is no ${type} key of Ed25519`,
    { hint },
  );
}

function keyIn(type: 'private' | 'public', text: string): KeyObject | null {
  const isPem = text.includes('-----BEGIN');
  // Of a private key Node would make a public one: whoever hands it in has mixed up the files.
  if (isPem && text.includes('PRIVATE KEY') !== (type === 'private')) return null;
  try {
    if (isPem) return type === 'private' ? createPrivateKey(text) : createPublicKey(text);
    const key = Buffer.from(text, 'base64');
    return type === 'private'
      ? createPrivateKey({ key, format: 'der', type: 'pkcs8' })
      : createPublicKey({ key, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/** Reads the log's head and, with a key, keeps it signed in the log: an event behind it. */
export async function takeHead(
  log: EventLog,
  run: Run,
  key: KeyObject | null,
): Promise<LogHead & Partial<SignedHead>> {
  const head = await log.headDigest();
  if (key === null) return head;
  const data = signHead(head, key);
  const event = newEvent({ type: 'head.signed', data }, run);
  await log.append([{ stream: headsStream, expected: 'any', events: [event] }]);
  return data;
}

/** The head that the event keeps; null: it is none, or none that this version reads. */
export function signedHead({ stream, type, data }: RecordedEvent): SignedHead | null {
  if (stream !== headsStream || type !== 'head.signed') return null;
  return headEventSchemas['head.signed'].safeParse(data).data ?? null;
}
