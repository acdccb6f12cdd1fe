/** `pipeline log` as lines: a deploy's events in words. */
import { table } from '../../format/columns.ts';
import { dateAndTime } from '../../format/time.ts';
import { tell } from '../../machine/story.ts';
import { redact, redactAll } from '../../redaction/gate.ts';
import { actorName, actorSchema, observedInWords } from '../../runtime/actor.ts';
import { domainEvent } from '../../runtime/log/recorded.ts';
import type { Became } from '../../runtime/standing/became.ts';
import { markOf } from '../../runtime/standing/became-mark.ts';
import type { RecordedEvent } from '../../store/log.ts';
import { paints } from './paints.ts';
import { safe, type Terminal } from './terminal.ts';

const tones = { good: 'green', bad: 'red', waiting: 'yellow' } as const;

export function logView(
  deploy: string,
  records: readonly RecordedEvent[],
  { color }: Pick<Terminal, 'color'>,
): string[] {
  const rows = records.map((record) => {
    const event = domainEvent(record);
    const { headline, detail, tone } = tell(redactAll(event), deploy);
    const words = safe(headline);
    return {
      cells: [
        color.dim(dateAndTime(record.time)),
        color.dim(record.type),
        `${tone === 'neutral' ? words : color[tones[tone]](words)}${by(record)}`,
      ],
      detail,
    };
  });
  const lines = table(rows.map(({ cells }) => cells));
  return rows.flatMap(({ detail }, i) => [
    lines[i] ?? '',
    ...(detail === null
      ? []
      : redact(detail)
          .split('\n')
          .map((line) => `    ${safe(line)}`)),
  ]);
}

/** What became of it since: its last event is not its end. */
export function becameLine({ kind, what, at }: Became, { color }: Pick<Terminal, 'color'>): string {
  const { sign, tone } = markOf(kind);
  const when = at === null ? '' : `, ${dateAndTime(at)}`;
  return color[paints[tone]](`${sign} ${safe(redact(what))}${when}`);
}

/** Who asked for a deploy, or ended its run: the auditor's question. Other events are the run's own. */
function by({ type, metadata }: RecordedEvent): string {
  const asks = type === 'deploy.requested' || type === 'run.resumed' || type === 'run.interrupted';
  if (!asks) return '';
  const { data: actor } = actorSchema.safeParse(metadata.actor);
  if (actor === undefined) return '';
  return ` (run by ${safe(`${actorName(actor)}: ${observedInWords(actor)}`)})`;
}
