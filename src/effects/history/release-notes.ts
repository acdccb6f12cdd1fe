/** Release notes from commits: who did what, with links, within what a log can keep. */
import type { NoteCommit, ReleaseNotes } from '../../machine/events.ts';
import { cutOff } from '../../redaction/cut.ts';
import { redactAll } from '../../redaction/gate.ts';
import type { Commit } from '../git/commit-object.ts';

/** So many commits are listed, the newest ones. */
export const commitsMax = 250;
/** The messages together, in UTF-16 units. */
const bodiesLengthMax = 64 * 1024;
const titleLengthMax = 1_000;
const authorLengthMax = 200;
/** All of it as JSON, in which an odd character takes six: of more, the oldest commits are only counted. */
const notesLengthMax = 300_000;

/**
 * @param commits oldest first
 * @param total how many there are, more than are given where they were too many
 * @param webUrl `https://github.com/acme/web`, for links; null for none
 */
export function toReleaseNotes(options: {
  readonly base: string | null;
  readonly head: string;
  readonly commits: readonly Commit[];
  readonly total: number;
  readonly webUrl: string | null;
}): ReleaseNotes {
  const { base, head, total } = options;
  const webUrl = options.webUrl?.replace(/\/+$/, '').replace(/\.git$/, '') ?? null;
  const whole = options.commits.slice(-commitsMax).map((commit) => note(commit, webUrl));
  const length = whole.reduce((sum, { body }) => sum + body.length, 0);
  const bodiesOmitted = length > bodiesLengthMax;
  const all = whole.map(({ isCut, ...commit }) =>
    bodiesOmitted
      ? { ...commit, title: isCut ? `${commit.title}…` : commit.title, body: '' }
      : commit,
  );
  const listed = newestOf(all);
  return {
    base,
    head,
    compareUrl:
      webUrl === null || base === null ? null : `${webUrl}/compare/${short(base)}...${short(head)}`,
    commits: listed,
    omitted: Math.max(0, total - listed.length),
    bodiesOmitted,
  };
}

/** Short enough for a line that people read, and unlikely ever to name two commits. */
const short = (sha: string): string => sha.slice(0, 12);

/** As many of the newest as the log can keep. */
function newestOf(commits: readonly NoteCommit[]): NoteCommit[] {
  let length = 0;
  const listed = commits.toReversed().filter((commit) => {
    length += JSON.stringify(commit).length;
    return length <= notesLengthMax;
  });
  return listed.reverse();
}

/** GitHub's merge commits say what was merged in their second paragraph. */
const pullRequest = /^Merge pull request (#\d+) from \S+$/;

/** `isCut`: the title goes on in the body, and is not whole without it. */
function note(commit: Commit, webUrl: string | null): NoteCommit & { readonly isCut: boolean } {
  const { sha, title, body, author } = redactAll(commit);
  const number = pullRequest.exec(title)?.[1];
  const [first = '', ...others] = body.split('\n');
  const merged = number !== undefined && first.trim() !== '';
  const words = merged ? `${first.trim()} (${number})` : title;
  const rest = merged ? others.join('\n').replace(/^\n+/, '') : body;
  const start = startOf(words);
  const isCut = start.length < words.length;
  return {
    sha,
    title: start,
    body: isCut ? `${words.slice(start.length)}\n\n${rest}` : rest,
    author: cutOff(author, authorLengthMax),
    url: webUrl === null ? null : `${webUrl}/commit/${sha}`,
    isCut,
  };
}

/** As much as a title may have, and no half of a character at its end. */
function startOf(words: string): string {
  const start = words.slice(0, titleLengthMax);
  return words.length > titleLengthMax && /[\ud800-\udbff]$/.test(start)
    ? start.slice(0, -1)
    : start;
}
