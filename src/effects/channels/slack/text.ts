/**
 * Text for Slack: escaped so that nobody's words become a mention or a link, and cut into pieces
 * that Slack takes, never inside a character or an entity.
 */

import { replaceUnseen } from '../../../redaction/unseen.ts';

/** What Slack takes of a section's text (Block Kit reference); more is `invalid_blocks`. */
export const sectionMax = 3_000;
/** Slack cuts a message's `text` above this by itself. */
export const textMax = 40_000;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * User text as mrkdwn: `&`, `<` and `>` as entities, which is all that Slack wants escaped and what
 * makes `<!channel>`, `<@U1>` and `<http://a|b>` plain words. Control characters, which Slack
 * refuses or drops, and characters that hide or turn text around become U+FFFD.
 */
export function escapeText(text: string): string {
  return withEntities(cleaned(text));
}

function withEntities(text: string): string {
  return text.replace(/[&<>]/g, (character) => entities[character] ?? character);
}

/** A link whose words are user text; only the words where the URL is none that people can open. */
export function link(url: string | null, words: string): string {
  const shown = escapeText(words);
  const href = hrefOf(url);
  return href === null ? shown : `<${href}|${shown.replaceAll('|', '¦')}>`;
}

/** The URL as it stands in a link, escaped; null where it is none that people can open. */
export function hrefOf(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const parsed = new URL(url);
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return null;
  // User name and password are nobody's business, and a bar or an angle bracket would end the URL.
  parsed.username = '';
  parsed.password = '';
  return parsed.href.replace(/[|<>]/g, encodeURIComponent).replaceAll('&', '&amp;');
}

/**
 * User text, escaped, in pieces of at most `max` characters each. Put together and unescaped they are
 * the text again, less white space at its ends. Cuts after a line where there is one, else after a
 * space, else between any two graphemes' code points.
 */
export function pieces(text: string, max: number = sectionMax): string[] {
  const found: string[] = [];
  let piece = '';
  for (const part of parts(cleaned(text).trim(), max)) {
    if (piece.length + part.length > max) {
      found.push(piece);
      piece = '';
    }
    piece += part;
  }
  found.push(piece);
  // Slack refuses a section of nothing but white space.
  return found.filter((one) => one.trim() !== '');
}

/** At most `max` characters of escaped text, with `…` where something is missing. */
export function cutEscaped(escaped: string, max: number): string {
  if (escaped.length <= max) return escaped;
  let kept = '';
  for (const [unit] of escaped.matchAll(unitPattern)) {
    if (kept.length + unit.length > max - 1) break;
    kept += unit;
  }
  return `${kept}…`;
}

/** A link, a mention, an entity or a code point: what must not be cut apart. */
const unitPattern = /<[^<>]*>|&(?:amp|lt|gt);|./gsu;

/** Of clean text: escaped lines; those that are too long in words, and words that are too long in code points. */
function* parts(text: string, max: number): Generator<string> {
  for (const [line] of text.matchAll(/[^\n]*\n|[^\n]+/g)) {
    const escapedLine = withEntities(line);
    if (escapedLine.length <= max) {
      yield escapedLine;
      continue;
    }
    for (const [word] of line.matchAll(/[^ ]* |[^ ]+/g)) {
      const escapedWord = withEntities(word);
      if (escapedWord.length <= max) yield escapedWord;
      else for (const point of word) yield withEntities(point);
    }
  }
}

function cleaned(text: string): string {
  const lines = text.toWellFormed().replace(/\r\n?/g, '\n');
  return replaceUnseen(lines, (character) => (character === '\n' ? character : '\ufffd'));
}
