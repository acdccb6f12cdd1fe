/** Headers of a POSIX tar archive (IEEE Std 1003.1, “pax Interchange Format”): nothing of this machine is in them. */

export interface TarEntry {
  readonly kind: 'file' | 'directory' | 'symlink';
  /** As bytes: git's names need not be UTF-8. A directory's ends with a slash. */
  readonly path: Buffer;
  readonly isExecutable: boolean;
  /** In bytes; 0 for all but a file. */
  readonly size: number;
  /** Where a symbolic link leads; empty for all else. */
  readonly target: Buffer;
  /** Seconds since 1970. */
  readonly modified: number;
}

const blockBytes = 512;
/** What eleven octal digits can say. */
const sizeMax = 8 ** 11 - 1;
const nameMax = 100;

/** Two empty blocks. */
export const endOfArchive = Buffer.alloc(2 * blockBytes);

/** What fills the last block of so many bytes. */
export function padding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** An entry's header, after an extended one where a field is too small for what it has to say. */
export function headerOf(entry: TarEntry): Buffer {
  const records = [
    entry.path.length > nameMax ? record('path', entry.path) : null,
    entry.target.length > nameMax ? record('linkpath', entry.target) : null,
    entry.size > sizeMax ? record('size', Buffer.from(String(entry.size))) : null,
  ].filter((one) => one !== null);
  const header = block(entry, typeFlags[entry.kind], modeOf(entry));
  if (records.length === 0) return header;
  const content = Buffer.concat(records);
  const path = Buffer.from('extended-header');
  const extended = { ...entry, path, target: Buffer.alloc(0), size: content.length };
  return Buffer.concat([block(extended, 'x', 0o644), content, padding(content.length), header]);
}

const typeFlags = { file: '0', symlink: '2', directory: '5' } as const;

function modeOf({ kind, isExecutable }: TarEntry): number {
  if (kind === 'symlink') return 0o777;
  return kind === 'directory' || isExecutable ? 0o755 : 0o644;
}

function block(
  { path, size, target, modified }: Pick<TarEntry, 'path' | 'size' | 'target' | 'modified'>,
  type: string,
  mode: number,
): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, length: number) =>
    bytes.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  path.copy(bytes, 0, 0, nameMax);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size > sizeMax ? 0 : size, 124, 12);
  octal(modified, 136, 12);
  bytes.write(' '.repeat(8), 148, 'latin1');
  bytes.write(type, 156, 'latin1');
  target.copy(bytes, 157, 0, nameMax);
  bytes.write('ustar\u000000root', 257, 'latin1');
  bytes.write('root', 297, 'latin1');
  octal(0, 329, 8);
  octal(0, 337, 8);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function record(key: string, value: Buffer): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')]);
}
