/** Ways to change a log behind its back: each takes the rows as they were recorded and gives other rows. */
import { hashOf, noHash } from '../../../src/store/hash-chain.ts';
import type { EventRow } from '../../../src/store/tables.ts';
import type { Lot } from './seed.ts';

type Rows = readonly EventRow[];
type Change = (rows: Rows, lot: Lot) => Rows;

export interface Tampering {
  readonly change: Change;
  /** It makes hashes anew, as one who knows how can. */
  readonly signs: boolean;
}

export const textColumns = [
  'stream',
  'id',
  'type',
  'data',
  'metadata',
  'time',
  'hash',
  'previous_hash',
] as const;

/** One bit of one text, which stays text. */
const flipBit: Change = (rows, lot) =>
  withRow(rows, lot.below(rows.length), (row) => {
    const column = lot.happens(0.5) ? 'data' : lot.oneOf(textColumns);
    const bytes = Buffer.from(row[column]);
    const at = lot.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << lot.below(7));
    return { ...row, [column]: bytes.toString() };
  });

const editRow: Change = (rows, lot) =>
  withRow(rows, lot.below(rows.length), (row) => {
    const edits: Partial<EventRow>[] = [
      { data: '{"n":-1}' },
      { metadata: '{"actor":"eve"}' },
      { type: 'thing.undone' },
      { schema: row.schema + 1 },
      { version: row.version + 1 + lot.below(3) * 1_000 },
      { stream: `${row.stream}x` },
      { id: `${row.id}x` },
      { time: '2000-01-01T00:00:00.000Z' },
      { position: rows.length + 1 + lot.below(9) },
      { hash: row.previous_hash },
      { previous_hash: row.hash },
    ];
    return { ...row, ...lot.oneOf(edits) };
  });

/** Whoever edits a row may know how its hash is made. */
const editWithHash: Change = (rows, lot) =>
  withRow(rows, lot.below(rows.length), (row) => {
    const edited = { ...row, data: `{"n":${lot.below(9) - 10}}` };
    return { ...edited, hash: hashOf(edited) };
  });

/** … and of all the rows after it, too. */
const editWithChain: Change = (rows, lot) => {
  const at = lot.below(rows.length);
  return recomputed(withRow(rows, at, (row) => ({ ...row, data: '{"n":-1}' })));
};

const deleteRow: Change = (rows, lot) => {
  const at = lot.below(rows.length);
  return rows.filter((_, n) => n !== at);
};

const deleteAndCloseUp: Change = (rows, lot) =>
  deleteRow(rows, lot).map((row, n) => ({ ...row, position: n + 1 }));

/** A made-up event between two others, which move up. */
const insertRow: Change = (rows, lot) => {
  const at = lot.below(rows.length + 1);
  const like = rows[Math.min(at, rows.length - 1)] as EventRow;
  const forged = { ...like, id: 'forged', version: like.version + lot.below(2) };
  return [...rows.slice(0, at), forged, ...rows.slice(at)].map((row, n) => {
    return { ...row, position: n + 1 };
  });
};

const insertWithHash: Change = (rows, lot) =>
  insertRow(rows, lot).map((row) => (row.id === 'forged' ? { ...row, hash: hashOf(row) } : row));

/** An event that follows on the last one as it should, except that nobody recorded it. */
const appendForged: Change = (rows, lot) => {
  const { stream } = lot.oneOf(rows);
  const head = rows.findLast((row) => row.stream === stream) as EventRow;
  const forged = {
    ...head,
    id: 'forged',
    position: rows.length + 1,
    version: head.version + 1,
    time: rows.at(-1)?.time ?? head.time,
    previous_hash: head.hash,
  };
  return [...rows, { ...forged, hash: hashOf(forged) }];
};

const swapRows: Change = (rows, lot) => {
  const [a, b] = twoOf(rows, lot);
  return rows
    .map((row) => {
      if (row === a) return { ...row, position: b.position };
      return row === b ? { ...row, position: a.position } : row;
    })
    .sort((one, other) => one.position - other.position);
};

const swapContent: Change = (rows, lot) => {
  const [a, b] = twoOf(rows, lot);
  const content = ({ data, metadata, type, id }: EventRow) => ({ data, metadata, type, id });
  return rows.map((row) => {
    if (row === a) return { ...row, ...content(b) };
    return row === b ? { ...row, ...content(a) } : row;
  });
};

const swapStreams: Change = (rows, lot) => {
  const [{ stream: a }, { stream: b }] = twoOf(rows, lot, true);
  const swapped = new Map([
    [a, b],
    [b, a],
  ]);
  return rows.map((row) => ({ ...row, stream: swapped.get(row.stream) ?? row.stream }));
};

const cutTail: Change = (rows, lot) => rows.slice(0, lot.below(rows.length));

/** The same positions again, written by somebody else since an old copy was put back. */
const restoreOldCopy: Change = (rows, lot) => {
  let copy: Rows = rows.slice(0, 1 + lot.below(rows.length - 1));
  while (copy.length < rows.length) copy = appendForged(copy, lot);
  return recomputed(
    copy.map((row) => (row.id === 'forged' ? { ...row, id: `forged ${row.position}` } : row)),
  );
};

const plain = (change: Change): Tampering => ({ change, signs: false });
const signed = (change: Change): Tampering => ({ change, signs: true });

export const tamperings: Readonly<Record<string, Tampering>> = {
  'a bit': plain(flipBit),
  'a row edited': plain(editRow),
  'a row deleted': plain(deleteRow),
  'a row deleted, the gap closed': plain(deleteAndCloseUp),
  'a row inserted': plain(insertRow),
  'two rows swapped': plain(swapRows),
  'the content of two rows swapped': plain(swapContent),
  'two streams swapped': plain(swapStreams),
  'the tail cut': plain(cutTail),
  'a row and its hash edited': signed(editWithHash),
  'a row and its chain edited': signed(editWithChain),
  'a row inserted with its hash': signed(insertWithHash),
  'a row appended with its hash': signed(appendForged),
  'an old copy put back and gone on with': signed(restoreOldCopy),
};

function withRow(rows: Rows, at: number, change: (row: EventRow) => EventRow): Rows {
  return rows
    .map((row, n) => (n === at ? change(row) : row))
    .sort((a, b) => a.position - b.position);
}

function twoOf(rows: Rows, lot: Lot, ofTwoStreams = false): [EventRow, EventRow] {
  for (;;) {
    const a = lot.oneOf(rows);
    const b = lot.oneOf(rows);
    if (a !== b && !(ofTwoStreams && a.stream === b.stream)) return [a, b];
  }
}

/** Gives each row the hash before it in its stream, and its own. */
/** What an owner of the database does who leaves no trace in the log itself: all that follows is made anew. */
export function recomputed(changed: Rows): EventRow[] {
  const heads = new Map<string, { version: number; hash: string }>();
  return changed.map((row, at) => {
    const head = heads.get(row.stream) ?? { version: 0, hash: noHash };
    const placed = {
      ...row,
      position: at + 1,
      version: head.version + 1,
      previous_hash: head.hash,
    };
    const made = { ...placed, hash: hashOf(placed) };
    heads.set(row.stream, made);
    return made;
  });
}
