/**
 * The log's head: 64 hex digits that stand for all of it. The hashes of its events, one a line and in their order, are taken
 * 256 at a time; each digest is over the digest before and those lines. So a head is had from any earlier full block and
 * the events since, and costs what they cost. docs/audit.md has it in a line of shell.
 */
import { hash } from 'node:crypto';

/** Before the digits: heads of earlier versions, over the last event of every stream, have none. */
export const headMark = '2-';
/** How many events one digest is over, apart from those that the one before is over. */
export const headBlock = 256;
/** As many of the last blocks can be gone back into. */
const blocksKept = 64;

/** Every event up to a position, which is a multiple of 256. */
export interface FullBlocks {
  readonly position: number;
  /** 64 hex digits. */
  readonly digest: string;
  /** The hash of the event at that position. */
  readonly last: string;
}

const none = '0'.repeat(64);
const noBlocks: FullBlocks = { position: 0, digest: none, last: none };

interface Block<Lines = readonly string[]> {
  readonly full: FullBlocks;
  readonly lines: Lines;
}

export class HeadChain {
  /** The newest last; `lines` are the events behind it, up to 256 of them. */
  #blocks: Block<string[]>[];
  #position: number;

  constructor(full: FullBlocks = noBlocks) {
    this.#blocks = [{ full, lines: [] }];
    this.#position = full.position;
  }

  get position(): number {
    return this.#position;
  }

  /** The newest that an event stands behind, or that nothing stands behind yet. */
  get full(): FullBlocks {
    return this.#last.full;
  }

  get #last(): Block<string[]> {
    return this.#blocks.at(-1) as Block<string[]>;
  }

  /** Takes the next event's hash in. */
  add(eventHash: string): void {
    if (this.#last.lines.length === headBlock) {
      const last = this.#last.lines.at(-1) ?? none;
      const full = { position: this.#position, digest: digestOf(this.#last), last };
      this.#blocks.push({ full, lines: [] });
      if (this.#blocks.length > 2 * blocksKept) this.#blocks = this.#blocks.slice(-blocksKept);
    }
    this.#last.lines.push(eventHash);
    this.#position++;
  }

  /** Of the log up to the event that was taken in last. */
  digest(): string {
    return headMark + digestOf(this.#last);
  }

  /** The digest as it was when the log ended at that position; null: that is too long ago, or still to come. */
  digestAt(position: number): string | null {
    if (position > this.#position) return null;
    const block = this.#blocks.findLast(({ full }) => full.position <= position);
    if (block === undefined) return null;
    const lines = block.lines.slice(0, position - block.full.position);
    return headMark + digestOf({ full: block.full, lines });
  }
}

function digestOf({ full, lines }: Block): string {
  if (lines.length === 0) return full.digest;
  return hash('sha256', `${[full.digest, ...lines].join('\n')}\n`);
}
