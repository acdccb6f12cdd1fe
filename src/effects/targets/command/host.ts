/** A place as its programs tell of it: what the other files of this folder ask, in one way each. */
import type { TargetSettings } from '../../../machine/events.ts';
import { ClearanceExpired } from '../../http/errors.ts';
import type { ClearedPorts, Ports } from '../../ports.ts';
import {
  type Answer,
  Call,
  type CallOptions,
  type Place,
  readAnswer,
  shown,
  wrongAnswer,
} from './call.ts';
import type { CommandError } from './error-codes.ts';
import type { Programs } from './program.ts';
import type { Operation } from './protocol.ts';
import { ReleaseList } from './releases.ts';
import { type CommandSettings, readSettings } from './settings.ts';

export class Host {
  readonly settings: TargetSettings;
  readonly commands: CommandSettings;
  readonly #programs: Programs;

  /** @throws UsageError E_PROGRAM_MISSING */
  constructor(programs: Programs, settings: TargetSettings) {
    this.settings = settings;
    this.commands = readSettings(settings);
    this.#programs = programs;
    const { deploy, current, health, restore } = this.commands;
    for (const words of [deploy, current, health, restore]) {
      if (words !== null) programs.check(words);
    }
  }

  get name(): string {
    return this.settings.name;
  }

  /** Null: there is no program that tells; the configuration waives what rests on it. */
  get canList(): boolean {
    return this.commands.current !== null;
  }

  /** @throws CommandError E_PROGRAM_ANSWER */
  async list(ports: Ports): Promise<ReleaseList> {
    const { current } = this.commands;
    if (current === null) throw new Error(`${this.name} has no program that tells what runs`);
    const asked = { operation: 'current' as const, words: current, told: {} };
    return new ReleaseList(await readAnswer(this.#programs, this.#place, asked, ports), current);
  }

  /** @param release whose instances are asked for, by its id. Null: there is no program that tells, which the configuration waives by name. */
  async health(release: string, ports: Ports): Promise<Answer<'health'>[] | null> {
    const { health } = this.commands;
    if (health === null) return null;
    const told = { LOCKSTEP_RELEASE: release };
    return readAnswer(
      this.#programs,
      this.#place,
      { operation: 'health', words: health, told },
      ports,
    );
  }

  /** Begins what changes the place, where that is still cleared. @throws ClearanceExpired, and what `assertHeld` throws */
  async begin<O extends Operation>(options: CallOptions<O>, ports: ClearedPorts): Promise<Call<O>> {
    await ports.http.assertHeld();
    ports.signal.throwIfAborted();
    // Checked in the same turn in which it starts.
    if (ports.clock.now() < ports.clearedUntilMs) {
      return new Call(this.#programs, this.#place, options, ports);
    }
    const { words } = options;
    throw new ClearanceExpired(
      'E_CLEARANCE_EXPIRED',
      `${shown(words)} was held up until what cleared it had expired; it was not begun`,
      { hint: 'Run the same command again.', details: { program: shown(words) } },
    );
  }

  /** The program that does that, as people type it; the one that deploys, which there always is, where none does. */
  shown(operation: Operation): string {
    return shown(this.#wordsOf(operation));
  }

  /** What that program answered is wrong. */
  wrong(operation: Operation, fault: string): CommandError {
    return wrongAnswer(this.#wordsOf(operation), fault);
  }

  #wordsOf(operation: Operation): readonly string[] {
    return this.commands[operation] ?? this.commands.deploy;
  }

  /** A file for a program to read. */
  file(bytes: Uint8Array) {
    return this.#programs.file(bytes);
  }

  get #place(): Place {
    return { environment: this.commands.environment, name: this.name };
  }
}
