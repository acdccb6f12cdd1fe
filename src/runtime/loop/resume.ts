/** A person lets a held deploy go on: the event in its stream, and the hold lifted in the lane's. */
import { UsageError } from '../../errors/error.ts';
import type {
  DeployRequest,
  DomainEvent,
  EventData,
  TargetSettings,
} from '../../machine/events.ts';
import { has, next, stateOf } from '../../machine/interpret.ts';
import { type LaneEvent, type Rollback, targetName } from '../../machine/lane.ts';
import { givenUp, type Made, releaseHolding, releaseOfRollback } from '../../machine/taken-back.ts';
import { type EventLog, type StreamAppend, VersionConflict } from '../../store/log.ts';
import { type Person, personOf } from '../actor.ts';
import type { Way } from '../gates/made-by-rollback.ts';
import type { Run } from '../identity.ts';
import { readLane } from '../lock/lanes.ts';
import { hasRun } from '../lock/living-runs.ts';
import { chartHash, keepChart } from '../log/charts.ts';
import { laneEventsAfter } from '../log/lane-events-after.ts';
import { newEvent } from '../log/new-event.ts';
import { foldStream } from '../log/recorded.ts';
import { deployStream, laneStream } from '../log/streams.ts';

export interface ResumeOrder {
  readonly run: Run;
  readonly reason: string;
  /** What a rollback made of which nothing tells, as production says; null: nothing. */
  readonly madeBy: (way: Way, production: TargetSettings) => Promise<Made | null>;
}

/**
 * Appends `deploy.resumed`, and in the lane what lets it go on: the rollback that held it is lifted, what it made untold too, and
 * given up where it was begun and nothing says that it ended; what differs from the last live deploy is accepted. All or nothing.
 *
 * A deploy that is under way and has lost its run needs no event: whoever runs it carries it on.
 *
 * @throws UsageError there is no such deploy, it is over, or a run of it is alive
 * @throws VersionConflict somebody else resumed it at the same time
 */
export async function resumeDeploy(
  log: EventLog,
  deploy: string,
  { run, reason, madeBy }: ResumeOrder,
): Promise<void> {
  const folded = await foldStream(log, deploy);
  if (folded === null) {
    throw new UsageError('E_NO_DEPLOY', `the log has no deploy ${deploy}`, {
      hint: 'pipeline status lists them.',
    });
  }
  const person = personOf(run.actor, reason);
  const event: DomainEvent = { type: 'deploy.resumed', data: person };
  if (!has(folded, 'settled')) {
    if (await hasRun(log, deploy)) throw underWay(deploy, stateOf(folded));
    return;
  }
  const after = has(folded, 'held') ? next(folded, event, 0) : null;
  if (after === null) {
    throw new UsageError('E_NOT_HELD', `${deploy} is not held: it is ${stateOf(folded)}`, {
      hint: `A deploy that is held, or that lost its run, can be resumed; this one is over. What became of its commit, and what ships it: pipeline explain ${deploy}`,
    });
  }
  const { outcome, request } = folded.snapshot.context;
  const transition = { from: stateOf(folded), to: stateOf(after), settled: false, reason: null };
  const resumed: StreamAppend = {
    stream: deployStream(deploy),
    expected: folded.version,
    events: [newEvent(event, run, { transition, chart: chartHash })],
  };
  await keepChart(log, run);
  for (;;) {
    const ofLane = await lifting(log, request, outcome, { person, madeBy });
    try {
      await log.append([resumed, ...toLane(request.lane, ofLane, run)]);
      return;
    } catch (error) {
      // Somebody wrote to the lane meanwhile: what holds the deploy may have moved.
      const isMoved = error instanceof VersionConflict && error.stream !== resumed.stream;
      if (!isMoved) throw error;
    }
  }
}

/** What lets the deploy go on, in its lane. `expected`: it is true only of the lane that was read. */
interface Lifting {
  readonly events: readonly LaneEvent[];
  readonly expected: number | 'any';
}

type By = Pick<ResumeOrder, 'madeBy'> & { readonly person: Person };

function toLane(lane: string, { events, expected }: Lifting, run: Run): StreamAppend[] {
  if (events.length === 0) return [];
  return [
    { stream: laneStream(lane), expected, events: events.map((event) => newEvent(event, run)) },
  ];
}

const nothing: Lifting = { events: [], expected: 'any' };

async function lifting(
  log: EventLog,
  request: DeployRequest,
  outcome: DomainEvent | null,
  by: By,
): Promise<Lifting> {
  if (outcome?.type === 'production.held') {
    const begun = await leftOpen(log, request, outcome.data.rollback);
    return begun === null
      ? liftingOf(await holdingRelease(log, request, outcome.data, by), request, by)
      : givingUp(begun, request, outcome.data, by);
  }
  if (outcome?.type !== 'production.disabled' || outcome.data.distrust === null) return nothing;
  const { about, digest } = outcome.data.distrust;
  const data = { deploy: request.deploy, about, digest, ...by.person };
  return { events: [{ type: 'trust.given', data }], expected: 'any' };
}

function liftingOf(
  release: string | null,
  { settings }: DeployRequest,
  { person }: By,
  expected: Lifting['expected'] = 'any',
  ...before: readonly LaneEvent[]
): Lifting {
  if (release === null) return { events: before, expected };
  const data = { target: targetName(settings.production.target), release, ...person };
  return { events: [...before, { type: 'rollback.lifted', data }], expected };
}

interface LeftOpen {
  readonly begun: Rollback;
  /** Of the lane, as it was read. */
  readonly version: number;
}

/**
 * The rollback of that production that was begun, whose run is over, and of which nothing says what came of it. Of a deploy that gave
 * way to one that was ordered, only that very one.
 */
async function leftOpen(
  log: EventLog,
  { lane: name, settings }: DeployRequest,
  held: EventData<'production.held'>['rollback'],
): Promise<LeftOpen | null> {
  const { rollback: begun, version } = await readLane(log, name);
  if (begun === null || begun.target !== targetName(settings.production.target)) return null;
  if (held.kind === 'ordered' && held.rollback !== begun.rollback) return null;
  return (await hasRun(log, begun.rollback)) ? null : { begun, version };
}

/** Given up where the deploy is held by it: by its order, or by the release that it made. That is lifted with it. */
async function givingUp(
  { begun, version }: LeftOpen,
  request: DeployRequest,
  { rollback: held }: EventData<'production.held'>,
  by: By,
): Promise<Lifting> {
  const made = await by.madeBy(begun, request.settings.production.target);
  if (held.kind !== 'ordered' && held.release.id !== made?.release.id) {
    return liftingOf(held.release.id, request, by);
  }
  const instead = `, who let ${request.deploy} go on`;
  // Whoever goes on with it meanwhile joins the lane first.
  const end = givenUp(begun, by.person, instead, made);
  return liftingOf(made?.release.id ?? null, request, by, version, end);
}

/** Of the hold that the deploy ended in: the release (its id). */
async function holdingRelease(
  log: EventLog,
  { deploy, lane, settings }: DeployRequest,
  { rollback }: EventData<'production.held'>,
  { madeBy }: By,
): Promise<string | null> {
  // Nothing has to be read for one that was there by then.
  if (rollback.kind !== 'ordered') return releaseHolding(rollback, []);
  const held = (await log.readStream(deployStream(deploy))).findLast(
    ({ type }) => type === 'production.held',
  );
  const since = (await laneEventsAfter(log, lane, held?.position ?? 0)).map(({ event }) => event);
  const told = releaseHolding(rollback, since);
  if (told !== null || !isUntold(rollback.rollback, since)) return told;
  const made = await madeBy(rollback, settings.production.target);
  if (made === null) return null;
  const { id } = made.release;
  if (since.some((event) => releaseOfRollback(event)?.id === id)) return null;
  // A later one may have gone the same way, and nothing tells of that either.
  for (const { type, data } of since) {
    if (type !== 'rollback.begun' || data.rollback === rollback.rollback) continue;
    if ((await madeBy(data, settings.production.target))?.release.id === id) return null;
  }
  return id;
}

/** Nobody knew what it had made when it was given up. */
const isUntold = (rollback: string, since: readonly LaneEvent[]): boolean =>
  since.some(
    ({ type, data }) =>
      type === 'rollback.failed' && data.rollback === rollback && data.made === undefined,
  );

function underWay(deploy: string, state: string): UsageError {
  return new UsageError('E_UNDER_WAY', `${deploy} is under way (${state}): a run of it is alive`, {
    hint: 'Its CI job carries it on. pipeline status shows when a deploy has lost its run.',
  });
}
