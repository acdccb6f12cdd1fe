/**
 * One PostgreSQL server for the test files of a run, started when the first of them asks: making, starting and ending
 * one costs more than most of these files do on it. Vitest's own process has it, and the workers ask that one.
 */
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PostgresServer } from './server.ts';

/** Where a worker asks. */
const variable = 'LOCKSTEP_TEST_POSTGRES';

export async function setup(): Promise<() => Promise<void>> {
  // Each project of a run calls it.
  if (process.env[variable] !== undefined) return async () => {};
  let server: Promise<PostgresServer> | null = null;
  const door = createServer(async (_, response) => {
    server ??= start();
    try {
      response.end((await server).url('postgres'));
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening));
  process.env[variable] = `http://127.0.0.1:${(door.address() as AddressInfo).port}/`;
  return async () => {
    delete process.env[variable];
    door.close();
    await (await server)?.stop();
  };
}

/** Loaded only now: most runs need none. */
async function start(): Promise<PostgresServer> {
  const { PostgresServer } = await import('./server.ts');
  return PostgresServer.start(['max_connections=300']);
}

/** @returns the URL of one of its databases */
export function urlOfRun(): Promise<string> {
  return new Promise((given, fail) => {
    get(process.env[variable] ?? '', async (response) => {
      const parts: string[] = [];
      for await (const part of response.setEncoding('utf8')) parts.push(part);
      if (response.statusCode === 200) given(parts.join(''));
      else fail(new Error(`no PostgreSQL server: ${parts.join('')}`));
    }).on('error', fail);
  });
}
