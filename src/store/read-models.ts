/** Read models: fed in the append's own transaction, caught up when a log was written without them. */
import type { Compilable, Kysely } from 'kysely';
import { headPosition, readAll } from './event-table.ts';
import type { RecordedEvent } from './log.ts';
import {
  type BoundStatement,
  type Database,
  type Procedure,
  runAll,
  Statement,
} from './procedure.ts';
import type { Projection, ProjectionTx } from './projection.ts';
import { toRecorded } from './stored-event.ts';
import type { LogTables } from './tables.ts';

type Fed = LogTables['projections'];

/** How many events one transaction takes in while catching up: others can write in between. */
const eventsPerStep = 1_000;

const fedOf = new Statement((db, { name }: { name: string }) =>
  db.selectFrom('projections').select(['name', 'version', 'position']).where('name', '=', name),
);
const putFed = new Statement((db, { name, version, position }: Fed) =>
  db
    .insertInto('projections')
    .values({ name, version, position })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((eb) => ({
        version: eb.ref('excluded.version'),
        position: eb.ref('excluded.position'),
      })),
    ),
);

type Moved = { readonly position: number } & { readonly [nth: number]: string };

/** One for each number of read models that are moved on together. */
const moves: Statement<Moved, unknown>[] = [];

/** They have their version, and have taken in everything up to here. */
function moveFed(names: readonly string[], position: number): BoundStatement[] {
  const count = names.length;
  if (count === 0) return [];
  moves[count] ??= new Statement((db, values: Moved) => {
    const those = Array.from({ length: count }, (_, nth) => values[nth] ?? '');
    const { position: last } = values;
    return db.updateTable('projections').set({ position: last }).where('name', 'in', those);
  });
  return [moves[count].with({ ...names, position })];
}

export class ReadModels {
  readonly #database: Database;
  readonly #projections: readonly Projection[];

  constructor(database: Database, projections: readonly Projection[]) {
    this.#database = database;
    this.#projections = projections;
  }

  /** The looks for how far each read model is fed, as `lookUp` takes them. */
  looks(): BoundStatement<Fed>[] {
    return this.#projections.map(({ name }) => fedOf.with({ name }));
  }

  /**
   * Inside the append's transaction: gives the new events to every read model.
   *
   * @param writes what is to be written before
   * @param found what the looks have found
   */
  *feed(
    appended: readonly RecordedEvent[],
    writes: readonly BoundStatement[],
    found: readonly (Fed | undefined)[],
  ): Procedure<void> {
    const [first] = appended;
    if (first === undefined) return yield* runAll(writes);
    const fed: Projection[] = [];
    const behind: Projection[] = [];
    for (const [at, projection] of this.#projections.entries()) {
      const { version = 0, position } = found[at] ?? {};
      if (isNewer(found[at], projection)) continue;
      if (version === projection.version && position === first.position - 1) {
        fed.push(projection);
      } else {
        behind.push(projection);
      }
    }
    const taken = fed.flatMap((projection) => projection.apply(appended));
    const names = fed.map(({ name }) => name);
    const position = appended.at(-1)?.position ?? first.position;
    yield* runAll([...writes, ...taken, ...moveFed(names, position)]);
    for (const projection of behind) while (yield* this.#step(projection));
  }

  /** Makes and feeds whatever read model is missing, old or behind. */
  async catchUp(): Promise<void> {
    if (this.#database.isReadOnly) return;
    for (const projection of this.#projections) await this.#caughtUp(projection);
  }

  async rebuild(): Promise<void> {
    for (const projection of this.#projections) {
      const models = this;
      await this.#database.write(function* () {
        if (!isNewer(yield* fedOf.first(projection), projection)) yield* models.#create(projection);
      });
      await this.#caughtUp(projection);
    }
  }

  async query<Tables, Row>(
    projection: Projection<Tables>,
    build: (db: Kysely<Tables>) => Compilable<Row>,
  ): Promise<readonly Row[]> {
    const database = this.#database;
    const untyped = projection as unknown as Projection;
    const rowsIn = function* (schema: string): Procedure<readonly Row[]> {
      const db = database.db.withSchema(schema) as unknown as Kysely<Tables>;
      return (yield { query: build(db) }).rows as readonly Row[];
    };
    if (await this.#caughtUp(untyped)) {
      return database.read(() => rowsIn(database.schemas.kept));
    }
    const models = this;
    return database.discard(function* () {
      yield* models.#makeOwn(untyped);
      return yield* rowsIn(database.schemas.own);
    });
  }

  /** False: its tables are not ours to write, for the log is only read or a newer version of Lockstep keeps them. */
  async #caughtUp(projection: Projection): Promise<boolean> {
    const state = await this.#database.read(function* () {
      const fed = yield* fedOf.first(projection);
      if (isNewer(fed, projection)) return 'newer';
      const isCurrent =
        fed?.version === projection.version && fed.position === (yield* headPosition());
      return isCurrent ? 'current' : 'behind';
    });
    if (state === 'current') return true;
    if (state === 'newer' || this.#database.isReadOnly) return false;
    while (await this.#database.write(() => this.#step(projection)));
    return true;
  }

  /** Takes in the next events. False: there are no more. */
  *#step(projection: Projection): Procedure<boolean> {
    const { name, version } = projection;
    const fed = yield* fedOf.first({ name });
    if (fed?.version !== version) yield* this.#create(projection);
    const position = fed?.version === version ? fed.position : 0;
    const rows = yield* readAll(position, eventsPerStep);
    if (rows.length > 0) yield* runAll(fedBy(projection, rows.map(toRecorded)));
    return rows.length === eventsPerStep;
  }

  *#create(projection: Projection): Procedure<void> {
    const { name, version, tables } = projection;
    const { kept } = this.#database.schemas;
    const { schema } = this.#database.db.withSchema(kept);
    for (const table of tables) yield { query: schema.dropTable(table).ifExists() };
    yield* this.#writes(kept, (tx) => projection.create(tx));
    yield* putFed.run({ name, version, position: 0 });
  }

  /** Makes it in the transaction's own tables, from the first event on. */
  *#makeOwn(projection: Projection): Procedure<void> {
    const { own } = this.#database.schemas;
    yield* this.#writes(own, (tx) => projection.create(tx));
    for (let after = 0; ; ) {
      const events = (yield* readAll(after, eventsPerStep)).map(toRecorded);
      yield* runAll(projection.apply(events), own);
      if (events.length < eventsPerStep) return;
      after = events.at(-1)?.position ?? after;
    }
  }

  *#writes(schema: string, build: (tx: ProjectionTx<unknown>) => void): Procedure<void> {
    const queries: Compilable[] = [];
    const db = this.#database.db.withSchema(schema) as unknown as Kysely<unknown>;
    build({ db, run: (query) => void queries.push(query) });
    for (const query of queries) yield { query };
  }
}

function fedBy(projection: Projection, events: readonly RecordedEvent[]): BoundStatement[] {
  const { name, version } = projection;
  const position = events.at(-1)?.position ?? 0;
  return [...projection.apply(events), putFed.with({ name, version, position })];
}

/** A newer version of Lockstep keeps this read model. */
function isNewer(fed: Fed | undefined, { version }: Projection): boolean {
  return (fed?.version ?? 0) > version;
}
