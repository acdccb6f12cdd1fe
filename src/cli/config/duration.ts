/** Durations as people write them: `500ms`, `90s`, `60m`, `2h`. */

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds; null where the text is no duration. */
export function parseDuration(text: string): number | null {
  const [, number, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text.trim()) ?? [];
  if (number === undefined || unit === undefined) return null;
  return Number(number) * unitMs[unit as keyof typeof unitMs];
}
