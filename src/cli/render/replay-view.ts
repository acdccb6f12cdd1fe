/** `pipeline replay` as lines: the timeline as it was recomputed, and whether that is what was recorded. */
import { table } from '../../format/columns.ts';
import { formatDuration } from '../../format/duration.ts';
import { dateAndTime } from '../../format/time.ts';
import type { Replay } from '../../runtime/audit/replay.ts';
import { safe, type Terminal } from './terminal.ts';

export function replayView(replay: Replay, { color }: Pick<Terminal, 'color'>): string[] {
  const { steps, disagreement, state, deploy, sameChart } = replay;
  const header = ['time (UTC)', 'event', 'from', 'to', 'took'].map(color.dim);
  const rows = steps.map(({ time, event, from, to, tookMs }) => [
    dateAndTime(time),
    event.type,
    from ?? '',
    to,
    formatDuration(tookMs),
  ]);
  const lines = [...table([header, ...rows]), ''];
  if (!sameChart) {
    lines.push(
      color.yellow(
        'The chart has changed since this deploy ran; it is replayed on the one at hand.',
      ),
    );
  }
  if (disagreement === null) {
    const first = steps[0]?.time ?? '';
    const last = steps.at(-1)?.time ?? '';
    const took = formatDuration(Date.parse(last) - Date.parse(first));
    lines.push(color.green(`${deploy} agrees: ${steps.length} events, ${took}, ends in ${state}`));
    return lines;
  }
  const { version, type, recorded, recomputed } = disagreement;
  lines.push(
    color.red(`${deploy} does not agree at event ${version} (${safe(type)}):`),
    `  recorded    ${safe(recorded)}`,
    `  recomputed  ${safe(recomputed)}`,
  );
  return lines;
}
