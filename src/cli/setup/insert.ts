/**
 * Adds to a YAML file that somebody else wrote, without touching a byte of what is there: comments, order and style stay.
 * What comes out is read again; unless it says exactly what was there and what was added, nothing is added.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Document, isCollection, isMap, isNode, isSeq, parseDocument, stringify } from 'yaml';

export interface Addition {
  /** Of the map or the list that is added to. */
  readonly path: readonly string[];
  /** In a map: the new key. Null: an item at the end of a list. */
  readonly key: string | null;
  readonly value: unknown;
  /** Lines that stand above it, without `#`. */
  readonly comment?: readonly string[];
}

/** Null: the file has no such place in block style, has that key already, or would not say the same any more. */
export function insert(text: string, additions: readonly Addition[]): string | null {
  const document = parseDocument(text);
  if (document.errors.length > 0) return null;
  const ends = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const pieces = additions.map((addition) => pieceOf(document, ends, addition));
  if (pieces.some((piece) => piece === null)) return null;
  const sorted = pieces.filter((piece) => piece !== null).sort((a, b) => b.at - a.at);
  const added = sorted.reduce(
    (all, { at, lines }) => all.slice(0, at) + lines + all.slice(at),
    ends,
  );
  return isDeepStrictEqual(readValue(added), expected(text, additions)) ? added : null;
}

interface Piece {
  readonly at: number;
  readonly lines: string;
}

function pieceOf(
  document: Document,
  text: string,
  { path, key, value, comment = [] }: Addition,
): Piece | null {
  const place = document.getIn(path, true);
  if (!isCollection(place) || place.flow === true || place.items.length === 0) return null;
  if (key === null ? !isSeq(place) : !isMap(place) || place.has(key)) return null;
  const start = place.range?.[0];
  const end = isNode(place) ? lastOffset(place) : undefined;
  if (start === undefined || end === undefined) return null;
  const indent = ' '.repeat(start - (text.lastIndexOf('\n', start - 1) + 1));
  const body = stringify(key === null ? [value] : { [key]: value }, { lineWidth: 0 });
  const lines = [...comment.map((line) => `# ${line}`), ...body.trimEnd().split('\n')];
  const shown = lines.map((line) => `${indent}${line}`.trimEnd()).join('\n');
  return { at: endOfLine(text, end), lines: `${shown}\n` };
}

function lastOffset(place: { readonly items: readonly unknown[] }): number | undefined {
  const item = place.items.at(-1) as
    | { range?: [number, number, number]; value?: unknown; key?: unknown }
    | undefined;
  const node = item?.range === undefined ? (item?.value ?? item?.key) : item;
  return (node as { range?: [number, number, number] } | undefined)?.range?.[1];
}

function endOfLine(text: string, offset: number): number {
  if (text[offset - 1] === '\n') return offset;
  const next = text.indexOf('\n', offset);
  return next === -1 ? text.length : next + 1;
}

const readValue = (text: string): unknown => {
  const document = parseDocument(text);
  return document.errors.length > 0 ? null : document.toJS();
};

function expected(text: string, additions: readonly Addition[]): unknown {
  const value = structuredClone(readValue(text));
  for (const { path, key, value: added } of additions) {
    const place = path.reduce(
      (at: unknown, part) => (at as Readonly<Record<string, unknown>>)[part],
      value,
    );
    if (key === null) (place as unknown[]).push(added);
    else (place as Record<string, unknown>)[key] = added;
  }
  return value;
}
