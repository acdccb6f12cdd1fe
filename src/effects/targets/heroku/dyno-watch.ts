/** Looks at an app's dynos: who of its formation is up on a release, who is missing, who crashed. */
import { LockstepError } from '../../../errors/error.ts';
import type { Ports } from '../../ports.ts';
import { isSameCode } from './artifacts.ts';
import type { HerokuVersion } from './code.ts';
import type { Heroku } from './heroku.ts';
import type { Code, Dyno, FormationType } from './schemas.ts';

/** Not of the formation: one-off dynos, the release phase. */
const passing = ['run', 'release'];
/** `idle` is an eco dyno that fell asleep for want of traffic: it came up before. */
const upStates = ['up', 'idle'];
/** A formation that asks for nothing is believed after so long: after an app's first release it may lag. */
const emptyFormationMs = 30_000;

export interface DynosInput {
  readonly app: string;
  readonly release: HerokuVersion;
  readonly timeoutMs: number;
  /** An app whose formation asks for no dynos counts as up: a person said so. */
  readonly mayHaveNone: boolean;
}

export interface UpDyno {
  readonly name: string;
  /** Of the release that it runs. */
  readonly version: number;
  /** Another one after each restart: the dyno's id, and since when it is in its state. */
  readonly life: string;
}

export interface Look {
  /** Those of the formation that are up on the release, each once. */
  readonly up: readonly UpDyno[];
  /** What is not up yet, in words; empty when nothing is missing. */
  readonly missing: string;
}

/**
 * Up means: of each process type as many dynos as the formation wants, on the release. Dynos of
 * releases before it are tolerated beside those (with preboot they go on answering for a while).
 * Dynos of a later release count when it runs the same code, as after a config change; with other
 * code this release is not what runs any more, and that is a failure.
 */
export class DynoWatch {
  readonly #heroku: Heroku;
  readonly #input: DynosInput;
  readonly #ports: Ports;
  /** By release, an id or a version: what a release runs never changes. */
  readonly #codes = new Map<string | number, Code | null>();
  #emptySince: number | null = null;
  /** Of each process type as many, and when that was asked. */
  #wanted: { readonly at: number; readonly types: ReadonlyMap<string, number> } | null = null;

  constructor(heroku: Heroku, input: DynosInput, ports: Ports) {
    this.#heroku = heroku;
    this.#input = input;
    this.#ports = ports;
  }

  /**
   * @param wantedMaxAgeMs how old the formation may be
   * @throws E_INSTANCE_CRASHED; E_NO_INSTANCES the formation asks for none; E_RELEASE_NOT_CURRENT
   */
  async look(wantedMaxAgeMs = 0): Promise<Look> {
    const { app } = this.#input;
    const [wanted, all] = await Promise.all([
      this.#wantedTypes(wantedMaxAgeMs),
      this.#heroku.readDynos(app, this.#ports),
    ]);
    if (wanted.size === 0) return this.#ofNone();
    this.#emptySince = null;
    const dynos = all.filter((dyno) => dyno.app.name === app && isOfFormation(dyno, wanted));
    const ours = await this.#onRelease(dynos);
    const crashed = ours.find(({ state }) => state === 'crashed');
    if (crashed !== undefined) throw dynoCrashed(app, crashed.name, crashed.release.version);
    const upNow = distinct(ours.filter(({ state }) => upStates.includes(state)));
    const missing = [...wanted].flatMap(([type, quantity]) => {
      const count = upNow.filter((dyno) => dyno.type === type).length;
      if (count >= quantity) return [];
      const others = dynos.filter(
        (dyno) => dyno.type === type && !upNow.some(({ name }) => name === dyno.name),
      );
      return [`${type}: ${count} of ${quantity}${inBrackets(others)}`];
    });
    return {
      up: upNow.map(({ id, name, release, updated_at }) => ({
        name,
        version: release.version,
        life: `${id} ${updated_at}`,
      })),
      missing: missing.join(', '),
    };
  }

  async #wantedTypes(maxAgeMs: number): Promise<ReadonlyMap<string, number>> {
    const at = this.#ports.clock.ran();
    const known = this.#wanted;
    if (known !== null && at - known.at < maxAgeMs) return known.types;
    const types = wantedOf(await this.#heroku.readFormation(this.#input.app, this.#ports));
    // That it asks for nothing may be told too early.
    this.#wanted = types.size === 0 ? null : { at, types };
    return types;
  }

  #ofNone(): Look {
    const { app, mayHaveNone, timeoutMs } = this.#input;
    if (mayHaveNone) return { up: [], missing: '' };
    const now = this.#ports.clock.ran();
    this.#emptySince ??= now;
    if (now - this.#emptySince >= Math.min(emptyFormationMs, timeoutMs / 2)) throw noDynos(app);
    return { up: [], missing: 'its formation asks for no dynos' };
  }

  /** The dynos on the release, or on a later one of the same code. */
  async #onRelease(dynos: readonly Dyno[]): Promise<ReleasedDyno[]> {
    const { app, release } = this.#input;
    const ours: ReleasedDyno[] = [];
    for (const dyno of dynos) {
      if (dyno.release === null || dyno.release.version < release.version) continue;
      const { version } = dyno.release;
      const isOther =
        version > release.version &&
        !isSameCode(await this.#codeOf(version), await this.#codeOf(release.id));
      if (isOther) throw otherCode(app, release.version, dyno.name, version);
      ours.push({ ...dyno, release: { version } });
    }
    return ours;
  }

  async #codeOf(release: string | number): Promise<Code | null> {
    const known = this.#codes.get(release);
    if (known !== undefined) return known;
    const code = await this.#heroku.readReleasedCode(this.#input.app, release, this.#ports);
    this.#codes.set(release, code);
    return code;
  }
}

interface ReleasedDyno extends Dyno {
  release: { version: number };
}

/**
 * A dyno of Heroku Scheduler has the type `scheduler` too, also where an app has a process type of that
 * name: on Cedar its number is a large one (`scheduler.3472`), and a formation counts from 1. On Fir
 * dynos have no numbers (`web-848cd4f64d-pvpr2`): there the type is all that tells.
 */
function isOfFormation({ type, name }: Dyno, wanted: ReadonlyMap<string, number>): boolean {
  const quantity = wanted.get(type);
  if (quantity === undefined || type !== 'scheduler') return quantity !== undefined;
  const number = /\.(\d+)$/.exec(name)?.[1];
  return number === undefined || Number(number) <= quantity;
}

/** How many dynos of each process type; a type that is listed twice is wanted as often as the larger says. */
function wantedOf(formation: readonly FormationType[]): Map<string, number> {
  const wanted = new Map<string, number>();
  for (const { type, quantity } of formation) {
    if (quantity === 0 || passing.includes(type)) continue;
    wanted.set(type, Math.max(quantity, wanted.get(type) ?? 0));
  }
  return wanted;
}

/** A dyno that is listed twice, by its id or by its name, is one. */
function distinct(dynos: readonly ReleasedDyno[]): ReleasedDyno[] {
  const seen = new Set<string>();
  return dynos.filter(({ id, name }) => {
    if (seen.has(`id ${id}`) || seen.has(`name ${name}`)) return false;
    seen.add(`id ${id}`).add(`name ${name}`);
    return true;
  });
}

/** ` (web.2 starting, web.1 up on v41)`. */
function inBrackets(dynos: readonly Dyno[]): string {
  if (dynos.length === 0) return '';
  const words = dynos.map(({ name, state, release }) => {
    const version = release === null ? 'no release' : `v${release.version}`;
    return `${name} ${state} on ${version}`;
  });
  return ` (${words.join(', ')})`;
}

function dynoCrashed(app: string, name: string, version: number): LockstepError {
  return new LockstepError('E_INSTANCE_CRASHED', `${app}: ${name} crashed on v${version}`, {
    hint: `See why: heroku logs -a ${app} -d ${name} -n 200`,
    details: { app, dyno: name, version },
  });
}

function noDynos(app: string): LockstepError {
  return new LockstepError('E_NO_INSTANCES', `${app} has no dynos: its formation asks for none`, {
    hint: `Scale it up: heroku ps:scale web=1 -a ${app}. Where it is meant to have none, say verify: { waive: [no-dynos] } in pipeline.yml.`,
    details: { app },
  });
}

function otherCode(app: string, ours: number, name: string, version: number): LockstepError {
  return new LockstepError(
    'E_RELEASE_NOT_CURRENT',
    `${app} runs other code by now: ${name} is on v${version}, not v${ours}`,
    {
      hint: `Somebody released to ${app} meanwhile: heroku releases -a ${app}. Deploy again once that is over.`,
      details: { app, version: ours, currentVersion: version, dyno: name },
    },
  );
}
