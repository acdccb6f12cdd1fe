/** An app at Heroku as a target: slugs and images are its artifacts, builds and promotions its work, dynos its instances. */

import type { Artifact, Release, TargetSettings } from '../../../machine/events.ts';
import type {
  InstancesInput,
  Refusal,
  ServiceInput,
  ServiceOutput,
} from '../../../machine/services.ts';
import type { Ports, StepPorts } from '../../ports.ts';
import type {
  AskedHere,
  Decision,
  Expected,
  Hints,
  InstanceWatch,
  Observed,
  RanRelease,
  Restored,
  RestoreInput,
  RollBackInput,
  Running,
  Submission,
  Submitted,
  Target,
  Targets,
  UnderWay,
} from '../target.ts';
import { config } from './config.ts';
import { DynoWatch } from './dyno-watch.ts';
import { HerokuError } from './error-codes.ts';
import type { CodeRelease, Heroku, Decision as HerokuDecision } from './heroku.ts';
import type { NotRolledBack, RolledBack } from './rollbacks.ts';
import type { Code } from './schemas.ts';
import { heroku } from './vendor.ts';

const kind = heroku.id;

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

  async observe(
    ports: Ports,
    expected: () => Promise<Expected | null> = async () => null,
  ): Promise<Observed> {
    const thought = async () => thoughtOf(await expected());
    const seen = await this.#heroku.readCode(this.#app, ports, thought);
    const { newest, code, before, failed, pending } = seen;
    const [underWay] = pending;
    return {
      cursor: String(newest),
      running: code === null ? null : runningOf(code),
      before: before === null ? null : decisionOf(before),
      failed: failed.map((one) => decisionOf(one)),
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

  async namedCommit(artifact: Artifact, ports: Ports): Promise<string | null> {
    return (await this.#heroku.readContent(this.#app, codeOf(artifact), ports)).named;
  }

  async mustBeGivenBy(source: TargetSettings, ports: Ports): Promise<void> {
    if (source.kind !== kind) throw foreign(source.kind);
    await this.#heroku.mustReach(source.name, this.#app, ports);
  }

  ranBefore(artifact: Artifact, release: Release, ports: Ports): Promise<boolean> {
    const which = { code: codeOf(artifact), version: numberOf(release) };
    return this.#heroku.ranBefore(this.#app, which, ports);
  }

  async submit(
    { verified, commit, key, cursor, timeoutMs, archive, clear }: Submission,
    ports: StepPorts,
  ): Promise<Submitted | Refusal> {
    if (verified === null) {
      const input = { app: this.#app, commit, key, timeoutMs };
      const asked = await this.#heroku.requestBuild(input, ports, archive, clear);
      if (asked.kind !== 'requested') return asked;
      return {
        kind: 'submitted',
        work: { kind: 'build', id: asked.build },
        adopted: asked.adopted,
      };
    }
    const { artifact, release, at } = verified;
    if (at.kind !== kind) throw foreign(at.kind);
    const input = {
      source: { app: at.name, release: { id: release.id, version: numberOf(release) } },
      target: { app: this.#app },
      code: codeOf(artifact),
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
      const { release, code } = await this.#heroku.followBuild(
        { app, build: work.id, timeoutMs },
        ports,
      );
      return { kind: 'released', release, artifact: artifactOf(code) };
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
    const { digest: expected } = artifact;
    const code = codeOf(artifact);
    const input = { app: this.#app, release: id, commit, code, digest: expected, timeoutMs };
    const { release, digest, code: runs } = await this.#heroku.awaitRelease(input, ports);
    return {
      kind: 'deployed',
      release: { id: release.id, version: versionOf(release.version) },
      artifact: { ...artifactOf(runs, { digest }), commit },
    };
  }

  watch({ release, ...input }: Omit<InstancesInput, 'target'>, ports: Ports): InstanceWatch {
    const { id } = release;
    const watched = { ...input, app: this.#app, release: { id, version: numberOf(release) } };
    const watch = new DynoWatch(this.#heroku, watched, ports);
    return {
      look: async (wantedMaxAgeMs) => {
        const { up, missing } = await watch.look(wantedMaxAgeMs);
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
    return this.#heroku.mustStillRun({ ...shipped, code: codeOf(artifact) }, ports);
  }

  overlapMs(release: Release, ports: Ports): Promise<number> {
    const which = { id: release.id, version: numberOf(release) };
    return this.#heroku.readOverlapMs(this.#app, which, ports);
  }

  keyOf(
    { artifact, description }: Running,
    places: readonly TargetSettings[],
    ports: Ports,
  ): Promise<string | null> {
    const apps = places.filter((place) => place.kind === kind).map(({ name }) => name);
    const running = { app: this.#app, code: codeOf(artifact), description };
    return this.#heroku.buildKeyOf(running, apps, ports);
  }

  async restore({ key, to, timeoutMs }: RestoreInput, ports: StepPorts): Promise<Restored> {
    const input = { app: this.#app, key, to, timeoutMs };
    return restoredOf(await this.#heroku.rollBack(input, ports));
  }

  async findRelease(name: string, ports: Ports): Promise<RanRelease | null> {
    const digits = /^v?(\d+)$/.exec(name)?.[1];
    const found = await this.#heroku.findDecision(
      this.#app,
      digits === undefined ? name : Number(digits),
      ports,
    );
    if (found === null) return null;
    const { code, whyNot } = found;
    if (code === null) return { ...decisionOf(found), whyNot };
    const content = await this.#heroku.readContent(this.#app, code, ports);
    const commit = /^[0-9a-f]{40}$/.test(content.named ?? '') ? content.named : null;
    const artifact = artifactOf(code, { commit, digest: content.digest });
    return { ...decisionOf(found), artifact, whyNot };
  }

  async rollBack(input: RollBackInput, ports: StepPorts): Promise<Restored> {
    const of = (release: Release) => ({ id: release.id, version: numberOf(release) });
    const made = await this.#heroku.rollBackTo(
      {
        ...{ app: this.#app, from: of(input.from), to: of(input.to), timeoutMs: input.timeoutMs },
        onMade: ({ id, version }) => input.onMade({ id, version: versionOf(version) }),
      },
      ports,
    );
    return restoredOf(made);
  }

  async underWay(asked: readonly AskedHere[], ports: Ports): Promise<readonly UnderWay[]> {
    const pending = await this.#heroku.pendingWork(this.#app, asked, ports);
    return pending.map(({ kind: what, name, ...seen }) => ({ name: `${what} ${name}`, ...seen }));
  }
}

function restoredOf(made: RolledBack | NotRolledBack): Restored {
  if (made.kind === 'untouched') return made;
  const { release, code, commit, digest } = made;
  return {
    kind: 'restored',
    release: { id: release.id, version: versionOf(release.version) },
    artifact: artifactOf(code, { commit, digest }),
  };
}

function hintsOf(app: string): Hints {
  return {
    releases: `heroku releases -a ${app}`,
    release: (version) => `heroku releases:info ${version} -a ${app}`,
    logs: `heroku logs -a ${app} -n 200`,
    instances: `heroku ps -a ${app}`,
    goBack: (version) => `heroku rollback ${version === null ? '' : `${version} `}-a ${app}`,
    verifyKey: config.verify.instances,
  };
}

function runningOf(decided: CodeRelease): Running {
  const { named, code, ...content } = decided;
  return { ...decisionOf(decided), artifact: artifactOf(code, content), named };
}

function decisionOf({ release, code, description, by, at, kind: says }: HerokuDecision): Decision {
  return {
    release: { id: release.id, version: versionOf(release.version) },
    artifact: code === null ? null : artifactOf(code),
    description,
    by,
    at,
    isRollback: says === 'rollback',
  };
}

/** What is not looked up is null; a slug has no digest that a release names too. */
const artifactOf = (
  { kind: made, id }: Code,
  { digest = null, commit = null }: Partial<Pick<Artifact, 'digest' | 'commit'>> = {},
): Artifact => ({ kind: made, id, digest, commit });

/** @throws E_ARTIFACT_FOREIGN it was made by another kind of target */
function codeOf(artifact: Artifact): Code {
  const code = codeIn(artifact);
  if (code === null) throw foreign(artifact.kind);
  return code;
}

/** Null: it is none of Heroku's. */
const codeIn = ({ kind: made, id }: Pick<Artifact, 'kind' | 'id'>): Code | null =>
  made === 'slug' || made === 'image' ? { kind: made, id } : null;

function foreign(made: string): HerokuError {
  return new HerokuError('E_ARTIFACT_FOREIGN', `Heroku cannot release what ${made} made`, {
    hint: 'Staging and production have to be of one kind of target where production is given what staging verified.',
    details: { kind: made },
  });
}

/** That release is thought to be the newest, too. Null: it is none of Heroku's. */
function thoughtOf(expected: Expected | null) {
  if (expected === null) return null;
  const { release, artifact } = expected;
  const digits = /^v(\d+)$/.exec(release.version)?.[1];
  const code = codeIn(artifact);
  if (digits === undefined || code === null) return null;
  return { newest: Number(digits), code, commit: artifact.commit };
}

const versionOf = (version: number): string => `v${version}`;

function numberOf({ version }: Release): number {
  const digits = /^v(\d+)$/.exec(version)?.[1];
  if (digits === undefined) throw new Error(`${version} is no version of a Heroku release`);
  return Number(digits);
}
