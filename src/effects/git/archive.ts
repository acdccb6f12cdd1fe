/**
 * A commit's tree as a tar: the committed bytes, each object checked by its id. `git archive` is not
 * asked: it obeys attributes and filters, also those of this machine that no commit holds.
 */
import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { LockstepError } from '../../errors/error.ts';
import { endOfArchive, headerOf, padding } from './tar.ts';
import type { TreeEntry } from './tree.ts';

const nothing = Buffer.alloc(0);
const newline = 0x0a;
/** `ID blob SIZE`. */
const headerMax = 128;

/** What `cat-file --batch` is asked for, in the order in which it has to answer. */
export function contentsOf(entries: readonly TreeEntry[]): string {
  return entries
    .filter(hasContent)
    .map(({ id }) => `${id}\n`)
    .join('');
}

const hasContent = ({ kind }: TreeEntry): boolean => kind === 'file' || kind === 'symlink';

/** The object whose bytes come in. */
interface Incoming {
  readonly entry: TreeEntry;
  readonly hash: Hash;
  left: number;
  /** A link's target goes into its header: it is kept until it is whole. */
  target: Buffer;
}

/** Takes what `git cat-file --batch` answers (git-cat-file(1), BATCH OUTPUT) and gives the tar, a piece at a time. */
export class TreeToTar extends Transform {
  readonly #entries: Iterator<TreeEntry>;
  readonly #modified: number;
  #next: TreeEntry | null = null;
  #incoming: Incoming | null = null;
  #rest: Buffer = nothing;

  /** @param modified seconds since 1970, for every entry */
  constructor(entries: readonly TreeEntry[], modified: number) {
    super();
    this.#entries = entries.filter(({ kind }) => kind !== 'submodule').values();
    this.#modified = modified;
    this.#advance();
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    try {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      while (this.#incoming === null ? this.#begin() : this.#go(this.#incoming));
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    const unread = this.#incoming?.entry ?? this.#next;
    if (unread === null) this.push(endOfArchive);
    done(unread === null ? null : corrupt(unread, 'git ended before it was whole'));
  }

  /** Writes the directories that come next, up to an entry with content. */
  #advance(): void {
    for (;;) {
      const { value, done } = this.#entries.next();
      this.#next = done === true ? null : value;
      if (this.#next === null || hasContent(this.#next)) return;
      this.#header(this.#next, nothing);
    }
  }

  /** Reads an object's first line. False: more bytes are needed. */
  #begin(): boolean {
    if (this.#next === null) return false;
    const end = this.#rest.indexOf(newline);
    if (end === -1 && this.#rest.length < headerMax) return false;
    const { id, size, kind } = this.#next;
    if (this.#rest.toString('latin1', 0, Math.max(0, end)) !== `${id} blob ${size}`) {
      throw corrupt(this.#next, 'git does not have it as the tree says');
    }
    this.#rest = this.#rest.subarray(end + 1);
    const hash = createHash(id.length === 64 ? 'sha256' : 'sha1').update(`blob ${size}\0`);
    this.#incoming = { entry: this.#next, hash, left: size, target: nothing };
    if (kind === 'file') this.#header(this.#next, nothing);
    return true;
  }

  /** Passes on what there is of an object. False: more bytes are needed. */
  #go(incoming: Incoming): boolean {
    const { entry, hash } = incoming;
    const bytes = this.#rest.subarray(0, incoming.left);
    this.#rest = this.#rest.subarray(bytes.length);
    incoming.left -= bytes.length;
    hash.update(bytes);
    if (entry.kind === 'file') this.push(bytes);
    else incoming.target = Buffer.concat([incoming.target, bytes]);
    // A line end follows each object.
    if (incoming.left > 0 || this.#rest.length === 0) return false;
    this.#rest = this.#rest.subarray(1);
    if (hash.digest('hex') !== entry.id) throw corrupt(entry, 'its bytes are not those of its id');
    if (entry.kind === 'file') this.push(padding(entry.size));
    else this.#header(entry, incoming.target);
    this.#incoming = null;
    this.#advance();
    return true;
  }

  #header({ kind, path, isExecutable, size }: TreeEntry, target: Buffer): void {
    this.push(
      headerOf({
        kind: kind === 'submodule' ? 'directory' : kind,
        path: kind === 'directory' ? Buffer.concat([path, Buffer.from('/')]) : path,
        isExecutable,
        size: kind === 'file' ? size : 0,
        target,
        modified: this.#modified,
      }),
    );
  }
}

function corrupt(entry: TreeEntry, why: string): LockstepError {
  const path = entry.path.toString('utf8');
  return new LockstepError('E_GIT_CORRUPT', `${path} cannot be read out of git: ${why}`, {
    hint: 'Look at the repository with git fsck, or clone it anew.',
    details: { path },
  });
}
