/** `pipeline status` as lines: a table, and what a person has to do next. */
import { formatDuration, shortSha } from '../../machine/story.ts';
import type { DeployRow } from '../../runtime/audit/deploys.ts';
import { sentence } from './sentence.ts';
import { table } from './table.ts';
import { safe, type Terminal } from './terminal.ts';

const titleLengthMax = 50;

export type StatusRow = DeployRow & {
  /** Whether a run carries it on now. */
  readonly running: boolean;
};

export function statusView(
  rows: readonly StatusRow[],
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
  const reasons = rows.flatMap((row) => nextSteps(row).map((step) => `  ${row.deploy}: ${step}`));
  return reasons.length === 0 ? lines : [...lines, '', color.bold('next'), ...reasons];
}

function painted({ state, settled, running }: StatusRow, color: Terminal['color']): string {
  if (state === 'production.live') return color.green(state);
  if (state === 'failed') return color.red(state);
  if (settled) return color.yellow(state);
  return running ? color.cyan(state) : color.red(`${state}, no run`);
}

function shortened(title: string): string {
  const characters = [...title];
  return characters.length > titleLengthMax
    ? `${characters.slice(0, titleLengthMax - 1).join('')}…`
    : title;
}

/** What somebody has to do for this deploy; nothing for one that goes on, or is over, by itself. */
function nextSteps({ deploy, state, settled, reason, running }: StatusRow): string[] {
  const why = reason === null ? '' : `${sentence(safe(reason))} `;
  if (state === 'blockedByRollback') {
    return [`${why}Once the cause is mended: pipeline resume ${deploy} --reason "…"`];
  }
  if (state === 'disabled') {
    return [
      `${why}What that takes: pipeline log ${deploy}. Then: pipeline resume ${deploy} --reason "…"`,
    ];
  }
  const carryOn = `pipeline resume ${deploy} --reason "…"`;
  if (state === 'queued.gaveUp') return [`${why}Run its CI job again, or: ${carryOn}`];
  if (state === 'failed') return [`${why}The whole story: pipeline log ${deploy}`];
  if (!settled && !running) {
    return [`no run carries it on. Run its CI job again, or: ${carryOn}`];
  }
  return [];
}
