/** `pipeline replay` as lines: the timeline as it was recomputed, and whether that is what was recorded. */
import { table } from '../../format/columns.ts';
import { formatDuration } from '../../format/duration.ts';
import { dateAndTime } from '../../format/time.ts';
import { counted } from '../../format/words.ts';
import { steps as chartSteps } from '../../machine/codec.ts';
import { describeStep } from '../../machine/step-words.ts';
import { tell } from '../../machine/story.ts';
import { redactAll } from '../../redaction/gate.ts';
import type { Replay, ReplayStep } from '../../runtime/audit/replay.ts';
import type { Moment } from '../../runtime/audit/replay-at.ts';
import { safe, type Terminal } from './terminal.ts';

type Colors = Pick<Terminal, 'color'>;

export function replayView(replay: Replay, { color }: Colors): string[] {
  const header = ['#', 'time (UTC)', 'took', 'event', 'state', 'service', 'what it answered'].map(
    color.dim,
  );
  let by = '';
  const rows = replay.steps.map((step) => {
    const who = writer(step);
    const told = who === by ? '' : color.dim(` (run by ${who})`);
    by = who;
    return [
      `${step.version}`,
      dateAndTime(step.time),
      formatDuration(step.tookMs),
      step.event.type,
      step.to,
      serviceOf(step),
      `${safe(tell(redactAll(step.event)).headline)}${told}`,
    ];
  });
  return [...table([header, ...rows]), '', ...verdict(replay, { color })];
}

const serviceOf = ({ step }: ReplayStep): string => (step === null ? '' : chartSteps[step].service);

const writer = ({ by }: ReplayStep): string =>
  by === null ? 'nobody known' : `${safe(by.actor)}: ${safe(by.observed)}`;

function verdict(replay: Replay, { color }: Colors): string[] {
  const { steps, disagreement, state, deploy, ranOn } = replay;
  const lines = [
    ...(ranOn.includes('earlier')
      ? [color.dim('It ran on an earlier chart, which the log has: it is held against that.')]
      : []),
    ...(ranOn.includes('unknown')
      ? [
          color.yellow(
            'The chart has changed since this deploy ran; it is replayed on the one at hand.',
          ),
        ]
      : []),
  ];
  if (disagreement === null) {
    const [first, last] = [steps[0]?.time ?? '', steps.at(-1)?.time ?? ''];
    const took = formatDuration(Date.parse(last) - Date.parse(first));
    return [
      ...lines,
      color.green(`${deploy} agrees: ${steps.length} events, ${took}, ends in ${state}`),
    ];
  }
  const { version, type, recorded, recomputed } = disagreement;
  return [
    ...lines,
    color.red(`${deploy} does not agree at event ${version} (${safe(type)}):`),
    `  recorded    ${safe(recorded)}`,
    `  recomputed  ${safe(recomputed)}`,
  ];
}

/** One event of the walk, whole. */
export function stepView(replay: Replay, index: number, { color }: Colors): string[] {
  const step = replay.steps[index];
  if (step === undefined) return [];
  const { headline, detail } = tell(redactAll(step.event), replay.deploy);
  const service = step.step === null ? '' : `${serviceOf(step)} (${describeStep(step.step)}), `;
  const lines = [
    color.bold(`event ${step.version} of ${replay.steps.length}: ${step.event.type}`),
    `  ${dateAndTime(step.time)}, ${service}after ${formatDuration(step.tookMs)}; run by ${writer(step)}`,
    `  ${step.from ?? 'nothing'} → ${step.to}`,
    `  ${safe(headline)}`,
    ...(detail === null ? [] : detail.split('\n').map((line) => `    ${safe(line)}`)),
  ];
  return index === replay.steps.length - 1 ? [...lines, '', ...verdict(replay, { color })] : lines;
}

export function momentView(moment: Moment, { color }: Colors): string[] {
  const { deploy, event, time, state, underWay, timers, context, next } = moment;
  const lines = [
    color.bold(`${deploy} after event ${event}, ${dateAndTime(time)}: ${state}`),
    ...underWay.map((what) => `  under way  ${what}`),
    ...timers.map(({ event: due, at }) => `  due        ${due} at ${dateAndTime(at)}`),
    ...(next === null ? [] : [`  next       ${safe(next)}`]),
    '',
  ];
  const rows = Object.entries(context).map(([name, value]) => [
    `  ${name}`,
    safe(JSON.stringify(value)),
  ]);
  return [...lines, ...table(rows)];
}

/** What `--all` tells: how many there are, and each that does not agree. */
export interface AllReplayed {
  readonly deploys: number;
  readonly earlierChart: number;
  readonly differing: readonly Pick<Replay, 'deploy' | 'disagreement' | 'sameChart'>[];
  /** Deploys that this version cannot read, and why. */
  readonly unreadable: readonly { readonly deploy: string; readonly reason: string }[];
}

export function allView(all: AllReplayed, { color }: Colors): string[] {
  const { deploys, earlierChart, differing, unreadable } = all;
  const lines = differing.flatMap(({ deploy, disagreement }) =>
    disagreement === null
      ? []
      : [
          color.red(
            `${safe(deploy)} does not agree at event ${disagreement.version} (${safe(disagreement.type)}): recorded ${safe(disagreement.recorded)}; recomputed ${safe(disagreement.recomputed)}`,
          ),
        ],
  );
  for (const { deploy, reason } of unreadable) {
    lines.push(color.red(`${safe(deploy)} cannot be replayed: ${safe(reason)}`));
  }
  const bad = differing.length + unreadable.length;
  const charts = earlierChart === 0 ? '' : ` (${earlierChart} ran on an earlier chart)`;
  const agree = `${counted(deploys - bad, 'deploy')} of ${deploys} agree${charts}`;
  return [...lines, bad === 0 ? color.green(agree) : color.red(agree)];
}
