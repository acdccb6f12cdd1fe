/** The tables of a log in PostgreSQL, in a schema of their own, and the migrations that make them. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { LogTables } from '../tables.ts';

/** The name of the schema, and of the channel on which writes are told. */
export const schemaName = 'lockstep';

/** Kept in the row of `log`: one more with every migration. */
export const schemaVersion = 1;

export interface PostgresTables extends LogTables {
  /**
   * One row. Who writes locks it first by counting it up, so that writes come one after the other
   * and positions follow each other in the order of commits; a sequence promises neither.
   */
  log: { readonly one: boolean; readonly revision: number; readonly schema: number };
}

async function createTables(db: Kysely<PostgresTables>): Promise<void> {
  // Byte order, as SQLite has it.
  const text = sql`text collate "C"`;
  await db.schema
    .createTable('log')
    .addColumn('one', 'boolean', (column) => column.primaryKey().check(sql`one`))
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('schema', 'integer', (column) => column.notNull())
    .execute();
  await db.insertInto('log').values({ one: true, revision: 0, schema: 1 }).execute();
  await db.schema
    .createTable('events')
    .addColumn('position', 'bigint', (column) => column.primaryKey())
    .addColumn('stream', text, (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('id', text, (column) => column.notNull().unique())
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('schema', 'integer', (column) => column.notNull())
    // Never json or jsonb: hashes are over the text as it was written.
    .addColumn('data', 'text', (column) => column.notNull())
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('time', text, (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('previous_hash', 'text', (column) => column.notNull())
    .addUniqueConstraint('events_stream_version', ['stream', 'version'])
    .execute();
  await db.schema
    .createTable('leases')
    .addColumn('resource', text, (column) => column.primaryKey())
    .addColumn('token', 'bigint', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('released', 'integer', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('checkpoints')
    .addColumn('consumer', text, (column) => column.primaryKey())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('projections')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .execute();
}

async function guardEvents(db: Kysely<PostgresTables>): Promise<void> {
  const schema = sql.id(schemaName);
  await sql`create function ${schema}.refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'events are append-only: no %', lower(tg_op);
    end $$`.execute(db);
  await sql`create trigger events_no_change before update or delete on ${schema}.events
    for each row execute function ${schema}.refuse_change()`.execute(db);
  await sql`create trigger events_no_truncate before truncate on ${schema}.events
    for each statement execute function ${schema}.refuse_change()`.execute(db);
  await sql`create function ${schema}.refuse_gap() returns trigger language plpgsql as $$
    begin
      if new.position is distinct from
          (select coalesce(max(position), 0) + 1 from ${schema}.events)
        or new.version is distinct from
          (select coalesce(max(version), 0) + 1 from ${schema}.events where stream = new.stream)
      then
        raise exception 'events are append-only: only the next position and version';
      end if;
      return new;
    end $$`.execute(db);
  await sql`create trigger events_next before insert on ${schema}.events
    for each row execute function ${schema}.refuse_gap()`.execute(db);
}

/** In order of their names; one that was released is never changed. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-log': {
    async up(db: Kysely<PostgresTables>) {
      await createTables(db);
      await guardEvents(db);
    },
  },
};
