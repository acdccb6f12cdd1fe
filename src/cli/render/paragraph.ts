/** Text that fits a terminal's width: broken between words, each further line under the first. */
import { widthOf } from '../../format/columns.ts';
import type { Terminal } from './terminal.ts';

/** A label and a text beside it. */
export function labelled(label: string, text: string, columns: number, indent = 0): string[] {
  const margin = ' '.repeat(indent);
  const lines = wrapped(text, Math.max(8, columns - indent - widthOf(label)));
  const rest = ' '.repeat(widthOf(label));
  return lines.map((line, i) => `${margin}${i === 0 ? label : rest}${line}`.trimEnd());
}

/** Lines of at most so many columns; a longer word has a line of its own, whole, for it may be a command or a URL. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer) > columns) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  lines.push(line);
  return lines;
}

/** A command to be typed stays whole, so that it can be copied: `pipeline resume 502-1a5f89db --reason "…"`. */
const wholes = /pipeline [a-z]+(?: (?:--?[a-z-]+|"[^"]*"|[A-Z]{2,}|\S*\d\S*))*\S*|\S+/g;
/** Under what is too long to stand beside its words. */
const narrowIndent = 4;

/** A finished line as lines of at most so many columns: what does not fit goes on under the last of its columns. */
export function fitted(line: string, columns: number): string[] {
  if (widthOf(line) <= columns) return [line];
  const [, before = '', text = ''] = /^(.*\s{2}|\s*)(\S.*)$/s.exec(line) ?? [];
  const indent = widthOf(before);
  const isWide = indent > columns / 2;
  const lines = isWide ? fitted(before.trimEnd(), columns) : [];
  const margin = ' '.repeat(isWide ? narrowIndent : indent);
  let now = isWide ? margin : before;
  let isEmpty = true;
  for (const word of text.match(wholes) ?? []) {
    const longer = isEmpty ? `${now}${word}` : `${now} ${word}`;
    if (isEmpty || widthOf(longer) <= columns) now = longer;
    else {
      lines.push(now);
      now = `${margin}${word}`;
    }
    isEmpty = false;
  }
  return [...lines, now];
}

/** Prints lines for people: on a terminal they are broken between words; elsewhere each stays one line. */
export function printLines(
  lines: readonly string[],
  { isTty, columns, out }: Pick<Terminal, 'isTty' | 'columns' | 'out'>,
): void {
  for (const line of lines) {
    for (const part of isTty ? fitted(line, columns) : [line]) out(part);
  }
}
