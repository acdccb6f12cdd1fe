/** Cutting a foreign text: only after it was redacted, for no gate recognises the half of a secret. */
import { redact } from './gate.ts';

/** At most `max` UTF-16 units without secrets, `…` in place of what is missing, no half of a character. */
export function cutOff(text: string, max: number): string {
  const clean = redact(text);
  if (clean.length <= max) return clean;
  return `${clean.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
