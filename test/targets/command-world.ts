/** Places of folders as the command target sees them, its programs run within this process, on real files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// @ts-expect-error the example is plain JavaScript
import { Place as Folder } from '../../examples/folders/place.mjs';
// @ts-expect-error the example is plain JavaScript
import { programs } from '../../examples/folders/programs.mjs';
import type { Clock } from '../../src/effects/clock.ts';
import type { Ports } from '../../src/effects/ports.ts';
import type {
  ProgramEnd,
  ProgramStart,
  Programs,
  RunningProgram,
} from '../../src/effects/targets/command/program.ts';
import { commandTargets } from '../../src/effects/targets/command/target.ts';
import type { Target } from '../../src/effects/targets/target.ts';
import type { TargetSettings } from '../../src/machine/events.ts';
import { createVirtualClock, type VirtualClock } from '../effects/virtual-clock.ts';
import type { Place, TargetWorld, ToldInstance } from './world.ts';

type Operation = 'deploy' | 'current' | 'health' | 'restore';
/** What befalls a run: its reply is lost before or after it is carried out. */
type Fault = 'before' | 'after';
type Outcome = 'fail' | 'stall' | null;

const alive = process.pid;

/** What the world's operations need of a folder; the example itself has no types. */
export interface FolderPlace {
  readonly folder: string;
  readonly artifacts: string;
  readonly running: number | null;
  releases(): {
    readonly number: number;
    readonly state: string;
    readonly artifact: { readonly id: string };
    readonly commit: string;
    readonly rollback: boolean;
    readonly key: string | null;
  }[];
  keep(bytes: Uint8Array, unpack: (folder: string) => void): { id: string };
  make(release: object): number;
  switchTo(number: number): void;
  lock(pid?: number): boolean;
  unlock(): void;
  claim(release: number): void;
}

export const settingsOf = (
  environment: string,
  over: Readonly<Record<string, string[] | null>> = {},
): TargetSettings => ({
  kind: 'command',
  name: `acme-${environment}`,
  settings: {
    environment,
    deploy: ['deploy'],
    current: ['current'],
    health: ['health'],
    restore: ['restore'],
    waive: [],
    ...over,
  },
});

export class FolderWorld implements TargetWorld, Programs {
  /** Its own, where no other was given. */
  readonly jumping: VirtualClock = createVirtualClock();
  readonly clock: Clock;
  readonly folder = mkdtempSync(join(tmpdir(), 'folders-'));
  readonly ran: { operation: Operation; place: Place; told: Readonly<Record<string, string>> }[] =
    [];
  readonly progress: string[] = [];
  readonly #faults = new Map<string, Fault>();
  readonly #outcomes = new Map<string, Outcome>();
  readonly #carriedOut: string[] = [];
  #answer: string | null = null;
  #artifacts = 0;

  /** What each line of an answer is by the time that it is read; as it is when left out. */
  spoil: (lines: readonly string[], operation: Operation, place: Place) => readonly string[] = (
    lines,
  ) => lines;

  /** How each run of a program ends by the time that it is heard of. */
  spoilEnd: (end: ProgramEnd, operation: Operation, place: Place) => ProgramEnd = (end) => end;

  constructor(clock?: Clock) {
    this.clock = clock ?? this.jumping;
  }

  /** Called with each run of a program, before it is carried out. */
  onRun: (operation: Operation, place: Place, told: Readonly<Record<string, string>>) => void =
    () => {};

  /** A `deploy` that does not know a key again: it makes a release each time that it is called. */
  isCareless = false;

  /** Whether whoever started that run dies: before the program has done anything, or when it has done all. */
  dies: (run: number) => 'before' | 'after' | null = () => null;

  open(place: Place, over: Readonly<Record<string, string[] | null>> = {}): Target {
    const settings = settingsOf(place, over);
    // A share of production is known by its environment alone.
    const { name } = place === 'canary' ? settingsOf('production') : settings;
    return commandTargets(this)({ ...settings, name });
  }

  ports(over: Partial<Ports> = {}): Ports {
    return {
      http: {
        send: () => Promise.reject(new Error('nothing is asked over HTTP')),
        vendorClock: () => null,
        assertHeld: async () => {},
      },
      clock: this.clock,
      signal: new AbortController().signal,
      progress: (line) => this.progress.push(line),
      ...over,
    };
  }

  // Programs

  check(): void {}

  async file(bytes: Uint8Array) {
    const path = join(this.folder, `source-${this.ran.length}`);
    writeFileSync(path, bytes);
    return { path, remove: async () => rmSync(path) };
  }

  start({ told, onOutput }: ProgramStart): RunningProgram {
    const { LOCKSTEP_OPERATION: operation, LOCKSTEP_ENVIRONMENT: place } = told as {
      LOCKSTEP_OPERATION: Operation;
      LOCKSTEP_ENVIRONMENT: Place;
    };
    this.ran.push({ operation, place, told });
    this.onRun(operation, place, told);
    const death = this.dies(this.ran.length);
    if (death === 'before') return stalled();
    const writes = operation === 'deploy' || operation === 'restore';
    const fault = writes ? (this.#faults.get(`${place} ${operation}`) ?? null) : null;
    if (writes) this.#faults.delete(`${place} ${operation}`);
    if (fault === 'before') return ended({ code: 75, signal: null });
    if (writes) this.#carriedOut.push(`${place} ${operation}`);
    const outcome = writes ? (this.#outcomes.get(`${place} ${operation}`) ?? null) : null;
    const lines: string[] = [];
    const run =
      outcome === null
        ? this.#carryOut(operation, told, lines)
        : this.#spoilt(operation, place, outcome, told, lines);
    if (death === 'after') return stalled();
    if (fault === 'after') return ended({ code: null, signal: 'SIGKILL' });
    const text =
      !writes && this.#answer !== null ? [this.#answer] : this.spoil(lines, operation, place);
    // As of a process, it comes after its start.
    const said = Promise.resolve().then(() =>
      onOutput('stdout', Buffer.from(text.map((line) => `${line}\n`).join(''))),
    );
    const end = said.then(() => run.ended);
    return { ended: end.then((how) => this.spoilEnd(how, operation, place)), stop: run.stop };
  }

  #carryOut(
    operation: Operation,
    told: Readonly<Record<string, string>>,
    lines: string[],
  ): RunningProgram {
    // What it was told counts its runs, which whoever asks what runs does not see.
    const key = this.isCareless ? { LOCKSTEP_KEY: `${told.LOCKSTEP_KEY}~${this.ran.length}` } : {};
    const code: number = programs[operation]({
      env: { ...told, ...key, FOLDERS: this.folder },
      say: (line: object) => lines.push(JSON.stringify(line).replaceAll(/~\d+"/g, '"')),
      warn: (text: string) => this.progress.push(text),
      now: () => this.clock.now(),
      unpack: (file: string, folder: string) => writeFileSync(join(folder, 'from'), file),
      at: () => {},
    });
    return ended({ code, signal: null });
  }

  /** As at a host that goes on by itself: there is work, and a release that fails or stays pending. */
  #spoilt(
    operation: Operation,
    place: Place,
    outcome: 'fail' | 'stall',
    told: Readonly<Record<string, string>>,
    lines: string[],
  ): RunningProgram {
    const { LOCKSTEP_KEY: key = '', LOCKSTEP_COMMIT: commit = 'a'.repeat(40) } = told;
    const number = this.#begin(place, { commit, key, rollback: operation === 'restore' });
    if (operation === 'deploy') lines.push(JSON.stringify({ type: 'work', id: `w${number}` }));
    if (outcome === 'stall') return stalled();
    this.#folder(place).unlock();
    return ended({ code: 1, signal: null });
  }

  // What others do

  get asked() {
    const kinds = {
      deploy: 'submission',
      restore: 'restoring',
      current: 'other',
      health: 'other',
    } as const;
    return this.ran.map(({ operation }) => kinds[operation]);
  }

  submissions = (place: Place): number => this.#count(`${place} deploy`);
  restorings = (place: Place): number => this.#count(`${place} restore`);

  release(place: Place, commit: string): void {
    const folder = this.#folder(place);
    folder.switchTo(this.#begin(place, { commit, key: null, rollback: false }));
    folder.unlock();
  }

  configure(place: Place): void {
    const folder = this.#folder(place);
    const runs = folder.releases().find(({ state }) => state === 'running');
    if (runs === undefined) throw new Error('nothing runs');
    const { commit, artifact } = runs;
    folder.switchTo(this.#begin(place, { commit, key: null, rollback: false }, artifact));
    folder.unlock();
  }

  goBack(place: Place): void {
    const folder = this.#folder(place);
    const [before] = folder.releases().filter(({ state }) => state === 'earlier');
    if (before === undefined) throw new Error('nothing ran before');
    const { commit, artifact } = before;
    folder.switchTo(this.#begin(place, { commit, key: null, rollback: true }, artifact));
    folder.unlock();
  }

  failRelease(place: Place, commit: string): void {
    this.#begin(place, { commit, key: null, rollback: false });
    this.#folder(place).unlock();
  }

  beginRelease(place: Place, commit: string): void {
    this.#begin(place, { commit, key: null, rollback: false });
  }

  submissionsTo(place: Place, outcome: 'fail' | 'stall'): void {
    this.#outcomes.set(`${place} deploy`, outcome);
  }

  restoringsTo(place: Place, outcome: 'fail' | 'stall'): void {
    this.#outcomes.set(`${place} restore`, outcome);
  }

  forget(place: Place): void {
    const folder = this.#folder(place);
    const idOf = (state: string) =>
      folder.releases().flatMap((one) => (one.state === state ? [one.artifact.id] : []));
    for (const id of idOf('earlier').filter((one) => !idOf('running').includes(one))) {
      rmSync(join(folder.artifacts, id), { recursive: true, force: true });
    }
  }

  loseReply(place: Place, when: Fault): void {
    for (const operation of ['deploy', 'restore']) this.#faults.set(`${place} ${operation}`, when);
  }

  answerReads(body: string): void {
    this.#answer = body;
  }

  want(place: Place, count: number): void {
    this.#instances(place, { wanted: count });
  }

  instances(place: Place, listed: readonly ToldInstance[]): void {
    this.#instances(place, {
      listed: listed.map(({ name, version, state, life = 1 }) => ({
        name,
        release: version.slice(1),
        state,
        life: `life-${life}`,
      })),
    });
  }

  /** As many as are wanted run whatever runs there, in these states. */
  serves(place: Place, ...states: readonly ToldInstance['state'][]): void {
    const listed = states.map((state, i) => ({ name: `web.${i + 1}`, state, life: `life-${i}` }));
    this.#instances(place, { wanted: states.length, listed });
  }

  /** Releases of that commit that came to run there. */
  shipped(place: Place, commit: string): number {
    const ran = this.#folder(place)
      .releases()
      .filter(({ state }) => /running|earlier/.test(state));
    return ran.filter((one) => one.commit === commit).length;
  }

  isSick(place: Place): boolean {
    const told = this.#told.get(place)?.listed ?? [];
    return told.some((one) => (one as { state: string }).state !== 'up');
  }

  folders(place: Place): FolderPlace {
    return this.#folder(place);
  }

  async close(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }

  readonly #told = new Map<Place, { wanted: number; listed: readonly object[] }>();

  #instances(place: Place, over: object): void {
    const told = { ...(this.#told.get(place) ?? { wanted: 0, listed: [] }), ...over };
    this.#told.set(place, told);
    writeFileSync(join(this.#folder(place).folder, 'instances.json'), JSON.stringify(told));
  }

  #folder(place: Place): FolderPlace {
    return new Folder(this.folder, place);
  }

  #count(what: string): number {
    return this.#carriedOut.filter((one) => one === what).length;
  }

  /** A release that does not run yet, of files of its own; whoever makes it goes on living. */
  #begin(
    place: Place,
    { commit, key, rollback }: { commit: string; key: string | null; rollback: boolean },
    of?: object,
  ): number {
    const folder = this.#folder(place);
    this.#artifacts += 1;
    folder.lock(alive);
    const artifact = of ?? folder.keep(Buffer.from(`files ${this.#artifacts}`), () => {});
    const at = new Date(this.clock.now()).toISOString();
    const said = { description: '', at, by: 'ana' };
    const number = folder.make({ commit, artifact, key, rollback, ...said });
    if (key !== null) markWork(folder, number);
    return number;
  }
}

/** By which work it came to be. */
function markWork(folder: FolderPlace, number: number): void {
  const file = join(folder.folder, 'releases', String(number), 'release.json');
  const release = folder.releases().find((one) => one.number === number);
  const { state: _, gone: __, ...kept } = release as unknown as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...kept, work: `w${number}` }));
}

/** One that goes on until it is told to end. */
function stalled(): RunningProgram {
  const { promise, resolve } = Promise.withResolvers<ProgramEnd>();
  return { ended: promise, stop: () => resolve({ code: null, signal: 'SIGTERM' }) };
}

const ended = (end: ProgramEnd): RunningProgram => ({
  ended: Promise.resolve(end),
  stop: () => {},
});
