/**
 * Characters that nobody sees and that change what is read: they move a terminal's cursor, turn text
 * around, or hide text in text. They are made visible wherever foreign text is shown.
 */

/**
 * Controls, formats, separators of lines and paragraphs, halves of characters, and all that Unicode
 * calls ignorable by default (spaces of no width, fillers, variation selectors, tags); but not tab, nor
 * the signs of format that have a shape (Arabic number signs and their like).
 */
const unseen =
  /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]--[\t\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2]]/gv;

/** Before a joiner: an emoji is one character of several, and some scripts join letters with one. */
const isEmoji = (before: string): boolean =>
  /(\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f|\u20e3)$/u.test(before);
const joiningScripts = [
  ...['Arabic', 'Syriac', 'Mongolian', 'Devanagari', 'Bengali', 'Gujarati', 'Gurmukhi'],
  ...['Kannada', 'Malayalam', 'Oriya', 'Sinhala', 'Tamil', 'Telugu', 'Khmer'],
].map((script) => `\\p{Script=${script}}`);
/** Made when the first joiner is met: all their characters are looked up for it. */
let joining: RegExp | undefined;
function isJoining(before: string): boolean {
  joining ??= new RegExp(`[${joiningScripts.join('')}]$`, 'u');
  return joining.test(before);
}

/** Each unseen character replaced; what holds emoji and letters of some scripts together stays. */
export function replaceUnseen(text: string, replacement: (character: string) => string): string {
  return text.replace(unseen, (character, at: number) => {
    const before = text.slice(Math.max(0, at - 2), at);
    if (character === '\u200d' && (isEmoji(before) || isJoining(before))) return character;
    if (character === '\u200c' && isJoining(before)) return character;
    if ((character === '\ufe0f' || character === '\ufe0e') && /[\p{Emoji}]$/u.test(before)) {
      return character;
    }
    return replacement(character);
  });
}

/** One line of text, unseen characters written as `\u001b`. */
export function visible(text: string): string {
  return replaceUnseen(text, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
    return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex}`;
  });
}

/** JSON of the same value, with unseen characters escaped; its own line ends stay. */
export function visibleJson(json: string): string {
  return replaceUnseen(json, (character) =>
    character === '\n'
      ? character
      : [...Array(character.length).keys()]
          .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}
