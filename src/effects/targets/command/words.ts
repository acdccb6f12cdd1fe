/** A command line as `pipeline.yml` has it, split into words: blanks and quotes as in a shell, and nothing else of one. */

/** What a shell would do something with. No shell runs the program, so it would be handed on as it is. */
const ofShells = /[|&;<>()$`*?\n]/;

/** Why it cannot be split, in words. */
export interface NoWords {
  readonly fault: string;
}

/**
 * Blanks separate; within '…' everything is meant as it stands, within "…" all but `\"` and `\\`; outside of quotes a
 * backslash takes the next character as it is.
 */
export function splitWords(line: string): readonly string[] | NoWords {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? '';
    const next = line[i + 1];
    if (quote !== null) {
      if (char === quote) quote = null;
      else if (quote === '"' && char === '\\' && (next === '"' || next === '\\')) {
        word += next;
        i++;
      } else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      if (next === undefined) return { fault: 'ends with a backslash' };
      word = (word ?? '') + next;
      i++;
    } else if (/[ \t]/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (ofShells.test(char)) {
      const shown = char === '\n' ? 'a line end' : char;
      return { fault: `has ${shown}, but no shell runs it: quote it, or put it into a script` };
    } else word = (word ?? '') + char;
  }
  if (quote !== null) return { fault: `has ${quote} without its end` };
  if (word !== null) words.push(word);
  return words.length === 0 || words[0] === '' ? { fault: 'names no program' } : words;
}
