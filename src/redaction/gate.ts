/**
 * The one gate through which everything passes that is appended to the log, sent to a message channel
 * or printed. Whoever cuts a text passes it through here first: of a secret that was cut, no gate
 * recognises the half.
 *
 * Its secrets belong to the process, as its environment does: what one part of the program was given,
 * no other part may show, and a redactor that had to be handed over could be forgotten.
 */
import { type Finder, finder } from './finder.ts';
import { isLookedForInside } from './forms.ts';
import { LineGate } from './line-gate.ts';
import { type Redactor, redactJson, redactorOf } from './redactor.ts';
import { type SecretVariables, secretsOfEnvironment, secretsOfUrls } from './secrets.ts';

const certain = new Set<string>();
const guessed = new Set<string>();
const names: string[] = [];
/** The log's own vocabulary: field names, and the words that stand for choices. */
const vocabulary = new Set<string>();
/** Made when a text is next looked through: a run begins with many words about what to look for. */
let current: Finder | null = null;
let clean: Redactor | null = null;

/** Of the process: its environment, and what of its arguments is a URL with a password. */
export function hideSecretsOf(
  env: Readonly<Record<string, string | undefined>>,
  variables: SecretVariables,
  args: readonly string[] = [],
): void {
  const found = secretsOfEnvironment(env, variables);
  for (const secret of [...found.certain, ...secretsOfUrls(args)]) certain.add(secret);
  for (const secret of found.guessed) guessed.add(secret);
  renew();
}

/** The passwords of these URLs. */
export function hidePasswordsOf(...urls: readonly string[]): void {
  for (const secret of secretsOfUrls(urls)) certain.add(secret);
  renew();
}

/** Secrets that were met on the way. */
export function hide(...secrets: readonly string[]): void {
  for (const secret of secrets) certain.add(secret);
  renew();
}

/**
 * Words that the log's readers branch on. A secret that is one of them cannot be masked: the log could
 * not be read any more, and it is no secret, for these words are in everybody's log.
 */
export function keepVocabulary(words: Iterable<string>): void {
  for (const word of words) vocabulary.add(word);
  renew();
}

/** Names of apps, lanes and branches, and ids of commits: a variable that is a part of one holds no secret. */
export function keepNames(...given: readonly string[]): void {
  names.push(...given);
  renew();
}

/** The text without secrets. */
export function redact(text: string): string {
  return cleaner()(text);
}

/** For a text that comes line by line: a secret may be wrapped over several. */
export function lineGate(): LineGate {
  return new LineGate(lookedFor);
}

/** A JSON value without secrets, in the names of its fields neither. */
export function redactAll<T>(value: T): T {
  return redactJson(value, cleaner(), vocabulary);
}

function renew(): void {
  current = null;
  clean = null;
}

function cleaner(): Redactor {
  clean ??= redactorOf(lookedFor());
  return clean;
}

function lookedFor(): Finder {
  if (current !== null) return current;
  const isName = (secret: string) =>
    names.some((name) => name === secret || (isLookedForInside(secret) && name.includes(secret)));
  const all = [...certain, ...[...guessed].filter((secret) => !isName(secret))];
  current = finder(all.filter((secret) => !vocabulary.has(secret)));
  return current;
}
