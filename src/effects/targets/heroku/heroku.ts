/** What Lockstep asks of Heroku's Platform API, bound to one account. */
import type { Refusal } from '../../../machine/services.ts';
import type { Ports, StepPorts } from '../../ports.ts';
import type { AskedHere } from '../target.ts';
import { HerokuApi, type HerokuOptions } from './api.ts';
import { type Content, readContent } from './artifacts.ts';
import {
  type Archive,
  type Built,
  buildKeyOf,
  type Clear,
  followBuild,
  type RequestBuildInput,
  type RequestedBuild,
  requestBuild,
} from './builds.ts';
import {
  type AppCode,
  type CodeRelease,
  type Decision,
  type Expected,
  findDecision,
  type HerokuVersion,
  ranBefore,
  readCode,
} from './code.ts';
import { Couplings } from './couplings.ts';
import { readOverlapMs } from './overlap.ts';
import {
  type FollowPromotionInput,
  followPromotion,
  type RequestedPromotion,
  type RequestPromotionInput,
  requestPromotion,
} from './promotions.ts';
import {
  type AwaitReleaseInput,
  awaitRelease,
  mustStillRun,
  type Shipped,
  type ShippedContent,
} from './releases.ts';
import {
  type NotRolledBack,
  type RollBackInput,
  type RollBackToInput,
  type RolledBack,
  rollBack,
  rollBackTo,
} from './rollbacks.ts';
import {
  type PendingWork,
  pendingWork,
  readDynos,
  readFormation,
  readReleasedCode,
} from './running.ts';
import {
  accountSchema,
  type Code,
  type Dyno,
  type FormationType,
  type HerokuBuild,
} from './schemas.ts';

export type { AppCode, CodeRelease, Decision } from './code.ts';

/** Apps are named, not numbered. Each call throws VendorUnreachable, VendorRefused or VendorMalformed, and what it says. */
export interface Heroku {
  /**
   * Has the commit built, once a deploy: what carries the deploy's key is adopted. `clear` is
   * awaited right before the write, and may refuse it.
   *
   * @throws E_SOURCE_UPLOAD, E_BUILDS_LIMIT
   */
  requestBuild(
    input: RequestBuildInput,
    ports: StepPorts,
    archive: Archive,
  ): Promise<RequestedBuild>;
  requestBuild(
    input: RequestBuildInput,
    ports: StepPorts,
    archive: Archive,
    clear: Clear,
  ): Promise<RequestedBuild | Refusal>;
  /** @throws E_BUILD_FAILED, E_BUILD_TIMEOUT */
  followBuild(
    input: { app: string; build: string; timeoutMs: number },
    ports: StepPorts,
  ): Promise<Built>;
  /** @throws E_RELEASE_FAILED, E_RELEASE_EXPIRED, E_RELEASE_TIMEOUT, E_RELEASE_COMMIT, E_RELEASE_NOT_CURRENT */
  awaitRelease(input: AwaitReleaseInput, ports: Ports): Promise<ShippedContent>;
  /** One more look that a release is what the app runs. @throws E_RELEASE_NOT_CURRENT */
  mustStillRun(shipped: Shipped, ports: Ports): Promise<void>;
  /** What code the app runs and who decided so. @param expected what it is thought to say; asked for where this process did not read it yet @throws E_NO_SLUG, E_RELEASES_*, E_LIST_CUT */
  readCode(app: string, ports: Ports, expected?: () => Promise<Expected | null>): Promise<AppCode>;
  /** What a slug or an image says that it was made of. */
  readContent(app: string, code: Code, ports: Ports): Promise<Content>;
  /** Whether the code ran in a release before that version. */
  ranBefore(app: string, which: { code: Code; version: number }, ports: Ports): Promise<boolean>;
  /** That what the one app runs can be promoted to the other. @throws E_GENERATIONS, E_NO_PIPELINE */
  mustReach(source: string, target: string, ports: Ports): Promise<void>;
  /**
   * Has exactly the given release promoted, once a deploy. `clear` as above.
   *
   * @throws E_GENERATIONS, E_NO_PIPELINE, E_PROMOTION_SOURCE
   */
  requestPromotion(
    input: RequestPromotionInput,
    ports: StepPorts,
    clear: Clear,
  ): Promise<RequestedPromotion | Refusal>;
  /** The id of the release that it made. @throws E_PROMOTION_FAILED, E_PROMOTION_PARTIAL, E_PROMOTION_TIMEOUT */
  followPromotion(input: FollowPromotionInput, ports: Ports): Promise<string>;
  /**
   * Takes the deploy's release back, once, to an earlier one of what is wanted.
   *
   * @throws E_NOTHING_TO_RESTORE, E_RESTORE_GONE, E_NO_SLUG; E_RELEASE_FAILED, E_RELEASE_TIMEOUT
   */
  rollBack(input: RollBackInput, ports: StepPorts): Promise<RolledBack | NotRolledBack>;
  /** Puts an earlier release back over `from`, once. Untouched: something else runs. @throws E_RESTORE_GONE; E_RELEASE_FAILED, E_RELEASE_TIMEOUT */
  rollBackTo(input: RollBackToInput, ports: StepPorts): Promise<RolledBack | NotRolledBack>;
  /** A release that came to run, by its id or its version, and what keeps it from running again; null: there is none. */
  findDecision(
    app: string,
    name: string | number,
    ports: Ports,
  ): Promise<(Decision & { readonly whyNot: string | null }) | null>;
  /** For how long from now dynos of an earlier release may answer beside those of this one, in milliseconds. */
  readOverlapMs(app: string, release: HerokuVersion, ports: Ports): Promise<number>;
  /** The deploy of ours that built what runs, by the idempotency key that its build carries; null: none is known. */
  buildKeyOf(
    code: Pick<CodeRelease, 'code' | 'description'> & { app: string },
    apps: readonly string[],
    ports: Ports,
  ): Promise<string | null>;
  /** Whose token it is: an e-mail address. */
  account(ports: Ports): Promise<string>;
  /** The builds and releases that are under way at the app now, and what comes of what was asked for. */
  pendingWork(
    app: string,
    asked: readonly AskedHere[],
    ports: Ports,
  ): Promise<readonly PendingWork[]>;
  /** All dynos, one-off ones included. */
  readDynos(app: string, ports: Ports): Promise<Dyno[]>;
  readFormation(app: string, ports: Ports): Promise<FormationType[]>;
  /** What a release runs, by its id or its version; null when it has no code. */
  readReleasedCode(app: string, release: string | number, ports: Ports): Promise<Code | null>;
}

export function createHeroku(options: HerokuOptions): Heroku {
  return new HerokuAccount(options);
}

class HerokuAccount implements Heroku {
  readonly #api: HerokuApi;
  readonly #couplings: Couplings;
  /** What each app said last. */
  readonly #seen = new Map<string, Expected>();
  /** The builds that this process asked for, by their ids, as Heroku answered with them. */
  readonly #made = new Map<string, HerokuBuild>();

  constructor(options: HerokuOptions) {
    this.#api = new HerokuApi(options);
    this.#couplings = new Couplings(this.#api);
  }

  requestBuild(
    input: RequestBuildInput,
    ports: StepPorts,
    archive: Archive,
  ): Promise<RequestedBuild>;
  requestBuild(
    input: RequestBuildInput,
    ports: StepPorts,
    archive: Archive,
    clear: Clear,
  ): Promise<RequestedBuild | Refusal>;
  requestBuild(input: RequestBuildInput, ports: StepPorts, archive: Archive, clear?: Clear) {
    const onMade = (build: HerokuBuild) => this.#made.set(build.id, build);
    return requestBuild(this.#api, input, ports, archive, clear, onMade);
  }

  followBuild(input: { app: string; build: string; timeoutMs: number }, ports: StepPorts) {
    return followBuild(this.#api, input, ports, this.#made.get(input.build));
  }

  awaitRelease(input: AwaitReleaseInput, ports: Ports) {
    return awaitRelease(this.#api, input, ports);
  }

  mustStillRun(shipped: Shipped, ports: Ports) {
    return mustStillRun(this.#api, shipped, ports);
  }

  async readCode(
    app: string,
    ports: Ports,
    expected: () => Promise<Expected | null> = async () => null,
  ) {
    const thought = this.#seen.get(app) ?? (await expected());
    const seen = await readCode(this.#api, app, ports, thought);
    this.#seen.set(app, { newest: seen.newest, code: seen.code?.code ?? null });
    return seen;
  }

  readContent(app: string, code: Code, ports: Ports) {
    return readContent(this.#api, app, code, ports);
  }

  async mustReach(source: string, target: string, ports: Ports) {
    await this.#couplings.read(source, target, ports);
  }

  ranBefore(app: string, which: { code: Code; version: number }, ports: Ports) {
    return ranBefore(this.#api, app, which, ports);
  }

  requestPromotion(input: RequestPromotionInput, ports: StepPorts, clear: Clear) {
    return requestPromotion(this.#api, this.#couplings, input, ports, clear);
  }

  followPromotion(input: FollowPromotionInput, ports: Ports) {
    return followPromotion(this.#api, this.#couplings, input, ports);
  }

  rollBack(input: RollBackInput, ports: StepPorts) {
    return rollBack(this.#api, input, ports);
  }

  rollBackTo(input: RollBackToInput, ports: StepPorts) {
    return rollBackTo(this.#api, input, ports);
  }

  findDecision(app: string, name: string | number, ports: Ports) {
    return findDecision(this.#api, app, name, ports);
  }

  readOverlapMs(app: string, release: HerokuVersion, ports: Ports) {
    return readOverlapMs(this.#api, app, release, ports);
  }

  buildKeyOf(
    code: Pick<CodeRelease, 'code' | 'description'> & { app: string },
    apps: readonly string[],
    ports: Ports,
  ) {
    return buildKeyOf(this.#api, code, apps, ports);
  }

  async account(ports: Ports) {
    return (await this.#api.get('/account', accountSchema, ports)).email;
  }

  pendingWork(app: string, asked: readonly AskedHere[], ports: Ports) {
    return pendingWork(this.#api, app, asked, ports);
  }

  readDynos(app: string, ports: Ports) {
    return readDynos(this.#api, app, ports);
  }

  readFormation(app: string, ports: Ports) {
    return readFormation(this.#api, app, ports);
  }

  readReleasedCode(app: string, release: string | number, ports: Ports) {
    return readReleasedCode(this.#api, app, release, ports);
  }
}
