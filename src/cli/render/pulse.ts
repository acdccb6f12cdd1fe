/**
 * A run is heard at least once a minute, whatever it waits for: a CI ends a job that prints nothing
 * for ten minutes. The one place for it: no wait has to say its own line again.
 */
import type { Clock } from '../../effects/clock.ts';
import { formatDuration } from '../../format/duration.ts';
import { clockTime } from '../../format/time.ts';
import type { Reporter } from './reporter.ts';
import type { Terminal } from './terminal.ts';

export interface Pulse extends Reporter {
  /** Something else than this has said something. */
  heard(): void;
  /** What is waited for from now on, in words: `building for staging`. */
  waiting(what: string): void;
}

/** Sooner than a minute: a busy machine wakes late. */
const runQuietMs = 45_000;

/** Later than a run's own line, which then comes first: the run knows better what is waited for. */
const commandQuietMs = 50_000;

/** The command's terminal, which says on standard error that it still runs when nothing was printed for a while. */
export function heardTerminal(
  terminal: Terminal,
  clock: Clock,
): { readonly terminal: Terminal; begin(command: string): void; end(): void } {
  let pulse: Pulse | null = null;
  const told = { recorded: () => {}, progress: terminal.err, notice: terminal.err, end: () => {} };
  const said =
    <T>(print: (value: T) => void) =>
    (value: T): void => {
      pulse?.heard();
      print(value);
    };
  return {
    terminal: {
      ...terminal,
      out: said(terminal.out),
      err: said(terminal.err),
      json: said(terminal.json),
    },
    begin(command) {
      pulse = withPulse(told, clock, commandQuietMs);
      pulse.waiting(`running pipeline ${command}`);
    },
    end: () => pulse?.end(),
  };
}

/** Tells all that it is told on, and when that is nothing for a while, what is waited for and since when. */
export function withPulse(reporter: Reporter, clock: Clock, quietMs = runQuietMs): Pulse {
  const stop = new AbortController();
  let saidAt = clock.ran();
  let wait: { what: string; since: string; from: number; last: string | null } | null = null;

  const said = (): void => {
    saidAt = clock.ran();
  };
  const beat = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(Math.max(1, saidAt + quietMs - clock.ran()), stop.signal);
      if (clock.ran() - saidAt < quietMs) continue;
      reporter.progress(wait === null ? 'still at work' : inWords(wait, clock.ran()));
      said();
    }
  };
  beat().catch(() => {});

  return {
    heard: said,
    waiting(what) {
      const since = clockTime(new Date(clock.now()).toISOString());
      wait = { what, since, from: clock.ran(), last: null };
    },
    recorded(event, record) {
      said();
      reporter.recorded(event, record);
    },
    progress(line) {
      said();
      if (wait !== null) wait.last = line;
      reporter.progress(line);
    },
    notice(line) {
      said();
      reporter.notice(line);
    },
    end() {
      stop.abort(new Error('the run is over'));
      reporter.end();
    },
  };
}

function inWords(
  wait: { what: string; since: string; from: number; last: string | null },
  now: number,
): string {
  const { what, since, from, last } = wait;
  const so = `still ${what}, since ${since} (${formatDuration(now - from)})`;
  return last === null ? so : `${so}: ${last}`;
}
