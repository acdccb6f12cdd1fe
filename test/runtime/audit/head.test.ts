/** Heads of the log: as text, signed, and kept in the log. */
import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import type { LockstepError } from '../../../src/errors/error.ts';
import {
  headText,
  isSignedBy,
  parseHead,
  readKey,
  signedHead,
  signHead,
  takeHead,
} from '../../../src/runtime/audit/head.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';

const pair = generateKeyPairSync('ed25519');
const head = { digest: 'a1'.repeat(32), position: 17 };

function toldBy(ask: () => unknown): object {
  try {
    ask();
  } catch (error) {
    const { code, message, hint } = error as LockstepError;
    return { code, message, hint };
  }
  return expect.unreachable('it is taken');
}

it('a head is read as it is printed, and nothing else is one', () => {
  expect(parseHead(` ${headText(head).toUpperCase()}\n`)).toEqual(head);
  for (const text of [
    '',
    head.digest,
    `${head.digest}@`,
    `${head.digest}@x`,
    `${head.digest}@-1`,
    `x@1`,
  ]) {
    expect(parseHead(text), text).toBeNull();
  }
});

it('a signature is of one head and by one key', () => {
  const made = signHead(head, pair.privateKey);
  expect(isSignedBy(made, pair.publicKey)).toBe(true);
  expect(isSignedBy({ ...made, position: 18 }, pair.publicKey)).toBe(false);
  expect(isSignedBy({ ...made, digest: 'b2'.repeat(32) }, pair.publicKey)).toBe(false);
  expect(isSignedBy(made, generateKeyPairSync('ed25519').publicKey)).toBe(false);
});

it('keys are taken as PEM, with its lines escaped, and as the base64 of DER', () => {
  const made = signHead(head, pair.privateKey);
  const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  const der = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  for (const text of [pem, pem.replaceAll('\n', '\\n'), der]) {
    expect(signHead(head, readKey('private', text, 'X'))).toEqual(made);
  }
  const publicPem = pair.publicKey.export({ format: 'pem', type: 'spki' }) as string;
  const publicDer = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  for (const text of [publicPem, publicDer]) {
    expect(isSignedBy(made, readKey('public', text, 'X'))).toBe(true);
  }
  const other = generateKeyPairSync('x25519');
  const strange = other.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  for (const text of ['secret text', publicPem, publicDer, strange]) {
    expect(toldBy(() => readKey('private', text, 'X'))).toEqual({
      ...{ code: 'E_ENVIRONMENT', message: 'X is no private key of Ed25519' },
      hint: 'Make one with: openssl genpkey -algorithm ed25519 -out head-key.pem. docs/audit.md says where to keep it.',
    });
  }
  for (const text of ['nothing', pem, der]) {
    expect(toldBy(() => readKey('public', text, 'X'))).toEqual({
      ...{ code: 'E_USAGE', message: 'X is no public key of Ed25519' },
      hint: 'Take it from the private one with: openssl pkey -in head-key.pem -pubout -out head-key.pub',
    });
  }
});

it('a head is signed into the log behind what it is over, and only with a key', async () => {
  const log = await openLog('sqlite::memory:');
  const run = newRun({ actor: anActor, ci: null, program: 'test' });
  const event = { id: 'one', type: 'thing.happened', data: {}, metadata: {} };
  await log.append([{ stream: 'a', expected: 'none', events: [event] }]);
  const plain = await takeHead(log, run, null);
  expect([plain, await log.head()]).toEqual([{ digest: plain.digest, position: 1 }, 1]);
  const { signature: _, key: __, ...same } = await takeHead(log, run, pair.privateKey);
  expect(same).toEqual(plain);
  const events = await log.readAll();
  const kept = events.map(signedHead);
  expect(kept).toEqual([null, signHead(plain, pair.privateKey)]);
  // As it is kept, and nowhere else.
  const [, signed] = events;
  for (const other of [{ stream: 'a' }, { type: 'head.shown' }, { data: { ...plain } }]) {
    expect(signedHead({ ...signed, ...other } as never)).toBeNull();
  }
  await log.close();
});
