/** A line that a program printed, as it may be shown in a terminal. */
import { stripVTControlCharacters } from 'node:util';

/** Without colours, cursor movements and other control characters; of a line drawn over, the last state. */
export function printable(raw: string): string {
  const line = stripVTControlCharacters(raw);
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  return (
    line
      .slice(0, end)
      .slice(line.lastIndexOf('\r', end - 1) + 1)
      .replaceAll('\t', '  ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
      .replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
  );
}
