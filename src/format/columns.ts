/** Text in columns, by how wide a terminal shows it. */

const segments = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Emoji as vendors show them, and the wide scripts of East Asia (Unicode Standard Annex 11). */
const wide =
  /\p{RGI_Emoji}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/v;
const unseen = /^[\p{Default_Ignorable_Code_Point}\p{Control}\p{Mark}]+$/v;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const colors = /\u001b\[[0-9;]*m/g;

/** In columns of a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of segments.segment(text.replace(colors, ''))) width += columnsOf(segment);
  return width;
}

/** As much of the start of a text without colours as fits into so many columns, with `…` where something is missing. */
export function cutToWidth(text: string, columns: number): string {
  if (text.length <= columns / 2 || widthOf(text) <= columns) return text;
  let line = '';
  let width = 0;
  for (const { segment } of segments.segment(text)) {
    width += columnsOf(segment);
    if (width > columns - 1) break;
    line += segment;
  }
  return columns < 1 ? '' : `${line}…`;
}

/** Rows as lines, in columns that are aligned; the last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)),
      )
      .join('  ')
      .trimEnd(),
  );
}

function columnsOf(grapheme: string): number {
  if (unseen.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}
