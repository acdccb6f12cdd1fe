/** A disk whose power fails: what was synced stays, and of everything since, any part of it. */
import type { FileCall } from './strace.ts';

type Change = Extract<FileCall, { kind: 'write' | 'truncate' | 'unlink' }>;

interface FileOnDisk {
  /** What the last sync made sure of; null: not even that it exists. */
  durable: Buffer | null;
  pending: Change[];
}

/** How much of a change gets through: all of it, none, or for a write only these of its sectors. */
export type Fate = 'kept' | 'lost' | ((sector: number) => boolean);

/** What a disk writes at once, in bytes. */
const sectorBytes = 512;

export class LossyDisk {
  readonly #files = new Map<string, FileOnDisk>();

  carryOut(call: FileCall): void {
    switch (call.kind) {
      case 'printed':
        return;
      case 'sync':
        this.#sync(call.path);
        return;
      default:
        this.#pendingOf(call.path).push(call);
    }
  }

  /** How many changes a power cut now could take. */
  get unsynced(): number {
    return [...this.#files.values()].reduce((sum, { pending }) => sum + pending.length, 0);
  }

  /** The files as they may be found after a power cut now. */
  image(fate: (change: Change) => Fate): Map<string, Buffer> {
    const files = new Map<string, Buffer>();
    for (const [path, { durable, pending }] of this.#files) {
      const content = afterAll(durable, pending, fate);
      if (content !== null) files.set(path, content);
    }
    return files;
  }

  #pendingOf(path: string): Change[] {
    const file = this.#files.get(path) ?? { durable: null, pending: [] };
    this.#files.set(path, file);
    return file.pending;
  }

  /** A file's sync is for its content, its folder's for the names in it. */
  #sync(path: string): void {
    const file = this.#files.get(path);
    if (file !== undefined) {
      file.durable = afterAll(file.durable, file.pending, () => 'kept');
      file.pending = [];
      return;
    }
    for (const [name, { pending }] of this.#files) {
      if (!name.startsWith(`${path}/`) || pending.at(-1)?.kind !== 'unlink') continue;
      this.#files.delete(name);
    }
  }
}

function afterAll(
  durable: Buffer | null,
  changes: readonly Change[],
  fateOf: (change: Change) => Fate,
): Buffer | null {
  let content: Buffer | null = durable === null ? null : Buffer.from(durable);
  for (const change of changes) {
    const fate = fateOf(change);
    if (fate === 'lost') continue;
    const before = content ?? Buffer.alloc(0);
    if (change.kind === 'unlink') content = null;
    else if (change.kind === 'truncate') content = resized(before, change.length);
    else content = written(before, change, fate);
  }
  return content;
}

function resized(content: Buffer, length: number): Buffer {
  const file = Buffer.alloc(length);
  content.copy(file);
  return file;
}

/** Writes into the content itself, unless that is too short. */
function written(
  content: Buffer,
  { at, bytes }: Extract<Change, { kind: 'write' }>,
  fate: Exclude<Fate, 'lost'>,
): Buffer {
  let file: Buffer = content;
  const end = at + bytes.length;
  for (let from = at; from < end; ) {
    const sector = Math.floor(from / sectorBytes);
    const to = Math.min(end, (sector + 1) * sectorBytes);
    if (fate === 'kept' || fate(sector)) {
      if (file.length < to) file = resized(file, to);
      bytes.copy(file, from, from - at, to - at);
    }
    from = to;
  }
  return file;
}
