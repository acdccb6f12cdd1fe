/** What every effect is handed besides its input: time, the HTTP client, a way to tell progress, the end of patience. */
import type { Clock } from './clock.ts';
import type { HttpClient } from './http/request.ts';

export interface Ports {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** One line for whoever watches: build output, what is waited for. Not kept in the log. */
  readonly progress: (line: string) => void;
  /** Until when the step may take, by `clock.ran()`: what a vendor asks to wait has to end before. */
  readonly deadlineMs?: number;
}

/** For a step that writes, or that goes on with what was written. */
export interface StepPorts extends Ports {
  /** An earlier run began this very step: what it sent may only just be arriving. */
  readonly again?: boolean;
}

/** For the write itself, once whatever may forbid it has cleared it. */
export interface ClearedPorts extends Ports {
  /** How long the clearance holds: the write is not sent after this instant (milliseconds since the epoch). */
  readonly clearedUntilMs: number;
}

/** The step's deadline as a request takes it. */
export function deadlineOf({ deadlineMs }: Ports): { deadlineMs?: number } {
  return deadlineMs === undefined ? {} : { deadlineMs };
}
