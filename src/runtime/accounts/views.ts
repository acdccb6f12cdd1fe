/**
 * Views over a log for people's own questions, as SQL that they run themselves. They only read its events, and are no part
 * of the log: temporary, or in a schema that is not the log's. Pure.
 */

export type Engine = 'sqlite' | 'postgres';

/** What the two engines say otherwise. */
interface Dialect {
  readonly events: string;
  /** A text, or null, out of the JSON in a column. */
  text(column: string, ...path: readonly string[]): string;
  flag(column: string, ...path: readonly string[]): string;
  number(column: string, ...path: readonly string[]): string;
  time(column: string): string;
  seconds(from: string, to: string): string;
  /** What stands before the first point of an event's type. */
  readonly subject: string;
}

const dialects: { readonly [E in Engine]: Dialect } = {
  sqlite: {
    events: 'main.events',
    text: (column, ...path) => `json_extract(${column}, '$.${path.join('.')}')`,
    flag: (column, ...path) => `coalesce(json_extract(${column}, '$.${path.join('.')}'), 0)`,
    number: (column, ...path) => `coalesce(json_extract(${column}, '$.${path.join('.')}'), 0)`,
    time: (column) => column,
    seconds: (from, to) => `round((julianday(${to}) - julianday(${from})) * 86400, 3)`,
    subject: "substr(type, 1, instr(type, '.') - 1)",
  },
  postgres: {
    events: 'lockstep.events',
    text: (column, ...path) => `${column}::jsonb #>> '{${path.join(',')}}'`,
    flag: (column, ...path) =>
      `coalesce((${column}::jsonb #>> '{${path.join(',')}}')::boolean, false)`,
    number: (column, ...path) =>
      `coalesce((${column}::jsonb #>> '{${path.join(',')}}')::bigint, 0)`,
    time: (column) => `${column}::timestamptz`,
    seconds: (from, to) =>
      `round(extract(epoch from ${to}::timestamptz - ${from}::timestamptz)::numeric, 3)`,
    subject: "split_part(type, '.', 1)",
  },
};

interface View {
  readonly name: string;
  /** Each column, with what it is made of. */
  readonly columns: Readonly<Record<string, string>>;
  /** Behind `from`. */
  readonly source: string;
}

/** Of a stream's name: what it is of. */
const deployIn = (stream: string): string => `substr(${stream}, ${'deploy/'.length + 1})`;

function viewsOf(dialect: Dialect): readonly View[] {
  const { events, text, flag, number, time, seconds, subject } = dialect;
  const isLive = `(e.type = 'production.baked' or (e.type = 'production.verified' and ${number('e.data', 'bakeMs')} = 0))`;
  const lastMove = (what: string): string =>
    `(select ${what} from ${events} e where e.stream = first.stream and ${text('e.metadata', 'transition', 'to')} is not null order by e.version desc limit 1)`;
  return [
    {
      name: 'lockstep_deploys',
      columns: {
        deploy: deployIn('first.stream'),
        lane: text('first.data', 'lane'),
        branch: text('first.data', 'branch'),
        commit_id: text('first.data', 'commit', 'sha'),
        title: text('first.data', 'commit', 'title'),
        author: text('first.data', 'commit', 'author'),
        build: text('first.data', 'build', 'label'),
        requested_at: time('first.time'),
        state: lastMove(text('e.metadata', 'transition', 'to')),
        settled: lastMove(flag('e.metadata', 'transition', 'settled')),
        changed_at: lastMove(time('e.time')),
        live_at: `(select ${time('min(e.time)')} from ${events} e where e.stream = first.stream and ${isLive})`,
      },
      source: `${events} first where first.type = 'deploy.requested' and first.version = 1`,
    },
    {
      name: 'lockstep_transitions',
      columns: {
        deploy: deployIn('stream'),
        version: 'version',
        position: 'position',
        at: time('time'),
        type: 'type',
        from_state: text('metadata', 'transition', 'from'),
        to_state: text('metadata', 'transition', 'to'),
        settled: flag('metadata', 'transition', 'settled'),
        reason: text('metadata', 'transition', 'reason'),
        seconds: seconds('lag(time) over (partition by stream order by version)', 'time'),
      },
      source: `${events} where stream like 'deploy/%'`,
    },
    {
      name: 'lockstep_lane_orders',
      columns: {
        lane: `substr(stream, ${'lane/'.length + 1})`,
        position: 'position',
        at: time('time'),
        type: 'type',
        deploy: text('data', 'deploy'),
        actor: text('data', 'actor'),
        observed: text('data', 'observed'),
        reason: text('data', 'reason'),
      },
      source: `${events} where stream like 'lane/%' and ${text('data', 'actor')} is not null`,
    },
    {
      name: 'lockstep_releases',
      columns: {
        deploy: deployIn('stream'),
        environment: subject,
        release_id: text('data', 'release', 'id'),
        release: text('data', 'release', 'version'),
        commit_id: text('data', 'artifact', 'commit'),
        deployed_at: time('time'),
        position: 'position',
      },
      source: `${events} where type in ('staging.deployed', 'canary.deployed', 'production.deployed')`,
    },
  ];
}

/** @param schema where the views are kept, on PostgreSQL; null: they are of the session that runs this, and gone with it */
export function viewsSql(engine: Engine, schema: string | null): string {
  const views = viewsOf(dialects[engine]).map(({ name, columns, source }) => {
    const list = Object.entries(columns).map(([column, made]) => `  ${made} as "${column}"`);
    const select = `select\n${list.join(',\n')}\nfrom ${source};\n`;
    if (schema !== null) return `create or replace view "${schema}".${name} as\n${select}`;
    return `create temporary view ${name} as\n${select}`;
  });
  const made = schema === null ? [] : [`create schema if not exists "${schema}";\n`];
  return [...made, ...views].join('\n');
}
