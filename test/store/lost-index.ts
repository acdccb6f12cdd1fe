/** A log whose index of streams lost an event, by a byte of its file: the table has it, and whoever reads its stream does not. */
import { readFileSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';

/** The file of a log that nobody has open. */
export function loseFromIndex(file: string, stream: string): void {
  const handle = new Database(file);
  const find = "select rootpage from sqlite_schema where name = 'sqlite_autoindex_events_2'";
  const page = Number(handle.prepare(find).pluck().get());
  const pageSize = Number(handle.pragma('page_size', { simple: true }));
  handle.close();
  const bytes = readFileSync(file);
  const last = bytes.indexOf(stream, (page - 1) * pageSize) + stream.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}
