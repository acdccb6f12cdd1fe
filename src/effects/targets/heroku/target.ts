/** An app at Heroku as a target: slugs are its artifacts, builds and promotions its work, dynos its instances. */

import type { Artifact, Release, TargetSettings } from '../../../machine/events.ts';
import type {
  InstancesInput,
  Refusal,
  ServiceInput,
  ServiceOutput,
} from '../../../machine/services.ts';
import { ageOf } from '../../http/vendor-clock.ts';
import type { Ports, StepPorts } from '../../ports.ts';
import type {
  Decision,
  Hints,
  InstanceWatch,
  Observed,
  Restored,
  RestoreInput,
  Running,
  Submission,
  Target,
  Targets,
  UnderWay,
} from '../target.ts';
import { config } from './config.ts';
import { DynoWatch } from './dyno-watch.ts';
import { HerokuError } from './error-codes.ts';
import type { CodeRelease, Heroku, Decision as HerokuDecision } from './heroku.ts';
import { heroku } from './vendor.ts';

const kind = heroku.id;

/** With preboot the old dynos answer until three minutes after the release (Heroku's Preboot article). */
const prebootWindowMs = 3 * 60_000;
/** Their end is not to the second. */
const prebootMarginMs = 10_000;

/** Every app that one account may deploy to. */
export const herokuTargets =
  (heroku: Heroku): Targets =>
  (settings) =>
    new HerokuTarget(heroku, settings);

class HerokuTarget implements Target {
  readonly settings: TargetSettings;
  readonly hints: Hints;
  readonly isReadable = true;
  readonly #heroku: Heroku;
  readonly #app: string;

  constructor(heroku: Heroku, settings: TargetSettings) {
    this.#heroku = heroku;
    this.settings = settings;
    this.#app = settings.name;
    this.hints = hintsOf(settings.name);
  }

  async observe(ports: Ports): Promise<Observed> {
    const { newest, code, before, failed, pending } = await this.#heroku.readCode(this.#app, ports);
    const [underWay] = pending;
    return {
      cursor: String(newest),
      running: code === null ? null : runningOf(code),
      before: before === null ? null : decisionOf(before, null),
      failed: failed.map((one) => decisionOf(one, null)),
      pending:
        underWay === undefined
          ? null
          : {
              release: { id: underWay.id, version: versionOf(underWay.version) },
              description: underWay.description,
              ageMs: underWay.ageMs,
            },
    };
  }

  namedCommit(artifact: Artifact, ports: Ports): Promise<string | null> {
    return this.#heroku.namedCommit(this.#app, slugOf(artifact), ports);
  }

  ranBefore(artifact: Artifact, release: Release, ports: Ports): Promise<boolean> {
    const which = { slug: slugOf(artifact), version: numberOf(release) };
    return this.#heroku.ranBefore(this.#app, which, ports);
  }

  async submit(
    { verified, commit, key, cursor, timeoutMs, archive, clear }: Submission,
    ports: StepPorts,
  ): Promise<ServiceOutput<'submit'> | Refusal> {
    if (verified === null) {
      const input = { app: this.#app, commit, mark: key, timeoutMs };
      const asked = await this.#heroku.requestBuild(input, ports, archive, clear);
      if (asked.kind !== 'requested') return asked;
      return {
        kind: 'submitted',
        work: { kind: 'build', id: asked.build },
        adopted: asked.adopted,
      };
    }
    const { artifact, release, at } = verified;
    const input = {
      source: { app: at.name, release: { id: release.id, version: numberOf(release) } },
      target: { app: this.#app },
      slug: slugOf(artifact),
      after: cursor === null ? 0 : Number(cursor),
    };
    const asked = await this.#heroku.requestPromotion(input, ports, clear);
    if (asked.kind !== 'requested') return asked;
    return { kind: 'submitted', work: asked.work, adopted: asked.adopted };
  }

  async follow(
    { work, timeoutMs }: Omit<ServiceInput<'follow'>, 'target'>,
    ports: StepPorts,
  ): Promise<ServiceOutput<'follow'>> {
    const app = this.#app;
    if (work.kind === 'build') {
      const { release, slug } = await this.#heroku.followBuild(
        { app, build: work.id, timeoutMs },
        ports,
      );
      return { kind: 'released', release, artifact: artifactOf(slug, null) };
    }
    // There is no list of promotions: of one that an earlier try asked for, only the release is found.
    if (work.kind === 'release') return { kind: 'released', release: work.id, artifact: null };
    const input = { target: { app }, promotion: work.id, timeoutMs };
    return {
      kind: 'released',
      release: await this.#heroku.followPromotion(input, ports),
      artifact: null,
    };
  }

  async awaitRelease(
    { release: id, commit, artifact, timeoutMs }: Omit<ServiceInput<'awaitRelease'>, 'target'>,
    ports: Ports,
  ): Promise<ServiceOutput<'awaitRelease'>> {
    const input = { app: this.#app, release: id, commit, slug: slugOf(artifact), timeoutMs };
    const { release, slug } = await this.#heroku.awaitRelease(input, ports);
    return {
      kind: 'deployed',
      release: { id: release.id, version: versionOf(release.version) },
      artifact: { ...artifactOf(slug, null), commit },
    };
  }

  watch({ release, ...input }: Omit<InstancesInput, 'target'>, ports: Ports): InstanceWatch {
    const { id } = release;
    const watched = { ...input, app: this.#app, release: { id, version: numberOf(release) } };
    const watch = new DynoWatch(this.#heroku, watched, ports);
    return {
      look: async () => {
        const { up, missing } = await watch.look();
        return {
          up: up.map(({ version, ...dyno }) => ({ ...dyno, version: versionOf(version) })),
          missing,
        };
      },
    };
  }

  mustStillRun(
    { release, artifact }: { release: Release; artifact: Artifact },
    ports: Ports,
  ): Promise<void> {
    const { id } = release;
    const shipped = { app: this.#app, release: { id, version: numberOf(release) } };
    return this.#heroku.mustStillRun({ ...shipped, slug: slugOf(artifact) }, ports);
  }

  async overlapMs({ id }: Release, ports: Ports): Promise<number> {
    const { enabled, releasedAt } = await this.#heroku.readPreboot(this.#app, id, ports);
    if (!enabled) return 0;
    // By Heroku's own clock; where that is not known, the whole of it.
    const age = ageOf(releasedAt, heroku, ports);
    return Math.max(0, prebootWindowMs + prebootMarginMs - (age?.atLeastMs ?? 0));
  }

  keyOf(
    { artifact, description }: Running,
    places: readonly TargetSettings[],
    ports: Ports,
  ): Promise<string | null> {
    const apps = places.filter((place) => place.kind === kind).map(({ name }) => name);
    return this.#heroku.buildMarkOf({ slug: slugOf(artifact), description }, apps, ports);
  }

  async restore({ key, timeoutMs }: RestoreInput, ports: StepPorts): Promise<Restored> {
    const input = { app: this.#app, mark: key, timeoutMs };
    const made = await this.#heroku.rollBack(input, ports);
    if (made === null) return { kind: 'untouched' };
    const { release, slug, commit } = made;
    return {
      kind: 'restored',
      release: { id: release.id, version: versionOf(release.version) },
      artifact: artifactOf(slug, commit),
    };
  }

  async underWay(ports: Ports): Promise<readonly UnderWay[]> {
    const pending = await this.#heroku.pendingWork(this.#app, ports);
    return pending.map(({ kind: what, name, ageMs }) => ({ name: `${what} ${name}`, ageMs }));
  }
}

function hintsOf(app: string): Hints {
  return {
    releases: `heroku releases -a ${app}`,
    release: (version) => `heroku releases:info ${version} -a ${app}`,
    logs: `heroku logs -a ${app} -n 200`,
    instances: `heroku ps -a ${app}`,
    verifyKey: config.verify.instances,
  };
}

function runningOf(code: CodeRelease): Running {
  const { named, commit, slug } = code;
  return { ...decisionOf(code, commit), artifact: artifactOf(slug, commit), named };
}

function decisionOf(
  { release, slug, description, by, at, kind: says }: HerokuDecision,
  commit: string | null,
): Decision {
  return {
    release: { id: release.id, version: versionOf(release.version) },
    artifact: slug === null ? null : artifactOf(slug, commit),
    description,
    by,
    at,
    isRollback: says === 'rollback',
  };
}

/** Slugs have no digest that a release names too. */
const artifactOf = (slug: string, commit: string | null): Artifact => ({
  kind: 'slug',
  id: slug,
  digest: null,
  commit,
});

/** @throws E_ARTIFACT_FOREIGN it was made by another kind of target */
function slugOf({ kind: made, id }: Artifact): string {
  if (made === 'slug') return id;
  throw new HerokuError('E_ARTIFACT_FOREIGN', `Heroku cannot release an artifact of kind ${made}`, {
    hint: 'Staging and production have to be of one kind of target where production is given what staging verified.',
    details: { kind: made, id },
  });
}

const versionOf = (version: number): string => `v${version}`;

function numberOf({ version }: Release): number {
  const digits = /^v(\d+)$/.exec(version)?.[1];
  if (digits === undefined) throw new Error(`${version} is no version of a Heroku release`);
  return Number(digits);
}
