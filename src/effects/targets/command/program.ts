/** Running a team's program, as the rest of this folder sees it: a simulation has its own way. */

export interface ProgramStart {
  /** The program and its arguments. */
  readonly words: readonly string[];
  /** What it is told; besides, it has the environment of the job. */
  readonly told: Readonly<Record<string, string>>;
  /** A part of what it writes, as it comes; never before `start` has returned. */
  readonly onOutput: (from: 'stdout' | 'stderr', bytes: Uint8Array) => void;
}

export interface ProgramEnd {
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
}

export interface RunningProgram {
  /** All of its output has come by then. */
  readonly ended: Promise<ProgramEnd>;
  /** SIGTERM to it and all that it began, and SIGKILL after `graceMs`. */
  stop(graceMs: number): void;
}

export interface Programs {
  /** @throws UsageError E_PROGRAM_MISSING what it names is not there, or cannot be run */
  check(words: readonly string[]): void;
  /** Starts it within this turn of the event loop. */
  start(program: ProgramStart): RunningProgram;
  /** A file with these bytes, which the programs can read; `remove` takes it away. */
  file(bytes: Uint8Array): Promise<{ readonly path: string; remove(): Promise<void> }>;
}
