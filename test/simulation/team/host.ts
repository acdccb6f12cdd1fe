/**
 * The host behind a team's programs: it keeps the key of everything that is begun there, and tells what there is. Its
 * releases and instances are those of the sandbox's world.
 */
import {
  type AppState,
  type HerokuState,
  herokuState,
} from '../../../src/sandbox/sandbox-state.ts';
import type { Sandbox } from '../../../src/sandbox/server.ts';
import type { AppName } from '../apps.ts';
import type { VirtualTime } from '../virtual-time.ts';

/** What a `deploy` began. */
export interface Work {
  readonly id: string;
  readonly app: AppName;
  /** As the program was told it: with its share and the number of its attempt. */
  readonly key: string;
  /** Null: it releases what was built before. */
  readonly commit: string | null;
  readonly at: number;
  /** What it is made of; null as long as it is not built. */
  slug: string | null;
  /** Its id, once there is one. */
  release: string | null;
  /** Nothing comes of it. */
  isOff: boolean;
}

const workMs = { build: 9_000, release: 2_500 };
const pollMs = 500;

type Release = AppState['releases'][number];

export class TeamHost {
  readonly #sandbox: Sandbox;
  readonly #time: VirtualTime;
  readonly #works: Work[] = [];
  /** By the release's id: under which key another one was taken back. */
  readonly #takenBack = new Map<string, string>();
  readonly #frozen = new Map<AppName, { readonly lines: readonly object[]; until: number }>();

  constructor(sandbox: Sandbox, time: VirtualTime) {
    this.#sandbox = sandbox;
    this.#time = time;
  }

  /** All that there is, as the sandbox tells it of Heroku. */
  state(): HerokuState {
    const { apps } = herokuState(this.#sandbox.world);
    const works = this.#works.map((work) => ({ ...work, status: this.#statusOf(work) }));
    // What was stopped before there was anything of it leaves nothing.
    const built = works.filter(({ commit, isOff }) => commit !== null && !isOff);
    const builds = (name: string) =>
      built
        .filter(({ app }) => app === name)
        .map(({ id, status, commit, key, release }) => ({
          ...{ id, status, commit, release, mark: `lockstep ${deployOf(key)}` },
        }));
    const withBuilds = Object.entries(apps).map(
      ([name, app]) => [name, { ...app, builds: builds(name) }] as const,
    );
    const promotions = works
      .filter(({ commit }) => commit === null)
      .map(({ id, slug, release, status, at }) => ({
        ...{ id, slug, release, status, at: new Date(at).toISOString() },
      }));
    return { apps: Object.fromEntries(withBuilds), promotions };
  }

  /** What is under way, or runs, of that key. */
  livingOf(app: AppName, key: string): Work | null {
    const lives = (work: Work): boolean => {
      if (work.isOff) return false;
      if (work.release === null) return true;
      const release = this.#releases(app).find(({ id }) => id === work.release);
      return release?.status === 'pending' || release?.current === true;
    };
    return this.#works.find((one) => one.app === app && one.key === key && lives(one)) ?? null;
  }

  /** The release by which another one was taken back under that key, unless it failed. */
  takenBackUnder(app: AppName, key: string): string | null {
    const made = this.#releases(app).find(({ id }) => this.#takenBack.get(id) === key);
    return made === undefined || made.status === 'failed' ? null : made.id;
  }

  /** It is listed from now on. */
  begin(of: Pick<Work, 'app' | 'key' | 'commit' | 'slug'>): Work {
    const id = `w${this.#works.length + 1}`;
    const work = { ...of, id, at: this.#time.now(), release: null, isOff: false };
    this.#works.push(work);
    return work;
  }

  /**
   * Builds where there is something to build, and releases.
   *
   * @param signal stops it as long as it has released nothing: then nothing comes of it
   * @returns whether it came to a good end
   */
  async carryOut(work: Work, signal?: AbortSignal): Promise<boolean> {
    try {
      await this.#time.sleep(work.commit === null ? workMs.release : workMs.build, signal);
    } catch (error) {
      work.isOff = true;
      throw error;
    }
    const fate = this.#fateOf(work);
    if (fate === 'fails') {
      work.isOff = true;
      return false;
    }
    const { world } = this.#sandbox;
    world.settle();
    work.slug ??= world.slug(work.commit).id;
    const description = work.commit === null ? 'Release what was verified' : 'Release a commit';
    work.release = world.release(this.#app(work.app), { slug: work.slug, description }).id;
    return (await this.isOver(work)) && fate === 'succeeds';
  }

  /** @returns once it is over: whether it came to a good end */
  async isOver(work: Work): Promise<boolean> {
    while (this.#statusOf(work) === 'pending') await this.#time.sleep(pollMs);
    return this.#statusOf(work) === 'succeeded';
  }

  /** @returns the release that it made; null: there is nothing to go back to */
  async takeBack(app: AppName, key: string, to: string): Promise<string | null> {
    const { world } = this.#sandbox;
    world.settle();
    const of = this.#app(app);
    const target = of.releases.find(({ id }) => id === to);
    if (target?.status !== 'succeeded' || target.slug === null) return null;
    const { id } = world.rollback(of, target);
    this.#takenBack.set(id, key);
    const isPending = () =>
      this.#releases(app).some((one) => one.id === id && one.status === 'pending');
    while (isPending()) await this.#time.sleep(pollMs);
    return id;
  }

  /** Lists show nothing new for so long. */
  freeze(app: AppName, forMs: number): void {
    this.#frozen.set(app, { lines: this.#list(app), until: this.#time.now() + forMs });
  }

  /** The lines of `current`. */
  current(app: AppName): readonly object[] {
    const frozen = this.#frozen.get(app);
    const isFrozen = frozen !== undefined && this.#time.now() < frozen.until;
    return isFrozen ? frozen.lines : this.#list(app);
  }

  /** The lines of `health`. */
  health(app: AppName): readonly object[] {
    this.#sandbox.world.settle();
    const { dynos, formation } = this.#app(app);
    const instances = dynos
      .filter(({ type }) => type !== 'release')
      .map(({ id: life, name, release, state }) => ({
        ...{ type: 'instance', name, release: release.id, state, life },
      }));
    const up = instances.filter(({ state }) => state === 'up').length;
    const wanted = formation.reduce((sum, { quantity }) => sum + quantity, 0);
    return [...instances, { type: 'end', instances: instances.length, up, wanted }];
  }

  #list(app: AppName): readonly object[] {
    const code = this.#releases(app).filter(({ slug }) => slug !== null);
    const running = code.find(({ current }) => current) ?? null;
    const releases = code.map((one) => this.#releaseLine(one, running)).reverse();
    const work = this.#works
      .filter((one) => one.app === app && one.release === null && !one.isOff)
      .map(({ id, key, at }) => ({ type: 'work', id, key, ageSeconds: this.#ageOf(at) }));
    const counts = { releases: releases.length, work: work.length };
    const end = { type: 'end', ...counts, running: running?.id ?? null, whole: true };
    return [...releases, ...work, end];
  }

  #releaseLine(release: Release, running: Release | null): object {
    const { id, version, slug, commit, description, by, createdAt } = release;
    const work = this.#works.find((one) => one.release === id);
    return {
      type: 'release',
      ...{ id, number: version, version: `v${version}`, commit, description, by },
      state: stateOf(release, running),
      artifact: { kind: 'image', id: slug, digest: null, commit },
      at: new Date(createdAt).toISOString(),
      key: work?.key ?? this.#takenBack.get(id) ?? null,
      rollback: description.startsWith('Rollback'),
      ...(work === undefined ? {} : { work: work.id }),
      ...(release.status === 'expired' ? { gone: true } : {}),
      ageSeconds: this.#ageOf(createdAt),
    };
  }

  #ageOf(at: number): number {
    return (this.#time.now() - at) / 1_000;
  }

  #fateOf({ app, commit }: Work): 'succeeds' | 'fails' | 'fails-in-part' {
    const { world } = this.#sandbox;
    if (commit === null) {
      const { nextPromotion } = world.pipeline;
      world.pipeline.nextPromotion = 'succeeds';
      return nextPromotion;
    }
    const { next } = this.#app(app);
    const fails = next.buildFails;
    next.buildFails = false;
    return fails ? 'fails' : 'succeeds';
  }

  #statusOf({ app, release, isOff }: Work): string {
    if (release === null) return isOff ? 'failed' : 'pending';
    const { status } = this.#releases(app).find(({ id }) => id === release) ?? { status: 'failed' };
    return status === 'expired' ? 'succeeded' : status;
  }

  #releases(app: AppName): readonly Release[] {
    return herokuState(this.#sandbox.world).apps[app]?.releases ?? [];
  }

  #app(name: AppName) {
    const app = this.#sandbox.world.app(name);
    if (app === undefined) throw new Error(`the host has no ${name}`);
    return app;
  }
}

/** Without the share, the number of the attempt, and what is said of a log that is not kept. */
const deployOf = (key: string): string => /^[^/ #!]+/.exec(key)?.[0] ?? key;

/** What was released over while it was pending comes to run no more. */
function stateOf({ status, version }: Release, running: Release | null): string {
  const isOlder = running !== null && version < running.version;
  if (status === 'failed') return 'failed';
  if (status === 'pending') return isOlder ? 'failed' : 'pending';
  return isOlder ? 'earlier' : 'running';
}
