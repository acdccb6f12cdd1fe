/** Cutting a foreign text: only after it was redacted, for no gate recognises the half of a secret. */
import { cut } from '../format/text.ts';
import { redact } from './gate.ts';

/** At most `max` UTF-16 units without secrets, `…` in place of what is missing, no half of a character. */
export function cutOff(text: string, max: number): string {
  return cut(redact(text), max);
}
