/** A person lets a held deploy go on: the event in its stream, and the hold lifted in the lane's. */
import { UsageError } from '../../errors/error.ts';
import type { DeployRequest, DomainEvent, EventData } from '../../machine/events.ts';
import { has, next, stateOf } from '../../machine/interpret.ts';
import { type LaneEvent, targetName } from '../../machine/lane.ts';
import { givenUp, releaseHolding } from '../../machine/taken-back.ts';
import { type EventLog, type StreamAppend, VersionConflict } from '../../store/log.ts';
import { type Person, personOf } from '../actor.ts';
import type { Run } from '../identity.ts';
import { readLane } from '../lock/lanes.ts';
import { hasRun } from '../lock/living-runs.ts';
import { chartHash, keepChart } from '../log/charts.ts';
import { laneEventsAfter } from '../log/lane-events-after.ts';
import { newEvent } from '../log/new-event.ts';
import { foldStream } from '../log/recorded.ts';
import { deployStream, laneStream } from '../log/streams.ts';

/**
 * Appends `deploy.resumed`, and in the lane what lets it go on: the rollback that held it is lifted, or given up where it was begun
 * and never carried out; what differs from the last live deploy is accepted. Both or neither.
 *
 * A deploy that is under way and has lost its run needs no event: whoever runs it carries it on.
 *
 * @throws UsageError there is no such deploy, it is over, or a run of it is alive
 * @throws VersionConflict somebody else resumed it at the same time
 */
export async function resumeDeploy(
  log: EventLog,
  deploy: string,
  run: Run,
  reason: string,
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
    const ofLane = await lifting(log, request, outcome, person);
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
  readonly event: LaneEvent;
  readonly expected: number | 'any';
}

function toLane(lane: string, lifting: Lifting | null, run: Run): StreamAppend[] {
  if (lifting === null) return [];
  const { event, expected } = lifting;
  return [{ stream: laneStream(lane), expected, events: [newEvent(event, run)] }];
}

async function lifting(
  log: EventLog,
  request: DeployRequest,
  outcome: DomainEvent | null,
  person: Person,
): Promise<Lifting | null> {
  if (outcome?.type === 'production.held') {
    const givenUp = await givingUp(log, request, outcome.data, person);
    if (givenUp !== null) return givenUp;
    const release = await holdingRelease(log, request, outcome.data);
    if (release === null) return null;
    const target = targetName(request.settings.production.target);
    const data = { target, release, ...person };
    return { event: { type: 'rollback.lifted', data }, expected: 'any' };
  }
  if (outcome?.type !== 'production.disabled' || outcome.data.distrust === null) return null;
  const { about, digest } = outcome.data.distrust;
  const data = { deploy: request.deploy, about, digest, ...person };
  return { event: { type: 'trust.given', data }, expected: 'any' };
}

/** The rollback that was ordered then, where it was begun, its run is over, and nothing says what came of it. */
async function givingUp(
  log: EventLog,
  { deploy, lane: name }: DeployRequest,
  { rollback: held }: EventData<'production.held'>,
  person: Person,
): Promise<Lifting | null> {
  if (held.kind !== 'ordered') return null;
  const lane = await readLane(log, name);
  const begun = lane.rollback;
  if (begun?.rollback !== held.rollback || (await hasRun(log, begun.rollback))) return null;
  // Whoever goes on with it meanwhile joins the lane first.
  return { event: givenUp(begun, person, `, who let ${deploy} go on`), expected: lane.version };
}

/** Of the hold that the deploy ended in. */
async function holdingRelease(
  log: EventLog,
  { deploy, lane }: DeployRequest,
  { rollback }: EventData<'production.held'>,
): Promise<string | null> {
  // Nothing has to be read for one that was there by then.
  if (rollback.kind !== 'ordered') return releaseHolding(rollback, []);
  const held = (await log.readStream(deployStream(deploy))).findLast(
    ({ type }) => type === 'production.held',
  );
  const since = await laneEventsAfter(log, lane, held?.position ?? 0);
  return releaseHolding(
    rollback,
    since.map(({ event }) => event),
  );
}

function underWay(deploy: string, state: string): UsageError {
  return new UsageError('E_UNDER_WAY', `${deploy} is under way (${state}): a run of it is alive`, {
    hint: 'Its CI job carries it on. pipeline status shows when a deploy has lost its run.',
  });
}
