/**
 * Whether a file's tables and triggers are those that the migrations make. Who can write the file can
 * put a view in a table's place, whose rows never end, or drop the triggers that keep events as they are.
 */
import Database from 'better-sqlite3';
import { Kysely } from 'kysely';
import { StoreUnusable } from '../log.ts';
import { immediateDialect } from './dialect.ts';
import { migrations } from './schema.ts';

interface SchemaObject {
  readonly type: 'table' | 'index' | 'view' | 'trigger';
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
}

let expected: Promise<readonly SchemaObject[]> | null = null;

/** @throws StoreUnusable E_STORE_SCHEMA a table of the log is none, or another one; or the file has a view */
export async function assertTables(found: readonly SchemaObject[], file: string): Promise<void> {
  const view = found.find(
    ({ type, sql }) => type === 'view' || /^create\s+virtual/i.test(sql ?? ''),
  );
  if (view !== undefined) throw changed(file, `${view.name} is no table`);
  for (const table of await reference('table')) {
    const there = found.find(({ name }) => name === table.name);
    if (there === undefined) throw changed(file, `the table ${table.name} is missing`);
    if (there.type !== 'table' || !isSame(there, table)) {
      throw changed(file, `${table.name} is another table than it was made`);
    }
  }
}

/** What is wrong with the triggers that keep events as they are; null: nothing. */
export async function lostGuard(handle: Database.Database): Promise<string | null> {
  const found = objectsOf(handle).filter(({ type }) => type === 'trigger');
  const guards = await reference('trigger');
  const lost = guards.find((guard) => !found.some((there) => isSame(there, guard)));
  return lost === undefined ? null : `its trigger ${lost.name} was dropped or changed`;
}

/** Everything that the file has. */
export const objectsOf = (handle: Database.Database): SchemaObject[] =>
  handle.prepare<[], SchemaObject>('select type, name, tbl_name, sql from sqlite_schema').all();

const isSame = (a: SchemaObject, b: SchemaObject): boolean =>
  a.name === b.name && a.tbl_name === b.tbl_name && a.sql === b.sql;

async function reference(wanted: SchemaObject['type']): Promise<SchemaObject[]> {
  expected ??= made();
  return (await expected).filter(({ type }) => type === wanted);
}

/** What the migrations make of an empty database. */
async function made(): Promise<readonly SchemaObject[]> {
  const handle = new Database(':memory:');
  try {
    const db = new Kysely<unknown>({ dialect: immediateDialect(handle) });
    for (const { up } of Object.values(migrations)) await up(db);
    return objectsOf(handle);
  } finally {
    handle.close();
  }
}

const changed = (file: string, what: string): StoreUnusable =>
  new StoreUnusable('E_STORE_SCHEMA', `the log ${file} was changed: ${what}`, {
    hint: 'Restore the log from a backup, or import an export into a new file.',
    details: { file },
  });
