/** What PostgreSQL’s errors are for people, and which of them pass: a code a row, in use and on opening. */
import { describe, expect, it } from 'vitest';
import { StoreReplaced, StoreUnavailable, StoreUnusable } from '../../src/store/log.ts';
import {
  cleartextAsked,
  inUse,
  isLocked,
  isUnknownHost,
  mayPass,
  whenOpening,
} from '../../src/store/postgres/errors.ts';

const failed = (code: string, message = 'as it is said', more = {}) =>
  Object.assign(new Error(message), { code, ...more });

const unreachable = [
  'E_STORE_UNREACHABLE',
  'it does not answer (as it is said)',
  'Check that the server runs and that this machine may reach it, and run the command again.',
] as const;
const busy = [
  'E_STORE_BUSY',
  'another session kept it locked',
  'Look in pg_stat_activity for a session that holds a transaction open on the schema lockstep.',
] as const;
const replica = [
  'E_STORE_READ_ONLY',
  'its server takes no writes',
  'Name the primary server, not one of its replicas, and see default_transaction_read_only.',
] as const;

/** Trying again is right: of the network, of a server that stops, starts or has no room, of who was in another's way. */
const passing = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH'],
  ...['ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN', 'ENOENT'],
  ...['08000', '08001', '08003', '08004', '08006', '08007', '08P01'],
  ...['57P01', '57P02', '57P03', '57P04', '57P05', '25P03', '25P04'],
  ...['40001', '40P01', '40003', '53300', '53400', '58000', '58030'],
].map((code) => [code, ...unreachable] as const);
const passingByName = [
  ['25006', ...replica],
  ['55P03', ...busy],
  ['57014', ...busy],
] as const;

const login = [
  'E_STORE_LOGIN',
  'it does not let this user in',
  'Check the user and the password in PIPELINE_STORE; where a provider keeps the database, it may have changed them.',
] as const;
const gone = [
  'E_STORE_MISSING',
  'its tables are gone',
  'Somebody dropped them or the schema lockstep: restore the log from a backup or an export.',
] as const;
const full = [
  'E_STORE_FULL',
  'there is no space left for it',
  'Free space on the server and run the command again: nothing of this write was kept.',
] as const;
const corrupt = [
  'E_STORE_CORRUPT',
  'its files are damaged',
  'Restore the log from a backup or an export, and verify it with `pipeline export`.',
] as const;
const untrusted = [
  'E_STORE_TLS',
  'its certificate is not one that is trusted',
  'Name the root certificate with sslrootcert=FILE. sslmode=require encrypts without checking who the server is.',
] as const;

/** Trying again changes nothing. */
const staying = [
  [
    cleartextAsked,
    'E_STORE_CLEARTEXT',
    'it asks for the password in the clear, and nothing proves who it is',
    'It was not given. Let the server use scram-sha-256, or name its root certificate: sslmode=verify-full&sslrootcert=FILE.',
  ],
  ['28000', ...login],
  ['28P01', ...login],
  [
    '3D000',
    'E_STORE_MISSING',
    'there is no such database',
    'Make it (createdb), or name another one in PIPELINE_STORE.',
  ],
  [
    '42501',
    'E_STORE_READ_ONLY',
    'this user has not the rights that it takes',
    'Grant usage on the schema lockstep and select on its tables for reading; to write, be its owner, or one who may create it.',
  ],
  ['42P01', ...gone],
  ['3F000', ...gone],
  [
    '42703',
    'E_STORE_SCHEMA',
    'its tables are not those that Lockstep made',
    'Somebody changed them: restore the log from a backup, or import an export into a new database.',
  ],
  ['53100', ...full],
  ['53200', ...full],
  ['XX001', ...corrupt],
  ['XX002', ...corrupt],
  ...[
    ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'CERT_HAS_EXPIRED'],
    ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ].map((code) => [code, ...untrusted] as const),
  ...['ENOTFOUND', 'EACCES', 'EPERM', 'EADDRNOTAVAIL', 'EINVAL', 'EPROTO', 'ERR_SSL_BAD'].map(
    (code) => [code, ...unreachable] as const,
  ),
] as const;

/** Without a code that says it. */
const byWords = [
  [
    'The server does not support SSL connections',
    'E_STORE_TLS',
    'it speaks no TLS',
    'Turn TLS on at the server, or write sslmode=disable if the network between is safe.',
  ],
  [
    'There was an error establishing an SSL connection',
    'E_STORE_TLS',
    'it speaks no TLS',
    'Turn TLS on at the server, or write sslmode=disable if the network between is safe.',
  ],
  ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', ...login],
] as const;

const all = [...passing, ...passingByName, ...staying];

describe('what passes', () => {
  it.each([...passing, ...passingByName])('does: %s', (code) => {
    expect(mayPass(failed(code))).toBe(true);
    // Of a host with several addresses it is enough that one may answer.
    const several = [failed('EACCES'), failed(code)];
    expect(mayPass(new AggregateError(several))).toBe(true);
  });

  it.each([
    'Connection terminated',
    'Connection terminated unexpectedly',
    'timeout expired',
    'Query read timeout',
    'Client was closed and is not queryable',
    'Client has encountered a connection error and is not queryable',
  ])('does, by its words: %s', (message) => {
    expect(mayPass(new Error(message))).toBe(true);
    expect(mayPass(new Error(`it says: ${message}`))).toBe(false);
  });

  it('does where what was prepared is no use any more', () => {
    expect(mayPass(failed('26000'))).toBe(true);
    expect(mayPass(failed('0A000', 'in any language', { routine: 'RevalidateCachedQuery' }))).toBe(
      true,
    );
  });

  it.each([
    ...staying.map(([code]) => code),
    ...['0A000', '22P02', '23505', '23514', '25P02', '42601', 'P0001', 'XX000', '55000', '57P06'],
  ])('does not: %s', (code) => {
    expect(mayPass(failed(code))).toBe(false);
    expect(mayPass(new AggregateError([failed(code), failed(code)]))).toBe(false);
  });

  it('is nothing that the log has a name for, and nothing that is no error', () => {
    expect(mayPass(new StoreReplaced('LOG', 'Connection terminated'))).toBe(false);
    for (const thrown of [null, undefined, 'a text', { code: 55 }]) {
      expect(mayPass(thrown)).toBe(false);
    }
  });

  it.each(['55P03', '57014', 'ENOTFOUND', 'EAI_AGAIN', '40P01'])(
    'is a lock of another session, a name without a host, or neither: %s',
    (code) => {
      expect(isLocked(failed(code))).toBe(code === '55P03');
      expect(isUnknownHost(failed(code))).toBe(code === 'ENOTFOUND');
    },
  );
});

describe('a failure in use', () => {
  it.each(all)('%s', (postgres, code, what, hint) => {
    const error = failed(postgres);
    for (const unknown of [false, true]) {
      const told = inUse(error, 'LOG', unknown);
      expect(told).toBeInstanceOf(StoreUnavailable);
      expect(told).toMatchObject({
        ...{ code, message: `the log LOG is not available: ${what}`, hint, cause: error, unknown },
        details: { store: 'LOG', postgres, unknown },
      });
    }
  });

  it.each(byWords)('%s', (message, code, what, hint) => {
    const told = { code, message: `the log LOG is not available: ${what}`, hint };
    expect(inUse(new Error(message), 'LOG')).toMatchObject(told);
  });

  it('of several addresses tells of the first', () => {
    const several = new AggregateError([failed('ECONNREFUSED', 'refused by ::1'), failed('EPERM')]);
    expect(inUse(several, 'LOG')).toMatchObject({
      message: 'the log LOG is not available: it does not answer (Error: refused by ::1)',
    });
  });

  it('that is not the store’s, or that has a name already, stays as it is', () => {
    const replaced = new StoreReplaced('LOG', 'gone');
    for (const error of [failed('23505'), failed('42601'), new Error('no'), 'a text', replaced]) {
      expect(inUse(error, 'LOG', true)).toBe(error);
      expect(whenOpening(error, 'LOG')).toBe(error);
    }
  });
});

describe('a failure on opening', () => {
  it.each(staying)('%s', (postgres, code, what, hint) => {
    const error = failed(postgres);
    const told = whenOpening(error, 'LOG');
    expect(told).toBeInstanceOf(StoreUnusable);
    expect(told).toMatchObject({
      ...{ code, message: `the log LOG cannot be opened: ${what}`, hint, cause: error },
      details: { store: 'LOG', postgres },
    });
  });

  it.each([...passing, ...passingByName])('that passes is told as in use: %s', (postgres) => {
    const error = failed(postgres);
    expect(whenOpening(error, 'LOG')).toEqual(inUse(error, 'LOG'));
    expect(whenOpening(error, 'LOG')).toBeInstanceOf(StoreUnavailable);
  });
});
