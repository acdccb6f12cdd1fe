/** Every change of production as one page: what it says of where a change came from. */
import { expect, it } from 'vitest';
import { changesReport } from '../../src/page/changes-report.ts';
import type { Change } from '../../src/runtime/accounts/changes.ts';

const change: Change = {
  ...{
    at: '2026-01-05T13:04:00.000Z',
    lane: 'acme-web',
    kind: 'manual',
    environment: 'production',
  },
  ...{ outcome: 'live', deploy: 'by-hand-1-1a5f89db', release: 'v6', before: 'v5', commit: null },
  ...{ title: null, author: null, commits: [], omitted: 0, by: 'Ana', build: null, said: [] },
  ...{ checks: [], killSwitch: null, note: null, position: 7, hash: null, lastHash: null },
};

const pageOf = (build: string | null): Promise<string> =>
  changesReport({
    ...{
      since: '2026-01-01',
      until: '2026-02-01',
      lanes: ['acme-web'],
      head: `2-${'ab'.repeat(32)}@7`,
    },
    changes: [{ ...change, build }],
  });

it('names a CI’s run where there is one, and else the build’s label: a shell is no CI', async () => {
  const run = 'https://ci.acme.test/7';
  expect(await pageOf(run)).toMatch(new RegExp(`<a href="${run}"[^>]*>CI run</a>`));
  const byHand = await pageOf('by-hand-1');
  expect(byHand).toContain('build by-hand-1');
  expect(byHand).not.toContain('CI run');
  expect(await pageOf(null)).not.toMatch(/CI run|build /);
});

it.each([
  ['deploy', 'live', ''],
  ['deploy', 'failed', 'bad'],
  ['outside', 'live', 'bad'],
] as const)('marks a change of kind %s that was %s: "%s"', async (kind, outcome, mark) => {
  const changes = [{ ...change, kind, outcome }];
  const of = { since: '2026-01-01', until: '2026-02-01', lanes: ['acme-web'], head: '@7' };
  expect(await changesReport({ ...of, changes })).toContain(
    `<span class="${mark}">${kind}: ${outcome}</span>`,
  );
});

it('shows what is unseen in a title', async () => {
  const changes = [{ ...change, title: 'fix \u202egnp.exe' }];
  const of = { since: '2026-01-01', until: '2026-02-01', lanes: ['acme-web'], head: '@7' };
  const page = await changesReport({ ...of, changes });
  expect(page).toContain('fix \\u202egnp.exe');
  expect(page).not.toContain('\u202e');
});
