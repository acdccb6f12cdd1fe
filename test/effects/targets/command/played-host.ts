/** A host that a test plays: what `current` lists are fields, and what a run of any program does is a function. */

import type { Ports } from '../../../../src/effects/ports.ts';
import type {
  ProgramEnd,
  ProgramStart,
  Programs,
  RunningProgram,
} from '../../../../src/effects/targets/command/program.ts';
import { commandTargets } from '../../../../src/effects/targets/command/target.ts';
import type { Target } from '../../../../src/effects/targets/target.ts';
import { settingsOf } from '../../../targets/command-world.ts';
import { createVirtualClock } from '../../virtual-clock.ts';

export const commit = '1'.repeat(40);

export interface Run {
  readonly told: Readonly<Record<string, string>>;
  /** A line of its answer, or of its words for people. */
  say(line: object | string, from?: 'stdout' | 'stderr', lineEnd?: '\n' | ''): void;
  /** Its exit code, or the signal that ends it. */
  end(how: number | string): void;
  /** Called when it is told to end; it ends by SIGTERM where a test says nothing else. */
  onStop: (graceMs: number) => void;
}

export class PlayedHost implements Programs {
  /** What a program may take is waited for by `advance` alone. */
  readonly clock = createVirtualClock({ holdMs: 60_000 });
  readonly progress: string[] = [];
  readonly asked: string[] = [];
  /** Of the tarballs, those that were not taken away yet. */
  readonly files = new Set<string>();
  /** Newest first, as `release` makes them. */
  releases: ReturnType<typeof release>[] = [];
  work: { readonly id: string; readonly key: string | null }[] = [];
  whole = true;
  plays: Readonly<Record<string, (run: Run) => void>> = {};
  readonly #targets = commandTargets(this);

  open(over: Readonly<Record<string, string[] | null>> = {}): Target {
    return this.#targets(settingsOf('production', over));
  }

  ports(over: Partial<Ports> = {}): Ports {
    const http = {
      send: () => Promise.reject(new Error('nothing is asked over HTTP')),
      vendorClock: () => null,
      assertHeld: async () => {},
    };
    const { signal } = new AbortController();
    const progress = (line: string) => void this.progress.push(line);
    return { http, clock: this.clock, signal, progress, ...over };
  }

  check: Programs['check'] = () => {};

  async file() {
    const path = `tarball-${this.asked.length}`;
    this.files.add(path);
    return { path, remove: async () => void this.files.delete(path) };
  }

  start({ words, told, onOutput }: ProgramStart): RunningProgram {
    const [name = ''] = words;
    this.asked.push(name);
    const { promise: ended, resolve } = Promise.withResolvers<ProgramEnd>();
    const run: Run = {
      told,
      say: (line, from = 'stdout', lineEnd = '\n') => {
        const text = typeof line === 'string' ? line : JSON.stringify(line);
        onOutput(from, Buffer.from(text + lineEnd));
      },
      end: (how) =>
        resolve(
          typeof how === 'number' ? { code: how, signal: null } : { code: null, signal: how },
        ),
      onStop: () => run.end('SIGTERM'),
    };
    const play =
      this.plays[name] ?? (name === 'current' ? (one: Run) => this.tell(one) : undefined);
    if (play === undefined) throw new Error(`nobody plays ${name}`);
    // As of a process, what it does comes after its start.
    void Promise.resolve().then(() => play(run));
    return { ended, stop: (graceMs) => run.onStop(graceMs) };
  }

  /** What `current` does where nothing else is played. */
  tell(run: Run): void {
    for (const line of this.releases) run.say(line);
    for (const line of this.work) run.say({ type: 'work', ...line });
    const running = this.releases.find(({ state }) => state === 'running')?.id ?? null;
    const counts = { releases: this.releases.length, work: this.work.length };
    run.say({ type: 'end', ...counts, running, whole: this.whole });
    run.end(0);
  }
}

/** Each release is of an artifact of its own where no other is named. */
export function release(
  number: number,
  state: 'running' | 'pending' | 'failed' | 'earlier',
  over: Readonly<Record<string, unknown>> = {},
) {
  const of = String(over.commit ?? commit);
  const artifact = { kind: 'image', id: `image-${number}`, commit: of };
  const at = '2026-01-05T10:00:00Z';
  const rest = { commit: of, artifact, at, by: 'ana', key: null, rollback: false };
  return { type: 'release', id: `r${number}`, number, state, ...rest, ...over };
}
