/** Finds secrets in texts: as they are written, wrapped over lines, and long pieces of what encodes them. */
import { encodedForms, formsOf, hexForms, isLookedForInside, shortestSecret } from './forms.ts';
import { beginnings, placesOf } from './places.ts';
import { hasLineEnd, type Unwrap, wrappings } from './wrapping.ts';

export type Span = readonly [from: number, to: number];

export interface Finder {
  /** Where something stands that has to be masked, in no order; overlaps are possible. */
  spansIn(text: string): Span[];
  /** What at the text's end is the start of a secret, so that nobody can tell before it goes on; null: nothing. */
  begunIn(text: string): Begun | null;
}

export interface Begun {
  readonly from: number;
  /** How much of it is there, without what wraps it. */
  readonly length: number;
}

/** A secret's start is noticed at the end of a text from this many characters on; fewer may be shown. */
const shortestStart = 4;

export function finder(secrets: Iterable<string>): Finder {
  const looked = [...secrets].filter((secret) => secret.length >= shortestSecret);
  const long = looked.filter(isLookedForInside);
  const inside = [...new Set(long.flatMap(formsOf))];
  const placesInside = placesOf(inside);
  const words = [...new Set(looked.filter((one) => !isLookedForInside(one)).flatMap(formsOf))];
  const wordPattern = words.length === 0 ? null : wholeWords(words);
  const wrapped = [
    search(inside, wrappings.oneLine),
    search(inside, wrappings.bare, hasLineEnd),
    search(long.flatMap(hexForms), wrappings.hexDigits),
  ];
  const pieces = piecesOf([...new Set(long.flatMap(encodedForms))]);
  return {
    spansIn(text) {
      // Nothing that is looked for is as short as most strings of an event are.
      if (text.length < shortestSecret) return [];
      const found: Span[] = [...credentials(text)];
      for (const [at, form] of placesInside(text)) found.push([at, at + form.length]);
      if (wordPattern !== null) {
        for (const { index, 0: word } of text.matchAll(wordPattern)) {
          found.push([index, index + word.length]);
        }
      }
      return found.concat(...wrapped.map((way) => way.spansIn(text)), pieces(text));
    },
    begunIn: (text) =>
      wrapped
        .map((way) => way.begunIn(text))
        .reduce((a, b) => ((b?.length ?? 0) > (a?.length ?? 0) ? b : a), null),
  };
}

/** Looks for forms in a text that one kind of wrapping was taken out of; `isIt` is asked of a find and what is around it. */
function search(
  all: readonly string[],
  unwrap: Unwrap,
  isIt: (found: string) => boolean = () => true,
): Finder {
  // The line end makes `unwrap` treat a form of one line as it treats a text of several.
  const unwrapped = all.map((form) => unwrap(`${form}\n`)[0]?.text ?? form);
  const forms = [...new Set(unwrapped)].filter((form) => form.length >= 2 * shortestStart);
  const starts = Map.groupBy(forms, (form) => form.slice(0, shortestStart));
  const longest = Math.max(0, ...forms.map(({ length }) => length));
  const places = placesOf(forms);
  return {
    spansIn(text) {
      if (forms.length === 0) return [];
      return unwrap(text).flatMap((one) => {
        const found: Span[] = [];
        for (const [at, form] of places(one.text)) {
          const end = at + form.length;
          const before = at === 0 ? 0 : one.placeOf(at - 1) + 1;
          if (!isIt(text.slice(before, one.placeOf(end)))) continue;
          found.push([one.placeOf(at), one.placeOf(end - 1) + 1]);
        }
        return found;
      });
    },
    begunIn(text) {
      // The line end makes `unwrap` treat the text as one that goes on in another line.
      const last = unwrap(`${text}\n`).findLast(({ isLast }) => isLast);
      const end = last?.text ?? '';
      for (let at = Math.max(0, end.length - longest); at <= end.length - shortestStart; at++) {
        const begun = starts.get(end.slice(at, at + shortestStart)) ?? [];
        if (begun.length === 0) continue;
        const rest = end.slice(at);
        if (begun.some((form) => form.length > rest.length && form.startsWith(rest)))
          return { from: last?.placeOf(at) ?? 0, length: rest.length };
      }
      return null;
    },
  };
}

/** The shortest piece that is found. Marks are half as long and follow one another, so it holds a whole one. */
const pieceMin = 20;
const markLength = pieceMin / 2;
/** A secret that repeats itself has the same mark in many places; no more of them are tried. */
const samePlacesMax = 8;
/** Where a piece can be: hex and base64, and base64 in a URL. */
const pieceRun = /[A-Za-z0-9+/=_%-]{20,}/g;

/** Long pieces of encoded secrets, whatever stands between them: a log's own words before each of its lines. */
function piecesOf(encoded: readonly string[]): (text: string) => Span[] {
  const marks = new Map<string, [form: string, at: number][]>();
  for (const form of encoded) {
    for (let at = 0; form.length >= pieceMin && at + markLength <= form.length; at += markLength) {
      const mark = form.slice(at, at + markLength);
      const places = marks.get(mark);
      if (places === undefined) marks.set(mark, [[form, at]]);
      else if (places.length < samePlacesMax) places.push([form, at]);
    }
  }
  if (marks.size === 0) return () => [];
  const mayBegin = beginnings(marks.keys());
  return (text) => {
    const found: Span[] = [];
    if (text.length < pieceMin) return found;
    for (const { 0: run, index } of text.matchAll(pieceRun)) {
      // Of each form, where it was found last: its next mark there finds the same.
      const last = new Map<string, { shift: number; to: number }>();
      for (let at = 0; at + markLength <= run.length; at++) {
        if (!mayBegin(run, at)) continue;
        for (const [form, inForm] of marks.get(run.slice(at, at + markLength)) ?? []) {
          const shift = at - inForm;
          const before = last.get(form);
          if (before?.shift === shift && at < before.to) continue;
          const [from, to] = commonRun(run, at, form, inForm);
          last.set(form, { shift, to });
          if (to - from >= pieceMin) found.push([index + from, index + to]);
        }
      }
    }
    return found;
  };
}

/** How far the text and the form are the same, around a place where they are. */
function commonRun(text: string, at: number, form: string, inForm: number): Span {
  let [from, to] = [0, markLength];
  while (at + from > 0 && inForm + from > 0 && text[at + from - 1] === form[inForm + from - 1])
    from--;
  while (at + to < text.length && inForm + to < form.length && text[at + to] === form[inForm + to])
    to++;
  return [at + from, at + to];
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
