/** A real PostgreSQL server, which is started here and removed after. */
import { execFile } from 'node:child_process';
import { chmod, chown, copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { EmbeddedPostgres } from './embedded.ts';
import { linkSharedLibraries } from './shared-libraries.ts';

const user = 'lockstep';
const password = 'test';

/** A server refuses to run as root, and is started as a user of its own. */
const isRoot = userInfo().uid === 0;

/** @throws Error a folder on the way lets nobody through but its owner */
async function mustBeOpenToAll(path: string): Promise<void> {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) !== 0) continue;
    throw new Error(
      `as root, PostgreSQL is started as another user, who cannot go through ${at}: chmod o+x ${at}, or clone into another folder`,
    );
  }
}

/** The folder of a server that nobody has started: this process makes one and copies it, for making one takes a second. */
let empty: Promise<string> | null = null;

async function folderOfServer(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-postgres-'));
  // The server's own user goes through it.
  await chmod(folder, 0o755);
  return folder;
}

export class PostgresServer {
  readonly #folder: string;
  readonly #port: number;
  readonly #flags: readonly string[];
  #process: InstanceType<typeof EmbeddedPostgres>;

  private constructor(folder: string, port: number, flags: readonly string[]) {
    this.#folder = folder;
    this.#port = port;
    this.#flags = flags;
    this.#process = this.#embedded();
  }

  static async start(flags: readonly string[] = []): Promise<PostgresServer> {
    const programs = await linkSharedLibraries();
    if (isRoot) await mustBeOpenToAll(programs);
    const folder = await folderOfServer();
    empty ??= PostgresServer.#makeEmpty();
    await promisify(execFile)('cp', ['-a', join(await empty, 'data'), folder]);
    const server = new PostgresServer(folder, await freePort(), flags);
    await server.#process.start();
    return server;
  }

  static async #makeEmpty(): Promise<string> {
    const folder = await folderOfServer();
    await new PostgresServer(folder, 0, []).#process.initialise();
    return folder;
  }

  /** @param name of a database */
  url(name: string): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.#port}/${name}`;
  }

  /** The server and everything that it started are gone at once, as after a crash. */
  async kill(): Promise<void> {
    const [pid] = (await readFile(join(this.#folder, 'data/postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');
  }

  /** Again, on the same files, which are free once the last of the killed processes is gone. */
  async restart(): Promise<void> {
    for (let left = 50; ; left--) {
      this.#process = this.#embedded();
      try {
        return await this.#process.start();
      } catch {
        if (left === 0) throw new Error('the server does not start again');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** From now on it offers TLS, with this certificate. */
  async useTls(certificate: string, key: string): Promise<void> {
    const data = join(this.#folder, 'data');
    const { uid, gid } = await stat(data);
    for (const [from, name] of [
      [certificate, 'server.crt'],
      [key, 'server.key'],
    ] as const) {
      await copyFile(from, join(data, name));
      await chown(join(data, name), uid, gid);
      await chmod(join(data, name), 0o600);
    }
    await execute(this.url('postgres'), 'alter system set ssl = on');
    await execute(this.url('postgres'), 'select pg_reload_conf()');
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #embedded(): InstanceType<typeof EmbeddedPostgres> {
    return new EmbeddedPostgres({
      databaseDir: join(this.#folder, 'data'),
      port: this.#port,
      user,
      password,
      persistent: true,
      initdbFlags: ['--encoding=UTF8', '--locale=C'],
      postgresFlags: ['-c', 'listen_addresses=127.0.0.1', ...this.#flags.flatMap((f) => ['-c', f])],
      createPostgresUser: isRoot,
      onLog: () => {},
      onError: () => {},
    });
  }
}

/** Runs SQL on a connection of its own, and gives the rows of a single query. */
export async function execute(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
