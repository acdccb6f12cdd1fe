/** Commits as bytes: also those that no git of today would make. */
import { describe, expect, it } from 'vitest';
import { parseBatch, parseCommit } from '../../../src/effects/git/commit-object.ts';

const sha = 'a'.repeat(40);
const date = '2023-11-14T22:13:20.000Z';
const author = 'author Ana <ana@acme.test> 1700000000 +0100';
const committer = 'committer Ben <ben@acme.test> 1700000000 +0100';

describe('a commit object', () => {
  it.each<[string, string[], object]>([
    [
      'has all of it',
      [author, committer, '', 'Title', '', 'Body'],
      { author: 'Ana', email: 'ana@acme.test', title: 'Title', body: 'Body', date },
    ],
    [
      'has no message and no blank line',
      [author, committer],
      { author: 'Ana', title: '', body: '', date },
    ],
    [
      'has a name like a header in its message',
      [author, committer, '', 'author Eve <e> 1 +0'],
      { author: 'Ana', title: 'author Eve <e> 1 +0' },
    ],
    [
      'has an author of no name',
      ['author <ana@acme.test> 1 +0', committer, '', 'x'],
      { author: 'ana@acme.test', email: 'ana@acme.test' },
    ],
    [
      'has an author of no address',
      ['author Ana', committer, '', 'x'],
      { author: 'Ana', email: '' },
    ],
    [
      'has an address that ends before it begins',
      ['author a> Ana <', committer, '', 'x'],
      { author: 'a> Ana <', email: '' },
    ],
    [
      'has an address within its address',
      ['author Ana <a <b> c> 1 +0', committer, '', 'x'],
      { author: 'Ana', email: 'a <b> c' },
    ],
    ['has no author', [committer, '', 'x'], { author: '', email: '', date }],
    [
      'has a NUL in the name',
      ['author A\0na <a> 1 +0', committer, '', 'x'],
      { author: 'A\u{FFFD}na' },
    ],
    ['has no date', [author, 'committer Ben <b>', '', 'x'], { date: '1970-01-01T00:00:00.000Z' }],
    [
      'has a date that is none',
      [author, 'committer Ben <b> soon', '', 'x'],
      { date: '1970-01-01T00:00:00.000Z' },
    ],
    ['has a date without a zone', [author, 'committer Ben <b> 1700000000', '', 'x'], { date }],
    [
      'has a date beyond all years',
      [author, 'committer Ben <b> 999999999999 +0', '', 'x'],
      { date: '9999-12-31T23:59:59.000Z' },
    ],
    [
      'names an encoding that nobody knows',
      [author, committer, 'encoding klingon', '', 'é'],
      { title: 'é' },
    ],
  ])('%s', (_, lines, wanted) => {
    expect(parseCommit(sha, Buffer.from(lines.join('\n')))).toMatchObject({ sha, ...wanted });
  });
});

describe('the output of cat-file', () => {
  const object = (content: string, type = 'blob') =>
    `${sha} ${type} ${Buffer.byteLength(content)}\n${content}\n`;

  it('is its objects in order, whatever they hold, and null for one that is missing', () => {
    const contents = ['', `${sha} blob 3`, 'a\nb\n', `${sha} missing\n`];
    const output = [
      object(contents[0] ?? ''),
      `${sha} missing\n`,
      ...contents.slice(1).map((one) => object(one)),
      `main ambiguous\n`,
    ];
    expect(parseBatch(Buffer.from(output.join(''))).map((one) => one?.content.toString())).toEqual([
      contents[0],
      undefined,
      ...contents.slice(1),
      undefined,
    ]);
  });

  it('that is cut off within a line has no object there', () => {
    expect(parseBatch(Buffer.from(`${object('abc', 'commit')}${sha} blo`))).toEqual([
      { sha, type: 'commit', content: Buffer.from('abc') },
    ]);
  });
});
