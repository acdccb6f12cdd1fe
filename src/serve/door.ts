/**
 * Who is let in. A web page of another site can have its visitor's browser ask this server, under a name of its own that it
 * points here (DNS rebinding): so only requests are answered that name this server as it is named. Beyond this machine a
 * token is asked for, too.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';

export interface Door {
  /** The names, in small letters, by which a request may call this server. */
  readonly names: readonly string[];
  /** Null: nobody but this machine reaches it. */
  readonly token: string | null;
}

const loopback = ['127.0.0.1', 'localhost', '[::1]'];
const everywhere = ['0.0.0.0', '::', '[::]'];

export const isLoopback = (host: string): boolean => [...loopback, '::1'].includes(host);

/** @param host what it listens at */
export function namesOf(host: string, port: number): string[] {
  const own = everywhere.includes(host)
    ? [...loopback, hostname(), ...addresses()]
    : isLoopback(host)
      ? loopback
      : [host.includes(':') && !host.startsWith('[') ? `[${host}]` : host];
  return own.map((name) => `${name.toLowerCase()}:${port}`);
}

function addresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address)),
  );
}

export type Refusal = { readonly status: 401 | 403 | 421; readonly why: string };

const cookieName = 'lockstep_token';

/** Null: let in. */
export function refusal(door: Door, headers: Headers): Refusal | null {
  const host = headers.get('host')?.toLowerCase() ?? '';
  if (!door.names.includes(host)) {
    return { status: 421, why: 'This server has another name. Call it as it printed itself.' };
  }
  const site = headers.get('sec-fetch-site');
  const isOwn = site === null || ['none', 'same-origin', 'same-site'].includes(site);
  const isNavigation = headers.get('sec-fetch-mode') === 'navigate';
  if (!isOwn && !isNavigation) return { status: 403, why: 'Another site may not read this one.' };
  if (door.token === null || isGiven(door.token, headers)) return null;
  return { status: 401, why: 'Open the address that pipeline serve printed, with its token.' };
}

function isGiven(token: string, headers: Headers): boolean {
  const bearer = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1];
  if (bearer !== undefined) return isSame(bearer, token);
  const cookies = (headers.get('cookie') ?? '').split(/; */);
  const kept = cookies.find((one) => one.startsWith(`${cookieName}=`));
  return kept !== undefined && isSame(kept, `${cookieName}=${encodeURIComponent(token)}`);
}

/** Takes as long for one that is nearly right as for any other. */
export function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** Kept by the browser, and sent to nobody else. */
export const cookieOf = (token: string): string =>
  `${cookieName}=${encodeURIComponent(token)}; HttpOnly; SameSite=Strict; Path=/`;
