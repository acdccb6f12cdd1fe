/** What channels were not told, as lines: the event that each stands at, and those that were left out. */
import { formatDuration } from '../../format/duration.ts';
import { counted, sentence } from '../../format/words.ts';
import type { UndeliveredTo } from '../../runtime/notify/read-undelivered.ts';
import { safe } from './terminal.ts';

/** An order is listed nowhere: what nobody was told of it is shown for so long. */
const orderShownMs = 7 * 24 * 60 * 60_000;

/** @param deploys the ids of those that are listed */
export function undeliveredView(
  all: readonly UndeliveredTo[],
  deploys: ReadonlySet<string>,
  nowMs: number,
): string[] {
  return all.flatMap((one) => notDelivered(one, deploys, nowMs)).map(safe);
}

function notDelivered(
  { title, lane, waiting, leftOut }: UndeliveredTo,
  deploys: ReadonlySet<string>,
  nowMs: number,
): string[] {
  const lines: string[] = [];
  if (waiting !== null) {
    const { event, since, tries, message, hint } = waiting;
    const age = formatDuration(Math.max(0, nowMs - Date.parse(since)));
    const what = `${event.type} of ${event.deploy ?? `lane ${lane}`}, and what came after it`;
    const tried = tries === 0 ? '' : tries === 1 ? ', tried once' : `, tried ${tries} times`;
    lines.push(
      `${title}: ${what} (for ${age}${tried}): ${sentence(message)}${hint === null ? '' : ` ${sentence(hint)}`}`,
      '  The lane’s next run delivers it: run its CI job or command again, or let the next build come.',
    );
  }
  const recent = leftOut.filter(({ at }) => nowMs - Date.parse(at) < orderShownMs);
  for (const deploy of [...deploys, null]) {
    const left = (deploy === null ? recent : leftOut).filter(
      ({ event }) => event.deploy === deploy,
    );
    const last = left.at(-1);
    if (last === undefined) continue;
    const of = deploy ?? `lane ${lane}`;
    const what =
      left.length === 1
        ? `${last.event.type} of ${of} was left out for good`
        : `${counted(left.length, 'event')} of ${of} were left out for good, the last one ${last.event.type}`;
    lines.push(`${title}: ${what}: ${sentence(last.reason)}`);
  }
  return lines;
}
