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
  // Those that were given back stay on record, and soon are nearly all.
  await db.schema
    .createIndex('leases_held')
    .on('leases')
    .column('resource')
    .where(sql<boolean>`released = 0`)
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

/** A trigger on events, and the function that it calls. */
export interface Guard {
  readonly name: string;
  readonly when: string;
  readonly each: 'row' | 'statement';
  readonly function: string;
  readonly body: string;
}

const refuseChange = {
  function: 'refuse_change',
  body: `
    begin
      raise exception 'events are append-only: no %', lower(tg_op);
    end `,
} as const;

/** What keeps events as they were written, for every program. */
export const guards: readonly Guard[] = [
  { name: 'events_no_change', when: 'before update or delete', each: 'row', ...refuseChange },
  { name: 'events_no_truncate', when: 'before truncate', each: 'statement', ...refuseChange },
  {
    name: 'events_next',
    when: 'before insert',
    each: 'row',
    function: 'refuse_gap',
    body: `
    begin
      if new.position is distinct from
          (select coalesce(max(position), 0) + 1 from ${schemaName}.events)
        or new.version is distinct from
          (select coalesce(max(version), 0) + 1 from ${schemaName}.events where stream = new.stream)
      then
        raise exception 'events are append-only: only the next position and version';
      end if;
      return new;
    end `,
  },
];

async function guardEvents(db: Kysely<PostgresTables>): Promise<void> {
  const made = new Set<string>();
  for (const { name, when, each, function: call, body } of guards) {
    const [trigger, events] = [sql.id(name), sql.id(schemaName, 'events')];
    const called = sql.id(schemaName, call);
    if (!made.has(call)) {
      await sql`create function ${called}() returns trigger language plpgsql as $$${sql.raw(body)}$$`.execute(
        db,
      );
    }
    made.add(call);
    await sql`create trigger ${trigger} ${sql.raw(when)} on ${events}
      for each ${sql.raw(each)} execute function ${called}()`.execute(db);
  }
}

/** What the migrations have made, as the catalogue tells it. */
export const tableColumns: Readonly<Record<string, string>> = {
  log: 'one boolean, revision bigint, schema integer',
  events:
    'position bigint, stream text, version bigint, id text, type text, schema integer, data text, metadata text, time text, hash text, previous_hash text',
  leases: 'resource text, token bigint, owner text, expires_at bigint, released integer',
  checkpoints: 'consumer text, position bigint, state text',
  projections: 'name text, version integer, position bigint',
};

/** In order of their names; one that was released is never changed. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-log': {
    async up(db: Kysely<PostgresTables>) {
      await createTables(db);
      await guardEvents(db);
    },
  },
};
