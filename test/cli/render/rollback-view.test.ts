/** What is shown to whoever has to say yes to a rollback, and what counts as yes. */
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { confirmed } from '../../../src/cli/render/question.ts';
import { rollbackPreview, type WhatGoesBack } from '../../../src/cli/render/rollback-view.ts';

const [from, to] = ['c', 'b'].map((digit) => digit.repeat(40)) as [string, string];
const commit = (title: string) => ({ sha: from, title, author: 'Ana' });

const shown = (change: Partial<WhatGoesBack> = {}, plan: Partial<WhatGoesBack['plan']> = {}) =>
  rollbackPreview({
    plan: {
      ...{ id: 'rollback-1', from: { id: 'r42', version: 'v42' }, again: false },
      to: { release: { id: 'r41', version: 'v41' }, commit: to, deploy: '501-bbbbbbbb' },
      ...plan,
    },
    ...{ place: 'acme-production', fromCommit: from },
    commits: { commits: [commit('Sort the list')], total: 1 },
    paths: ['app/list.rb'],
    ...change,
  });

describe('what goes back', () => {
  it('is the release, its commits and no migration', () => {
    expect(shown()).toEqual([
      'acme-production: v42 (cccccccc) goes back to v41 (bbbbbbbb, verified by 501-bbbbbbbb)',
      '1 commit goes back:',
      '  cccccccc Sort the list (Ana)',
      'no migration is among them, by the paths',
    ]);
  });

  it.each<[string, Parameters<typeof shown>, string[]]>([
    [
      'which commits is not known',
      [{ commits: null }],
      ['which commits go back is not known: this clone cannot tell'],
    ],
    [
      'whether migrations are among them is not known',
      [{ paths: null }],
      ['whether migrations are among them is not known'],
    ],
    [
      'there are more commits than are listed',
      [{ commits: { commits: [commit('Sort the list')], total: 21 } }],
      ['21 commits go back:', '  20 earlier commits, and'],
    ],
    [
      'a migration is the last of many files',
      [{ paths: [...Array.from({ length: 500 }, (_, at) => `app/${at}.rb`), 'db/migrate/1.rb'] }],
      ['1 migration among them, by the paths; the database does not go back:', '  db/migrate/1.rb'],
    ],
    [
      'an earlier try began it',
      [{}, { again: true }],
      [
        'acme-production: v42 (cccccccc) goes on going back to v41 (bbbbbbbb, verified by 501-bbbbbbbb)',
      ],
    ],
    [
      'no deploy of the lane verified it, and its commit is not known',
      [
        { fromCommit: null },
        { to: { release: { id: 'r1', version: 'v1' }, commit: null, deploy: null } },
      ],
      [
        'acme-production: v42 (an unknown commit) goes back to v1 (an unknown commit, not verified by a deploy of this lane)',
      ],
    ],
  ])('says so where %s', (_, given, lines) => {
    expect(shown(...given)).toEqual(expect.arrayContaining(lines));
    const isUnknown = lines.some((line) => line.startsWith('whether migrations'));
    if (isUnknown) expect(shown(...given).join()).not.toContain('no migration');
  });
});

describe('an answer', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ...['y', 'Y', 'yes', ' yes '].map((typed) => [typed, true] as const),
    ...['', ' ', 'n', 'no', 'ye', 'yess', 'maybe', 'not yes'].map(
      (typed) => [typed, false] as const,
    ),
  ])('of %j is yes: %s', async (typed, isYes) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as never);
    vi.spyOn(process, 'stderr', 'get').mockReturnValue(output as never);
    const answer = confirmed('Take production back?', new AbortController().signal);
    input.write(`${typed}\n`);
    expect(await answer).toBe(isYes);
  });

  /** As at a terminal, which hands each key on. */
  function askAt(signal: AbortSignal) {
    const [input, output] = [new PassThrough(), new PassThrough()];
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(input as never);
    const terminal = Object.assign(output, { isTTY: true, columns: 80 });
    vi.spyOn(process, 'stderr', 'get').mockReturnValue(terminal as never);
    return { answer: confirmed('Take production back?', signal), input };
  }

  it('that is none, by Ctrl-D, is no', async () => {
    const { answer, input } = askAt(new AbortController().signal);
    input.write('\u0004');
    expect(await answer).toBe(false);
  });

  it('that is Ctrl-C is the signal that this is wherever nothing is asked', async () => {
    const interrupt = new AbortController();
    const killed: unknown[] = [];
    vi.spyOn(process, 'kill').mockImplementation((...given) => {
      killed.push(given);
      interrupt.abort('SIGINT');
      return true;
    });
    const { answer, input } = askAt(interrupt.signal);
    input.write('\u0003');
    await expect(answer).rejects.toThrow();
    expect(killed).toEqual([[process.pid, 'SIGINT']]);
  });
});
