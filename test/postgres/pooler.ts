/** A real PgBouncer in transaction mode before a server, where this machine has one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execute, freePort } from './server.ts';

const binary = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find(
  existsSync,
);

/** Why there can be no pooler here; null: there can. */
export const noPooler: string | null =
  binary === undefined ? 'no pgbouncer on this machine (Debian: apt-get install pgbouncer)' : null;

export class Pooler {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #port: number;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#process = child;
    this.#folder = folder;
    this.#port = port;
  }

  /**
   * @param url of any database of the server
   * @param poolSize how many of its connections all clients together have, for each database
   */
  static async start(url: string, poolSize: number): Promise<Pooler> {
    const server = new URL(url);
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-pooler-'));
    await chmod(folder, 0o755);
    const port = await freePort();
    const users = join(folder, 'users.txt');
    await writeFile(users, `"${server.username}" "${server.password}"\n`);
    const settings = join(folder, 'pgbouncer.ini');
    await writeFile(
      settings,
      `[databases]
* = host=${server.hostname} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${poolSize}
`,
    );
    // It refuses to run as root.
    const user = userInfo().uid === 0 ? ['-u', 'postgres'] : [];
    const child = spawn(binary ?? '', [...user, settings], { stdio: 'ignore' });
    const pooler = new Pooler(child, folder, port);
    for (let left = 100; ; left--) {
      try {
        await execute(pooler.before(url), 'select 1');
        return pooler;
      } catch (error) {
        if (left === 0) throw error;
        await pause(50);
      }
    }
  }

  /** The same database, through the pooler. */
  before(url: string): string {
    const through = new URL(url);
    through.port = String(this.#port);
    return through.href;
  }

  async stop(): Promise<void> {
    const over = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await over;
    await rm(this.#folder, { recursive: true });
  }
}
