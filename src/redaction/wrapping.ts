/**
 * Texts as they were before somebody wrapped them: base64 comes in lines of 64 or 76 columns, a mail's
 * quoted-printable with `=` at each line's end, source code as one string after the other, hex as pairs
 * of digits with something in between.
 */

/** What of a text is left when a wrapping is taken out of it. */
export interface Unwrapped {
  readonly text: string;
  /** Where in the wrapped text the character at this index stands. */
  readonly placeOf: (index: number) => number;
  /** Whether it reaches to the end of the wrapped text. */
  readonly isLast: boolean;
}

/** Takes one way of wrapping out of a text; nothing where the text is not wrapped so. */
export type Unwrap = (text: string) => Unwrapped[];

/**
 * An end of a line, by itself or as JSON, a URL and XML write it; where two strings are joined, which may
 * be on one line; colours and characters of no width too.
 */
const lineEnd =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  /[\n\r\v\f\u0085\u2028\u2029]|(?<!\\)\\+[rn]|%0[ad]|&#(?:1[03]|x0?[ad]);|(?<!\\)\\*(?:["'`]|%2[27]|%60)(?:\s|%20)*\+(?:\s|%20)*\\*(?:["'`]|%2[27]|%60)|\u001b\[[0-9;]*m|[\u00ad\u200b-\u200d\u2060\ufeff]/gi;

/** The text in one line, without indentation. */
const oneLine: Unwrap = (text) => {
  const gaps: [from: number, to: number][] = [];
  for (const found of text.matchAll(lineEnd)) {
    let [from, to] = spanOf(found);
    const last = gaps.at(-1);
    while (from > (last?.[1] ?? 0) && isBlank(text.charAt(from - 1))) from--;
    while (isBlank(text.charAt(to))) to++;
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else gaps.push([from, to]);
  }
  return without(text, gaps);
};

const isBlank = (character: string): boolean => character === ' ' || character === '\t';

/** What puts a string together from several, continues a line or quotes it: anywhere, for a secret may have it too. */
const ornament = new RegExp(`(?:${lineEnd.source}|[\\s"'\`+,\\\\=>#|*])+`, 'gi');

/** A text of several lines without all that a wrapping may have added. */
const bare: Unwrap = (text) => {
  return hasLineEnd(text) ? without(text, [...text.matchAll(ornament)].map(spanOf)) : [];
};

/** At least sixteen digits and something in between: fewer are the hex of no secret that is looked for. */
const hexRun = /(?:(?<!\\)\\+[xrn]|[0-9a-fx:,;._\-\s"'+\\%=]){17,}/gi;
const betweenDigits = /(?:[:,;._\-\s"'+%=]|0x|\\+[xrn]?)+/gi;

const hexDigits: Unwrap = (text) =>
  [...text.matchAll(hexRun)].flatMap(({ 0: run, index }) =>
    without(run, [...run.matchAll(betweenDigits)].map(spanOf)).map((one) => ({
      text: one.text,
      placeOf: (at: number) => index + one.placeOf(at),
      isLast: index + run.length === text.length,
    })),
  );

export const wrappings = { oneLine, bare, hexDigits } as const;

/** Whether a stretch of a text goes over several lines. */
export const hasLineEnd = (text: string): boolean => text.search(lineEnd) !== -1;

type Span = readonly [from: number, to: number];

const spanOf = ({ 0: found, index }: RegExpExecArray): Span => [index, index + found.length];

/** The text without these stretches, which are in order and apart. */
function without(text: string, gaps: readonly Span[]): Unwrapped[] {
  if (gaps.length === 0) return [];
  let kept = '';
  // Where each part that is kept begins: here, and in the text.
  const parts: Span[] = [[0, 0]];
  let end = 0;
  for (const [from, to] of gaps) {
    kept += text.slice(end, from);
    end = to;
    parts.push([kept.length, to]);
  }
  kept += text.slice(end);
  const placeOf = (index: number): number => {
    let [low, high] = [0, parts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((parts[middle]?.[0] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    const [here, there] = parts[low] ?? [0, 0];
    return there + index - here;
  };
  return [{ text: kept, placeOf, isLast: true }];
}
