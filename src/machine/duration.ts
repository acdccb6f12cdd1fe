/** Lengths of time in words short enough for a line of output. */

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
