/** The tables of a log in SQLite, and the migrations that make them. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { LogTables } from '../tables.ts';

/** "LKST": tells our files from other programs' databases. */
export const applicationId = 0x4c4b_5354;

/** Kept in `PRAGMA user_version`: one more with every migration. */
export const schemaVersion = 1;

const strict = sql`strict`;

async function createTables(db: Kysely<LogTables>): Promise<void> {
  await db.schema
    .createTable('events')
    .addColumn('position', 'integer', (column) => column.primaryKey())
    .addColumn('stream', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('schema', 'integer', (column) => column.notNull())
    .addColumn('data', 'text', (column) => column.notNull())
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('time', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('previous_hash', 'text', (column) => column.notNull())
    .addUniqueConstraint('events_stream_version', ['stream', 'version'])
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable('leases')
    .addColumn('resource', 'text', (column) => column.notNull().primaryKey())
    .addColumn('token', 'integer', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'integer', (column) => column.notNull())
    .addColumn('released', 'integer', (column) => column.notNull())
    .modifyEnd(strict)
    .execute();
  // Those that were given back stay on record, and soon are nearly all.
  await db.schema
    .createIndex('leases_held')
    .on('leases')
    .column('resource')
    .where(sql<boolean>`released = 0`)
    .execute();
  await db.schema
    .createTable('checkpoints')
    .addColumn('consumer', 'text', (column) => column.notNull().primaryKey())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable('projections')
    .addColumn('name', 'text', (column) => column.notNull().primaryKey())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .modifyEnd(strict)
    .execute();
}

/**
 * REPLACE deletes the row in its way without firing delete triggers, so an insert has to be refused
 * whatever it would collide with: the next position, the next version and a new id are all it may have.
 */
async function guardEvents(db: Kysely<LogTables>): Promise<void> {
  await sql`create trigger events_no_update before update on events
    begin select raise(abort, 'events are append-only: no update'); end`.execute(db);
  await sql`create trigger events_no_delete before delete on events
    begin select raise(abort, 'events are append-only: no delete'); end`.execute(db);
  await sql`create trigger events_next before insert on events
    when new.position is not (select coalesce(max(position), 0) + 1 from events)
      or new.version is not
        (select coalesce(max(version), 0) + 1 from events where stream = new.stream)
      or exists (select 1 from events where id = new.id)
    begin select raise(abort, 'events are append-only: only the next position and version'); end`.execute(
    db,
  );
}

async function nameFile(db: Kysely<LogTables>, version: number): Promise<void> {
  await sql`pragma application_id = ${sql.lit(applicationId)}`.execute(db);
  await sql`pragma user_version = ${sql.lit(version)}`.execute(db);
}

/** In order of their names; one that was released is never changed. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-log': {
    async up(db) {
      await createTables(db);
      await guardEvents(db);
      await nameFile(db, 1);
    },
  },
};
