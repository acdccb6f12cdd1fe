/** The table of deploys: one row each, with the state that its events led to. It sits beside the log and knows its words. */
import { sql } from 'kysely';
import { isTagged } from '../../machine/state-facts.ts';
import { goingBackIn } from '../../machine/taken-back.ts';
import type { Json, JsonObject, RecordedEvent } from '../../store/log.ts';
import { type BoundStatement, Statement } from '../../store/procedure.ts';
import { asKept, type Projection } from '../../store/projection.ts';
import { namedIn } from '../actor.ts';
import { domainEvent, ifReadable } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';

export interface DeploysTable {
  deploy: string;
  lane: string;
  commit_id: string;
  title: string;
  branch: string;
  build: string;
  state: string;
  since: string;
  requested_at: string;
  requested_position: number;
  settled: 0 | 1;
  reason: string | null;
  version: number;
  position: number;
  /** The global position of the event that made it live; null: it never was. */
  live_position: number | null;
  /** The version of production's release that it made last, or found there. */
  released: string | null;
  /** The version that production had been taken back from, as it met that last. */
  back_from: string | null;
  /** Who wrote the commit, and under whom the runs went: `nameKept` of each, once, between line breaks; who acted last stands last. */
  people: string;
  /** The title as it is looked for: `nameKept`. */
  title_sought: string;
  /** What begins as the commit, the build's label and the id do is looked for: `nameKept` of each, behind a line break. */
  names_sought: string;
}

/** Engines take some ten thousand values in one query. */
export const idsPerQuery = 1_000;

export interface DeploysTables {
  deploys: DeploysTable;
}
const streamPrefix = deployStream('');

export const deploysProjection: Projection<DeploysTables> = {
  name: 'deploys',
  version: 7,
  tables: ['deploys'],

  create({ db, run }) {
    const texts = ['lane', 'commit_id', 'title', 'branch', 'build', 'state', 'since'];
    const sought = ['people', 'title_sought', 'names_sought'];
    const places = ['requested_position', 'version', 'position'] as const;
    let table = db.schema
      .createTable('deploys')
      .addColumn('deploy', 'text', (column) => column.notNull().primaryKey())
      .addColumn('requested_at', 'text', (column) => column.notNull())
      .addColumn('settled', 'integer', (column) => column.notNull())
      // As wide as positions of the log: PostgreSQL refuses to compare a column with a number that it has no room for.
      .addColumn('live_position', 'bigint');
    for (const name of ['reason', 'released', 'back_from'] as const) {
      table = table.addColumn(name, 'text');
    }
    for (const name of [...texts, ...sought])
      table = table.addColumn(name, 'text', (column) => column.notNull());
    for (const name of places) {
      table = table.addColumn(name, 'bigint', (column) => column.notNull());
    }
    // As indexes: for the newest of all deploys or of a lane's, for a lane's news, for a commit's deploys, and for what came after one.
    const columns = (...names: (keyof DeploysTable)[]) => names.map((name) => sql.ref(name));
    run(
      table
        .addUniqueConstraint('deploys_requested', columns('requested_position'))
        .addUniqueConstraint('deploys_of_lane', columns('lane', 'requested_position'))
        .addUniqueConstraint('deploys_moved', columns('lane', 'position'))
        .addUniqueConstraint('deploys_of_commit', columns('commit_id', 'requested_position'))
        .addUniqueConstraint('deploys_live', columns('lane', 'live_position'))
        .addUniqueConstraint('deploys_met', columns('lane', 'back_from', 'requested_position')),
    );
  },

  apply(events) {
    const begun = new Map<string, DeploysTable>();
    const last = new Map<string, Change>();
    const moved: [stream: string, change: Change][] = [];
    for (const event of events) {
      const { stream } = event;
      if (!stream.startsWith(streamPrefix)) continue;
      const row = rowAfter(begun.get(stream), event);
      if (row !== null) {
        begun.set(stream, row);
        continue;
      }
      const change = changeBy(event);
      const before = last.get(stream);
      // One statement puts one person last.
      if (before !== undefined && before.entry === change.entry) Object.assign(before, change);
      else {
        last.set(stream, change);
        moved.push([stream, change]);
      }
    }
    return [
      ...[...begun.values()].map((row): BoundStatement => requested.with(row)),
      ...moved.map(([stream, change]) => update(stream, change)),
    ];
  },
};

const requested = new Statement<DeploysTable, unknown, DeploysTables>((db, row) => {
  const { deploy, lane, commit_id, title, branch, build, state, since, reason } = row;
  const { requested_at, requested_position, settled, version, position } = row;
  const { live_position, released, back_from, people, title_sought, names_sought } = row;
  const texts = { deploy, lane, commit_id, title, branch, build, state, since, reason };
  const later = { live_position, released, back_from };
  const sought = { people, title_sought, names_sought };
  return db.insertInto('deploys').values({
    ...texts,
    requested_at,
    requested_position,
    settled,
    version,
    position,
    ...later,
    ...sought,
  });
});

/** What an event changes of its deploy's row. */
interface Change extends Partial<Omit<DeploysTable, 'people'>> {
  /** Of who acted, and stands last among the people then. */
  entry?: string;
}

/** One for each set of columns that events change: there are a few. */
const updates = new Map<string, Statement<Change, unknown, DeploysTables>>();

function updateOf(changed: readonly (keyof Change)[]) {
  const name = changed.join();
  let update = updates.get(name);
  if (update === undefined) {
    update = new Statement((db, values) => {
      const columns = changed.map((column) =>
        column === 'entry'
          ? ['people', sql`replace(people, ${values.entry}, '') || ${values.entry}`]
          : [column, values[column]],
      );
      return db
        .updateTable('deploys')
        .set(Object.fromEntries(columns))
        .where('deploy', '=', values.deploy ?? '');
    });
    updates.set(name, update);
  }
  return update;
}

/** As the update does it in the table. */
const withLast = (people: string, entry: string): string => people.replaceAll(entry, '') + entry;

/** A person among the people of a deploy; null: nobody is named. */
function entryOf(name: string | null): string | null {
  return name === null || name === '' ? null : `\n${nameKept(name)}\n`;
}

/** A deploy's row as its first event makes it. */
function firstRow(event: RecordedEvent): DeploysTable {
  const { time, version, position } = event;
  const data = inTodaysWords(event);
  const commit = object(data.commit);
  const deploy = event.stream.slice(streamPrefix.length);
  const sha = text(commit.sha) ?? '';
  const title = text(commit.title) ?? '';
  const build = text(object(data.build).label) ?? '';
  return {
    ...{ deploy, commit_id: sha, title, build },
    lane: text(data.lane) ?? '',
    branch: text(data.branch) ?? '',
    state: '',
    settled: 0,
    reason: null,
    live_position: null,
    released: null,
    back_from: null,
    people: [text(commit.author), namedIn(event.metadata.actor)]
      .map(entryOf)
      .filter((entry) => entry !== null)
      .reduce(withLast, ''),
    title_sought: nameKept(title),
    names_sought: [sha, build, deploy].map((name) => beginsAs(name)).join(''),
    ...transitionOf(event),
    since: time,
    requested_at: time,
    requested_position: position,
    version,
    position,
  };
}

/** As it was written where this version cannot read it: the deploy is listed all the same. */
function inTodaysWords(event: RecordedEvent): JsonObject {
  const read = ifReadable(() => domainEvent(event));
  return read === null ? event.data : (read.data as unknown as JsonObject);
}

/**
 * A name, or a title, as it is kept and looked for: without case, and on one line. In capitals, because the small form of a letter can
 * depend on its neighbours; and made here, because an engine knows the case of ASCII alone, or what its database's locale says.
 */
export const nameKept = (name: string): string =>
  asKept(name).normalize().toUpperCase().replaceAll('\n', ' ');

/** What stands in `names_sought` where a name begins so. */
export const beginsAs = (name: string): string => `\n${nameKept(name)}`;

function update(stream: string, change: Change): BoundStatement {
  const statement = updateOf(Object.keys(change) as (keyof Change)[]);
  return statement.with({ ...change, deploy: stream.slice(streamPrefix.length) });
}

/** A deploy's row, changed in place, after one event more; null: there is none, for the events do not begin with the deploy's first. */
export function rowAfter(row: DeploysTable | undefined, event: RecordedEvent): DeploysTable | null {
  const isFirst = event.type === 'deploy.requested' && event.version === 1;
  if (isFirst) return firstRow(event);
  if (row === undefined) return null;
  const { entry, ...columns } = changeBy(event);
  if (entry !== undefined) row.people = withLast(row.people, entry);
  return Object.assign(row, columns);
}

/** `since` is the time of the event that changed the state; one that did not keeps the reason, too. */
function changeBy(event: RecordedEvent): Change {
  const { time, version, position } = event;
  const transition = transitionOf(event);
  const isMove = transition !== null && object(event.metadata.transition).from !== transition.state;
  const change: Change = { version, position };
  const entry = entryOf(namedIn(event.metadata.actor));
  if (entry !== null) change.entry = entry;
  if (transition !== null) {
    change.state = transition.state;
    change.settled = transition.settled;
    if (isMove || transition.reason !== null) change.reason = transition.reason;
    if (isMove) change.since = time;
    if (isMove && isTagged(transition.state, 'live')) change.live_position = position;
  }
  return Object.assign(change, inProduction(event));
}

/** What it released there, and what it met there. */
function inProduction(event: RecordedEvent): Change {
  switch (event.type) {
    case 'production.found':
    case 'production.deployed':
      return { released: text(object(inTodaysWords(event).release).version) };
    case 'production.held':
    case 'gates.passed': {
      const read = ifReadable(() => domainEvent(event));
      const before = read === null ? null : (goingBackIn(read)?.before ?? null);
      return before === null ? {} : { back_from: asKept(before) };
    }
    default:
      return {};
  }
}

/** What the runtime wrote into the event's metadata of where it led; null when it says nothing. */
function transitionOf({
  metadata,
}: RecordedEvent): Pick<DeploysTable, 'state' | 'settled' | 'reason'> | null {
  const { to, settled, reason } = object(metadata.transition);
  const state = text(to);
  if (state === null) return null;
  return { state, settled: settled === true ? 1 : 0, reason: text(reason) };
}

const text = (value: Json | undefined): string | null =>
  typeof value === 'string' ? asKept(value) : null;

function object(value: Json | undefined): JsonObject {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : {};
}
