/** What PostgreSQL's errors mean to the people and programs that use the log. Codes: its manual, appendix A. */
import type { CoreCode } from '../../errors/catalogue.ts';
import { LockstepError } from '../../errors/error.ts';
import { StoreUnavailable, StoreUnusable } from '../log.ts';

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

const messageOf = (error: unknown): string =>
  error instanceof AggregateError && error.message === ''
    ? String(error.errors[0])
    : error instanceof Error
      ? error.message
      : String(error);

/** What the network says, and what pg says when a connection ended under it. */
const lostConnection =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN|ENOENT)$/;
const lostConnectionWords =
  /^(Connection terminated|timeout expired|timeout exceeded|Query read timeout|Client (was closed|has encountered a connection error))/;

/**
 * A connection that is gone, a server that stops, starts or fails over, or a transaction that was in
 * another's way: trying again is right. `25006` is a server that was made a replica of another.
 */
const passing =
  /^(08...|57P0[1-5]|25P03|25P04|40001|40P01|40003|53300|53400|25006|55P03|57014|58000|58030)$/;

export function mayPass(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(mayPass);
  const code = codeOf(error);
  return (
    lostConnection.test(code) ||
    passing.test(code) ||
    lostConnectionWords.test(messageOf(error)) ||
    isOfLostPlan(error)
  );
}

/**
 * What the connection prepared is no use any more: it was discarded (`26000`), or a table's types were changed since. The next
 * connection prepares anew. The second has the code of all that is not supported, in words of the server's language.
 */
const isOfLostPlan = (error: unknown): boolean =>
  codeOf(error) === '26000' ||
  (error as { routine?: unknown } | null)?.routine === 'RevalidateCachedQuery';

/** Another session has the lock: that is waited for by the server already. */
export const isLocked = (error: unknown): boolean => codeOf(error) === '55P03';

/** A name that no server has: while opening, a mistake; later, a network that is away. */
export const isUnknownHost = (error: unknown): boolean => codeOf(error) === 'ENOTFOUND';

interface Meaning {
  readonly code: CoreCode;
  readonly what: string;
  readonly hint: string;
}

/** The code of the error by which a connection ends whose server wants the password as it is. */
export const cleartextAsked = 'CLEARTEXT_ASKED';

const meanings: readonly (readonly [RegExp, Meaning])[] = [
  [
    new RegExp(`^${cleartextAsked}$`),
    {
      code: 'E_STORE_CLEARTEXT',
      what: 'it asks for the password in the clear, and nothing proves who it is',
      hint: 'It was not given. Let the server use scram-sha-256, or name its root certificate: sslmode=verify-full&sslrootcert=FILE.',
    },
  ],
  [
    /^(28...)$/,
    {
      code: 'E_STORE_LOGIN',
      what: 'it does not let this user in',
      hint: 'Check the user and the password in PIPELINE_STORE; where a provider keeps the database, it may have changed them.',
    },
  ],
  [
    /^(3D000)$/,
    {
      code: 'E_STORE_MISSING',
      what: 'there is no such database',
      hint: 'Make it (createdb), or name another one in PIPELINE_STORE.',
    },
  ],
  [
    /^(42501)$/,
    {
      code: 'E_STORE_READ_ONLY',
      what: 'this user has not the rights that it takes',
      hint: 'Grant usage on the schema lockstep and select on its tables for reading; to write, be its owner, or one who may create it.',
    },
  ],
  [
    /^(25006)$/,
    {
      code: 'E_STORE_READ_ONLY',
      what: 'its server takes no writes',
      hint: 'Name the primary server, not one of its replicas, and see default_transaction_read_only.',
    },
  ],
  [
    /^(42P01|3F000)$/,
    {
      code: 'E_STORE_MISSING',
      what: 'its tables are gone',
      hint: 'Somebody dropped them or the schema lockstep: restore the log from a backup or an export.',
    },
  ],
  [
    /^(42703)$/,
    {
      code: 'E_STORE_SCHEMA',
      what: 'its tables are not those that Lockstep made',
      hint: 'Somebody changed them: restore the log from a backup, or import an export into a new database.',
    },
  ],
  [
    /^(53100|53200)$/,
    {
      code: 'E_STORE_FULL',
      what: 'there is no space left for it',
      hint: 'Free space on the server and run the command again: nothing of this write was kept.',
    },
  ],
  [
    /^(XX001|XX002)$/,
    {
      code: 'E_STORE_CORRUPT',
      what: 'its files are damaged',
      hint: 'Restore the log from a backup or an export, and verify it with `pipeline export`.',
    },
  ],
  [
    /^(55P03|57014)$/,
    {
      code: 'E_STORE_BUSY',
      what: 'another session kept it locked',
      hint: 'Look in pg_stat_activity for a session that holds a transaction open on the schema lockstep.',
    },
  ],
  [
    /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/,
    {
      code: 'E_STORE_TLS',
      what: 'its certificate is not one that is trusted',
      hint: 'Name the root certificate with sslrootcert=FILE. sslmode=require encrypts without checking who the server is.',
    },
  ],
];

const noTls = /does not support SSL connections|error establishing an SSL connection/;
const noPassword = /^SASL: .*password must be/;

function meaningOf(error: unknown): Meaning {
  const code = codeOf(error);
  const meant = noPassword.test(messageOf(error)) ? '28P01' : code;
  const known = meanings.find(([pattern]) => pattern.test(meant))?.[1];
  if (known !== undefined) return known;
  if (noTls.test(messageOf(error))) {
    return {
      code: 'E_STORE_TLS',
      what: 'it speaks no TLS',
      hint: 'Turn TLS on at the server, or write sslmode=disable if the network between is safe.',
    };
  }
  return {
    code: 'E_STORE_UNREACHABLE',
    what: `it does not answer (${messageOf(error)})`,
    hint: 'Check that the server runs and that this machine may reach it, and run the command again.',
  };
}

/** What the network says that does not pass by itself. */
const unreachable = /^(EACCES|EPERM|EADDRNOTAVAIL|EINVAL|EPROTO|ERR_SSL_\w+)$/;

const isKnown = (error: unknown): boolean =>
  mayPass(error) ||
  isUnknownHost(error) ||
  noTls.test(messageOf(error)) ||
  noPassword.test(messageOf(error)) ||
  unreachable.test(codeOf(error)) ||
  meanings.some(([pattern]) => pattern.test(codeOf(error)));

/**
 * A failure in use as a `StoreUnavailable`; anything that is not the store's fault as it came.
 *
 * @param unknown whether the write may have been kept although no reply to its commit came
 */
export function inUse(error: unknown, store: string, unknown = false): unknown {
  if (error instanceof LockstepError || !isKnown(error)) return error;
  const { code, what, hint } = meaningOf(error);
  return new StoreUnavailable(code, `the log ${store} is not available: ${what}`, {
    hint,
    details: { store, postgres: codeOf(error) },
    unknown,
    cause: error,
  });
}

/** A failure to open as a `StoreUnusable`; one that passes stays `StoreUnavailable`. */
export function whenOpening(error: unknown, store: string): unknown {
  if (error instanceof LockstepError || !isKnown(error)) return error;
  if (mayPass(error)) return inUse(error, store);
  const { code, what, hint } = meaningOf(error);
  return new StoreUnusable(code, `the log ${store} cannot be opened: ${what}`, {
    hint,
    details: { store, postgres: codeOf(error) },
    cause: error,
  });
}
