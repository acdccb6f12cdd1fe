/** What `pipeline metrics` says beside a figure: of what there is none, what git does not tell, what is not over. */
import { expect, it } from 'vitest';
import { metricsView } from '../../../src/cli/render/metrics-view.ts';
import type { Terminal } from '../../../src/cli/render/terminal.ts';
import type { LaneMetrics } from '../../../src/runtime/accounts/metrics.ts';

const same = (text: string): string => text;
const color: Terminal['color'] = {
  ...{ bold: same, dim: same, red: same, green: same, yellow: same, cyan: same },
};
const none = { count: 0, medianMs: null, longestMs: null };
const nothing = { count: 0, of: 0, rate: null };
const lane: LaneMetrics = {
  ...{ lane: 'acme-web', deployments: { count: 0, perDay: 0 } },
  ...{ leadTime: { ...none, unknown: 0 }, askedToLive: none, recovery: { ...none, open: 0 } },
  ...{ changeFail: nothing, rework: nothing, superseded: nothing },
  waiting: {
    wholeMs: 0,
    parts: { queued: 0, locked: 0, deploying: 0, verifying: 0, held: 0 } as never,
  },
};
const period = { since: '2026-01-01T00:00:00.000Z', until: '2026-02-01T00:00:00.000Z' };

/** The line of a figure. */
function lineOf(title: string, change: Partial<LaneMetrics> = {}): string {
  const lines = metricsView({ ...period, lanes: [{ ...lane, ...change }] }, { color });
  const line = lines.find((one) => one.startsWith(`  ${title}`)) ?? '';
  return line.slice(title.length + 2).trim();
}

it.each<[string, string, Partial<LaneMetrics>, string]>([
  ['of no change', 'change fail rate', {}, 'none (of 0)'],
  [
    'of none that failed',
    'change fail rate',
    { changeFail: { count: 0, of: 4, rate: 0 } },
    '0.0% (0 of 4)',
  ],
  [
    'of one in three',
    'rework rate',
    { rework: { count: 1, of: 3, rate: 1 / 3 } },
    '33.3% (1 of 3)',
  ],
  ['of no recovery', 'failed deployment recovery', {}, 'none'],
  [
    'of what is not recovered yet',
    'failed deployment recovery',
    { recovery: { ...none, open: 2 } },
    'none; 2 not recovered yet',
  ],
  [
    'of commits that git does not know',
    'lead time for changes',
    { leadTime: { count: 1, medianMs: 60_000, longestMs: 120_000, unknown: 2 } },
    '1m median of 1 commit, 2m the longest; of 2 more commits git says no time',
  ],
  [
    'a day',
    'deployment frequency',
    { deployments: { count: 3, perDay: 0.1 } },
    '3 deploys, 0.10 a day',
  ],
])('a figure %s', (_, title, change, told) => {
  expect(lineOf(title, change)).toBe(told);
});
