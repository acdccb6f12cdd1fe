/** Points in time: as people write them, and as lines of output show them, in UTC. */
import { parseDuration } from './duration.ts';

const written =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/i;

/**
 * Of `2026-01-05`, `2026-01-05T13:00Z`, or how long ago, `24h`: ISO 8601 in UTC, as the log has it. Null where the text is
 * no time. A time without a zone is UTC.
 */
export function parseTime(text: string, nowMs: number): string | null {
  const agoMs = parseDuration(text);
  if (agoMs !== null) return agoMs > nowMs ? null : new Date(nowMs - agoMs).toISOString();
  const [, year, month, day, time = '00:00', zone = 'Z'] = written.exec(text.trim()) ?? [];
  if (!isDay(`${year}-${month}-${day}`)) return null;
  const date = new Date(`${year}-${month}-${day}T${time}${zone.toUpperCase()}`);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Whether the calendar has it: `2026-01-05`, and not the 30th of February, which would be taken for a day in March. */
export function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00.000Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}

/** Of ISO 8601 in UTC: `13:04:05Z`. */
export function clockTime(iso: string): string {
  return `${iso.slice(11, 19)}Z`;
}

/** Of ISO 8601 in UTC: `2026-01-05 13:04:05Z`. */
export function dateAndTime(iso: string): string {
  return `${iso.slice(0, 10)} ${clockTime(iso)}`;
}
