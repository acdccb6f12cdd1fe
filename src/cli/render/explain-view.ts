/** `pipeline explain` as lines: the answer, how it came about, what would let it go on. */
import { dateAndTime } from '../../format/time.ts';
import { sentence } from '../../format/words.ts';
import { shortSha } from '../../machine/story-words.ts';
import type { Explanation } from '../../runtime/audit/explanation.ts';
import { seenWords } from '../../runtime/audit/last-seen.ts';
import { safe, type Terminal } from './terminal.ts';

export interface Explained {
  readonly commit: { readonly sha: string; readonly title: string | null };
  readonly lanes: readonly Explanation[];
}

export function explainView(
  { commit, lanes }: Explained,
  { color }: Pick<Terminal, 'color'>,
): string[] {
  const title = commit.title === null ? '' : ` “${safe(commit.title)}”`;
  const lines = [color.bold(`${shortSha(commit.sha)}${title}`)];
  for (const one of lanes) lines.push('', ...laneView(one, color));
  if (lanes.length === 0) lines.push('', 'The log has no deploy yet.');
  return lines;
}

function laneView(one: Explanation, color: Terminal['color']): string[] {
  const { lane, verdict, headline, chain, production, echo, next, lacks } = one;
  const isGood = verdict === 'live' || verdict === 'carried' || verdict === 'contained';
  const isOpen = verdict === 'underWay' || verdict === 'notAsked' || verdict === 'unknown';
  const paint = isGood ? color.green : isOpen ? color.yellow : color.red;
  const lines = [`${safe(lane)}: ${paint(safe(headline))}`, ''];
  for (const { deploy, time, words } of chain) {
    lines.push(`  ${color.dim(dateAndTime(time))}  ${safe(deploy)}  ${safe(words)}`);
  }
  if (chain.length > 0) lines.push('');
  if (echo !== null) {
    const what = echo.kind === 'revert' ? 'Undone by' : 'The same change:';
    const how = echo.deploy === null ? '' : `, shipped with ${safe(echo.deploy)}`;
    lines.push(`${what} ${shortSha(echo.sha)} “${safe(echo.title)}”${how}.`);
  }
  if (production !== null) {
    const has = {
      true: 'it has this commit',
      false: 'it does not have it',
      null: 'whether it has this commit is not known',
    };
    lines.push(safe(sentence(`Now: ${seenWords(production)}: ${has[`${production.has}`]}`)));
  }
  if (lacks !== null) lines.push(safe(sentence(`Not certain, for ${lacks}`)));
  if (next !== null) for (const line of next.split('\n')) lines.push(`Next: ${safe(line)}`);
  return lines;
}
