/** What people are shown of a request and of a vendor's words: without their secrets. */
import { cutOff } from '../../redaction/cut.ts';
import { redact } from '../../redaction/gate.ts';
import { type Redactor, redactor } from '../../redaction/redactor.ts';
import type { HttpRequest } from './request.ts';

/** What of a request may be shown. */
export type Shown = Pick<HttpRequest, 'vendor' | 'url' | 'headers'>;

const textLengthMax = 300;

/** Scheme, host and port of a URL, without user name or password. */
export function shownOrigin(url: string): string {
  if (!URL.canParse(url)) return 'a malformed URL';
  // Of a scheme without hosts, as file: is, the origin is the word null.
  const { origin, protocol } = new URL(url);
  return origin === 'null' ? protocol : origin;
}

/**
 * The path, without query; where the path is the secret, only its start is given. A vendor's path is plain: in what
 * is encoded, as where a redirect leads to, a secret could not be seen.
 */
export function shownPath({ vendor, url }: Pick<HttpRequest, 'vendor' | 'url'>): string {
  if (!URL.canParse(url)) return '(malformed URL)';
  const { pathname } = new URL(url);
  if (vendor === 'endpoint') return pathname;
  const plain = pathname.replace(/%.*$/, '…');
  if (vendor.isSecretPath?.(pathname) !== true) return plain;
  return `/${plain.split('/')[1] ?? ''}/…`;
}

/** The vendor's name, or the URL of an endpoint. */
export function shownName(request: Shown): string {
  if (request.vendor !== 'endpoint') return request.vendor.name;
  return shownOrigin(request.url) + shownPath(request);
}

/** A vendor's own words on one line, cut to 300 characters, without the request's secrets and without any URL's query. */
export function shownText(text: string, request: Shown): string {
  const shown = redactorOf(secretsOf(request))(redact(text));
  return cutOff(
    shown
      .replace(
        /\bhttps?:\/\/[^\s"'<>]+/gi,
        (url) => shownOrigin(url) + shownPath({ ...request, url }),
      )
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a vendor's text must not steer a terminal.
      .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
      .trim(),
    textLengthMax,
  );
}

/** How many redactors are kept: a run asks a few vendors, each with a token of its own. */
const redactorsMax = 8;
/** By their secrets, as JSON. */
const redactors = new Map<string, Redactor>();

/** It is kept, for it takes a while to make, and the vendor's next request mostly has the same secrets. */
function redactorOf(secrets: readonly string[]): Redactor {
  const key = JSON.stringify(secrets);
  const redact = redactors.get(key) ?? redactor(secrets);
  if (!redactors.has(key) && redactors.size >= redactorsMax) redactors.clear();
  redactors.set(key, redact);
  return redact;
}

/** Whatever in a request might be a secret: credentials in headers and URL, as a whole and in parts. */
function secretsOf({ vendor, url, headers = {} }: Shown): string[] {
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (!/auth|token|key|cookie|secret|signature/i.test(name)) continue;
    secrets.push(value, value.replace(/^(bearer|basic|token)\s+/i, ''));
  }
  if (URL.canParse(url)) {
    const { search, searchParams, pathname, username, password } = new URL(url);
    secrets.push(search.slice(1), username, password, decoded(password));
    secrets.push(...searchParams.values());
    if (vendor !== 'endpoint' && vendor.isSecretPath?.(pathname) === true) {
      secrets.push(pathname, ...pathname.split('/').slice(2));
    }
  }
  // Anything shorter is a flag or a page number.
  return secrets.filter(({ length }) => length >= 6);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
