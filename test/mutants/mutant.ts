/**
 * A mutant: one small wrong change to the code, which takes away a mechanism that a promise of
 * docs/guarantees.md rests on. It is found by the symbol that it is in and the code that it replaces,
 * never by a line: code that moves keeps its mutant, code that changed makes the mutant fail.
 */

export interface Mutant {
  /** Short and stable: `npm run mutants -- --only ID`. */
  readonly id: string;
  /** Which promise breaks: a part of the first cell of its row in docs/guarantees.md. */
  readonly promise: string;
  /** From the repository's root. */
  readonly file: string;
  /** The function, method, class or constant around the code. */
  readonly symbol: string;
  /** The code that is replaced; it stands in the symbol exactly once. White space counts as one blank. */
  readonly code: string;
  readonly by: string;
  /** The test that has to notice: its file from the repository's root, and parts of its name in order: `test/a.test.ts › holds`. */
  readonly noticedBy: string;
}

export interface Noticing {
  readonly file: string;
  /** Parts of its name, as they are written in the file; none: any test of the file. */
  readonly names: readonly string[];
}

export function noticing({ noticedBy }: Pick<Mutant, 'noticedBy'>): Noticing {
  const [file = '', ...names] = noticedBy.split(' › ');
  return { file, names };
}

/** The mutant does not fit the code that is there. */
export class Inapplicable extends Error {}

/**
 * The file's text with the mutant's change.
 *
 * @throws Inapplicable the symbol is not there, or the code is not in it, or is in it more than once
 */
export function applied({ file, symbol, code, by }: Mutant, text: string): string {
  const places = new Map<number, number>();
  for (const { index: from } of text.matchAll(declarationOf(symbol))) {
    for (const { index, 0: found } of text
      .slice(from, endOf(from, text))
      .matchAll(patternOf(code))) {
      places.set(from + index, found.length);
    }
  }
  const [place] = places;
  if (place === undefined || places.size > 1) {
    const count = places.size;
    throw new Inapplicable(
      `${file}, ${symbol}: the code stands there ${count} times, not once: ${code}`,
    );
  }
  const [at, length] = place;
  return text.slice(0, at) + by + text.slice(at + length);
}

/** Every line on which something of that name may be declared: also as a signature, in which no code stands. */
function declarationOf(symbol: string): RegExp {
  const name = escaped(symbol);
  const named = `(?:function\\*? |class |const |let )${name}(?!\\w)`;
  const method = `(?:readonly )?(?:static )?(?:async )?\\*?${name}(?:<.*>)?[(:]`;
  return new RegExp(`^ *(?:export )?(?:async )?(?:${named}|${method})`, 'gm');
}

/** The declaration's end: its first line's, or the next line at its own depth that closes what it opened. */
function endOf(from: number, text: string): number {
  const depth = /^ */.exec(text.slice(from))?.[0] ?? '';
  const firstEnd = text.indexOf('\n', from);
  if (/[;,]$/.test(text.slice(from, firstEnd))) return firstEnd;
  const closing = new RegExp(`\\n${depth}[})\\]][^\\n]*(?<![({\\[])$`, 'm').exec(text.slice(from));
  return closing === null ? text.length : from + closing.index + closing[0].length;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\#]/g, '\\$&');

const patternOf = (code: string): RegExp =>
  new RegExp(code.trim().split(/\s+/).map(escaped).join('\\s+'), 'g');
