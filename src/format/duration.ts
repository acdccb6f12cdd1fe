/** Lengths of time: short enough for a line of output, and as people write them. */

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** `850ms`, `12s`, `2m10s`, `1h05m`, `3d2h`: cut, never rounded up, to the two units that matter. */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, Math.floor(ms));
  if (whole < secondMs) return `${whole}ms`;
  if (whole < minuteMs) return `${Math.floor(whole / secondMs)}s`;
  if (whole < hourMs) return pair(whole, minuteMs, 'm', secondMs, 's', 2);
  if (whole < dayMs) return pair(whole, hourMs, 'h', minuteMs, 'm', 2);
  return pair(whole, dayMs, 'd', hourMs, 'h', 1);
}

/** `10s`, `1500ms`: all of it, in the one unit that takes it whole, as `pipeline.yml` has it. */
export function wholeDuration(ms: number): string {
  const unit = (['h', 'm', 's'] as const).find((one) => ms > 0 && ms % unitMs[one] === 0) ?? 'ms';
  return `${ms / unitMs[unit]}${unit}`;
}

function pair(
  ms: number,
  bigMs: number,
  big: string,
  smallMs: number,
  small: string,
  digits: number,
): string {
  const rest = Math.floor((ms % bigMs) / smallMs);
  const first = `${Math.floor(ms / bigMs)}${big}`;
  return rest === 0 ? first : `${first}${String(rest).padStart(digits, '0')}${small}`;
}

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Of `500ms`, `90s`, `60m` or `2h`: milliseconds; null where the text is no duration. */
export function parseDuration(text: string): number | null {
  const [, number, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text.trim()) ?? [];
  if (number === undefined || unit === undefined) return null;
  return Number(number) * unitMs[unit as keyof typeof unitMs];
}
