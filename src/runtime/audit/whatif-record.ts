/** A deploy's record as answers of steps and what came from outside: what another chart is asked with. Pure. */
import { steps as chartSteps, isStep, type Step } from '../../machine/codec.ts';
import type { DeployRequest, DomainEvent } from '../../machine/events.ts';
import type { FoldedDeploy, Interpreter } from '../../machine/interpret.ts';
import type { RecordedEvent } from '../../store/log.ts';
import { domainEvent } from '../log/recorded.ts';

export interface Entry {
  /** Its place in the deploy, from 1. */
  readonly version: number;
  /** Global. */
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly event: DomainEvent;
  /** The step that answered so; null: an order, a timer, a lane that was lost, a run that began or ended. */
  readonly step: Step | null;
  /** The steps that were under way when it came. */
  readonly during: readonly Step[];
  /** With what that step was asked, and when. */
  readonly input: unknown;
  readonly askedMs: number;
  /** Which time in the lane: each one begins in the queue. */
  readonly epoch: number;
  /** The steps of that time that had answered before it. */
  readonly before: readonly Step[];
  /** How many runs had carried it before. */
  readonly runs: number;
}

export interface DeployRecord {
  readonly request: DeployRequest;
  readonly requestedMs: number;
  readonly entries: readonly Entry[];
  /** As the record ends. */
  readonly end: FoldedDeploy;
  /** The step that was under way then, and in which time in the lane; null: none was. */
  readonly open: { readonly step: Step; readonly epoch: number } | null;
}

/** Null: the chart does not take what was recorded. @throws UnreadableLog */
export function readRecord(
  records: readonly RecordedEvent[],
  chart: Interpreter,
): DeployRecord | null {
  const [first, ...rest] = records;
  const requested = first === undefined ? null : domainEvent(first);
  if (first === undefined || requested?.type !== 'deploy.requested') return null;
  const requestedMs = Date.parse(first.time);
  let folded = chart.begin(requested.data, requestedMs);
  const entries: Entry[] = [];
  const times = new Map([[1, requestedMs]]);
  let [epoch, runs] = [1, 0];
  let before: Step[] = [];
  for (const record of rest) {
    const [event, atMs] = [domainEvent(record), Date.parse(record.time)];
    const step = answeringStep(folded, event);
    const running = step === null ? undefined : folded.running.get(step);
    const after = chart.next(folded, event, atMs);
    if (after === null) return null;
    const isAgain = isBack(folded, after);
    if (isAgain) [epoch, before] = [epoch + 1, []];
    if (event.type === 'run.resumed') runs += 1;
    const { version, position } = record;
    times.set(after.version, atMs);
    entries.push({
      ...{ version, position, atMs, event, step, epoch, runs },
      ...{ during: [...folded.running.keys()], input: running?.input },
      askedMs: times.get(running?.since ?? 1) ?? atMs,
      before: isAgain ? [] : before,
    });
    if (step !== null && !isAgain) before = [...before, step];
    folded = after;
  }
  const [open] = folded.running.keys();
  return {
    ...{ request: requested.data, requestedMs, entries, end: folded },
    open: open === undefined ? null : { step: open, epoch },
  };
}

/** From anywhere else to where it waits for the lane. */
export function isBack(before: FoldedDeploy, after: FoldedDeploy): boolean {
  return waitsForLane(after) && !waitsForLane(before);
}

const waitsForLane = ({ running }: FoldedDeploy): boolean =>
  [...running.keys()].some((step) => chartSteps[step].service === 'acquireLock');

/** A failure names its step; any other answer is of the step that was under way and answers so. */
export function answeringStep(
  before: FoldedDeploy | null,
  { type, data }: DomainEvent,
): Step | null {
  if (type === 'deploy.failed') return isStep(data.step) ? data.step : null;
  const running = [...(before?.running.keys() ?? [])];
  const answers = (step: Step): readonly string[] => Object.values(chartSteps[step].events);
  return running.find((step) => answers(step).includes(type)) ?? null;
}
