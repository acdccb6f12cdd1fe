/** Staging and production of folders, deployed to by the example's programs as processes, with real web servers over them. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
// @ts-expect-error the example is plain JavaScript
import { Place } from '../../../examples/folders/place.mjs';
// @ts-expect-error the example is plain JavaScript
import { serve } from '../../../examples/folders/serve.mjs';
import { type Job, Stage } from '../stage.ts';

const example = resolve(import.meta.dirname, '../../../examples/folders');

export type Environment = 'staging' | 'production';

export interface FolderRelease {
  readonly number: number;
  readonly state: 'running' | 'pending' | 'failed' | 'earlier';
  readonly commit: string;
  readonly key: string | null;
  readonly artifact: object;
}

export class FolderStage {
  readonly stage: Stage;
  /** Of all places. */
  readonly folder: string;
  readonly #servers: readonly Server[];

  private constructor(stage: Stage, folder: string, servers: readonly Server[]) {
    this.stage = stage;
    this.folder = folder;
    this.#servers = servers;
  }

  /** @param over replaces lines of an environment's `command` */
  static async set(
    over: (environment: Environment) => string = programs,
    within = true,
  ): Promise<FolderStage> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'folders-')));
    const servers: Server[] = [];
    for (const place of ['staging', 'production']) servers.push(await serve(folder, place));
    const [staging = '', production = ''] = servers.map(
      (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    );
    const config = () => configOf(over, { staging, production });
    const stage = await Stage.set({ within, config });
    cpSync(example, join(stage.folder, 'bin'), { recursive: true });
    return new FolderStage(stage, folder, servers);
  }

  get env(): Record<string, string> {
    return { FOLDERS: this.folder };
  }

  advance(build: number, commit: string, env: Record<string, string> = {}) {
    return this.stage.advance(build, commit, { ...this.env, ...env });
  }

  start(build: number, commit: string, env: Record<string, string> = {}): Job {
    return this.stage.startAdvance(build, commit, { ...this.env, ...env });
  }

  /** What the servers of that place say they run. */
  async asked(environment: Environment): Promise<string | null> {
    const server = this.#servers[environment === 'staging' ? 0 : 1];
    if (server === undefined) throw new Error('it has no server');
    const { port } = server.address() as AddressInfo;
    return (await fetch(`http://127.0.0.1:${port}/`)).headers.get('x-revision');
  }

  releases(environment: Environment): FolderRelease[] {
    return new Place(this.folder, environment).releases();
  }

  /** Releases of that commit that came to run there. */
  shipped(environment: Environment, commit: string): number {
    const ran = this.releases(environment).filter(({ state }) => /running|earlier/.test(state));
    return ran.filter((one) => one.commit === commit).length;
  }

  /** Somebody releases that commit by hand. */
  release(environment: Environment, commit: string): void {
    const artifact = new Place(this.folder, environment).keep(
      Buffer.from(commit),
      (folder: string) => writeFileSync(join(folder, 'app.txt'), 'by hand\n'),
    );
    this.#byHand(environment, { commit, artifact }, false);
  }

  /** Somebody goes back by hand. */
  goBack(environment: Environment): void {
    const before = this.releases(environment).find(({ state }) => state === 'earlier');
    const { commit, artifact } = before ?? {};
    this.#byHand(environment, { commit, artifact }, true);
  }

  #byHand(environment: Environment, what: object, rollback: boolean): void {
    const place = new Place(this.folder, environment);
    const at = new Date().toISOString();
    const said = { description: 'by hand', at, by: 'ana', key: null, rollback };
    place.switchTo(place.make({ ...what, ...said }));
  }

  /** Resolves with the process id of the program that stopped at that boundary. */
  async stoppedAt(environment: Environment, boundary: string): Promise<number> {
    const file = join(this.folder, environment, `at-${boundary}`);
    while (!existsSync(file) || readFileSync(file, 'utf8') === '') await soon();
    return Number(readFileSync(file, 'utf8'));
  }

  letGo(environment: Environment): void {
    writeFileSync(join(this.folder, environment, 'go-on'), '');
  }

  async strike(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
    await this.stage.strike();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const soon = () => new Promise((later) => setTimeout(later, 5));

export const programs = (_: Environment): string => `
    deploy: bin/host.mjs
    current: bin/host.mjs
    health: bin/host.mjs
    restore: bin/host.mjs`;

function configOf(
  over: (environment: Environment) => string,
  urls: Readonly<Record<Environment, string>>,
): string {
  const environment = (name: Environment) => `${name}:
  command:${over(name)}
  verify:
    waive: [${over(name).includes('health:') ? '' : 'no-instances'}]
    instances: { timeout: 20s, settle: 50ms }
    endpoints:
      - { url: "${urls[name]}", timeout: 20s, revision: { header: x-revision } }
`;
  return `app: acme-web\nbranch: master\n${environment('staging')}${environment('production')}`;
}
