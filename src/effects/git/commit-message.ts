/** Takes a commit's message apart into its title and the rest, losing nothing but blank lines around them. */

export interface CommitMessage {
  /** The first line that is not blank; empty for an empty message. */
  readonly title: string;
  /** Everything after the title's line, without the blank lines before and after it. */
  readonly body: string;
}

/**
 * The title is one line, as GitHub shows it: `git log` would join the lines of a first paragraph.
 * A NUL, which no database column of text takes, becomes U+FFFD.
 */
export function splitMessage(message: string): CommitMessage {
  const text = message.replaceAll('\0', '\u{FFFD}');
  const from = lineStart(text, contentStart(text, 0));
  const lineEnd = text.indexOf('\n', from);
  if (lineEnd === -1) return { title: trimEnd(text.slice(from)), body: '' };
  const body = text.slice(lineStart(text, contentStart(text, lineEnd)));
  return { title: trimEnd(text.slice(from, lineEnd)), body: trimEnd(body) };
}

const blank = new Set([' ', '\t', '\n', '\v', '\f', '\r']);

/** Where the first character that is not blank stands, from `at` on. */
function contentStart(text: string, at: number): number {
  let index = at;
  while (index < text.length && blank.has(text.charAt(index))) index++;
  return index;
}

/** The start of the line that `at` is in: indentation belongs to the text. */
function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
}

// A regular expression for this takes quadratic time on a long run of blanks.
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && blank.has(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
