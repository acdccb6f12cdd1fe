/**
 * Where a log's PostgreSQL is, from its URL. `sslmode` means what libpq says (PostgreSQL's manual,
 * 32.19.1), but for the two modes that quietly go on without encryption: those are refused.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { StoreUnusable } from '../log.ts';

export interface PostgresAddress {
  /** For messages: host, port and database, never a name or a password. */
  readonly shown: string;
  readonly config: ClientConfig;
}

const defaultPort = 5432;
const defaultConnectTimeoutS = 10;

const hint =
  'Write postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…, with sslmode disable, require, verify-ca or verify-full.';

const unusable = (what: string, more = hint): StoreUnusable =>
  new StoreUnusable('E_STORE_URL', what, { hint: more });

/** @throws StoreUnusable E_STORE_URL; the URL is not shown */
export function parseAddress(text: string): PostgresAddress {
  // A URL that names no host, for a socket named by `host`, is one that URL does not take.
  const url = URL.parse(text.replace(/^postgres(ql)?:/i, 'lockstep:'));
  if (url === null) throw unusable('the URL of the log’s PostgreSQL cannot be read');
  // What comes after the host is shown in messages, and must not be the rest of a password.
  if (/@/.test(url.pathname + url.search + url.hash)) {
    throw unusable(
      'the URL of the log’s PostgreSQL has an @ after its host',
      'In a user or a password write / as %2F, ? as %3F, # as %23 and @ as %40; after the host, @ as %40.',
    );
  }
  const options = takeParameters(url.searchParams);
  const host = options.host ?? decode(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const database = decode(url.pathname.slice(1));
  if (host === '') throw unusable('the URL of the log’s PostgreSQL names no host');
  if (database === '') throw unusable('the URL of the log’s PostgreSQL names no database');
  const port = url.port === '' ? defaultPort : Number(url.port);
  const user = decode(url.username);
  const password = decode(url.password);
  return {
    shown: `postgres://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`,
    config: {
      host,
      port,
      database,
      ...(user === '' ? {} : { user }),
      ...(password === '' ? {} : { password }),
      ssl: tlsOf(options, host),
      application_name: options.application_name ?? 'lockstep',
      connectionTimeoutMillis: seconds(options.connect_timeout) * 1_000,
    },
  };
}

const known = [
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'host',
  'connect_timeout',
  'application_name',
] as const;

type Parameters = { [K in (typeof known)[number]]?: string };

function takeParameters(given: URLSearchParams): Parameters {
  const taken: Parameters = {};
  for (const [name, value] of given) {
    const match = known.find((parameter) => parameter === name);
    if (match === undefined) {
      throw unusable(
        `the URL of the log’s PostgreSQL has a parameter that Lockstep does not know: ${name}`,
        `It knows ${known.join(', ')}.`,
      );
    }
    taken[match] = value;
  }
  return taken;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw unusable(
      'the URL of the log’s PostgreSQL has a % that is not followed by two hex digits',
    );
  }
}

function seconds(text: string | undefined): number {
  if (text === undefined) return defaultConnectTimeoutS;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw unusable('connect_timeout of the log’s PostgreSQL is not a whole number of seconds');
}

function tlsOf(parameters: Parameters, host: string): ConnectionOptions | false {
  const { sslmode = isThisMachine(host) ? 'disable' : 'require', sslrootcert } = parameters;
  const read = (file: string | undefined, key: 'ca' | 'cert' | 'key') =>
    file === undefined ? {} : { [key]: readPem(file) };
  const files = {
    ...read(sslrootcert, 'ca'),
    ...read(parameters.sslcert, 'cert'),
    ...read(parameters.sslkey, 'key'),
  };
  switch (sslmode) {
    case 'disable':
      return false;
    case 'no-verify':
      return { ...files, rejectUnauthorized: false };
    case 'require':
      // As libpq has it: a root certificate that is given is used.
      if (sslrootcert === undefined) return { ...files, rejectUnauthorized: false };
      return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-ca':
      return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-full':
      // Named for the check: pg gives TLS a name, but no address.
      return { ...files, rejectUnauthorized: true, host };
    default:
      throw unusable(`sslmode=${sslmode} is none that Lockstep takes`);
  }
}

/** Whether somebody between here and the server can pass for it: no TLS, or TLS that asks nobody who they are. */
export function canBeReadOnTheWay({ host = '', ssl = false }: ClientConfig): boolean {
  if (isThisMachine(host)) return false;
  return typeof ssl === 'boolean' || ssl.rejectUnauthorized !== true;
}

/** A socket of the file system, or loopback: there is no wire to listen on. */
function isThisMachine(host: string): boolean {
  return host.startsWith('/') || /^(localhost|127(\.\d+){3}|::1)$/i.test(host);
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw unusable(`a certificate file of the log’s PostgreSQL cannot be read: ${file} (${why})`);
  }
}

export const isPostgresUrl = (url: string): boolean => /^postgres(ql)?:/i.test(url);
