/** Where an import reads from: a file of exported lines, standard input, or another log. It can be read twice. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../errors/error.ts';
import { LogFault, type RecordedEvent } from '../../store/log.ts';
import { openLog, shownStore } from '../../store/open.ts';
import { anchored } from '../workspace/store-url.ts';
import { fromLine } from './event-line.ts';

export interface EventBatch {
  readonly events: readonly RecordedEvent[];
  /** Where one of them stands, for people: `log.jsonl:12`. */
  readonly placeOf: (index: number) => string;
}

export interface EventSource {
  /** How messages name it. */
  readonly shown: string;
  /** At most 1,000 events each. @throws UsageError something that is no event */
  batches(): AsyncIterable<EventBatch>;
  close(): Promise<void>;
}

const batchSize = 1_000;
/** Fewer events, where they are long ones. */
const batchBytesMax = 8 * 1_024 * 1_024;
/** An event is a million characters at most: what is longer is no export. */
const lineBytesMax = 16 * 1_024 * 1_024;

const storeUrlPattern = /^((sqlite|postgres|postgresql):|[a-z][a-z0-9+.-]+:\/\/)/i;

export const isStoreUrl = (source: string): boolean => storeUrlPattern.test(source);

/** @throws UsageError, StoreUnusable */
export function openSource(source: string): Promise<EventSource> {
  if (isStoreUrl(source)) return openStore(anchored(source, process.cwd()));
  return openFile(source);
}

async function openStore(url: string): Promise<EventSource> {
  const log = await openLog(url, { readOnly: true });
  const shown = shownStore(url);
  // Both readings see the same, however it grows.
  const head = await log.head();
  return {
    shown,
    close: () => log.close(),
    async *batches() {
      for (let after = 0; after < head; ) {
        const limit = Math.min(batchSize, head - after);
        const events = await log.readAll({ after, limit }).catch((error: unknown) => {
          throw error instanceof LogFault ? changed(shown, error) : error;
        });
        const placeOf = (index: number) => `${shown}, position ${events[index]?.position ?? after}`;
        yield { events, placeOf };
        after = events.at(-1)?.position ?? head;
      }
    },
  };
}

const changed = (shown: string, cause: LogFault): UsageError =>
  new UsageError('E_IMPORT_SOURCE', `${shown}, position ${cause.position}: ${cause.reason}`, {
    hint: 'Nothing was imported. Somebody changed that log: compare it with a backup.',
    details: cause.details,
    cause,
  });

/** An exported log; `-`: standard input. @throws UsageError */
export async function openFile(name: string): Promise<EventSource> {
  const shown = name === '-' ? 'standard input' : name;
  try {
    const handle = await seekable(name);
    try {
      await assertText(handle, shown);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return {
      shown,
      close: () => handle.close(),
      batches: () => batchesOf(handle, placeName(name)),
    };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    const what =
      code === 'ENOENT' ? `there is no file ${shown}` : `${shown} cannot be read: ${code}`;
    throw new UsageError('E_IMPORT_SOURCE', what, {
      hint: 'Name a file that pipeline export wrote, - for standard input, or another log as sqlite:PATH or postgres://…',
      cause: error,
    });
  }
}

/**
 * What can be read only once is kept in a file that has no name, so that nothing of it is left behind.
 * It is kept up to the first line that no log has there: what never ends is no reason to fill the disk.
 */
async function seekable(name: string): Promise<FileHandle> {
  const given = name === '-' ? null : await open(name);
  if (given !== null && (await given.stat()).isFile()) return given;
  const copy = join(tmpdir(), `lockstep-import-${randomUUID()}`);
  const { O_RDWR, O_CREAT, O_EXCL } = constants;
  const handle = await open(copy, O_RDWR | O_CREAT | O_EXCL, 0o600);
  await unlink(copy);
  try {
    let last = 0;
    for await (const line of linesOf(
      kept(given?.createReadStream() ?? process.stdin, handle),
      placeName(name),
    )) {
      const position = positionIn(line);
      if (!(position > last)) break;
      last = position;
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  return handle;
}

const placeName = (name: string): string => (name === '-' ? 'stdin' : name);

async function* kept(chunks: AsyncIterable<Buffer>, handle: FileHandle): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    await handle.appendFile(chunk);
    yield chunk;
  }
}

/** NaN: the line is no event; why is told where it is checked. */
function positionIn(line: Buffer): number {
  const event = fromLine(line.toString());
  return typeof event === 'string' ? Number.NaN : Number(event.position);
}

/** What people may take for an export, by its first bytes. */
async function assertText(handle: FileHandle, shown: string): Promise<void> {
  const { buffer } = await handle.read(Buffer.alloc(16), 0, 16, 0);
  const refuse = (what: string, hint: string) => {
    throw new UsageError('E_IMPORT_SOURCE', `${shown} ${what}`, { hint });
  };
  if (buffer.toString('latin1').startsWith('SQLite format 3')) {
    refuse(
      'is an SQLite database, not an export',
      `Import that log with: pipeline import sqlite:${shown}`,
    );
  }
  if (buffer[0] === 0x1f && buffer[1] === 0x8b) {
    refuse('is compressed', `gunzip -c ${shown} | pipeline import -`);
  }
}

/** @throws UsageError E_IMPORT_LINE */
async function* batchesOf(handle: FileHandle, file: string): AsyncGenerator<EventBatch> {
  let events: RecordedEvent[] = [];
  let [first, bytes] = [1, 0];
  const chunks = handle.createReadStream({ start: 0, autoClose: false });
  for await (const line of linesOf(chunks, file)) {
    const number = first + events.length;
    events.push(eventOf(line, `${file}:${number}`));
    bytes += line.length;
    if (events.length < batchSize && bytes < batchBytesMax) continue;
    yield batchFrom(file, first, events);
    [events, first, bytes] = [[], number + 1, 0];
  }
  if (events.length > 0) yield batchFrom(file, first, events);
}

const batchFrom = (file: string, first: number, events: readonly RecordedEvent[]): EventBatch => ({
  events,
  placeOf: (index) => `${file}:${first + index}`,
});

const newline = 0x0a;

async function* linesOf(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let [length, number] = [0, 1];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      pieces.push(chunk.subarray(from, end));
      yield pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
      [pieces, length, from] = [[], 0, end + 1];
      number++;
    }
    pieces.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > lineBytesMax) throw noEvent(`${file}:${number}`, 'the line is too long');
  }
  if (length > 0) yield Buffer.concat(pieces);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function eventOf(line: Buffer, place: string): RecordedEvent {
  let text: string;
  try {
    text = utf8.decode(line);
  } catch {
    throw noEvent(place, 'the line is not UTF-8 text');
  }
  const event = fromLine(text);
  if (typeof event === 'string') throw noEvent(place, event);
  return event;
}

function noEvent(place: string, what: string): UsageError {
  return new UsageError('E_IMPORT_LINE', `${place}: ${what}`, {
    hint: 'Nothing was imported. The file was edited, or cut off: write it again with pipeline export --output FILE.',
    details: { place },
  });
}
