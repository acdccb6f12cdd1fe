/** A store in which something else stands in a table's place: a typed error, and the process ends. */
import { copyFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CommandHere } from '../cli/command-here.ts';
import { execute } from '../postgres/server.ts';
import { useDeployedStages } from './deployed-stages.ts';
import { deployId, type Stage } from './stage.ts';

const tables = ['events', 'leases', 'checkpoints', 'projections', 'deploys'];

/** Its rows, read one after the other, are without end. */
const endless = (columns: readonly string[]): string =>
  `with recursive n(i) as (select 1 union all select i + 1 from n) select ${columns
    .map(
      (column) =>
        `${/position|version|settled|token|expires|schema|released/.test(column) ? 'i' : "'{}'"} as ${column}`,
    )
    .join(', ')} from n`;

const { deployed, postgresUrl } = useDeployedStages();

const commandsOn = (commit: string): string[][] => [
  ['status', '--json'],
  ['log', '501'],
  ['replay', deployId(501, commit)],
  ['resume', '501', '--reason', 'x', '--branch', 'master'],
  ['disable', '--reason', 'x', '--branch', 'master'],
  ['advance', '--build', '501', '--commit', commit, '--branch', 'master'],
  ['export'],
];

async function expectTyped(
  place: Pick<Stage, 'run'> | CommandHere,
  command: string[],
  exit: number,
  code: RegExp,
) {
  const ended = await place.run(command);
  expect(ended.stderr, command.join(' ')).toMatch(code);
  expect(ended.stderr).not.toContain('E_INTERNAL');
  expect(ended.exit, ended.stderr).toBe(exit);
}

describe('in SQLite', () => {
  let stage: Stage;
  let here: CommandHere;
  let commit: string;
  let file: string;
  const changed = (change: (handle: Database.Database) => void) => {
    for (const end of ['-wal', '-shm']) copyFileSync('/dev/null', file + end);
    copyFileSync(`${file}.kept`, file);
    const handle = new Database(file);
    change(handle);
    handle.close();
  };
  beforeAll(async () => {
    ({ stage, commit } = await deployed());
    here = stage.here();
    file = stage.logFile;
    copyFileSync(file, `${file}.kept`);
  }, 60_000);

  it.each(tables)(
    'an endless view in place of %s is refused',
    { timeout: 60_000 },
    async (table) => {
      changed((handle) => {
        const columns = handle.prepare<[], { name: string }>(`pragma table_info(${table})`).all();
        handle.exec(
          `drop table ${table}; create view ${table} as ${endless(columns.map(({ name }) => name))}`,
        );
      });
      for (const command of commandsOn(commit)) {
        // As processes too, which end: of one table, one that reads, one that orders, and a deploy.
        const isProcess =
          table === 'events' && ['status', 'disable', 'advance'].includes(command[0] ?? '');
        await expectTyped(isProcess ? stage : here, command, 2, /error\[E_STORE_SCHEMA\]/);
      }
    },
  );

  it.each(tables)(
    '%s without its columns, or not there, is refused',
    { timeout: 60_000 },
    async (table) => {
      for (const change of [
        `drop table ${table}; create table ${table} (x)`,
        `drop table ${table}`,
      ]) {
        changed((handle) => handle.exec(change));
        for (const command of [['status'], ['log', '501'], ['export']]) {
          const ended = await here.run(command);
          expect(ended.stderr).not.toContain('E_INTERNAL');
          if (command[0] === 'export' && table === 'deploys') continue;
          expect(ended.stderr, `${command} ${change}`).toMatch(/error\[E_STORE_SCHEMA\]/);
          // The table of deploys is a read model's: it is read when it is shown, not when the log is opened.
          expect(ended.exit).toBe(table === 'deploys' ? 1 : 2);
        }
      }
    },
  );

  it('whose triggers are gone is read, and not written', { timeout: 60_000 }, async () => {
    changed((handle) => handle.exec('drop trigger events_no_delete'));
    expect(await here.run(['replay', '501'])).toMatchObject({ exit: 0 });
    const next = stage.commit('The second');
    const advance = ['advance', '--build', '502', '--commit', next, '--branch', 'master'];
    await expectTyped(stage, advance, 2, /E_STORE_SCHEMA.*events_no_delete/);
  });

  it.each([
    ['an owner of a lease', `update leases set owner = '{"run"'`],
    ['a checkpoint', `update checkpoints set state = '['`],
  ])('%s that is no JSON is told as such', { timeout: 60_000 }, async (_, sql) => {
    changed((handle) => handle.exec(sql));
    const commit = stage.commit('The third');
    const ended = await stage.advanceHere(503, commit);
    expect(ended.stdout + ended.stderr).not.toContain('E_INTERNAL');
    if (sql.includes('leases')) {
      expect(ended.exit).toBe(1);
      expect(ended.stdout + ended.stderr).toContain('is no JSON object');
    }
  });
});

describe('in PostgreSQL', () => {
  let here: CommandHere;
  let commit: string;
  beforeAll(async () => {
    const { stage, commit: first } = await deployed(postgresUrl());
    commit = first;
    here = stage.here();
  }, 60_000);

  it.each([...tables, 'log'].map((table, at) => ({ table, at })))(
    'an endless view in place of $table is refused',
    { timeout: 60_000 },
    async ({ table, at }) => {
      const found = await execute(
        postgresUrl(),
        `select column_name as name from information_schema.columns where table_schema = 'lockstep' and table_name = '${table}' order by ordinal_position`,
      );
      const columns = found.map(({ name }) => String(name));
      await execute(
        postgresUrl(),
        `set search_path = lockstep; alter table ${table} rename to kept; alter table kept set schema public;
      create view lockstep.${table} as ${endless(columns)}`,
      );
      try {
        // In turn, every other one: each of them meets the view in place of three of the tables.
        for (const command of commandsOn(commit).filter((_, place) => (place + at) % 2 === 0)) {
          await expectTyped(here, command, 2, /error\[E_STORE_SCHEMA\]/);
        }
      } finally {
        await execute(
          postgresUrl(),
          `drop view lockstep.${table}; alter table public.kept set schema lockstep; alter table lockstep.kept rename to ${table}`,
        );
      }
      expect(await here.run(['replay', '501'])).toMatchObject({ exit: 0 });
    },
  );

  it('whose triggers are off is read, and not written', { timeout: 60_000 }, async () => {
    for (const [off, on] of [
      [
        'alter table lockstep.events disable trigger events_no_change',
        'alter table lockstep.events enable trigger events_no_change',
      ],
      [
        `create or replace function lockstep.refuse_gap() returns trigger language plpgsql as $$begin return new; end$$`,
        null,
      ],
    ] as const) {
      await execute(postgresUrl(), off);
      expect(await here.run(['replay', '501'])).toMatchObject({ exit: 0 });
      await expectTyped(
        here,
        ['disable', '--reason', 'x', '--branch', 'master'],
        2,
        /E_STORE_SCHEMA.*trigger/,
      );
      if (on !== null) await execute(postgresUrl(), on);
    }
  });
});
