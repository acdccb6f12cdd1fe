/** Read models in SQLite: fed in the append's own transaction, caught up when a log was written without them. */
import type { Compilable, Kysely } from 'kysely';
import type { RecordedEvent } from './log.ts';
import type { Projection, ProjectionTx } from './projection.ts';
import type { SqliteConnection, Statement } from './sqlite-connection.ts';
import type { SqliteEvents } from './sqlite-events.ts';
import type { LogTables } from './sqlite-schema.ts';
import { toRecorded } from './stored-event.ts';

type Fed = LogTables['projections'];

/** `temp`: in this connection's memory, for a log that cannot or must not be written. */
type Place = 'main' | 'temp';

/** How many events one transaction takes in while catching up: others can write in between. */
const eventsPerStep = 1_000;

export class SqliteProjections {
  readonly #connection: SqliteConnection;
  readonly #events: SqliteEvents;
  readonly #projections: readonly Projection[];
  readonly #readOnly: boolean;
  readonly #fed: Statement<{ name: string }, Fed>;
  readonly #put: Statement<Fed, unknown>;
  readonly #inMemory = new Map<string, Fed>();

  constructor(
    connection: SqliteConnection,
    events: SqliteEvents,
    options: { projections: readonly Projection[]; readOnly: boolean },
  ) {
    this.#connection = connection;
    this.#events = events;
    this.#projections = options.projections;
    this.#readOnly = options.readOnly;
    const { db } = connection;
    this.#fed = connection.prepare((value: { name: string }) =>
      db.selectFrom('projections').selectAll().where('name', '=', value.name),
    );
    this.#put = connection.prepare(({ name, version, position }: Fed) =>
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
  }

  /** Inside the append's transaction: gives the new events to every read model. */
  feed(appended: readonly RecordedEvent[]): void {
    const [first] = appended;
    if (first === undefined) return;
    for (const projection of this.#projections) {
      if (this.#isNewer(projection)) continue;
      const position = this.#open(projection, 'main').position;
      if (position === first.position - 1) {
        this.#apply(projection, 'main', appended);
      } else {
        while (this.#step(projection, 'main'));
      }
    }
  }

  /** Makes and feeds whatever read model is missing, old or behind. */
  async catchUp(): Promise<void> {
    if (this.#readOnly) return;
    for (const projection of this.#projections) await this.#caughtUp(projection);
  }

  async rebuild(): Promise<void> {
    for (const projection of this.#projections) {
      if (this.#isNewer(projection)) continue;
      await this.#connection.write(() => this.#create(projection, 'main'));
      await this.#caughtUp(projection);
    }
  }

  async query<Tables, Row>(
    projection: Projection<Tables>,
    build: (db: Kysely<Tables>) => Compilable<Row>,
  ): Promise<readonly Row[]> {
    const place = await this.#caughtUp(projection as unknown as Projection);
    const { db } = this.#tx<Tables>(place);
    return this.#connection.read(() => this.#connection.execute(build(db)));
  }

  async #caughtUp(projection: Projection): Promise<Place> {
    const connection = this.#connection;
    const isCurrent = await connection.read(() => {
      const fed = this.#fed.get({ name: projection.name });
      return fed?.version === projection.version && fed.position === this.#events.head();
    });
    if (isCurrent) return 'main';
    if (this.#readOnly || (await connection.read(() => this.#isNewer(projection)))) {
      while (await connection.read(() => this.#stepInMemory(projection)));
      return 'temp';
    }
    while (await connection.write(() => this.#step(projection, 'main')));
    return 'main';
  }

  /** A newer version of Lockstep keeps this read model: its tables are not ours to write. */
  #isNewer({ name, version }: Projection): boolean {
    return (this.#fed.get({ name })?.version ?? 0) > version;
  }

  #stepInMemory(projection: Projection): boolean {
    return this.#connection.handle.transaction(() => this.#step(projection, 'temp'))();
  }

  /** Takes in the next events. False: there are no more. */
  #step(projection: Projection, place: Place): boolean {
    const { position } = this.#open(projection, place);
    const rows = this.#events.readAll(position, eventsPerStep);
    if (rows.length > 0) this.#apply(projection, place, rows.map(toRecorded));
    return rows.length === eventsPerStep;
  }

  /** How far it is fed; made anew when it is missing or of an older version. */
  #open(projection: Projection, place: Place): Fed {
    const { name, version } = projection;
    const fed = place === 'main' ? this.#fed.get({ name }) : this.#inMemory.get(name);
    return fed?.version === version ? fed : this.#create(projection, place);
  }

  #create(projection: Projection, place: Place): Fed {
    const tx = this.#tx<unknown>(place);
    for (const table of projection.tables) tx.run(tx.db.schema.dropTable(table).ifExists());
    projection.create(tx);
    return this.#save(place, { name: projection.name, version: projection.version, position: 0 });
  }

  #apply(projection: Projection, place: Place, events: readonly RecordedEvent[]): void {
    const tx = this.#tx<unknown>(place);
    for (const event of events) projection.apply(tx, event);
    const { name, version } = projection;
    this.#save(place, { name, version, position: events.at(-1)?.position ?? 0 });
  }

  #save(place: Place, fed: Fed): Fed {
    if (place === 'main') this.#put.run(fed);
    else this.#inMemory.set(fed.name, fed);
    return fed;
  }

  #tx<Tables>(place: Place): ProjectionTx<Tables> {
    return {
      db: this.#connection.db.withSchema(place) as unknown as Kysely<Tables>,
      run: (query) => void this.#connection.execute(query),
    };
  }
}
