/** Looks at the instances of a place: who is up on a release, who is missing, who crashed. */
import { LockstepError } from '../../../errors/error.ts';
import type { Artifact, Release } from '../../../machine/events.ts';
import type { Ports } from '../../ports.ts';
import { type InstancesSeen, type InstanceWatch, isSameArtifact } from '../target.ts';
import type { Answer } from './call.ts';
import { releaseNotCurrent } from './errors.ts';
import type { Host } from './host.ts';
import type { InstanceLine } from './protocol.ts';
import { artifactOf } from './releases.ts';

/** That none are wanted is believed after so long: right after a release it may be told too early. */
const noneWantedMs = 30_000;

export interface WatchInput {
  readonly release: Release;
  readonly artifact: Artifact;
  readonly timeoutMs: number;
  /** A place where none are wanted counts as up: a person said so. */
  readonly mayHaveNone: boolean;
}

/** Instances of a later release of the same artifact count as those of this one. */
export class ProgramWatch implements InstanceWatch {
  readonly #host: Host;
  readonly #input: WatchInput;
  readonly #ports: Ports;
  /** By their ids: whether instances of that release count. */
  readonly #counts = new Map<string, boolean>();
  #noneSince: number | null = null;

  constructor(host: Host, input: WatchInput, ports: Ports) {
    this.#host = host;
    this.#input = input;
    this.#ports = ports;
    this.#counts.set(input.release.id, true);
  }

  async look(): Promise<InstancesSeen> {
    const lines = await this.#host.health(this.#input.release.id, this.#ports);
    if (lines === null) return { up: [], missing: '' };
    const { all, wanted } = this.#listed(lines);
    if (wanted === 0) return this.#ofNone();
    this.#noneSince = null;
    const ours: InstanceLine[] = [];
    for (const one of all) if (await this.#isOurs(one)) ours.push(one);
    const crashed = ours.find(({ state }) => state === 'crashed');
    if (crashed !== undefined) throw this.#crashed(crashed);
    const up = distinct(ours.filter(({ state }) => state === 'up'));
    const others = all.filter(({ name }) => !up.some((one) => one.name === name));
    const inBrackets = others.map(({ name, state, release }) => `${name} ${state} on ${release}`);
    return {
      up: up.map(({ name, release, life }) => ({ name, life, version: this.#versionOf(release) })),
      missing:
        up.length >= wanted
          ? ''
          : `${up.length} of ${wanted}${inBrackets.length === 0 ? '' : ` (${inBrackets.join(', ')})`}`,
    };
  }

  #listed(lines: readonly Answer<'health'>[]): { all: readonly InstanceLine[]; wanted: number } {
    const end = lines.at(-1);
    const all = lines.filter((line) => line.type === 'instance');
    if (end?.type !== 'end') throw this.#host.wrong('health', 'its list has no `end` line');
    if (lines.length !== all.length + 1 || all.length !== end.instances) {
      throw this.#host.wrong(
        'health',
        `has ${all.length} \`instance\` lines before one end that says ${end.instances}`,
      );
    }
    const up = all.filter(({ state }) => state === 'up').length;
    if (up !== end.up) {
      throw this.#host.wrong('health', `${up} instances are up, but its end says ${end.up}`);
    }
    return { all, wanted: end.wanted };
  }

  #ofNone(): InstancesSeen {
    const { mayHaveNone, timeoutMs } = this.#input;
    if (mayHaveNone) return { up: [], missing: '' };
    const now = this.#ports.clock.ran();
    this.#noneSince ??= now;
    if (now - this.#noneSince >= Math.min(noneWantedMs, timeoutMs / 2)) throw this.#none();
    return { up: [], missing: 'none are wanted' };
  }

  /** @throws LockstepError E_RELEASE_NOT_CURRENT it runs other code that was released later */
  async #isOurs({ release: id, name }: InstanceLine): Promise<boolean> {
    const known = this.#counts.get(id);
    if (known !== undefined) return known;
    if (!this.#host.canList) return false;
    const list = await this.#host.list(this.#ports);
    const [theirs, ours] = [list.find(id), list.find(this.#input.release.id)];
    if (theirs === null || ours === null) {
      // Of a list that is cut, what is missing is old.
      if (!list.isWhole && ours !== null) return false;
      const unlisted =
        theirs === null
          ? `${name} runs release ${id}, which is not listed`
          : `it tells of release ${this.#input.release.id}, which is not listed`;
      throw this.#host.wrong('health', unlisted);
    }
    if (theirs.number < ours.number) {
      this.#counts.set(id, false);
      return false;
    }
    if (!isSameArtifact(artifactOf(theirs), this.#input.artifact)) {
      throw releaseNotCurrent(this.#host, this.#input.release, `${name} is on ${id}`);
    }
    this.#counts.set(id, true);
    return true;
  }

  #versionOf(release: string): string {
    return release === this.#input.release.id ? this.#input.release.version : release;
  }

  #crashed({ name }: InstanceLine): LockstepError {
    const { version } = this.#input.release;
    const target = this.#host.name;
    return new LockstepError('E_INSTANCE_CRASHED', `${target}: ${name} crashed on ${version}`, {
      hint: 'See why, in its log at the host.',
      details: { target, instance: name, version },
    });
  }

  #none(): LockstepError {
    const target = this.#host.name;
    return new LockstepError('E_NO_INSTANCES', `${target} wants no instances`, {
      hint: `${this.#host.shown('health')} says so. Where it is meant to have none, say verify: { waive: [no-instances] } in pipeline.yml.`,
      details: { target },
    });
  }
}

/** One that is listed twice is one. */
function distinct(instances: readonly InstanceLine[]): InstanceLine[] {
  return [...new Map(instances.map((one) => [one.name, one])).values()];
}
