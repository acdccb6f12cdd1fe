/** Numbers and lists in sentences. */

/** `1 event`, `12,000 events`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `12,000`. By hand: the language's own words for it take 12 ms of a process that uses them once. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** The first `max` of them: `a, b`, or `a, b and 3 more`. */
export function listed(items: readonly string[], max: number): string {
  const more = items.length - max;
  return items.slice(0, max).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** As a sentence, or a question, begins. */
export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Text of others as a sentence: with one full stop at its end, whether it came with one or not. */
export function sentence(text: string): string {
  const bare = text.trimEnd();
  return /[.!?…:;]$/.test(bare) ? bare : `${bare}.`;
}
