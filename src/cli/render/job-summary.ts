/** The summary of a job at GitHub Actions: what became of the deploy, its way, what ships, what was checked. Pure. */

import { formatDuration } from '../../format/duration.ts';
import { markdownBlock, markdownLink, markdownText } from '../../format/markdown.ts';
import { clockTime } from '../../format/time.ts';
import { counted } from '../../format/words.ts';
import { siteOf } from '../../machine/environments.ts';
import type { DeployRequest, ReleaseNotes } from '../../machine/events.ts';
import { topOf } from '../../machine/state-facts.ts';
import { tell } from '../../machine/story.ts';
import { shortSha } from '../../machine/story-words.ts';
import { visible } from '../../redaction/unseen.ts';
import { standingOf, type ToldRun, type Verdict, verdictOf } from '../ci/told-run.ts';

const signs: { readonly [V in Verdict]: string } = {
  live: '✅ live',
  failed: '❌ not deployed',
  held: '⏸️ held before production',
  interrupted: '⏹️ interrupted',
  over: '⏭️ not needed',
};

/** @param bytesMax of the whole; the oldest commits give way first */
export function jobSummary(told: ToldRun, bytesMax: number): string {
  const [{ event: first }] = told.events;
  if (first.type !== 'deploy.requested') return '';
  const notes = told.events.flatMap(({ event }) =>
    event.type === 'deploy.observed' ? [event.data.notes] : [],
  );
  const last = notes.at(-1) ?? null;
  const write = (listed: number): string =>
    [
      ...head(told, first.data),
      ...ships(last, listed),
      ...way(told),
      ...checks(told),
      `<sub>${markdownText(told.head)}</sub>`,
      '',
    ]
      .join('\n\n')
      .split('\n')
      .map(visible)
      .join('\n');
  for (let listed = last?.commits.length ?? 0; ; listed = Math.floor(listed / 2)) {
    const text = write(listed);
    if (Buffer.byteLength(text) <= bytesMax) return text;
    if (listed === 0) return '';
  }
}

function head(told: ToldRun, request: DeployRequest): string[] {
  const { lane, build, commit, settings } = request;
  const verdict = verdictOf(told);
  const { headline, detail } = standingOf(told);
  const commitUrl =
    settings.repository === null ? null : `${settings.repository}/commit/${commit.sha}`;
  const site = siteOf(request, 'production');
  const links = [
    `build ${markdownLink(build.url, build.label)}`,
    `commit ${markdownLink(commitUrl, shortSha(commit.sha))}`,
    ...(site === null ? [] : [markdownLink(site, 'production')]),
  ];
  const { title, author } = commit;
  return [
    `## ${markdownText(`${lane} ${build.label}`)}: ${signs[verdict]}`,
    `${markdownText(title)} — ${markdownText(author)}  \n${links.join(' · ')}`,
    markdownText(headline),
    ...(detail === null || verdict === 'live' ? [] : [markdownBlock(detail)]),
    ...(told.next === null ? [] : [markdownText(told.next)]),
  ];
}

function ships(notes: ReleaseNotes | null, listed: number): string[] {
  if (notes === null) return [];
  const { commits, omitted, compareUrl } = notes;
  const total = commits.length + omitted;
  const lines = (listed === 0 ? [] : commits.slice(-listed)).map(
    ({ sha, title, author, url }) =>
      `- ${markdownLink(url, shortSha(sha))} ${markdownText(title)} — ${markdownText(author)}`,
  );
  const more = total - lines.length;
  if (more > 0) lines.unshift(`- ${counted(more, 'earlier commit')}`);
  if (compareUrl !== null) lines.push(`- ${markdownLink(compareUrl, 'Compare with what ran')}`);
  return [`### What ships: ${counted(total, 'commit')}`, lines.join('\n')];
}

/** The states that it went through, each with how long it was there, and every event on the way. */
function way({ events }: ToldRun): string[] {
  const stays: { state: string; since: number }[] = [];
  for (const { state, time } of events) {
    const top = state === null ? null : topOf(state);
    if (top !== null && stays.at(-1)?.state !== top) {
      stays.push({ state: top, since: Date.parse(time) });
    }
  }
  const path = stays.map(({ state, since }, at) => {
    const until = stays[at + 1]?.since;
    const took = until === undefined ? [] : [`(${formatDuration(until - since)})`];
    return [state, ...took].map(markdownText).join(' ');
  });
  const lines = events.map(
    ({ event, time }) => `- ${markdownText(`${clockTime(time)} ${tell(event).headline}`)}`,
  );
  return [
    '### The way',
    path.join(' → '),
    `<details><summary>${counted(lines.length, 'event')}</summary>`,
    lines.join('\n'),
    '</details>',
  ];
}

/** What was found right, environment by environment. */
function checks({ events }: ToldRun): string[] {
  const found = events.filter(({ event }) => /^\w+\.(verified|baked)$/.test(event.type));
  if (found.length === 0) return [];
  const lines = found.flatMap(({ event }) => {
    const { headline, detail } = tell(event);
    const answers = (detail ?? '').split('\n').filter((line) => line !== '');
    return [headline, ...answers].map(
      (line, at) => `${at === 0 ? '-' : '  -'} ${markdownText(line)}`,
    );
  });
  return ['### What was checked', lines.join('\n')];
}
