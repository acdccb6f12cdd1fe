/** Takes secrets out of texts and of JSON. Pure: the process's own secrets are in `gate.ts`. */
import { type Finder, finder, type Span } from './finder.ts';

export const mask = '[secret]';

/** How many texts a redactor knows again, and up to which length: two megabytes at most. */
const knownMax = 2_000;
const knownLengthMax = 500;

export type Redactor = (text: string) => string;

/**
 * Masks every form of every secret (see `forms.ts`), wrapped over lines too, and the credentials of
 * every URL in the text.
 *
 * Overlapping finds are masked as one, so nothing of either is left. What is masked stays the same
 * when it is redacted again. A secret of 4 to 7 characters is masked only as a whole word; shorter
 * ones are not looked for.
 */
export function redactor(secrets: Iterable<string>): Redactor {
  return redactorOf(finder(secrets));
}

export function redactorOf({ spansIn }: Finder): Redactor {
  // A deploy's events and its messages say the same ids, names and addresses again and again.
  const known = new Map<string, string>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const clean = masked(text, spansIn(text));
    if (text.length > knownLengthMax) return clean;
    if (known.size >= knownMax) known.clear();
    known.set(text, clean);
    return clean;
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
  return text.replaceAll(/(?<=[a-z0-9+.-]):\/\/[^\s/?#]*@/gi, '://');
}

/** The text with `[secret]` in place of these stretches. */
export function masked(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  const found = [...spans];
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
