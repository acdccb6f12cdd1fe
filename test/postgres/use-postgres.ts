/** PostgreSQL for a test file: the server at TEST_POSTGRES_URL, that of the run (server-of-run.ts), or one of its own. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import type { TestStore } from '../store/events.ts';
import { execute, PostgresServer } from './server.ts';
import { urlOfRun } from './server-of-run.ts';

/** Databases that are empty again. Making one takes a hundred times as long as emptying one: the files of a worker share them. */
const emptied: string[] = [];

/** For a test file: an empty database whenever it asks for one, beside those of other files; `server`: the URL of another. */
export function usePostgres() {
  let server = '';
  beforeAll(async () => {
    server = process.env.TEST_POSTGRES_URL ?? (await urlOfRun());
  });
  return { store: () => databaseOn(server, emptied), server: () => server };
}

/** As `usePostgres`, on a server that the test file may do with as it likes. */
export function useOwnPostgres(flags: readonly string[] = []) {
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    server = await PostgresServer.start(flags);
  });
  afterAll(() => server?.stop());
  const own = (): PostgresServer => {
    if (server === undefined) throw new Error('the server runs inside a test only');
    return server;
  };
  const empty: string[] = [];
  return { store: () => databaseOn(own().url('postgres'), empty), server: own };
}

/** @param server the URL of any of its databases */
async function databaseOn(server: string, empty: string[]): Promise<TestStore> {
  const url = empty.pop() ?? (await created(server));
  return {
    url,
    async remove() {
      await execute(url, 'drop schema if exists lockstep cascade');
      empty.push(url);
    },
  };
}

async function created(server: string): Promise<string> {
  const name = `lockstep_${randomUUID().replaceAll('-', '')}`;
  await execute(server, `create database ${name} template template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
