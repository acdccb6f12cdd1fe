/** The time that a command is asked about, by its flags `--since` and `--until`. */
import { UsageError } from '../../errors/error.ts';
import { parseTime } from '../../format/time.ts';
import type { Period } from '../../runtime/accounts/deploy-record.ts';

export interface PeriodFlags {
  since?: string;
  until?: string;
}

/** Null: no bound was given. @throws UsageError E_USAGE */
export function rangeOf(
  { since, until }: PeriodFlags,
  nowMs: number,
): { readonly since: string | null; readonly until: string | null } {
  const range = {
    since: since === undefined ? null : timeOf('--since', since, nowMs),
    until: until === undefined ? null : timeOf('--until', until, nowMs),
  };
  if (range.since !== null && range.until !== null && range.since >= range.until) {
    throw new UsageError('E_USAGE', '--since has to be before --until');
  }
  return range;
}

const usualMs = 30 * 24 * 60 * 60_000;

/** Until now, and from thirty days before the end on, unless the flags say otherwise. @throws UsageError E_USAGE */
export function periodOf(flags: PeriodFlags, nowMs: number): Period {
  const range = rangeOf(flags, nowMs);
  const until = range.until ?? new Date(nowMs).toISOString();
  const since = range.since ?? new Date(Date.parse(until) - usualMs).toISOString();
  if (since < until) return { since, until };
  throw new UsageError(
    'E_USAGE',
    '--since has to be before --until, which is now unless it is given',
  );
}

/** A flag's time. @param what the flag takes, besides a time too @throws UsageError E_USAGE */
export function timeOf(flag: string, text: string, nowMs: number, what = 'a time'): string {
  const time = parseTime(text, nowMs);
  if (time !== null) return time;
  throw new UsageError('E_USAGE', `${flag} takes ${what}, not ${text}`, {
    hint: 'Write a time like 2026-01-05, 2026-01-05T13:00Z, or 24h for a day ago. Without a zone it is UTC.',
  });
}
