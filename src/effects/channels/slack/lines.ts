/** Pieces of a message about a deploy, as mrkdwn. Pure. */
import { dateAndTime } from '../../../format/time.ts';
import { counted } from '../../../format/words.ts';
import { siteOf } from '../../../machine/environments.ts';
import type {
  DeployRequest,
  DomainEvent,
  NoteCommit,
  ReleaseNotes,
} from '../../../machine/events.ts';
import { type EventText, shortSha } from '../../../machine/story-words.ts';
import type { DeployEvents } from '../channel.ts';
import { cutEscaped, escapeText, link } from './text.ts';

/** A sign beside the words, never in their place. What waits for a person is not broken: it looks unlike a failure. */
export const signs: { readonly [T in EventText['tone']]: string } = {
  good: '✅',
  bad: '🔴',
  waiting: '⏸️',
  neutral: '▫️',
};

/** What waits for its turn in the lane asks nothing of anybody. */
export function signOf({ type }: DomainEvent, tone: EventText['tone']): string {
  return type === 'deploy.requested' || type === 'lock.lost' ? '⏳' : signs[tone];
}

/** `*acme-web* build 502, 1a5f89db`, with links to the build and the commit. */
export function nameLine({ lane, build, commit, settings: { repository } }: DeployRequest): string {
  const url = repository === null ? null : `${repository}/commit/${commit.sha}`;
  return `*${escapeText(lane)}* build ${link(build.url, build.label)}, ${link(url, shortSha(commit.sha))}`;
}

/** In a line of its own; the release notes have titles whole. */
const titleMax = 300;

/** `Greet people by name — Ana Lima` */
export function titleLine({ title, author }: { title: string; author: string }): string {
  return `${cutEscaped(escapeText(title), titleMax)} — ${cutEscaped(escapeText(author), titleMax)}`;
}

/** One line: what shipped, and where it runs. */
export function liveLine(history: DeployEvents): string {
  const request = history[0].data;
  const notes = notesOf(history);
  const more = notes === null ? 0 : notes.commits.length + notes.omitted - 1;
  const others = more > 0 ? ` and ${counted(more, 'more commit')}` : '';
  const links = [
    linkOf(notes?.compareUrl ?? null, 'changes'),
    linkOf(siteOf(request, 'production'), 'production'),
  ].filter((one) => one !== null);
  const what = `✅ ${nameLine(request)} is live: ${titleLine(request.commit)}${others}`;
  return [what, ...links].join(' · ');
}

function notesOf(history: DeployEvents): ReleaseNotes | null {
  return history.findLast((event) => event.type === 'deploy.observed')?.data.notes ?? null;
}

export interface FailureFacts {
  /** When it failed: ISO 8601, UTC. */
  readonly time: string | null;
  /** Who is mentioned for a commit, by its id: raw mrkdwn. */
  readonly mentions: ReadonlyMap<string, string>;
  /** The label of the build that goes on without it; null: none waits. */
  readonly follower: string | null;
}

/** How many commits a failure names; the release notes have them all. */
const namedMax = 10;

/** The commits that a failure names: the newest of what was to ship. */
export function failedCommits(
  history: DeployEvents,
): readonly Pick<NoteCommit, 'sha' | 'title' | 'author' | 'url'>[] {
  const notes = notesOf(history);
  const { commit } = history[0].data;
  const named = notes === null ? [] : notes.commits.slice(-namedMax);
  return named.length === 0 ? [{ ...commit, url: null }] : named;
}

/** Since when, where its log is, whose commits they are, and what becomes of the others: lines for whoever mends it. */
export function failureLines(
  history: DeployEvents,
  { time, mentions, follower }: FailureFacts,
): string[] {
  const { build } = history[0].data;
  const notes = notesOf(history);
  const commits = failedCommits(history);
  const where = [
    ...(time === null ? [] : [`Since ${escapeText(dateAndTime(time))}`]),
    linkOf(build.url, `the log of build ${build.label}`),
    linkOf(notes?.compareUrl ?? null, 'what was to ship'),
  ].filter((one) => one !== null);
  const more = notes === null ? 0 : notes.commits.length + notes.omitted - commits.length;
  return [
    ...(where.length === 0 ? [] : [where.join(' · ')]),
    ...commits.map((commit) => {
      const mention = mentions.get(commit.sha);
      const line = `• ${link(commit.url, shortSha(commit.sha))} ${titleLine(commit)}`;
      return mention === undefined ? line : `${line} ${mention}`;
    }),
    ...(more > 0 ? [`• and ${counted(more, 'earlier commit')}`] : []),
    ...(follower === null ? [] : [`The next one, ${escapeText(follower)}, goes on without it.`]),
  ];
}

/** Null where there is nowhere to go. */
function linkOf(url: string | null, words: string): string | null {
  const linked = link(url, words);
  return linked.startsWith('<') ? linked : null;
}
