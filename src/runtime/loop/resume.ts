/** A person lets a held deploy go on: the event in its stream, and the hold lifted in the lane's. */
import { UsageError } from '../../errors/error.ts';
import type { DeployRequest, DomainEvent, EventData } from '../../machine/events.ts';
import { has, next, stateOf } from '../../machine/interpret.ts';
import { targetName } from '../../machine/lane.ts';
import { releaseHolding } from '../../machine/taken-back.ts';
import type { EventLog, StreamAppend } from '../../store/log.ts';
import { personOf } from '../actor.ts';
import type { Run } from '../identity.ts';
import { hasRun } from '../lock/living-runs.ts';
import { chartHash, keepChart } from '../log/charts.ts';
import { laneEventsAfter } from '../log/lane-events-after.ts';
import { newEvent } from '../log/new-event.ts';
import { foldStream } from '../log/recorded.ts';
import { deployStream, laneStream } from '../log/streams.ts';

/**
 * Appends `deploy.resumed`, and `rollback.lifted` or `trust.given` where a rollback held it or what
 * differs from the last live deploy: both or neither.
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
      hint: 'A deploy that is held, or that lost its run, can be resumed; this one is over.',
    });
  }
  const { outcome, request } = folded.snapshot.context;
  const transition = { from: stateOf(folded), to: stateOf(after), settled: false, reason: null };
  const batches: StreamAppend[] = [
    {
      stream: deployStream(deploy),
      expected: folded.version,
      events: [newEvent(event, run, { transition, chart: chartHash })],
    },
  ];
  const lifts =
    outcome?.type === 'production.held' ? await holdingRelease(log, request, outcome.data) : null;
  if (lifts !== null) {
    const target = targetName(request.settings.production.target);
    const data = { target, release: lifts, ...person };
    batches.push({
      stream: laneStream(request.lane),
      expected: 'any',
      events: [newEvent({ type: 'rollback.lifted', data }, run)],
    });
  }
  if (outcome?.type === 'production.disabled' && outcome.data.distrust !== null) {
    const { about, digest } = outcome.data.distrust;
    const data = { deploy, about, digest, ...person };
    batches.push({
      stream: laneStream(request.lane),
      expected: 'any',
      events: [newEvent({ type: 'trust.given', data }, run)],
    });
  }
  await keepChart(log, run);
  await log.append(batches);
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
