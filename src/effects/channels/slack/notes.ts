/** Release notes as Slack blocks: every commit with its whole message, harmless, nothing left out unsaid. */
import { counted } from '../../../format/words.ts';
import type { NoteCommit, ReleaseNotes } from '../../../machine/events.ts';
import { shortSha } from '../../../machine/story-words.ts';
import { pack, type SlackBlock, section } from './blocks.ts';
import { link, pieces, sectionMax } from './text.ts';

/** Above this, bodies and then commits give way to a link: a channel is not a place for a book. */
const messagesMax = 20;
/** What a link and its words may take of a section. */
const linkMax = 500;

/** The notes in blocks, for one or several messages (see `pack`). */
export function noteBlocks(notes: ReleaseNotes): SlackBlock[] {
  const whole = render(notes, notes.commits.length, true);
  if (fits(whole)) return whole;
  let listed = notes.commits.length;
  let titles = render(notes, listed, false);
  while (!fits(titles) && listed > 0) {
    listed = Math.floor(listed * 0.9);
    titles = render(notes, listed, false);
  }
  return titles;
}

function fits(blocks: readonly SlackBlock[]): boolean {
  return pack('', blocks).length <= messagesMax;
}

function render(notes: ReleaseNotes, listed: number, withBodies: boolean): SlackBlock[] {
  const { commits, omitted, bodiesOmitted, compareUrl } = notes;
  const blocks = commits.slice(0, listed).flatMap((commit) => commitBlocks(commit, withBodies));
  const more = commits.length - listed + omitted;
  if (more > 0) {
    const words = `… and ${counted(more, 'more commit')}`;
    blocks.push(section(compareUrl === null ? words : short(compareUrl, words)));
  } else if (compareUrl !== null && commits.length > 0) {
    blocks.push(section(short(compareUrl, 'Compare with what production runs')));
  }
  if (bodiesOmitted || !withBodies) {
    blocks.push(section('The messages together are too long for here; these are their titles.'));
  }
  return blocks;
}

function commitBlocks({ sha, title, body, author, url }: NoteCommit, withBody: boolean) {
  const id = short(url, shortSha(sha));
  const [first = '', ...rest] = pieces(`${title} — ${author}`, sectionMax - linkMax);
  const lines = [`${id} ${first}`, ...rest, ...(withBody ? pieces(body) : [])];
  return lines.map(section);
}

function short(url: string | null, words: string): string {
  const linked = link(url, words);
  return linked.length < linkMax ? linked : link(null, words);
}
