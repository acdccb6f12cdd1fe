/** The last event of every stream, and the digest over all of them: what a log's head was in earlier versions. */
import { createHash } from 'node:crypto';

export interface Head {
  readonly version: number;
  readonly hash: string;
}

/** Each field with its length in bytes before it, so that no two different lists read the same. */
export function canonical(fields: readonly (string | number)[]): string {
  let text = '';
  for (const field of fields) {
    const shown = `${field}`;
    const length = typeof field === 'number' ? shown.length : Buffer.byteLength(shown);
    text += `${length}:${shown},`;
  }
  return text;
}

/** What changed: so that a digest of a little before can be had. */
interface Change {
  readonly position: number;
  readonly stream: string;
  /** Undefined: the stream began. */
  readonly before: Head | undefined;
}

/** So many of the last changes can be undone, at least. */
const undoMin = 16_384;
/** Streams that are hashed at once. */
const piece = 256;

export class LogHeads {
  readonly #heads = new Map<string, Head>();
  /** In the order of their bytes; those of `#added` are not among them yet. */
  #sorted: { readonly name: Buffer; readonly stream: string; readonly prefix: string }[] = [];
  #added: string[] = [];
  #changes: Change[] = [];

  get size(): number {
    return this.#heads.size;
  }

  get(stream: string): Head | undefined {
    return this.#heads.get(stream);
  }

  /** Its last event from now on. @param position that event's, in the log */
  set(stream: string, { version, hash }: Head, position: number): void {
    const before = this.#heads.get(stream);
    if (before === undefined) this.#added.push(stream);
    this.#heads.set(stream, { version, hash });
    this.#changes.push({ position, stream, before });
    if (this.#changes.length > 2 * undoMin) this.#changes = this.#changes.slice(-undoMin);
  }

  /**
   * SHA-256 (hex) over every stream's name, last version and last hash, in the order of the names’ bytes, as it was when the
   * log ended at that position; null: that is too long ago.
   */
  digestAt(position: number): string | null {
    const undone = new Map<string, Head | undefined>();
    for (let at = this.#changes.length - 1; ; at--) {
      const change = this.#changes[at];
      if (change !== undefined && change.position > position) {
        undone.set(change.stream, change.before);
        continue;
      }
      // Nothing was forgotten, or the change at the position itself was come to.
      const isKnown = change !== undefined || this.#changes.length < undoMin;
      return isKnown ? this.#digestBut(undone) : null;
    }
  }

  #digestBut(undone: ReadonlyMap<string, Head | undefined>): string {
    this.#sort();
    const sum = createHash('sha256');
    let text = '';
    for (const [at, { stream, prefix }] of this.#sorted.entries()) {
      const head = undone.has(stream) ? undone.get(stream) : this.#heads.get(stream);
      if (head !== undefined) text += prefix + canonical([head.version, head.hash]);
      if (at % piece < piece - 1) continue;
      sum.update(text);
      text = '';
    }
    return sum.update(text).digest('hex');
  }

  #sort(): void {
    if (this.#added.length === 0) return;
    const added = this.#added.map((stream) => ({
      name: Buffer.from(stream),
      stream,
      prefix: canonical([stream]),
    }));
    this.#sorted = [...this.#sorted, ...added].sort((a, b) => Buffer.compare(a.name, b.name));
    this.#added = [];
  }
}
