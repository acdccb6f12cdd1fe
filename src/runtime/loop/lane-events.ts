/** What a deploy's event says in the lane's stream, written together with it. Pure. */
import { type DomainEvent, type Stuck, stuckIn } from '../../machine/events.ts';
import { type FoldedDeploy, has } from '../../machine/interpret.ts';
import { type LaneEvent, targetName } from '../../machine/lane.ts';
import { protectedOf } from '../../machine/protected-settings.ts';

type Context = FoldedDeploy['snapshot']['context'];

/** In the order in which they are appended; `after` is the deploy with the event. */
export function laneEventsOf(event: DomainEvent, after: FoldedDeploy): LaneEvent[] {
  const { context } = after.snapshot;
  const ofLane: LaneEvent[] = [];
  if (event.type === 'production.released') {
    ofLane.push(deployed(context, event.data.release));
  }
  const stuck = stuckIn(event);
  if (stuck !== null) ofLane.push(stuckAt(context, stuck));
  if (has(after, 'live')) ofLane.push(...lifted(context), shipped(context));
  return ofLane;
}

function deployed({ request }: Context, release: string): LaneEvent {
  const target = targetName(request.settings.production.target);
  return { type: 'lane.deployed', data: { deploy: request.deploy, target, release } };
}

function stuckAt({ request }: Context, { release }: Stuck): LaneEvent {
  const { deploy, commit, settings } = request;
  const target = targetName(settings.production.target);
  return { type: 'lane.stuck', data: { deploy, target, release, commit: commit.sha } };
}

/** A person shipped it by hand over a rollback: that holds nothing any more. */
function lifted({ request, lifts }: Context): LaneEvent[] {
  if (lifts === null || request.manual === undefined) return [];
  const target = targetName(request.settings.production.target);
  return [{ type: 'rollback.lifted', data: { target, release: lifts, ...request.manual } }];
}

function shipped({ request, production, gatesPassed }: Context): LaneEvent {
  const { release, artifact } = production;
  if (release === null || artifact === null) throw new Error('a deploy is live without a release');
  const target = targetName(request.settings.production.target);
  const { sha: commit } = request.commit;
  const settings = gatesPassed ? protectedOf(request) : null;
  const data = { deploy: request.deploy, target, release, commit, artifact, settings };
  return { type: 'lane.shipped', data };
}
