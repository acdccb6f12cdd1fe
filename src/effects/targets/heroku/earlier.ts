/** The earlier release of an app that carries what is to run again: the very slug or image, or another one of its commit. */
import type { Artifact } from '../../../machine/events.ts';
import { VendorRefused } from '../../http/errors.ts';
import type { Ports } from '../../ports.ts';
import type { HerokuApi } from './api.ts';
import { type Content, fullId, isSameCode, readContent } from './artifacts.ts';
import { releasesNewestFirst } from './release-list.ts';
import type { Code, HerokuRelease } from './schemas.ts';

/** So many different slugs or images are asked of which commit they are, the newest first: each is a request. */
const contentsMax = 50;

interface Before {
  readonly release: { readonly version: number };
  readonly code: Code;
}

/** Reads what it needs once: what ran before a release does not change. */
export class EarlierReleases {
  readonly #api: HerokuApi;
  readonly #app: string;
  readonly #wanted: readonly Artifact[];
  readonly #contents = new Map<string, Content>();
  #found: Promise<HerokuRelease | null> | null = null;
  #version = 0;

  /** @param wanted the first of these that the app ran is looked for */
  constructor(api: HerokuApi, app: string, wanted: readonly Artifact[]) {
    this.#api = api;
    this.#app = app;
    this.#wanted = wanted;
  }

  /**
   * The newest release before that one which put other code there, of the first artifact wanted that ran; null: none did.
   * One that expired is told only where there is no other.
   */
  before({ release: { version }, code }: Before, ports: Ports): Promise<HerokuRelease | null> {
    if (this.#found === null || this.#version !== version) {
      this.#version = version;
      this.#found = this.#find(version, code, ports);
    }
    return this.#found;
  }

  async #find(version: number, code: Code, ports: Ports): Promise<HerokuRelease | null> {
    if (this.#wanted.length === 0) return null;
    const ran: HerokuRelease[] = [];
    for await (const release of releasesNewestFirst(this.#api, this.#app, ports)) {
      if (release.version >= version || isSameCode(release.code, code) || !cameToRun(release))
        continue;
      if (release.status === 'succeeded' && isOf(release.code, this.#wanted[0])) return release;
      ran.push(release);
    }
    const gone: HerokuRelease[] = [];
    for (const wanted of this.#wanted) {
      const found = ran.filter((one) => isOf(one.code, wanted));
      const kept =
        found.find(({ status }) => status === 'succeeded') ??
        (await this.#ofCommit(ran, wanted, ports));
      if (kept !== null) return kept;
      gone.push(...found);
    }
    if (gone[0] !== undefined) return gone[0];
    // What an expired release ran may not be told any more: it may have been this.
    return ran.find(({ status }) => status === 'expired') ?? null;
  }

  async #ofCommit(
    ran: readonly HerokuRelease[],
    { commit, digest }: Artifact,
    ports: Ports,
  ): Promise<HerokuRelease | null> {
    if (commit === null) return null;
    const asked = new Set<string>();
    for (const release of ran) {
      const { code, status } = release;
      if (code === null || status !== 'succeeded') continue;
      asked.add(code.id);
      if (asked.size > contentsMax) return null;
      const content = await this.#contentOf(code, ports);
      if (fullId(content.named) === commit || (digest !== null && content.digest === digest))
        return release;
    }
    return null;
  }

  async #contentOf(code: Code, ports: Ports): Promise<Content> {
    const known = this.#contents.get(code.id) ?? (await this.#read(code, ports));
    this.#contents.set(code.id, known);
    return known;
  }

  /** A slug that is gone is of no commit that could run again. */
  #read(code: Code, ports: Ports): Promise<Content> {
    return readContent(this.#api, this.#app, code, ports).catch((error: unknown) => {
      if (error instanceof VendorRefused && error.status === 404)
        return { named: null, digest: null };
      throw error;
    });
  }
}

/** Expired: it ran in its time, and its image is gone since. */
const cameToRun = ({ status }: HerokuRelease) => status === 'succeeded' || status === 'expired';

const isOf = (code: Code | null, wanted: Artifact | undefined): boolean =>
  code !== null && code.kind === wanted?.kind && code.id === wanted.id;
