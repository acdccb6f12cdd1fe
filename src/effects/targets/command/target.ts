/** A place that a team's own programs serve, as a target. */
import type { Artifact, Release, TargetSettings } from '../../../machine/events.ts';
import type {
  InstancesInput,
  Refusal,
  ServiceInput,
  ServiceOutput,
} from '../../../machine/services.ts';
import type { Ports, StepPorts } from '../../ports.ts';
import {
  type AskedHere,
  type Hints,
  type InstanceWatch,
  isSameArtifact,
  type Observed,
  type RanRelease,
  type Restored,
  type RestoreInput,
  type RollBackInput,
  type Running,
  type Submission,
  type Target,
  type Targets,
  type UnderWay,
} from '../target.ts';
import { type Begun, follow, submit } from './deploy.ts';
import { Host } from './host.ts';
import { ProgramWatch } from './instances.ts';
import { isShareKey } from './keys.ts';
import type { Programs } from './program.ts';
import { ageMsOf, artifactOf, decisionOf, ReleaseList } from './releases.ts';
import { restore, rollBack } from './restore.ts';
import { awaitRelease, mustStillRun, pendingOf } from './running.ts';

/** Every place whose programs are started in one way. */
export function commandTargets(programs: Programs): Targets {
  const begun: Begun = new Map();
  return (settings) => new CommandTarget(new Host(programs, settings), begun);
}

class CommandTarget implements Target {
  readonly settings: TargetSettings;
  readonly hints: Hints;
  readonly isReadable: boolean;
  readonly #host: Host;
  readonly #begun: Begun;

  constructor(host: Host, begun: Begun) {
    this.#host = host;
    this.#begun = begun;
    this.settings = host.settings;
    this.isReadable = host.canList;
    this.hints = hintsOf(host);
  }

  async observe(ports: Ports): Promise<Observed> {
    const list = await this.#host.list(ports);
    this.#mustBeNoShare(list);
    return list.observed();
  }

  /**
   * Production may be the very place of which its canary is a share: then the commit would be found there, as if all of
   * production ran it. @throws CommandError E_PROGRAM_ANSWER
   */
  #mustBeNoShare({ decided }: ReleaseList): void {
    const { environment } = this.#host.commands;
    if (environment === 'canary' || decided?.key == null || !isShareKey(decided.key)) return;
    throw this.#host.wrong(
      'current',
      `it tells the canary’s share, release ${decided.id} of the key ${decided.key}, for what ${environment} runs: it has to tell what the rest of the traffic gets`,
    );
  }

  async namedCommit(artifact: Artifact, ports: Ports): Promise<string | null> {
    if (!this.#host.canList) return artifact.commit;
    const { releases } = await this.#host.list(ports);
    return releases.find((one) => isSameArtifact(artifactOf(one), artifact))?.commit ?? null;
  }

  /** What an artifact is, its programs alone know. */
  async mustBeGivenBy(): Promise<void> {}

  async ranBefore(artifact: Artifact, release: Release, ports: Ports): Promise<boolean> {
    const list = await this.#host.list(ports);
    const line = list.find(release.id);
    return line === null ? list.ran(artifact, { number: Infinity }) : list.ran(artifact, line);
  }

  submit(submission: Submission, ports: StepPorts): Promise<ServiceOutput<'submit'> | Refusal> {
    return submit(this.#host, this.#begun, submission, ports);
  }

  follow(
    input: Omit<ServiceInput<'follow'>, 'target'>,
    ports: StepPorts,
  ): Promise<ServiceOutput<'follow'>> {
    return follow(this.#host, this.#begun, input, ports);
  }

  awaitRelease(
    input: Omit<ServiceInput<'awaitRelease'>, 'target'>,
    ports: Ports,
  ): Promise<ServiceOutput<'awaitRelease'>> {
    return awaitRelease(this.#host, input, ports);
  }

  watch(input: Omit<InstancesInput, 'target'>, ports: Ports): InstanceWatch {
    return new ProgramWatch(this.#host, input, ports);
  }

  mustStillRun(shipped: { release: Release; artifact: Artifact }, ports: Ports): Promise<void> {
    return mustStillRun(this.#host, shipped, ports);
  }

  /** A program that deploys ends when what ran before answers no more. */
  async overlapMs(): Promise<number> {
    return 0;
  }

  async keyOf(
    running: Running,
    _: readonly TargetSettings[],
    ports: Ports,
  ): Promise<string | null> {
    if (!this.#host.canList) return null;
    const line = (await this.#host.list(ports)).find(running.release.id);
    return line === null ? null : ReleaseList.submissionOf(line);
  }

  restore(input: RestoreInput, ports: StepPorts): Promise<Restored> {
    return restore(this.#host, input, ports);
  }

  async findRelease(name: string, ports: Ports): Promise<RanRelease | null> {
    if (!this.#host.canList) return null;
    const { releases } = await this.#host.list(ports);
    const ran = releases.filter(({ state }) => state === 'running' || state === 'earlier');
    const found = ran.find((one) => [one.id, one.version].includes(name));
    if (found === undefined) return null;
    return { ...decisionOf(found), whyNot: found.gone ? 'is not kept any more' : null };
  }

  rollBack(input: RollBackInput, ports: StepPorts): Promise<Restored> {
    return rollBack(this.#host, input, ports);
  }

  async underWay(asked: readonly AskedHere[], ports: Ports): Promise<readonly UnderWay[]> {
    if (!this.#host.canList) return [];
    const list = await this.#host.list(ports);
    const named = (what: string) => (one: { id: string; ageSeconds?: number | undefined }) => ({
      name: `${what} ${one.id}`,
      ageMs: ageMsOf(one),
      isSeen: true,
    });
    const unseen = asked
      .map(({ work, release }) => (release === null ? work : { kind: 'release', id: release }))
      .filter((what) => list.madeOf(what) === null && !list.isUnderWay(what))
      .map(({ kind, id }) => ({ name: `${kind} ${id}`, ageMs: 0, isSeen: false }));
    return [...list.work.map(named('work')), ...pendingOf(list).map(named('release')), ...unseen];
  }
}

function hintsOf(host: Host): Hints {
  const look = host.shown('current');
  return {
    releases: look,
    release: () => look,
    logs: 'its logs at the host',
    instances: host.shown(host.commands.health === null ? 'current' : 'health'),
    goBack: null,
    verifyKey: 'instances',
  };
}
