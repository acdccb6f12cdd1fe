/** Takes secrets out of texts and of JSON. Pure: the process's own secrets are in `gate.ts`. */
import { formsOf, isLookedForInside, shortestSecret } from './forms.ts';

export const mask = '[secret]';

export type Redactor = (text: string) => string;

/**
 * Masks every form of every secret (see `forms.ts`), and the credentials of every URL in the text.
 *
 * Overlapping finds are masked as one, so nothing of either is left. What is masked stays the same
 * when it is redacted again. A secret of 4 to 7 characters is masked only as a whole word; shorter
 * ones are not looked for.
 */
export function redactor(secrets: Iterable<string>): Redactor {
  const inside = new Set<string>();
  const words = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < shortestSecret) continue;
    const all = isLookedForInside(secret) ? inside : words;
    for (const form of formsOf(secret)) all.add(form);
  }
  const wordPattern = words.size === 0 ? null : wholeWords([...words]);
  return (text) => {
    const found: Span[] = [...credentials(text)];
    for (const form of inside) {
      for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) {
        found.push([at, at + form.length]);
      }
    }
    if (wordPattern !== null) {
      for (const { index, 0: word } of text.matchAll(wordPattern)) {
        found.push([index, index + word.length]);
      }
    }
    return found.length === 0 ? text : masked(text, found);
  };
}

/** Every string in a JSON value, names of fields included; `keep` are strings that stay as they are. */
export function redactJson<T>(value: T, redact: Redactor, keep: ReadonlySet<string>): T {
  const clean = (text: string): string => (keep.has(text) ? text : redact(text));
  const walk = (one: unknown): unknown => {
    if (typeof one === 'string') return clean(one);
    if (typeof one !== 'object' || one === null) return one;
    if (Array.isArray(one)) return one.map(walk);
    return Object.fromEntries(
      Object.entries(one).map(([name, field]) => [clean(name), walk(field)]),
    );
  };
  return walk(value) as T;
}

/** Every URL in the text as anybody may open it: without a user and a password. */
export function withoutUserInfo(text: string): string {
  return text.replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1');
}

type Span = readonly [from: number, to: number];

function masked(text: string, found: Span[]): string {
  // What is a mask already is left alone, also for a secret that is a part of the word.
  for (let at = text.indexOf(mask); at !== -1; at = text.indexOf(mask, at + mask.length)) {
    found.push([at, at + mask.length]);
  }
  found.sort(([a], [b]) => a - b);
  let clean = '';
  let end = 0;
  for (const [from, to] of found) {
    if (from >= end) clean += `${text.slice(end, from)}${mask}`;
    end = Math.max(end, to);
  }
  return clean + text.slice(end);
}

/** The password of `scheme://user:password@host`, and a lone user that is long enough to be a token. */
function* credentials(text: string): Generator<Span> {
  if (!text.includes('://')) return;
  for (const match of text.matchAll(/:\/\/([^\s/?#:@"'<>\\]*)(?::([^\s/?#"'<>\\]*))?@/g)) {
    const [whole, user = '', password] = match;
    const start = match.index + 3;
    // How our own hints spell it.
    if (password === 'PASSWORD') continue;
    if (password !== undefined && password !== '') {
      const end = match.index + whole.length - 1;
      yield [end - password.length, end];
    } else if (user.length >= 16) yield [start, start + user.length];
  }
}

/** A word ends where no letter, digit, `_`, `-`, `/` or inner `.` goes on: `test` is not masked in `acme-test`. */
function wholeWords(forms: string[]): RegExp {
  const escaped = forms
    .sort((a, b) => b.length - a.length)
    .map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const before = String.raw`(?<![\p{L}\p{N}_/-]|[\p{L}\p{N}]\.)`;
  const after = String.raw`(?![\p{L}\p{N}_/-]|\.[\p{L}\p{N}])`;
  return new RegExp(`${before}(?:${escaped.join('|')})${after}`, 'gu');
}
