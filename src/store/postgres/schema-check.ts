/**
 * Whether the schema's tables and triggers are those that the migrations make. Their owner can put a
 * view in a table's place, whose rows never end, or turn off the triggers that keep events as they are.
 */
import type { Client } from 'pg';
import { StoreUnusable } from '../log.ts';
import { type Guard, guards, schemaName, tableColumns } from './schema.ts';

interface Relation {
  readonly name: string;
  /** `r` is a table of its own; pg_class.relkind in PostgreSQL's manual names the others. */
  readonly kind: string;
  /** Whether other tables give it rows, or a policy hides some. */
  readonly is_plain: boolean;
  /** `position bigint, stream text, …` */
  readonly columns: string;
}

const relationsSql = `
  select c.relname as name, c.relkind::text as kind,
    not c.relrowsecurity
      and not exists (select from pg_catalog.pg_inherits i where i.inhparent = c.oid) as is_plain,
    (select coalesce(string_agg(a.attname || ' ' || format_type(a.atttypid, null), ', ' order by a.attnum), '')
      from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_catalog.pg_class c
  where c.relnamespace = to_regnamespace('${schemaName}') and c.relkind in ('r', 'p', 'v', 'm', 'f')`;

/**
 * Before anything of it is read: a view's rows may never end.
 *
 * @throws StoreUnusable E_STORE_SCHEMA
 */
export async function assertNoViews(client: Client, shown: string): Promise<void> {
  const found = await relationsOf(client);
  const strange = found.find(({ kind, is_plain }) => kind !== 'r' || !is_plain);
  if (strange !== undefined) throw changed(shown, `${strange.name} is no table of its own`);
}

/** @throws StoreUnusable E_STORE_SCHEMA a table of the log is missing, or another one than was made */
export async function assertTables(client: Client, shown: string): Promise<void> {
  const found = await relationsOf(client);
  for (const [name, columns] of Object.entries(tableColumns)) {
    const there = found.find((relation) => relation.name === name);
    if (there === undefined) throw changed(shown, `the table ${name} is missing`);
    if (there.columns !== columns) {
      throw changed(shown, `${name} is another table than it was made (${there.columns})`);
    }
  }
}

const relationsOf = async (client: Client): Promise<Relation[]> =>
  (await client.query(relationsSql)).rows as Relation[];

interface Trigger {
  readonly name: string;
  /** `O`: it fires in every session that is no replica. */
  readonly enabled: string;
  /** When it fires, as the bits of pg_trigger.tgtype. */
  readonly type: number;
  /** For some rows or columns only. */
  readonly is_narrow: boolean;
  readonly body: string;
}

const typeBits = { row: 1, before: 2, insert: 4, delete: 8, update: 16, truncate: 32 } as const;

function typeOf({ when, each }: Guard): number {
  const words = [each, ...when.split(' ')] as (keyof typeof typeBits)[];
  return words.reduce((bits, word) => bits | (typeBits[word] ?? 0), 0);
}

const triggersSql = `
  select t.tgname as name, t.tgenabled::text as enabled, t.tgtype as type,
    (t.tgqual is not null or cardinality(t.tgattr::int2[]) > 0) as is_narrow, p.prosrc as body
  from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
  join pg_catalog.pg_class c on c.oid = t.tgrelid
  where c.relnamespace = to_regnamespace('${schemaName}') and not t.tgisinternal`;

/** What is wrong with the triggers that keep events as they are; null: nothing. */
export async function lostGuard(client: Client): Promise<string | null> {
  const found = (await client.query(triggersSql)).rows as Trigger[];
  for (const guard of guards) {
    const { name, body } = guard;
    const there = found.find((trigger) => trigger.name === name);
    if (there === undefined) return `its trigger ${name} was dropped`;
    if (there.enabled !== 'O' && there.enabled !== 'A') return `its trigger ${name} is turned off`;
    if (there.body !== body || there.type !== typeOf(guard) || there.is_narrow) {
      return `its trigger ${name} was changed`;
    }
  }
  return null;
}

const changed = (shown: string, what: string): StoreUnusable =>
  new StoreUnusable('E_STORE_SCHEMA', `the log ${shown} was changed: ${what}`, {
    hint: 'Restore the log from a backup, or import an export into a new database.',
    details: { store: shown },
  });
