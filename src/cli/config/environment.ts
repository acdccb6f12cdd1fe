/** What comes from the environment: secrets and addresses. */
import { channelKinds } from '../../effects/channels/kinds.ts';
import { fitsHeader } from '../../effects/http/header-value.ts';
import { isPrivate } from '../../effects/http/plain.ts';
import { targetKinds } from '../../effects/targets/kinds.ts';
import { otlpHeadersVariable } from '../../effects/telemetry/vendor.ts';
import { UsageError } from '../../errors/error.ts';
import { parseDuration } from '../../format/duration.ts';
import type { SecretVariables } from '../../redaction/secrets.ts';

/** Null: not set. A token that is set to nothing counts as not set. */
export interface Environment {
  readonly config: string | null;
  readonly store: string | null;
  /** The lease's length in milliseconds. */
  readonly leaseMs: number | null;
  /** Digests of protected settings, or of a changed log, that are accepted. */
  readonly trust: readonly string[];
  /** What the kinds of targets read: tokens and base URLs, by the names of their variables. */
  readonly targets: Readonly<Record<string, string | null>>;
  readonly circleToken: string | null;
  readonly circleApiUrl: string;
  readonly githubToken: string | null;
  readonly githubApiUrl: string;
  /** What heads of the log are signed with: a private key of Ed25519. */
  readonly serveToken: string | null;
  readonly signingKey: string | null;
  /** What a receiver of traces is sent besides, as OpenTelemetry writes headers. */
  readonly otlpHeaders: string | null;
  /** What the kinds of channels read: tokens, webhooks and base URLs, by the names of their variables. */
  readonly channels: Readonly<Record<string, string | null>>;
  /** The optional tokens that are set to nothing: most often a secret that is missing in the CI. */
  readonly empty: readonly string[];
}

/** What these name has a default, which nobody means who sets them to nothing. */
const neverEmpty = [
  ...new Set([
    ...['PIPELINE_STORE', 'PIPELINE_CONFIG', 'PIPELINE_LEASE', 'PIPELINE_TRUST'],
    ...targetKinds.flatMap(({ variables }) => variables.urls.map(({ name }) => name)),
    ...['CIRCLE_API_URL', 'GITHUB_API_URL'],
    ...channelKinds.flatMap(({ variables }) => variables.urls.map(({ name }) => name)),
  ]),
];
const webhooks = channelKinds.flatMap(({ variables }) =>
  variables.webhooks.map(({ name }) => name),
);
/** A channel may go by a token that is read for something else, too. */
const optionalTokens = [
  ...new Set([
    ...['CIRCLE_TOKEN', 'GITHUB_TOKEN', 'PIPELINE_SIGNING_KEY', 'PIPELINE_SERVE_TOKEN'],
    otlpHeadersVariable,
    ...channelKinds.flatMap(({ variables }) => variables.tokens.map(({ name }) => name)),
  ]),
];

/** The variables that hold secrets of Lockstep's own: what is in them is masked whatever it looks like. */
export const secretVariables: SecretVariables = {
  tokens: [
    ...targetKinds.flatMap(({ variables }) => variables.tokens.map(({ name }) => name)),
    ...optionalTokens,
    // Read by the PostgreSQL client.
    'PGPASSWORD',
  ],
  webhooks,
};

/** Nothing, white space, or what CircleCI makes of an empty pipeline value under `environment:`. */
const isEmpty = (value: string | undefined): boolean =>
  value !== undefined && ['', '<nil>'].includes(value.trim());

/** Obeyed by the HTTP client, in either case; set to nothing, they are not set. */
const proxies = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

const leastLeaseMs = 1_000;

/** @throws UsageError E_ENVIRONMENT a URL, a duration or a token that is none, or a variable that is set to nothing */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const emptied = neverEmpty.filter((name) => isEmpty(env[name]));
  if (emptied.length > 0) throw setToNothing(emptied);
  for (const name of proxies) assertProxy(name, env[name] ?? '');
  const text = (name: string): string | null => textOf(env, name);
  /** `token`: the variable whose value goes to this address. */
  const url = (name: string, standard: string, token: string): string => {
    const checked = checkedUrl(name, text(name) ?? standard);
    if (text(token) !== null) assertPrivate(name, checked, `the token in ${token}`);
    return checked;
  };
  return {
    config: text('PIPELINE_CONFIG'),
    store: text('PIPELINE_STORE'),
    leaseMs: lease(text('PIPELINE_LEASE')),
    trust: digests(text('PIPELINE_TRUST')),
    targets: Object.fromEntries(
      targetKinds.flatMap(({ variables: { tokens, urls } }) => [
        ...tokens.map(({ name }) => [name, tokenIn(env, name)]),
        ...urls.map(({ name, standard, token }) => [name, url(name, standard, token)]),
      ]),
    ),
    circleToken: tokenIn(env, 'CIRCLE_TOKEN'),
    circleApiUrl: url('CIRCLE_API_URL', 'https://circleci.com/api/v2', 'CIRCLE_TOKEN'),
    githubToken: tokenIn(env, 'GITHUB_TOKEN'),
    githubApiUrl: url('GITHUB_API_URL', 'https://api.github.com', 'GITHUB_TOKEN'),
    signingKey: text('PIPELINE_SIGNING_KEY'),
    otlpHeaders: text(otlpHeadersVariable),
    serveToken: text('PIPELINE_SERVE_TOKEN'),
    channels: Object.fromEntries(
      channelKinds.flatMap(({ variables: { tokens, webhooks, urls } }) => [
        ...tokens.map(({ name }) => [name, tokenIn(env, name)]),
        ...webhooks.map(({ name }) => [name, webhookIn(env, name)]),
        ...urls.map(({ name, standard, token }) => [name, url(name, standard, token)]),
      ]),
    ),
    empty: [...optionalTokens, ...webhooks].filter((name) => isEmpty(env[name])),
  };
}

/** Null: not set, or set to nothing. The name may be anybody's; what every object has is no variable. */
function textOf(env: NodeJS.ProcessEnv, name: string): string | null {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return isEmpty(value) ? null : (value?.trim() ?? null);
}

/** A request with what no header can carry is never sent, which would look like a vendor that is away. */
function tokenIn(env: NodeJS.ProcessEnv, name: string): string | null {
  const value = textOf(env, name);
  if (value === null || fitsHeader(value)) return value;
  throw new UsageError('E_ENVIRONMENT', `${name} holds what no token has`, {
    hint: 'A line break, or a character that nobody sees, was copied along with it. Set the token alone.',
  });
}

function webhookIn(env: NodeJS.ProcessEnv, name: string): string | null {
  const value = textOf(env, name);
  if (value === null) return null;
  const checked = checkedUrl(name, value);
  assertPrivate(name, checked, 'the webhook');
  return checked;
}

/**
 * The variables that the configuration of channels names, by their names; null where one is not set.
 *
 * @throws UsageError E_ENVIRONMENT a URL that is none, E_PLAIN_HTTP
 */
export function readNamed(
  { tokens, webhooks }: SecretVariables,
  env: NodeJS.ProcessEnv,
): Readonly<Record<string, string | null>> {
  return Object.fromEntries([
    ...tokens.map((name) => [name, textOf(env, name)]),
    ...webhooks.map((name) => [name, webhookIn(env, name)]),
  ]);
}

/** The secrets that the configuration names a variable for. */
export function namedSecrets(notify: Readonly<Record<string, unknown>>): SecretVariables {
  const all = channelKinds.flatMap(({ name, named }) => {
    const settings = notify[name];
    return settings === undefined || named === undefined ? [] : [named(settings)];
  });
  return {
    tokens: all.flatMap(({ tokens }) => tokens),
    webhooks: all.flatMap(({ webhooks }) => webhooks),
  };
}

/** What a program of the team's own is given of the job's environment: all but what only Lockstep needs. */
export function environmentForPrograms(
  env: NodeJS.ProcessEnv,
  notify: Readonly<Record<string, unknown>>,
): NodeJS.ProcessEnv {
  const own = [secretVariables, namedSecrets(notify)].flatMap(({ tokens, webhooks }) => [
    ...tokens,
    ...webhooks,
  ]);
  const isKept = (name: string) =>
    name === 'GITHUB_TOKEN' || !(/^(PIPELINE|LOCKSTEP)_/.test(name) || own.includes(name));
  return Object.fromEntries(Object.entries(env).filter(([name]) => isKept(name)));
}

function setToNothing(names: readonly string[]): UsageError {
  const are = names.length === 1 ? 'is' : 'are';
  return new UsageError('E_ENVIRONMENT', `${names.join(', ')} ${are} set, but to nothing`, {
    hint: 'Most often a secret or a context is missing in this CI job. Set a value, or leave the variable out for its default.',
  });
}

/** A line for whoever watches a run; null where no token is set to nothing. */
export function emptyTokens({ empty }: Environment): string | null {
  if (empty.length === 0) return null;
  return `${empty.join(', ')} ${empty.length === 1 ? 'is' : 'are'} set to nothing: as if not set`;
}

function checkedUrl(name: string, value: string): string {
  if (/^https?:\/\/[^/\s]+/i.test(value) && URL.canParse(value)) return value.replace(/\/+$/, '');
  // The value is not shown: a webhook's URL is a secret.
  throw new UsageError('E_ENVIRONMENT', `${name} is not a URL`, {
    hint: `Set it to an address that begins with https://, or leave it out.`,
  });
}

function assertPrivate(name: string, url: string, secret: string): void {
  if (isPrivate(new URL(url))) return;
  throw new UsageError('E_PLAIN_HTTP', `${name} would send ${secret} over plain http`, {
    hint: 'Set it to an address that begins with https://. Only to this machine (127.0.0.1, localhost) may it be http://.',
  });
}

function digests(text: string | null): string[] {
  const found = text === null ? [] : text.toLowerCase().split(/[\s,]+/);
  if (found.every((digest) => /^[0-9a-f]{64}$/.test(digest))) return found;
  throw new UsageError('E_ENVIRONMENT', 'PIPELINE_TRUST is not a digest', {
    hint: 'Set it to the 64 hex digits that the held deploy tells (pipeline log); several with commas between.',
  });
}

/** The value is not shown: a proxy's URL may hold a password. */
function assertProxy(name: string, value: string): void {
  if (value === '') return;
  const url = URL.parse(value);
  if (url !== null && /^(https?|socks5?):$/.test(url.protocol) && url.hostname !== '') return;
  throw new UsageError('E_ENVIRONMENT', `${name} is not the URL of a proxy`, {
    hint: 'Write it with its scheme: http://HOST:PORT. Or leave it out, where the vendors are reached without one.',
  });
}

function lease(text: string | null): number | null {
  if (text === null) return null;
  const ms = parseDuration(text);
  if (ms !== null && ms >= leastLeaseMs) return ms;
  throw new UsageError(
    'E_ENVIRONMENT',
    `PIPELINE_LEASE is not a duration of a second or more: ${text}`,
    {
      hint: 'Write it like 60s or 2m.',
    },
  );
}
