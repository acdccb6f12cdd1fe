/** Opening a PostgreSQL database as a log: does it keep what we promise, is the log ours, are its tables there. */
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Client } from 'pg';
import { StoreUnusable } from '../log.ts';
import { parseAddress } from './address.ts';
import { kyselyOn, PostgresConnection, type PostgresConnectionOptions } from './connection.ts';
import { whenOpening } from './errors.ts';
import { idleInTransactionMs } from './procedures.ts';
import { migrations, schemaName, schemaVersion } from './schema.ts';
import { assertNoViews, assertTables } from './schema-check.ts';

/** A server that is being started answers within this, in milliseconds. */
const openingPatienceMs = 10_000;

/** Whoever makes the tables holds this lock of the server: "LKST". */
const migrationLock = 0x4c4b_5354;

/**
 * @param url `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with libpq's `sslmode`
 * @throws StoreUnusable the database does not let us in, is not durable, or its schema `lockstep` is another program's or a newer version's
 * @throws StoreUnavailable the server does not answer
 */
export async function openPostgres(
  url: string,
  options: PostgresConnectionOptions,
): Promise<PostgresConnection> {
  const connection = new PostgresConnection(parseAddress(url), options);
  const { shown } = connection;
  const patienceMs = Math.min(options.patienceMs ?? openingPatienceMs, openingPatienceMs);
  try {
    await connection.persist((client) => makeUsable(client, connection, options), { patienceMs });
    const revision = (client: Client) => connection.reading(client, () => revisionOf(client));
    connection.opened(await connection.persist(revision, { patienceMs }));
    return connection;
  } catch (error) {
    await connection.close();
    throw whenOpening(unwrapped(error), shown);
  }
}

/** What the connection took for a failure in use. */
const unwrapped = (error: unknown): unknown =>
  error instanceof Error && error.name === 'StoreUnavailable' ? (error.cause ?? error) : error;

async function makeUsable(
  client: Client,
  connection: PostgresConnection,
  { readOnly, create }: PostgresConnectionOptions,
): Promise<void> {
  const { shown } = connection;
  assertDurable(await settingsOf(client), shown);
  const found = await connection.reading(client, () => versionOf(client, shown));
  if (found > schemaVersion) {
    throw new StoreUnusable(
      'E_STORE_NEWER',
      `the log ${shown} was written by a newer version of Lockstep (schema ${found}, this one knows ${schemaVersion})`,
      {
        hint: 'Update Lockstep; nothing was written to the log.',
        details: { store: shown, version: found, known: schemaVersion },
      },
    );
  }
  if (found === schemaVersion) return assertTables(client, shown);
  if (readOnly || (!create && found === 0)) {
    throw new StoreUnusable('E_STORE_MISSING', `there is no log yet at ${shown}`, {
      hint: 'The first `pipeline advance` makes it. Or name another one with --store or PIPELINE_STORE.',
      details: { store: shown },
    });
  }
  await migrate(client);
}

interface Settings {
  readonly encoding: string;
  readonly fsync: string;
}

async function settingsOf(client: Client): Promise<Settings> {
  const { rows } = await client.query(
    `select current_setting('server_encoding') as encoding, current_setting('fsync') as fsync`,
  );
  return rows[0] as Settings;
}

function assertDurable({ encoding, fsync }: Settings, shown: string): void {
  if (encoding !== 'UTF8') {
    throw new StoreUnusable(
      'E_STORE_ENCODING',
      `the database ${shown} keeps text as ${encoding}, not as UTF8`,
      { hint: 'Make one with: createdb --encoding=UTF8 --template=template0 NAME' },
    );
  }
  if (fsync !== 'on') {
    throw new StoreUnusable(
      'E_STORE_NOT_DURABLE',
      `the server of ${shown} runs with fsync=${fsync}: what it acknowledges can be lost`,
      { hint: 'Turn fsync on in postgresql.conf.' },
    );
  }
}

/** 0: there is no log yet. @throws StoreUnusable the schema is another program's */
async function versionOf(client: Client, shown: string): Promise<number> {
  // One statement, so that tables made meanwhile are seen all or not at all.
  const { rows } = await client.query(
    `select count(*) as relations, count(*) filter (where exists (
        select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname =
          case c.relname when 'log' then 'revision' when 'events' then 'previous_hash' end
      )) as ours
      from pg_catalog.pg_class c
      where c.relnamespace = to_regnamespace('${schemaName}') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')`,
  );
  const [found] = rows as { relations: number; ours: number }[];
  if (found === undefined || found.relations === 0) return 0;
  if (found.ours === 2) {
    await assertNoViews(client, shown);
    const [row] = (await client.query(`select schema from ${schemaName}.log`)).rows;
    if (row !== undefined) return (row as { schema: number }).schema;
  }
  throw new StoreUnusable(
    'E_STORE_FOREIGN',
    `the schema ${schemaName} of ${shown} belongs to another program`,
    {
      hint: 'Name another database in PIPELINE_STORE; nothing was written to this one.',
      details: { store: shown },
    },
  );
}

/** All of it in one transaction, under a lock of that transaction: of several runners, one makes the tables. */
async function migrate(client: Client): Promise<void> {
  const db = kyselyOn(async () => client);
  await db.transaction().execute(async (trx) => {
    await sql`set local idle_in_transaction_session_timeout = ${sql.lit(idleInTransactionMs)}`.execute(
      trx,
    );
    await sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`.execute(trx);
    // Not IF NOT EXISTS: that may go by what the session believed before it waited for the lock.
    const { rows } =
      await sql`select from pg_catalog.pg_namespace where nspname = ${schemaName}`.execute(trx);
    if (rows.length === 0) await trx.schema.createSchema(schemaName).execute();
    const provider = { getMigrations: async () => migrations };
    const { error } = await new Migrator({
      db: trx.withSchema(schemaName),
      provider,
      migrationTableSchema: schemaName,
    }).migrateToLatest();
    if (error !== undefined) throw error;
  });
}

async function revisionOf(client: Client): Promise<number> {
  const { rows } = await client.query(`select revision from ${schemaName}.log`);
  return (rows[0] as { revision: number }).revision;
}
