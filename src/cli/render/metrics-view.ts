/** `pipeline metrics` as lines: each figure with what it is made of. */
import { table } from '../../format/columns.ts';
import { formatDuration } from '../../format/duration.ts';
import { dateAndTime } from '../../format/time.ts';
import { counted } from '../../format/words.ts';
import { waitingParts } from '../../machine/waiting.ts';
import type { Period } from '../../runtime/accounts/deploy-record.ts';
import type { LaneMetrics, Share, Spread } from '../../runtime/accounts/metrics.ts';
import { safe, type Terminal } from './terminal.ts';

/** How each figure is made, in a line; docs/metrics.md says more. */
export const formulas = {
  deployments: 'deploys that became live in the window, and those a day',
  leadTime:
    'median of the time from a commit to its being live, over the commits that those deploys brought; commit times are git’s',
  askedToLive: 'median of the time from asking for a deploy until it was live',
  changeFail:
    'deploys that came to run in production in the window, and failed a check there or were taken back, of all that came to run there',
  recovery: 'median of the time from when such a deploy ran until production ran what held',
  rework:
    'deploys made by hand or out of order, or right after one that failed in production, of all that came to run there',
  waiting:
    'time in the window that deploys spent queued, locked (reading what runs), deploying, verifying, or held until somebody acted or another deploy was live',
  superseded: 'deploys that ended superseded, of all that ended in the window',
} as const satisfies Partial<Record<keyof LaneMetrics, string>>;

export function metricsView(
  { since, until, lanes }: Period & { readonly lanes: readonly LaneMetrics[] },
  { color }: Pick<Terminal, 'color'>,
): string[] {
  const lines = [`from ${dateAndTime(since)} until ${dateAndTime(until)}`];
  for (const lane of lanes) {
    lines.push('', color.bold(safe(lane.lane)), ...table(rowsOf(lane)).map((row) => `  ${row}`));
  }
  if (lanes.length === 0) return [...lines, '', 'The log has no deploy yet.'];
  const how = table(
    Object.entries(formulas).map(([name, words]) => [titles[name as Figure], words]),
  );
  return [...lines, '', color.dim('How they are made (docs/metrics.md):'), ...how.map(color.dim)];
}

type Figure = keyof typeof formulas;

const titles: { readonly [F in Figure]: string } = {
  deployments: 'deployment frequency',
  leadTime: 'lead time for changes',
  askedToLive: 'asked for to live',
  changeFail: 'change fail rate',
  recovery: 'failed deployment recovery',
  rework: 'rework rate',
  waiting: 'where the time went',
  superseded: 'supersede rate',
};

function rowsOf(lane: LaneMetrics): string[][] {
  const { deployments, leadTime, askedToLive, changeFail, recovery, rework, superseded } = lane;
  const unknown =
    leadTime.unknown === 0
      ? ''
      : `; of ${counted(leadTime.unknown, 'more commit')} git says no time`;
  const open = recovery.open === 0 ? '' : `; ${recovery.open} not recovered yet`;
  const perDay = `${counted(deployments.count, 'deploy')}, ${deployments.perDay.toFixed(2)} a day`;
  return [
    [titles.deployments, perDay],
    [titles.leadTime, `${spreadWords(leadTime, 'commit')}${unknown}`],
    [titles.askedToLive, spreadWords(askedToLive, 'deploy')],
    [titles.changeFail, shareWords(changeFail)],
    [titles.recovery, `${spreadWords(recovery, 'recovery', 'recoveries')}${open}`],
    [titles.rework, shareWords(rework)],
    [titles.waiting, waitingWords(lane)],
    [titles.superseded, shareWords(superseded)],
  ];
}

function waitingWords({ waiting: { wholeMs, parts } }: LaneMetrics): string {
  const shares = waitingParts.map((part) => `${part} ${formatDuration(parts[part])}`);
  return `${formatDuration(wholeMs)}: ${shares.join(', ')}`;
}

const shareWords = ({ count, of, rate }: Share): string =>
  rate === null ? 'none (of 0)' : `${(rate * 100).toFixed(1)}% (${count} of ${of})`;

function spreadWords(
  { count, medianMs, longestMs }: Spread,
  one: string,
  many = `${one}s`,
): string {
  if (medianMs === null || longestMs === null) return 'none';
  const what = `${count} ${count === 1 ? one : many}`;
  return `${formatDuration(medianMs)} median of ${what}, ${formatDuration(longestMs)} the longest`;
}
