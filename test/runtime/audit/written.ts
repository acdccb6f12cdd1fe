/** Deploys written into a log as runs write them: each event with the transition that the chart makes of it. */
import type { DeployRequest, DomainEvent } from '../../../src/machine/events.ts';
import { begin, has, next, stateOf } from '../../../src/machine/interpret.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { chartHash } from '../../../src/runtime/log/charts.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { deployStream, laneStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog, NewEvent } from '../../../src/store/log.ts';
import { anActor } from '../../actor.ts';
import { sample } from '../../machine/samples.ts';

export const run = newRun({ actor: anActor, ci: null, program: 'test' });

export interface Wanted {
  /** Of the build; the deploy's id is made of it and the commit. */
  readonly label: string;
  readonly commit: string;
  readonly lane?: string;
  readonly title?: string;
  readonly branch?: string;
  /** For how long production has to hold before it is live, and staging before production is asked for. */
  readonly bakeMs?: number;
  readonly stagingBakeMs?: number;
  readonly canary?: DeployRequest['settings']['canary'];
}

const deployId = ({ label, commit }: Wanted): string => `${label}-${commit.slice(0, 8)}`;

/** The events after `deploy.requested`; the chart has to take each. */
export function deployEvents(wanted: Wanted, events: readonly DomainEvent[]): NewEvent[] {
  const { label, commit, lane = 'acme-web', bakeMs = 0, canary = null } = wanted;
  const { build, commit: sampled, settings } = samples['deploy.requested'];
  const { title = sampled.title, branch = samples['deploy.requested'].branch } = wanted;
  const { stagingBakeMs = 0 } = wanted;
  const staging = settings.staging && { ...settings.staging, bakeMs: stagingBakeMs };
  const request = {
    ...samples['deploy.requested'],
    ...{ deploy: deployId(wanted), lane, chart: chartHash },
    branch,
    build: { ...build, label },
    commit: { ...sampled, sha: commit, title },
    settings: { ...settings, staging, canary, production: { ...settings.production, bakeMs } },
  };
  let folded = begin(request, 0);
  const first = { from: null, to: stateOf(folded), settled: false, reason: null };
  const made = [
    newEvent({ type: 'deploy.requested', data: request }, run, {
      transition: first,
      chart: chartHash,
    }),
  ];
  for (const event of events) {
    const after = next(folded, event, 0);
    if (after === null) throw new Error(`the chart does not take ${event.type} there`);
    const settled = has(after, 'settled');
    const transition = { from: stateOf(folded), to: stateOf(after), settled, reason: null };
    made.push(newEvent(event, run, { transition, chart: chartHash }));
    folded = after;
  }
  return made;
}

export async function writeDeploy(
  log: EventLog,
  wanted: Wanted,
  events: readonly DomainEvent[],
): Promise<string> {
  const deploy = deployId(wanted);
  const made = deployEvents(wanted, events);
  await log.append([{ stream: deployStream(deploy), expected: 'none', events: made }]);
  return deploy;
}

export async function writeLane(log: EventLog, event: LaneEvent, lane = 'acme-web') {
  const events = [newEvent(event, run)];
  await log.append([{ stream: laneStream(lane), expected: 'any', events }]);
}

/** From the lane's lock to a release that is live; `base`: what production runs before. */
export function wayToLive(commit: string, base: string | null, version: string): DomainEvent[] {
  const artifact = { kind: 'bundle', id: commit, digest: null, commit };
  const running = { version: base === null ? null : `before ${version}`, commit: base };
  return [
    ...wayToGates(commit, base, version),
    sample('gates.passed', { production: running }),
    sample('production.submitted'),
    sample('production.released', { release: `release-${version}`, artifact }),
    sample('production.deployed', { release: { id: `release-${version}`, version }, artifact }),
    sample('production.instancesUp'),
    sample('production.verified', { release: { id: `release-${version}`, version } }),
  ];
}

export function wayToGates(commit: string, base: string | null, version: string): DomainEvent[] {
  const artifact = { kind: 'bundle', id: commit, digest: null, commit };
  const running = { version: base === null ? null : `before ${version}`, commit: base };
  const { notes } = samples['deploy.observed'];
  return [
    sample('lock.acquired'),
    sample('deploy.observed', {
      production: running,
      notes: { ...notes, base, head: commit, commits: [] },
      order: base === null ? 'first' : 'ahead',
    }),
    sample('staging.submitted'),
    sample('staging.released', { release: `staging-${version}`, artifact }),
    sample('staging.deployed', { release: { id: `staging-${version}`, version }, artifact }),
    sample('staging.instancesUp'),
    sample('staging.verified', { release: { id: `staging-${version}`, version } }),
  ];
}
