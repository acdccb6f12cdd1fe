/**
 * A team's programs as one process of Lockstep runs them, in memory and in the world's time. They keep what docs/targets.md
 * asks of them, and end as badly as they may.
 */
import type {
  ProgramEnd,
  ProgramStart,
  Programs,
  RunningProgram,
} from '../../../src/effects/targets/command/program.ts';
import type { Operation, Variable } from '../../../src/effects/targets/command/protocol.ts';
import type { AppName, WireFault, Write } from '../apps.ts';
import type { Habits } from '../scenario.ts';
import type { VirtualTime } from '../virtual-time.ts';
import type { TeamHost, Work } from './host.ts';

/** What a program said, and how it ended. */
export interface Said {
  readonly lines: readonly string[];
  readonly code: number;
}

export interface TeamOptions {
  readonly host: TeamHost;
  readonly time: VirtualTime;
  readonly habits: Habits;
  /** What befalls a run. */
  readonly fault: () => WireFault;
  /** 0 ≤ n < 1. */
  readonly random: () => number;
  readonly onWrite: (write: Pick<Write, 'app' | 'restores' | 'isAgain'>) => void;
  /** Told when it has been looked at what there is. */
  readonly onLook: (what: 'dynos' | 'releases', app: AppName) => void;
  /** Of what is said by a program that looks, and of how any ends, what is heard. */
  readonly spoil: (said: Said) => Said;
}

const startMs = 30;
const exit = { done: 0, failed: 1, temporary: 75 } as const;

export class TeamPrograms implements Programs {
  readonly #options: TeamOptions;
  readonly #running = new Set<ProgramRun>();
  #files = 0;

  constructor(options: TeamOptions) {
    this.#options = options;
  }

  check(): void {}

  async file() {
    this.#files += 1;
    return { path: `source-${this.#files}.tar.gz`, remove: async () => {} };
  }

  /** Whoever began them is gone. */
  orphan(): void {
    if (this.#options.habits.survives) return;
    for (const run of this.#running) run.end('SIGKILL');
  }

  start(started: ProgramStart): RunningProgram {
    const run = new ProgramRun(this.#options, started);
    this.#running.add(run);
    const ended = run.toTheEnd().finally(() => this.#running.delete(run));
    return { ended, stop: () => run.end('SIGTERM') };
  }
}

class ProgramRun {
  readonly #options: TeamOptions;
  readonly #told: Partial<Readonly<Record<Variable, string>>>;
  readonly #say: ProgramStart['onOutput'];
  readonly #app: AppName;
  readonly #operation: Operation;
  readonly #stop = new AbortController();
  readonly #stopped = Promise.withResolvers<ProgramEnd>();

  constructor(options: TeamOptions, { told, onOutput }: ProgramStart) {
    this.#options = options;
    this.#told = told;
    this.#say = onOutput;
    this.#app = `acme-${told.LOCKSTEP_ENVIRONMENT}` as AppName;
    this.#operation = told.LOCKSTEP_OPERATION as Operation;
  }

  get #signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** By a signal: it says nothing more, and what it does by itself is not done. */
  end(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#stop.abort(`ended by ${signal}`);
    this.#stopped.resolve({ code: null, signal });
  }

  get #writes(): boolean {
    return this.#operation === 'deploy' || this.#operation === 'restore';
  }

  async toTheEnd(): Promise<ProgramEnd> {
    const { host, fault, onWrite } = this.#options;
    const { LOCKSTEP_KEY: key = '', LOCKSTEP_RESTORE: restores = null } = this.#told;
    if (this.#writes) {
      const isAgain = this.#operation === 'deploy' && host.livingOf(this.#app, key) !== null;
      onWrite({ app: this.#app, restores, isAgain });
    }
    const work = this.#carryOut(fault());
    // Of one that was ended nobody hears how its work came to an end.
    work.catch(() => {});
    return Promise.race([work, this.#stopped.promise]);
  }

  async #carryOut(fault: WireFault): Promise<ProgramEnd> {
    if (fault === 'lost-reply') void this.#killedAmid();
    if (fault === 'none' || fault === 'lost-reply') return this.#ended(await this.#work());
    await this.#options.time.sleep(startMs, this.#signal);
    return fault === 'reset'
      ? { code: null, signal: 'SIGKILL' }
      : { code: exit.temporary, signal: null };
  }

  /** By somebody else than Lockstep, at any moment until it has done all. */
  async #killedAmid(): Promise<void> {
    const { time, random } = this.#options;
    await time.sleep(Math.floor(random() * (this.#operation === 'deploy' ? 15_000 : 3 * startMs)));
    this.end('SIGKILL');
  }

  #ended(code: number): ProgramEnd {
    const { code: heard } = this.#options.spoil({ lines: [], code });
    return { code: heard, signal: null };
  }

  #work(): Promise<number> {
    switch (this.#operation) {
      case 'deploy':
        return this.#deploy();
      case 'restore':
        return this.#restore();
      default:
        return this.#look();
    }
  }

  async #look(): Promise<number> {
    const { time, host, onLook, spoil } = this.#options;
    await time.sleep(startMs, this.#signal);
    const isList = this.#operation === 'current';
    const list = isList ? host.current(this.#app) : host.health(this.#app);
    onLook(isList ? 'releases' : 'dynos', this.#app);
    await time.sleep(startMs, this.#signal);
    const said = spoil({ lines: list.map((line) => JSON.stringify(line)), code: exit.done });
    this.#print(said.lines);
    return said.code;
  }

  async #deploy(): Promise<number> {
    const { host, habits } = this.#options;
    const { LOCKSTEP_KEY: key = '', LOCKSTEP_COMMIT: commit = '' } = this.#told;
    const { LOCKSTEP_ARTIFACT: slug = null } = this.#told;
    const known = habits.isCareless ? null : host.livingOf(this.#app, key);
    const of = { app: this.#app, key, slug, commit: slug === null ? commit : null };
    const work = known ?? host.begin(of);
    const goesOn = habits.work === 'host';
    const done = known === null ? host.carryOut(work, goesOn ? undefined : this.#signal) : null;
    // Nobody may wait for it any more.
    done?.catch(() => {});
    // A process says nothing within the turn in which it starts.
    await this.#options.time.sleep(startMs, this.#signal);
    if (goesOn) this.#print([JSON.stringify({ type: 'work', id: work.id })]);
    const isGood = (await (done ?? host.isOver(work))) && !this.#signal.aborted;
    return isGood ? this.#released(work) : exit.failed;
  }

  #released({ slug, release }: Work): number {
    const lines = [
      { type: 'artifact', kind: 'image', id: slug, digest: null },
      { type: 'release', id: release },
    ];
    this.#print(lines.map((line) => JSON.stringify(line)));
    return exit.done;
  }

  async #restore(): Promise<number> {
    const { host, time } = this.#options;
    const { LOCKSTEP_KEY: key = '', LOCKSTEP_RESTORE: to = '' } = this.#told;
    await time.sleep(startMs, this.#signal);
    const made = host.takenBackUnder(this.#app, key) ?? (await host.takeBack(this.#app, key, to));
    if (made === null) return exit.failed;
    this.#print([JSON.stringify({ type: 'release', id: made })]);
    return exit.done;
  }

  /** What is ended says nothing more. */
  #print(lines: readonly string[]): void {
    if (!this.#signal.aborted) {
      this.#say('stdout', Buffer.from(lines.map((line) => `${line}\n`).join('')));
    }
  }
}
