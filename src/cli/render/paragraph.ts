/** Text that fits a terminal's width: broken between words, each further line under the first. */
import { widthOf } from '../../format/columns.ts';

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
