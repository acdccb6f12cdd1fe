/** Release notes from commits: titles, links, and what is left out when there is too much. */
import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../src/effects/git/commit-object.ts';
import { toReleaseNotes } from '../../../src/effects/history/release-notes.ts';
import { notesSchema } from '../../../src/machine/events.ts';

const shaOf = (number: number): string => number.toString(16).padStart(40, '0');
const base = shaOf(0xba5e);
const commit = (number: number, more: Partial<Commit> = {}): Commit => ({
  sha: shaOf(number),
  title: `Change ${number}`,
  body: '',
  author: 'Ada',
  email: 'ada@example.com',
  date: '2026-01-05T10:00:00.000Z',
  ...more,
});

const notesOf = (commits: Commit[], more: { webUrl?: string | null; total?: number } = {}) => {
  const head = commits.at(-1)?.sha ?? shaOf(1);
  const total = commits.length;
  const webUrl = 'https://github.com/acme/web';
  const notes = toReleaseNotes({ base, head, commits, total, webUrl, ...more });
  return notesSchema.parse(notes);
};

describe('toReleaseNotes', () => {
  it('links the comparison and each commit, and links nothing without an address', () => {
    const { compareUrl, commits } = notesOf([commit(1), commit(2)]);
    expect(compareUrl).toBe(
      `https://github.com/acme/web/compare/${base.slice(0, 12)}...${shaOf(2).slice(0, 12)}`,
    );
    expect(commits.map(({ url }) => url)).toEqual([
      `https://github.com/acme/web/commit/${shaOf(1)}`,
      `https://github.com/acme/web/commit/${shaOf(2)}`,
    ]);
    const bare = notesOf([commit(1)], { webUrl: null });
    expect([bare.compareUrl, bare.commits[0]?.url]).toEqual([null, null]);
  });

  it('calls a merged pull request by its own title', () => {
    const title = 'Merge pull request #12 from acme/signup';
    const [merged, bare] = notesOf([
      commit(1, { title, body: 'Ask for the email twice\n\nSupport asked for it.' }),
      commit(2, { title }),
    ]).commits;
    expect(merged).toMatchObject({
      title: 'Ask for the email twice (#12)',
      body: 'Support asked for it.',
    });
    expect(bare).toMatchObject({ title, body: '' });
  });

  it('lists the newest 250 and counts the others', () => {
    const all = Array.from({ length: 252 }, (_, place) => commit(place + 1));
    const { commits, omitted } = notesOf(all, { total: 300 });
    expect(commits).toHaveLength(250);
    expect([commits[0]?.sha, commits.at(-1)?.sha]).toEqual([shaOf(3), shaOf(252)]);
    expect(omitted).toBe(50);
  });

  it('counts those too for which the log has no room', () => {
    const title = '\u0001'.repeat(1_000);
    const all = Array.from({ length: 100 }, (_, place) => commit(place + 1, { title }));
    const { commits, omitted } = notesOf(all);
    expect(commits.length).toBeLessThan(60);
    expect(commits.length + omitted).toBe(100);
    expect(commits.at(-1)?.sha).toBe(shaOf(100));
  });

  it('keeps bodies of 64 KiB together, and leaves all of them out above that', () => {
    const half = 'x'.repeat(32 * 1024);
    const fits = notesOf([commit(1, { body: half }), commit(2, { body: half })]);
    expect(fits.bodiesOmitted).toBe(false);
    const tooLong = notesOf([commit(1, { body: half }), commit(2, { body: `${half}x` })]);
    expect(tooLong.bodiesOmitted).toBe(true);
    expect(tooLong.commits.map(({ title, body }) => [title, body])).toEqual([
      ['Change 1', ''],
      ['Change 2', ''],
    ]);
  });
});
