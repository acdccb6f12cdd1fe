/** Finds out before anything is written whether events, read one after the other, can be imported into a log. */
import { idOf, inWords, otherEvent, refused, toRows } from './event-import.ts';
import { Chain } from './hash-chain.ts';
import type { EventLog, RecordedEvent } from './log.ts';
import { SeenIds } from './seen-ids.ts';
import type { EventRow } from './tables.ts';

const page = 1_000;

/** Null: it stands nowhere. */
type PositionOf = (id: string) => Promise<number | null>;

export class ImportCheck {
  readonly #target: EventLog | null;
  readonly #head: number;
  readonly #chain = new Chain();
  readonly #ids = new SeenIds();
  readonly #positionOf: PositionOf;
  #last = 0;
  #read = 0;

  /**
   * @param target null: it is empty
   * @param head its last position
   * @param positionOf where among what was given an id stood first: asked for one that seems to be there twice
   */
  constructor(target: EventLog | null, head: number, positionOf: PositionOf) {
    this.#target = target;
    this.#positionOf = positionOf;
    this.#head = head;
  }

  /** How many events were read. */
  get read(): number {
    return this.#read;
  }

  /** How many streams the log has up to the last event that was read. */
  get streams(): number {
    return this.#chain.streams;
  }

  /** The last position that was read; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** How many of those that were read the target has. */
  get present(): number {
    return Math.max(0, this.#read - Math.max(0, this.#last - this.#head));
  }

  /** Of a log that ends with the last event that was read. */
  headDigest(): string {
    return this.#chain.digest();
  }

  /** @throws ImportRefused the first of them that cannot be imported */
  async take(events: readonly RecordedEvent[]): Promise<void> {
    const rows = toRows(events);
    const [first] = rows;
    if (first === undefined) return;
    if (this.#read === 0) await this.#takeWhatIsBefore(first.position);
    const there = await this.#hashes(rows);
    for (const [index, row] of rows.entries()) {
      const flaw = this.#chain.add(row);
      if (flaw !== null) throw refused(flaw.kind, row, index, inWords(flaw));
      if (this.#ids.add(row.id)) await this.#assertNew(row, index);
      const hash = there.get(row.position);
      if (hash !== undefined && hash !== row.hash) throw refused('other', row, index, otherEvent);
      this.#last = row.position;
      this.#read++;
    }
  }

  /** What is imported may go on where the log is by now: the log's own events come before it then. */
  async #takeWhatIsBefore(position: number): Promise<void> {
    for await (const events of this.#inTargetBefore(position)) {
      for (const row of toRows(events)) {
        this.#chain.add(row);
        this.#ids.add(row.id);
      }
    }
  }

  /** Another id may only look the same to `SeenIds`. @throws ImportRefused */
  async #assertNew(row: EventRow, index: number): Promise<void> {
    const holder = (await this.#inTarget(row)) ?? (await this.#positionOf(row.id));
    if (holder !== null && holder < row.position) throw refused('id', row, index, idOf(holder));
  }

  async #inTarget({ id, position }: EventRow): Promise<number | null> {
    for await (const events of this.#inTargetBefore(position)) {
      const there = events.find((event) => event.id === id);
      if (there !== undefined) return there.position;
    }
    return null;
  }

  /** What the target has before a position, page by page. */
  async *#inTargetBefore(position: number): AsyncGenerator<readonly RecordedEvent[]> {
    const end = Math.min(position - 1, this.#head);
    for (let after = 0; this.#target !== null && after < end; ) {
      const events = await this.#target.readAll({ after, limit: Math.min(page, end - after) });
      yield events;
      after = events.at(-1)?.position ?? end;
    }
  }

  async #hashes(rows: readonly EventRow[]): Promise<Map<number, string>> {
    const from = rows[0]?.position ?? 0;
    const limit = Math.min(rows.length, this.#head - from + 1);
    if (this.#target === null || limit < 1) return new Map();
    const events = await this.#target.readAll({ after: from - 1, limit });
    return new Map(events.map(({ position, hash }) => [position, hash]));
  }
}
