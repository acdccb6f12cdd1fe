/** Text in columns, by how wide a terminal shows it. */

/** Latin letters, punctuation and arrows: one column each, and none joins with another. */
const plain = /^[\x20-\x7e\xa0-\xac\xae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u21ff]*$/;

/** What any other text is measured with. Node takes some 25 ms to make it, and most commands show plain text only. */
let measures: ReturnType<typeof makeMeasures> | undefined;
const makeMeasures = () => ({
  segments: new Intl.Segmenter('en', { granularity: 'grapheme' }),
  /** Emoji as vendors show them, and the wide scripts of East Asia (Unicode Standard Annex 11). */
  wide: /\p{RGI_Emoji}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/v,
  unseen: /^[\p{Default_Ignorable_Code_Point}\p{Control}\p{Mark}]+$/v,
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const colors = /\u001b\[[0-9;]*m/g;

/** In columns of a terminal. */
export function widthOf(text: string): number {
  const shown = text.replace(colors, '');
  return plain.test(shown)
    ? shown.length
    : graphemes(shown).reduce((sum, { width }) => sum + width, 0);
}

/** As much of the start of a text without colours as fits into so many columns, with `…` where something is missing. */
export function cutToWidth(text: string, columns: number): string {
  if (text.length <= columns / 2 || widthOf(text) <= columns) return text;
  if (columns < 1) return '';
  if (plain.test(text)) return `${text.slice(0, columns - 1)}…`;
  let line = '';
  let width = 0;
  for (const grapheme of graphemes(text)) {
    width += grapheme.width;
    if (width > columns - 1) break;
    line += grapheme.segment;
  }
  return `${line}…`;
}

/** A text as lines of at most so many columns, broken at blanks; a longer word stands by itself. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && widthOf(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
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

/** What a terminal shows as one character each, and how many columns it takes. */
function graphemes(text: string): { readonly segment: string; readonly width: number }[] {
  measures ??= makeMeasures();
  const { segments, wide, unseen } = measures;
  return Array.from(segments.segment(text), ({ segment }) => {
    if (unseen.test(segment)) return { segment, width: 0 };
    return { segment, width: wide.test(segment) ? 2 : 1 };
  });
}
