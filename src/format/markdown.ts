/** Text of others in Markdown (CommonMark and GitHub's additions to it): it stays text, whatever it holds. */
import { oneLine } from './text.ts';

/** One line; each sign of ASCII that could mean something to Markdown or HTML is escaped (CommonMark 2.4). */
export function markdownText(text: string): string {
  return oneLine(text).replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** `[words](url)`; only the words where the URL is none that people can open. */
export function markdownLink(url: string | null, words: string): string {
  const shown = markdownText(words);
  const parsed = url === null ? null : URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return shown;
  parsed.username = '';
  parsed.password = '';
  // Within angle brackets only these would end the address or change it.
  const href = parsed.href.replace(/[<>\\`]/g, encodeURIComponent);
  return `[${shown}](<${href}>)`;
}

/** Lines that are shown as they are; no line of the text ends them. */
export function markdownBlock(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}text\n${text.replace(/\r\n?/g, '\n')}\n${fence}`;
}
