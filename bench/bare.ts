/** A table of events that keeps no promise but to be on the disk when a commit is back. */
import Database from 'better-sqlite3';

interface Inserted {
  readonly stream: string;
  readonly version: number;
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly metadata: object;
  readonly time: string;
}

export function bareTable(file: string) {
  const handle = new Database(file);
  handle.pragma('journal_mode = wal');
  handle.pragma('synchronous = full');
  handle.exec(`create table events (position integer primary key, stream text, version integer,
    id text, type text, data text, metadata text, time text, unique (stream, version)) strict`);
  const statement = handle.prepare(
    'insert into events (stream, version, id, type, data, metadata, time) values (?, ?, ?, ?, ?, ?, ?)',
  );
  const insert = ({ stream, version, id, type, data, metadata, time }: Inserted): void => {
    const texts = [JSON.stringify(data), JSON.stringify(metadata)];
    statement.run(stream, version, id, type, ...texts, time);
  };
  return { handle, insert };
}
