/** Reads commits out of git's object store as bytes, so that a message comes whole whatever it holds. */
import { splitMessage } from './commit-message.ts';

export interface Commit {
  /** 40 hex digits. */
  readonly sha: string;
  readonly title: string;
  readonly body: string;
  /** The author's name, or the address where there is no name. */
  readonly author: string;
  readonly email: string;
  /** When it was committed (merged, rebased), ISO 8601 in UTC. */
  readonly date: string;
}

export interface GitObject {
  readonly sha: string;
  readonly type: string;
  readonly content: Buffer;
}

/**
 * The objects in the output of `git cat-file --batch`, in the order they were asked for; null for
 * one that is missing (git-cat-file(1), BATCH OUTPUT).
 */
export function parseBatch(output: Buffer): (GitObject | null)[] {
  const objects: (GitObject | null)[] = [];
  for (let at = 0; at < output.length; ) {
    const lineEnd = output.indexOf('\n', at);
    if (lineEnd === -1) break;
    const header = output.toString('utf8', at, lineEnd);
    const [, sha, type, size] = /^([0-9a-f]{40,64}) ([a-z]+) (\d+)$/.exec(header) ?? [];
    at = lineEnd + 1;
    if (sha === undefined || type === undefined) {
      objects.push(null);
      continue;
    }
    const contentEnd = at + Number(size);
    objects.push({ sha, type, content: output.subarray(at, contentEnd) });
    at = contentEnd + 1;
  }
  return objects;
}

/** What a commit object says: headers, a blank line, the message in the encoding that a header names. */
export function parseCommit(sha: string, content: Buffer): Commit {
  const headerEnd = content.indexOf('\n\n');
  const headers = content.subarray(0, headerEnd === -1 ? content.length : headerEnd);
  const message = headerEnd === -1 ? Buffer.alloc(0) : content.subarray(headerEnd + 2);
  const decode = decoderFor(headerLine(headers.toString('latin1'), 'encoding'));
  const lines = decode(headers);
  const author = parsePerson(headerLine(lines, 'author'));
  return {
    sha,
    ...splitMessage(decode(message)),
    author: author.name === '' ? author.email : author.name,
    email: author.email,
    date: parsePerson(headerLine(lines, 'committer')).date,
  };
}

/** The value of the first header of that name; a continued line, as of a signature, begins with a space. */
function headerLine(headers: string, name: string): string {
  const line = headers.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? '' : line.slice(name.length + 1);
}

/** `A U Thor <author@example.com> 1700000000 +0100` */
function parsePerson(line: string): { name: string; email: string; date: string } {
  const open = line.indexOf('<');
  const close = line.lastIndexOf('>');
  const seconds = Number(/^ (\d{1,12})(?: |$)/.exec(line.slice(close + 1))?.[1] ?? '0');
  const [name, email] =
    open === -1 || close < open ? [line, ''] : [line.slice(0, open), line.slice(open + 1, close)];
  const clean = (text: string) => text.replaceAll('\0', '\u{FFFD}').trim();
  const date = new Date(Math.min(seconds, latestSeconds) * 1000).toISOString();
  return { name: clean(name), email: clean(email), date };
}

/** The last second that a four-digit year can tell. */
const latestSeconds = 253_402_300_799;

/** Bytes that the encoding does not know become U+FFFD; an encoding that nobody knows is read as UTF-8. */
function decoderFor(encoding: string): (bytes: Buffer) => string {
  const create = (label: string) => new TextDecoder(label, { ignoreBOM: true });
  let decoder = create('utf-8');
  try {
    if (encoding !== '') decoder = create(encoding.trim());
  } catch {
    // The name is not one of the Encoding Standard's.
  }
  return (bytes) => decoder.decode(bytes);
}
