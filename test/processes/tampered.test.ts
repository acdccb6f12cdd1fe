/** A log that somebody changed: each command that reads it says at which position, with exit 1, on both engines. */
import { copyFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CommandHere } from '../cli/command-here.ts';
import { execute } from '../postgres/server.ts';
import { drawn } from '../store/attacks/seed.ts';
import { useDeployedStages } from './deployed-stages.ts';
import { deployId, type Stage } from './stage.ts';

/** The store's tables as another program sees them. */
interface Outside {
  readonly url: string;
  /** Changes it behind the log's back; the triggers are on again after it, or stay off. */
  change(sql: string, guards: 'restored' | 'gone'): Promise<void>;
  /** Events by position. */
  rows(): Promise<readonly { position: number; stream: string; version: number }[]>;
  /** As it was when it was opened. */
  restore(): Promise<void>;
}

async function outsideSqlite(file: string): Promise<Outside> {
  const kept = `${file}.kept`;
  copyFileSync(file, kept);
  const restore = async () => {
    for (const end of ['-wal', '-shm']) copyFileSync('/dev/null', file + end);
    copyFileSync(kept, file);
  };
  return {
    url: `sqlite:${file}`,
    restore,
    async rows() {
      const handle = new Database(file, { readonly: true });
      const rows = handle.prepare('select position, stream, version from events order by position');
      try {
        return rows.all() as { position: number; stream: string; version: number }[];
      } finally {
        handle.close();
      }
    },
    async change(sql, guards) {
      const handle = new Database(file);
      const triggers = handle
        .prepare<[], { name: string; sql: string }>(
          "select name, sql from sqlite_schema where type = 'trigger'",
        )
        .all();
      for (const { name } of triggers) handle.exec(`drop trigger ${name}`);
      handle.exec(sql);
      if (guards === 'restored') for (const trigger of triggers) handle.exec(trigger.sql);
      handle.close();
    },
  };
}

async function outsidePostgres(url: string): Promise<Outside> {
  await execute(url, 'create schema kept; create table kept.events as table lockstep.events');
  const off = 'set search_path = lockstep; alter table events disable trigger all';
  return {
    url,
    async restore() {
      await execute(
        url,
        `${off}; truncate events; insert into events table kept.events; alter table events enable trigger all`,
      );
    },
    async rows() {
      const found = await execute(
        url,
        'select position::int, stream, version::int from lockstep.events order by position',
      );
      return found as { position: number; stream: string; version: number }[];
    },
    async change(sql, guards) {
      const on = guards === 'restored' ? '; alter table events enable trigger all' : '';
      await execute(url, `${off}; ${sql}${on}`);
    },
  };
}

const edits: Readonly<Record<string, (position: number, other: number) => string>> = {
  'its data, in a way that means the same': set("data = data || ' '"),
  'its data': set("data = replace(data, '\"', '\"x')"),
  'JSON that is broken': set('data = substr(data, 2)'),
  'its actor': set('metadata = replace(metadata, \'"actor"\', \'"aktor"\')'),
  'JSON that is broken, in its metadata': set("metadata = '{'"),
  'its time': set("time = '2026-01-01T00:00:00.000Z'"),
  'its type': set("type = 'lock.lost'"),
  'its schema': set('schema = schema + 1'),
  'its version': set('version = version + 1000'),
  'its stream': set("stream = 'deploy/x'"),
  'its id': set("id = 'x'"),
  'its hash': set('hash = previous_hash'),
  'the hash before it': set('previous_hash = hash'),
  'two places': (position, other) =>
    `update events set position = 0 where position = ${position};
     update events set position = ${position} where position = ${other};
     update events set position = ${other} where position = 0`,
  'an event that was deleted': (position) => `delete from events where position = ${position}`,
};

function set(what: string) {
  return (position: number) => `update events set ${what} where position = ${position}`;
}

const { deployed, postgresUrl } = useDeployedStages();

describe.each(['sqlite', 'postgres'])('an event that was changed, in %s', (engine) => {
  let stage: Stage;
  let here: CommandHere;
  let commit: string;
  let outside: Outside;
  beforeAll(async () => {
    const url = engine === 'sqlite' ? undefined : postgresUrl();
    ({ stage, commit } = await deployed(url));
    here = stage.here();
    outside = url === undefined ? await outsideSqlite(stage.logFile) : await outsidePostgres(url);
  }, 60_000);

  it.each(Object.keys(edits).map((what, at) => ({ what, at })))(
    'is named by each command: $what',
    { timeout: 60_000 },
    async ({ what, at }) => {
      await drawn(async (lot) => {
        const id = deployId(501, commit);
        const rows = await outside.rows();
        const { position } = lot.oneOf(rows.filter(({ stream }) => stream === `deploy/${id}`));
        const other = lot.oneOf(rows.filter(({ stream }) => stream !== `deploy/${id}`)).position;
        const edit = edits[what] ?? set('');
        await outside.change(edit(position, other), lot.oneOf(['restored', 'gone']));
        const commands = [
          ['replay', id],
          ['log', id],
          ['status'],
          ['resume', id, '--reason', 'x', '--branch', 'master'],
          ['advance', '--build', '501', '--commit', commit, '--branch', 'master'],
          ['export'],
        ];
        // Each command meets each edit in SQLite. In PostgreSQL they take turns, two at a time: what commands read goes
        // through one and the same way to read.
        const turn = engine === 'sqlite' ? commands : [0, 3].map((by) => commands[(at + by) % 6]);
        try {
          for (const command of turn) {
            if (command === undefined) throw new Error('there is no such command');
            const ended = await here.run(command);
            expect(ended, `${command.join(' ')} at ${position}`).toMatchObject({ exit: 1 });
            const found = /error\[E_LOG_FAULT\]: .* at position (\d+)/.exec(ended.stderr)?.[1];
            expect(found, `${command.join(' ')} at ${position}: ${ended.stderr}`).toBeDefined();
            // What is missing is seen at the event that comes next.
            expect([position, other, position + 1]).toContain(Number(found));
          }
        } finally {
          await outside.restore();
        }
      });
    },
  );

  it('away from a deploy’s end is named by the build that asks for it again', async () => {
    const id = deployId(501, commit);
    const rows = await outside.rows();
    const last = rows.findLast(({ stream }) => stream === `deploy/${id}`)?.position ?? 0;
    await outside.change(`delete from events where position = ${last}`, 'restored');
    try {
      const again = ['advance', '--build', '501', '--commit', commit, '--branch', 'master'];
      const ended = await here.run(again);
      expect(ended).toMatchObject({ exit: 1 });
      expect(ended.stderr).toContain('error[E_LOG_FAULT]');
    } finally {
      await outside.restore();
    }
  });

  it('of the lane is named by a deploy that is to be decided', { timeout: 60_000 }, async () => {
    const rows = await outside.rows();
    const lane = rows.find(({ stream }) => stream === 'lane/acme-web');
    await outside.change(set("time = '2026-01-01T00:00:00.000Z'")(lane?.position ?? 0), 'restored');
    const ended = await stage.advanceHere(502, stage.commit('The second'));
    expect(ended).toMatchObject({ exit: 1 });
    expect(ended.stdout + ended.stderr).toContain(`at position ${lane?.position} `);
    expect(stage.state().apps['acme-staging']?.builds).toHaveLength(1);
  });
});
