/** `pipeline status` as lines: a table, and what a person has to do next. */
import { formatDuration, shortSha } from '../machine/story.ts';
import type { DeployRow } from '../store/deploys.ts';
import { table } from './table.ts';
import { safe, type Terminal } from './terminal.ts';

const titleLengthMax = 50;
/** A deploy that is under way and silent for longer than that has probably lost its process. */
const silentMs = 10 * 60_000;

export function statusView(
  rows: readonly DeployRow[],
  nowMs: number,
  { color }: Pick<Terminal, 'color'>,
): string[] {
  if (rows.length === 0) return ['No deploys yet.'];
  const header = ['deploy', 'state', 'since', 'commit', ''].map(color.dim);
  const body = rows.map((row) => [
    row.deploy,
    painted(row, color),
    `${formatDuration(Math.max(0, nowMs - Date.parse(row.since)))} ago`,
    shortSha(row.commit),
    shortened(safe(row.title)),
  ]);
  const lines = table([header, ...body]);
  const reasons = rows.flatMap((row) =>
    nextSteps(row, nowMs).map((step) => `  ${row.deploy}: ${step}`),
  );
  return reasons.length === 0 ? lines : [...lines, '', color.bold('next'), ...reasons];
}

function painted({ state, settled }: DeployRow, color: Terminal['color']): string {
  if (state === 'production.live') return color.green(state);
  if (state === 'failed') return color.red(state);
  return settled ? color.yellow(state) : color.cyan(state);
}

function shortened(title: string): string {
  const characters = [...title];
  return characters.length > titleLengthMax
    ? `${characters.slice(0, titleLengthMax - 1).join('')}…`
    : title;
}

/** What somebody has to do for this deploy; nothing for one that goes on, or is over, by itself. */
function nextSteps({ deploy, state, settled, reason, since }: DeployRow, nowMs: number): string[] {
  const why = reason === null ? '' : `${safe(reason)}. `;
  if (state === 'blockedByRollback') {
    return [`${why}Once the cause is mended: pipeline resume ${deploy} --reason "…"`];
  }
  if (state === 'disabled') {
    return [`${why}Once that is settled: pipeline resume ${deploy} --reason "…"`];
  }
  if (state === 'queued.gaveUp') return [`${why}Run its CI job again.`];
  if (state === 'failed') return [`${why}The whole story: pipeline log ${deploy}`];
  if (!settled && nowMs - Date.parse(since) > silentMs) {
    return [
      'nothing happened for a while; if its CI job is gone, run it again: it goes on from here',
    ];
  }
  return [];
}
