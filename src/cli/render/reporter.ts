/** Tells whoever watches a run what happens: a line for each event, what is waited for in between. */
import { stripVTControlCharacters } from 'node:util';
import { formatDuration } from '../../format/duration.ts';
import { clockTime } from '../../format/time.ts';
import type { DomainEvent } from '../../machine/events.ts';
import { tell } from '../../machine/story.ts';
import { redact, redactAll } from '../../redaction/gate.ts';
import { deployStream } from '../../runtime/log/streams.ts';
import type { RecordedEvent } from '../../store/log.ts';
import { printLines } from './paragraph.ts';
import { safe, type Terminal } from './terminal.ts';

export interface Reporter {
  /** An event that is in the log now. */
  recorded(event: DomainEvent, record: Pick<RecordedEvent, 'time' | 'stream'>): void;
  /** What is going on meanwhile: a line of a build's output, what is waited for. */
  progress(line: string): void;
  /** What whoever watches has to know of this run; it stays on a terminal too. */
  notice(line: string): void;
  end(): void;
}

const liveEveryMs = 250;

/**
 * With `--json` everything goes to standard error, for standard output is one document.
 * On a terminal what is waited for is one line that is written over; elsewhere every line stays.
 */
export function createReporter(options: {
  readonly terminal: Terminal;
  readonly now: () => number;
  readonly json: boolean;
}): Reporter {
  const { terminal, now, json } = options;
  const live = terminal.isTty && !json;
  const write = (line: string): void => (json ? terminal.err(line) : printLines([line], terminal));
  let waiting: { line: string; since: number } | null = null;
  let ticking: NodeJS.Timeout | null = null;

  const clean = (line: string): string => safe(stripVTControlCharacters(line));
  const draw = (): void => {
    if (waiting === null) return;
    terminal.status(`${waiting.line} (${formatDuration(now() - waiting.since)})`);
  };
  const stamp = (iso: string): string => terminal.color.dim(clockTime(iso));
  const aside = (text: string): void =>
    write(`${stamp(new Date(now()).toISOString())}    ${terminal.color.dim(text)}`);

  return {
    recorded(event, { time, stream }) {
      waiting = null;
      terminal.clearStatus();
      const { headline, detail, tone } = tell(
        redactAll(event),
        stream.slice(deployStream('').length),
      );
      const paint = { good: 'green', bad: 'red', waiting: 'yellow', neutral: null }[tone] as
        | 'green'
        | 'red'
        | 'yellow'
        | null;
      const text = clean(headline);
      write(`${stamp(time)}  ${paint === null ? text : terminal.color[paint](text)}`);
      if (detail === null) return;
      for (const line of redact(detail).split('\n')) write(`           ${clean(line)}`);
    },
    progress(line) {
      const text = clean(line);
      if (!live) {
        aside(text);
        return;
      }
      waiting = { line: text, since: now() };
      ticking ??= setInterval(draw, liveEveryMs).unref();
      draw();
    },
    notice: (line) => aside(clean(line)),
    end() {
      if (ticking !== null) clearInterval(ticking);
      waiting = null;
      terminal.clearStatus();
    },
  };
}
