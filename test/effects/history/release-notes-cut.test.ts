/** A title too long for the log: cut between characters, and never without a sign of it. */
import { describe, expect, it } from 'vitest';
import { toReleaseNotes } from '../../../src/effects/history/release-notes.ts';
import { Gate, within } from '../../../src/redaction/gate.ts';

const sha = 'a'.repeat(40);

function noteOf(title: string, body = '', author = 'Ada') {
  const commit = { sha, title, body, author, email: 'ada@example.com', date: '' };
  const notes = toReleaseNotes({
    base: null,
    head: sha,
    commits: [commit],
    total: 1,
    webUrl: null,
  });
  const [note] = notes.commits;
  if (note === undefined) throw new Error('no note');
  return { ...note, bodiesOmitted: notes.bodiesOmitted };
}

describe('a title of more than a thousand characters', () => {
  it.each([998, 999, 1_000, 1_001])(
    'is cut inside no character, after %i units of others',
    (length) => {
      const title = `${'x'.repeat(length)}🚀${'y'.repeat(10)}`;
      const note = noteOf(title);
      expect(note.title.isWellFormed()).toBe(true);
      expect(note.body.isWellFormed()).toBe(true);
      expect(note.title + note.body.trim()).toBe(title);
    },
  );

  it('goes on in the body, before what that says', () => {
    const note = noteOf('x'.repeat(1_200), 'Why it was done.');
    expect(note.title).toBe('x'.repeat(1_000));
    expect(note.body).toBe(`${'x'.repeat(200)}\n\nWhy it was done.`);
  });

  it('ends with an ellipsis where bodies are left out: it is not whole', () => {
    const note = noteOf('x'.repeat(1_200), 'y'.repeat(70_000));
    expect(note).toMatchObject({ bodiesOmitted: true, body: '' });
    expect(note.title).toBe(`${'x'.repeat(1_000)}…`);
  });
});

it('a title that fits has no ellipsis where bodies are left out', () => {
  expect(noteOf('x'.repeat(1_000), 'y'.repeat(70_000)).title).toBe('x'.repeat(1_000));
});

it.each([
  ['title', (text: string) => noteOf(text), 1_000],
  ['author', (text: string) => noteOf('Greet people', '', text), 200],
] as const)('the %s is masked before it is cut: no half of a secret is left', (_, noted, max) => {
  const gate = new Gate();
  gate.hide('cut-secret-0123456789');
  for (let left = 1; left <= 20; left++) {
    const text = `${'x'.repeat(max - left - 1)} cut-secret-0123456789`;
    expect(JSON.stringify(within(gate, () => noted(text)))).not.toMatch(/ c|\d{4}/);
  }
});
