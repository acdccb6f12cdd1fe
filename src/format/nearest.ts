/** What somebody probably meant: the known word that takes the fewest changes to come from theirs. */

const changesMax = 3;

/** Null where no word is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: { word: string; changes: number } | null = null;
  for (const candidate of known) {
    const changes = distance(word.toLowerCase(), candidate.toLowerCase());
    if (best === null || changes < best.changes) best = { word: candidate, changes };
  }
  return best !== null && best.changes <= Math.min(changesMax, word.length / 2) ? best.word : null;
}

/** Levenshtein's: insertions, deletions and replacements of a character. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
