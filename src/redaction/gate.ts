/**
 * The one gate through which everything passes that is appended to the log, sent to a message channel
 * or printed. Whoever cuts a text passes it through here first: of a secret that was cut, no gate
 * recognises the half.
 *
 * Its secrets belong to the process, as its environment does: what one part of the program was given,
 * no other part may show, and a redactor that had to be handed over could be forgotten. Only whoever
 * carries out several runs in one process, as a test does, gives each a gate of its own.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Finder, finder } from './finder.ts';
import { isLookedForInside } from './forms.ts';
import { LineGate } from './line-gate.ts';
import { type Redactor, redactJson, redactorOf } from './redactor.ts';
import { type SecretVariables, secretsOfEnvironment, secretsOfUrls } from './secrets.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export class Gate {
  readonly #certain = new Set<string>();
  readonly #guessed = new Set<string>();
  readonly #names = new Set<string>();
  /** The log's own vocabulary: field names, and the words that stand for choices. */
  readonly #vocabulary = new Set<string>();
  /** Made when a text is next looked through: a run begins with many words about what to look for. */
  #made: { readonly secrets: string; readonly finder: Finder; readonly redactor: Redactor } | null =
    null;
  /** Whether something was told since, which may still leave the secrets as they were. */
  #isToldMore = false;

  hideSecretsOf(env: Variables, variables: SecretVariables, args: readonly string[] = []): void {
    const found = secretsOfEnvironment(env, variables);
    this.#add(this.#guessed, found.guessed);
    this.hide(...found.certain, ...secretsOfUrls(args));
  }

  hidePasswordsOf(...urls: readonly string[]): void {
    this.hide(...secretsOfUrls(urls));
  }

  hide(...secrets: readonly string[]): void {
    this.#add(this.#certain, secrets);
  }

  keepVocabulary(words: Iterable<string>): void {
    this.#add(this.#vocabulary, words);
  }

  keepNames(...given: readonly string[]): void {
    this.#add(this.#names, given);
  }

  redact(text: string): string {
    return this.#looker().redactor(text);
  }

  lineGate(): LineGate {
    return new LineGate(() => this.#looker().finder);
  }

  redactAll = <T>(value: T): T => redactJson(value, this.#looker().redactor, this.#vocabulary);

  /** Another object whenever other secrets are looked for. */
  get lookedFor(): object {
    return this.#looker();
  }

  #add(to: Set<string>, told: Iterable<string>): void {
    const { size } = to;
    for (const one of told) to.add(one);
    if (to.size !== size) this.#isToldMore = true;
  }

  /** Made anew only for other secrets: to make a finder takes longer than to look through most texts. */
  #looker(): { readonly finder: Finder; readonly redactor: Redactor } {
    if (this.#made !== null && !this.#isToldMore) return this.#made;
    this.#isToldMore = false;
    const all = this.#secrets();
    const secrets = JSON.stringify(all);
    if (this.#made?.secrets === secrets) return this.#made;
    const made = finder(all);
    this.#made = { secrets, finder: made, redactor: redactorOf(made) };
    return this.#made;
  }

  #secrets(): string[] {
    const isName = (secret: string) =>
      [...this.#names].some(
        (name) => name === secret || (isLookedForInside(secret) && name.includes(secret)),
      );
    const all = [...this.#certain, ...[...this.#guessed].filter((secret) => !isName(secret))];
    return all.filter((secret) => !this.#vocabulary.has(secret));
  }
}

const ofProcess = new Gate();
const ofRun = new AsyncLocalStorage<Gate>();
const gate = (): Gate => ofRun.getStore() ?? ofProcess;

/** What the work does, and whatever it begins, passes that gate in place of the process's. */
export function within<T>(own: Gate, work: () => T): T {
  return ofRun.run(own, work);
}

/** Of the process: its environment, and what of its arguments is a URL with a password. */
export function hideSecretsOf(
  env: Variables,
  variables: SecretVariables,
  args: readonly string[] = [],
): void {
  gate().hideSecretsOf(env, variables, args);
}

/** The passwords of these URLs. */
export function hidePasswordsOf(...urls: readonly string[]): void {
  gate().hidePasswordsOf(...urls);
}

/** Secrets that were met on the way. */
export function hide(...secrets: readonly string[]): void {
  gate().hide(...secrets);
}

/**
 * Words that the log's readers branch on. A secret that is one of them cannot be masked: the log could
 * not be read any more, and it is no secret, for these words are in everybody's log.
 */
export function keepVocabulary(words: Iterable<string>): void {
  gate().keepVocabulary(words);
}

/** Names of apps, lanes and branches, and ids of commits: a variable that is a part of one holds no secret. */
export function keepNames(...given: readonly string[]): void {
  gate().keepNames(...given);
}

/** The text without secrets. */
export function redact(text: string): string {
  return gate().redact(text);
}

/** For a text that comes line by line: a secret may be wrapped over several. */
export function lineGate(): LineGate {
  return gate().lineGate();
}

/** Another object whenever other secrets are looked for: what passed the gate before has to pass it again. */
export function lookedFor(): object {
  return gate().lookedFor;
}

/** A JSON value without secrets, in the names of its fields neither. */
export function redactAll<T>(value: T): T {
  return gate().redactAll(value);
}
