/** A canary of 10 and then 50 percent of production's requests, by the example's programs over folders and real web servers. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import type { Server as WebServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// @ts-expect-error the example is plain JavaScript
import { Place } from '../../../examples/folders/place.mjs';
// @ts-expect-error the example is plain JavaScript
import { serve } from '../../../examples/folders/serve.mjs';
import { asking } from '../asked-program.ts';
import { type Ended, type Job, Stage } from '../stage.ts';
import { CanaryStage, type PlaceName } from './canary-stage.ts';
import { startProgramHost } from './program-host.ts';

interface FolderRelease {
  readonly number: number;
  readonly state: string;
  readonly commit: string;
  readonly share?: number | null;
  readonly rollback: boolean;
}

const names = ['staging', 'canary', 'production'] as const;

export interface FolderCanaryOptions {
  /** Whether there is a staging before the canary. */
  readonly hasStaging?: boolean;
  readonly bakes?: Partial<Record<PlaceName, string>>;
}

export class FolderCanaryStage extends CanaryStage {
  /** Every place runs it when the story begins. */
  readonly base: string;
  readonly #folder: string;
  readonly #servers: ReadonlyMap<PlaceName, WebServer>;
  readonly #programs: Server;

  private constructor(
    stage: Stage,
    folder: string,
    servers: ReadonlyMap<PlaceName, WebServer>,
    programs: Server,
  ) {
    super(stage);
    this.#folder = folder;
    this.#servers = servers;
    this.#programs = programs;
    mkdirSync(join(stage.folder, 'bin'));
    writeFileSync(join(stage.folder, 'bin/host'), asking, { mode: 0o755 });
    this.base = stage.commit('Base');
    for (const name of names) this.release(name, this.base);
  }

  static async set(options: FolderCanaryOptions = {}): Promise<FolderCanaryStage> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'folders-')));
    const servers = new Map<PlaceName, WebServer>();
    for (const name of names) {
      // Production's users: of their requests the canary gets its share.
      servers.set(name, await serve(folder, name, 0, name === 'production' ? 'canary' : null));
    }
    const config = () => configOf(options, (name) => urlOf(servers.get(name)));
    const stage = await Stage.set({ within: true, config });
    return new FolderCanaryStage(stage, folder, servers, await startProgramHost());
  }

  get #env(): Record<string, string> {
    const { port } = this.#programs.address() as AddressInfo;
    return { FOLDERS: this.#folder, ASKED_PORT: String(port) };
  }

  advance(build: number, commit: string): Promise<Ended> {
    return this.stage.advance(build, commit, this.#env);
  }

  /** A process of its own. */
  start(build: number, commit: string): Job {
    return this.stage.startAdvance(build, commit, this.#env);
  }

  run(...args: readonly string[]): Promise<Ended> {
    return this.stage.run(args, this.#env);
  }

  #place(name: PlaceName) {
    return new Place(this.#folder, name);
  }

  #releases(name: PlaceName): FolderRelease[] {
    return this.#place(name).releases();
  }

  /** The commit that runs there. */
  runs(name: PlaceName): string | undefined {
    return this.#releases(name).find(({ state }) => state === 'running')?.commit;
  }

  /** What was released there since the story began, the oldest first. */
  released(name: PlaceName): { commit: string; share: number | null; rollback: boolean }[] {
    const [, ...since] = this.#releases(name).reverse();
    return since.map(({ commit, share = null, rollback }) => ({ commit, share, rollback }));
  }

  /** Of so many requests of production's users, how many that commit answers. */
  async answeredBy(commit: string, requests: number): Promise<number> {
    const url = urlOf(this.#servers.get('production'));
    let answered = 0;
    for (let i = 0; i < requests; i++) {
      const { headers } = await fetch(url);
      if (headers.get('x-revision') === commit) answered += 1;
    }
    return answered;
  }

  /** Somebody releases that commit there by hand. */
  release(name: PlaceName, commit: string, rollback = false): void {
    const place = this.#place(name);
    const artifact = place.keep(Buffer.from(`${commit} by hand`), (folder: string) =>
      writeFileSync(join(folder, 'app.txt'), 'by hand\n'),
    );
    const at = new Date().toISOString();
    const said = { description: 'by hand', at, by: 'ana', key: null, share: null };
    place.switchTo(place.make({ commit, artifact, rollback, ...said }));
    place.unlock();
  }

  /** Its only instance crashes. */
  crash(name: PlaceName): void {
    this.#tellInstance(name, 'crashed');
  }

  comesUp(name: PlaceName): void {
    this.#tellInstance(name, 'up');
  }

  #tellInstance(name: PlaceName, state: 'up' | 'crashed'): void {
    const listed = [{ name: 'web.1', pid: process.pid, state, life: 'told' }];
    const file = join(this.#folder, name, 'instances.json');
    writeFileSync(file, JSON.stringify({ wanted: 1, listed }));
  }

  /** What runs there cannot answer any more: its file is lost. */
  loseFile(name: PlaceName): void {
    rmSync(join(this.#folder, name, 'current', 'files', 'app.txt'));
  }

  async strike(): Promise<void> {
    for (const server of this.#servers.values()) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
    await new Promise((done) => this.#programs.close(done));
    await this.stage.strike();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function urlOf(server: WebServer | undefined): string {
  if (server === undefined) throw new Error('it has no server');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function configOf(
  { hasStaging = true, bakes = {} }: FolderCanaryOptions,
  urlOf: (name: PlaceName) => string,
): string {
  const environment = (name: PlaceName) => `${name}:
  command: { deploy: bin/host, current: bin/host, health: bin/host, restore: bin/host${name === 'canary' ? ', steps: [10, 50]' : ''} }
  ${bakes[name] === undefined ? '' : `bake: ${bakes[name]}`}
  verify:
    instances: { timeout: 20s, settle: 50ms }
    endpoints:
      - { url: "${urlOf(name)}", timeout: 2s${name === 'production' ? '' : ', revision: { header: x-revision }'} }
`;
  const all = names.filter((name) => hasStaging || name !== 'staging').map(environment);
  return `app: acme-web\nbranch: master\n${all.join('')}notify:
  slack: { channel: '#alerts-deploy', oncall: '<!subteam^S0ONCALL>' }
`;
}
