/**
 * Which values are secrets. What Lockstep is given as a token or a password always is; of the other
 * variables of the environment those whose names say so, less what is plainly none.
 */
import { shortestSecret } from './forms.ts';

/** The variables that Lockstep itself reads secrets from: whoever puts the program together knows their names. */
export interface SecretVariables {
  /** Whatever they look like. */
  readonly tokens: readonly string[];
  /** URLs that are secrets as a whole. */
  readonly webhooks: readonly string[];
}

/** URLs that Lockstep itself opens; of another variable's URL an everyday word is not masked outside of URLs. */
const ownUrl = /^PIPELINE_|_API_URL$|_PROXY$/i;

export interface FoundSecrets {
  readonly certain: readonly string[];
  /** Secrets by their variable's name alone: not masked where the configuration has them for names. */
  readonly guessed: readonly string[];
}

export function secretsOfEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  { tokens, webhooks }: SecretVariables,
): FoundSecrets {
  const known = new Set(valuesThatAreNone(env));
  const certain: string[] = [];
  const guessed: string[] = [];
  for (const [name, value = ''] of Object.entries(env)) {
    if (value.trim() === '') continue;
    if (tokens.includes(name)) {
      certain.push(...linesOf(value), ...keyIn(value.trim()), ...valuesOfHeaders(value));
    }
    if (webhooks.includes(name)) certain.push(...webhookSecrets(value.trim()));
    else if (/HOOK/i.test(name)) certain.push(...longPartsOf(value.trim()));
    const passwords = passwordsOf(value.trim());
    certain.push(...passwords.filter((one) => ownUrl.test(name) || !isEveryday(one)));
    if (isSecret(name, value.trim()) && !known.has(value.trim())) guessed.push(...linesOf(value));
  }
  return { certain, guessed };
}

/** The key in a signing secret of Standard Webhooks: whoever repeats it may leave out what says what it is. */
function keyIn(value: string): string[] {
  return value.startsWith('whsec_') ? [value.slice('whsec_'.length)] : [];
}

/** As long as a key is; a shorter one is a secret by its name. */
const longestWord = 16;

/**
 * The values of headers in one variable (`api-key=VALUE,dataset=shop`, percent-encoded), as they are written and as they are
 * meant. Not each of them is a secret: the name of a dataset, masked, would hide that word everywhere.
 */
function valuesOfHeaders(text: string): string[] {
  return text.split(',').flatMap((pair) => {
    const [, name = '', written = ''] = /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    const meant = decoded(written).replace(/^(bearer|basic)\s+/i, '');
    const isSecret = meant.length >= longestWord || /auth|key|token|secret|password/i.test(name);
    return isSecret && meant !== '' ? [written, meant] : [];
  });
}

/** The passwords in whatever of these is a URL: arguments, or values of the configuration. */
export function secretsOfUrls(texts: readonly string[]): string[] {
  return texts.flatMap((text) => passwordsOf(text.replace(/^--[a-z-]+=/, '')));
}

/**
 * A URL's password, as it is written and as it is meant, and with its user, as Basic credentials
 * encode it. A proxy may be written without a scheme. A user without a password is a token when it
 * is as long as one.
 */
function passwordsOf(text: string): string[] {
  if (!text.includes('@') || /\s/.test(text)) return [];
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null) return [];
  const [user, password] = [decoded(url.username), decoded(url.password)];
  const isToken = text.includes('://') && user.length >= 16;
  if (password === '') return isToken ? [url.username, user] : [];
  return [url.password, password, `${user}:${password}`];
}

/** What the paths of many people's webhooks have in common, of Slack and of what takes its messages too. */
const everybodys = /^(services|workflows|triggers|api|hooks?|(incoming)?webhooks?|slack)$/;

/** All of a webhook's URL is a secret: its path, each segment of it, its query. */
function webhookSecrets(text: string): string[] {
  const url = URL.parse(text);
  if (url === null) return [text];
  if (url.pathname === '/' && url.search === '') return [];
  const segments = url.pathname.split('/').filter((part) => !everybodys.test(part));
  const all = [
    url.href,
    url.pathname.replace(/\/+$/, ''),
    ...segments,
    ...url.searchParams.values(),
  ];
  return [text, ...all].flatMap((secret) => [secret, decoded(secret)]);
}

/** Of another service's webhook, whose path may be public: what in its path and its query is as long as a token. */
function longPartsOf(text: string): string[] {
  const url = text.includes('://') ? URL.parse(text) : null;
  if (url === null) return [];
  const parts = [...url.pathname.split('/'), ...url.searchParams.values()];
  return parts.filter((part) => part.length >= 16).flatMap((part) => [part, decoded(part)]);
}

/** The last word of such a name: PGPASSWORD, MYSQL_PWD, AUTH_TOKEN. */
const surelySecret = /(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PASSCODE|PWD|PASS|CREDENTIAL)S?$/;
/** As a word of its own: GH_PAT, and not COMPAT. */
const secretWord = /^(PAT|CREDS?|JWT|BEARER|NETRC)$/;
/** Names of such an end are often of something public; the value has to look like a secret as well. */
const perhapsSecret = /(KEY|AUTH|PRIVATE|SIGNATURE|COOKIE|CERT)S?$/;
/** It says something of a secret, and is none: TOKEN_URL, AWS_ACCESS_KEY_ID, SSH_AUTH_SOCK. */
const aboutSecret =
  /^(URL|URI|FILE|PATH|DIR|SOCK|SOCKET|ID|NAME|USER|USERNAME|HOST|PORT|TYPE|METHOD|ENABLED|DISABLED|TTL|LENGTH|EXPIRES|EXPIRY|VERSION|ALGORITHM|PARALLELISM)$/;

function isSecret(name: string, value: string): boolean {
  // PWD and OLDPWD are folders.
  if (/^(OLD)?PWD$/.test(name) || value.length < shortestSecret || isFlag(value)) return false;
  const words = name
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter(Boolean);
  if (aboutSecret.test(words.at(-1) ?? '')) return false;
  if (words.some((word) => surelySecret.test(word) || secretWord.test(word)))
    return !isEveryday(value) && !(isNumber(value) && words.some((word) => countWord.test(word)));
  return words.some((word) => perhapsSecret.test(word)) && looksRandom(value);
}

/** It counts what is called so: MAX_TOKENS, TOKENS_PER_MINUTE. */
const countWord =
  /^(TOKENS|MAX|MIN|MAXIMUM|MINIMUM|LIMIT|COUNT|COUNTS|NUM|NUMBER|PER|SIZE|BUDGET|QUOTA|RATE|TIMEOUT|LENGTH)$/;

const isNumber = (value: string): boolean => /^\d+(\.\d+)?$/.test(value);

/** A word or a small number as texts are full of them (`postgres`, `1234`): whoever uses one for a secret hides nothing. */
const isEveryday = (value: string): boolean =>
  /^([A-Za-z]?[a-z]{1,7}|[A-Z]{1,8}|\d{1,4})$/.test(value);

/** Long enough, in one word, and not made of letters of one case alone. */
function looksRandom(value: string): boolean {
  return value.includes('\n')
    ? value.startsWith('-----BEGIN')
    : /^\S{8,}$/.test(value) && !/^[a-z-]+$/.test(value) && !/^[A-Z_]+$/.test(value);
}

const isFlag = (value: string): boolean =>
  /^(true|false|yes|none|null|undefined|enabled?|disabled?|default|always|never|auto)$/i.test(
    value,
  );

/** What CI says in the open: the commit, the branch, the build. A cache's key may be the commit's id. */
function valuesThatAreNone(env: Readonly<Record<string, string | undefined>>): string[] {
  const open =
    /(^|_)(SHA1?|COMMIT|REVISION|REF|BRANCH|TAG|NUM|NUMBER|WORKSPACE|HOME|HOSTNAME|USER|ACTOR|REPOSITORY|REPONAME)$/;
  return Object.entries(env).flatMap(([name, value = '']) =>
    open.test(name) ? [value.trim()] : [],
  );
}

/** A key of several lines is printed line by line; its first and last say only what it is. */
function linesOf(value: string): string[] {
  const whole = value.trim();
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  if (lines.length === 1) return [whole];
  const body = lines.filter((line) => !line.startsWith('-----'));
  return [whole, body.join(''), ...body.filter((line) => line.length >= 8)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
