/** `pipeline status` as lines: a table, and what a person has to do next. */
import { cutToWidth, table } from '../../format/columns.ts';
import { formatDuration } from '../../format/duration.ts';
import { counted, sentence } from '../../format/words.ts';
import { stateFacts } from '../../machine/state-facts.ts';
import { shortSha } from '../../machine/story.ts';
import type { DeployRow } from '../../runtime/audit/deploys.ts';
import type { UndeliveredTo } from '../../runtime/notify/read-undelivered.ts';
import { safe, type Terminal } from './terminal.ts';

const titleColumns = 50;

export type StatusRow = DeployRow & {
  /** Whether a run carries it on now. */
  readonly running: boolean;
  /** What a person can do for it in that state, with the command; null: nothing, or today's chart has no such state. */
  readonly next: string | null;
};

export function statusView(
  rows: readonly StatusRow[],
  undelivered: readonly UndeliveredTo[],
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
    cutToWidth(safe(row.title), titleColumns),
  ]);
  const lines = table([header, ...body]);
  const reasons = rows.flatMap((row) => nextSteps(row).map((step) => `  ${row.deploy}: ${step}`));
  const untold = undelivered.flatMap((one) => notDelivered(one, rows, nowMs));
  return [
    ...lines,
    ...(reasons.length === 0 ? [] : ['', color.bold('next'), ...reasons]),
    ...(untold.length === 0 ? [] : ['', color.bold('not delivered'), ...untold]),
  ];
}

/** What a channel was not told: the event that it stands at, and those of the listed deploys that were left out. */
function notDelivered(
  { title, waiting, leftOut }: UndeliveredTo,
  rows: readonly StatusRow[],
  nowMs: number,
): string[] {
  const lines: string[] = [];
  if (waiting !== null) {
    const { event, since, tries, message, hint } = waiting;
    const age = formatDuration(Math.max(0, nowMs - Date.parse(since)));
    const what = `${event.type} of ${event.deploy}, and what came after it`;
    const tried = tries === 0 ? '' : tries === 1 ? ', tried once' : `, tried ${tries} times`;
    lines.push(
      `  ${title}: ${what} (for ${age}${tried}): ${sentence(message)}${hint === null ? '' : ` ${sentence(hint)}`}`,
    );
    lines.push(
      '    The lane’s next run delivers it: run its CI job again, or let the next build come.',
    );
  }
  for (const { deploy } of rows) {
    const left = leftOut.filter(({ event }) => event.deploy === deploy);
    const last = left.at(-1);
    if (last === undefined) continue;
    const what =
      left.length === 1
        ? `${last.event.type} of ${deploy} was left out for good`
        : `${counted(left.length, 'event')} of ${deploy} were left out for good, the last one ${last.event.type}`;
    lines.push(`  ${title}: ${what}: ${sentence(last.reason)}`);
  }
  return lines.map(safe);
}

function painted({ state, settled, running }: StatusRow, color: Terminal['color']): string {
  const tags = stateFacts(state)?.tags ?? [];
  if (tags.includes('live')) return color.green(state);
  if (tags.includes('failed')) return color.red(state);
  if (settled) return color.yellow(state);
  return running ? color.cyan(state) : color.red(`${state}, no run`);
}

/** What somebody has to do for this deploy; nothing for one that goes on, or is over, by itself. */
function nextSteps(row: StatusRow): string[] {
  const { deploy, state, settled, reason, running, next } = row;
  const why = reason === null ? '' : `${sentence(safe(reason))} `;
  if (next !== null) return [`${why}${next}`];
  const carryOn = `pipeline resume ${deploy} --reason "…"`;
  if (!settled && !running) {
    return [`no run carries it on. Run its CI job again, or: ${carryOn}`];
  }
  if (stateFacts(state) !== null || running) return [];
  const unknown = `This version has no state ${safe(state)}; an earlier one left the deploy there.`;
  const story = `The whole story: pipeline log ${deploy}.`;
  return [`${why}${unknown} ${story} If it waits for a person: ${carryOn}`];
}
