/**
 * Whether the rules and the log that a deploy goes by are those that the lane's last live deploy went
 * by. Whoever writes a commit can change both; a person, or the environment, has to accept that.
 */
import { createHash } from 'node:crypto';
import type { Ports } from '../../effects/ports.ts';
import { isSameArtifact, type Running, type Targets } from '../../effects/targets/target.ts';
import { schemaNumbers } from '../../machine/event-schemas.ts';
import type { Distrust, TargetSettings } from '../../machine/events.ts';
import { type Lane, targetName } from '../../machine/lane.ts';
import { weakened } from '../../machine/protected-settings.ts';
import type { GatesInput } from '../../machine/services.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { firstEventsOf } from '../log/first-events.ts';
import { domainEvent } from '../log/recorded.ts';
import { deployStream } from '../log/streams.ts';

export interface TrustOptions {
  /** Digests that the environment accepts (PIPELINE_TRUST). */
  readonly accepted: ReadonlySet<string>;
  /** False: the log is thrown away after each job, and remembers nothing to compare with. */
  readonly isLogKept: boolean;
  /** The lane of a deploy in this log; null: the log has no such deploy. */
  readonly laneOf: (deploy: string) => Promise<string | null>;
  /** Another lane of this log that was asked to deploy to the target; null: there is none. */
  readonly otherLane: (lane: string, target: TargetSettings) => Promise<string | null>;
}

/** What keeps production from being written until it is accepted; null: nothing. */
export async function readTrust(
  input: GatesInput,
  { trust, targets }: { readonly trust: TrustOptions; readonly targets: Targets },
  standing: { readonly lane: Lane; readonly running: Running | null },
  ports: Ports,
): Promise<Distrust | null> {
  const isAccepted = ({ digest }: Distrust) =>
    trust.accepted.has(digest) || standing.lane.trusted.has(digest);
  const settings = trust.isLogKept ? settingsOf(input, standing.lane) : null;
  const found = [settings, await logOf(input, trust, targets, standing, ports)];
  return found.find((one) => one !== null && !isAccepted(one)) ?? null;
}

function settingsOf({ settings }: GatesInput, lane: Lane): Distrust | null {
  const changes = lane.settings === null ? [] : weakened(lane.settings, settings);
  return changes.length === 0 ? null : { about: 'settings', digest: digestOf(settings), changes };
}

async function logOf(
  { lane: name, target, sources }: GatesInput,
  { isLogKept, laneOf, otherLane }: TrustOptions,
  targets: Targets,
  { lane, running }: { readonly lane: Lane; readonly running: Running | null },
  ports: Ports,
): Promise<Distrust | null> {
  const { shipped } = lane;
  const isOurs = running !== null && isSameArtifact(shipped?.artifact ?? null, running.artifact);
  const key =
    running === null || isOurs ? null : await targets(target).keyOf(running, sources, ports);
  // What a log that is thrown away told of is nowhere else either.
  const deploy = key === null || key.endsWith(notKept) ? null : key;
  const before = deploy === null ? null : await laneOf(deploy);
  if (deploy !== null && before === null) {
    const change = `production runs deploy ${deploy}, which this log does not have`;
    return {
      about: 'log',
      digest: digestOf(['log', target.name, deploy]),
      changes: [change],
    };
  }
  if (!isLogKept) return null;
  // A lane that has shipped to the target is no new name of another one.
  const isKnown = shipped?.target === targetName(target);
  const other = before ?? (isKnown ? null : await otherLane(name, target));
  if (other === null || other === name) return null;
  const change = `lane ${other} of this log deploys to ${target.name} too; this lane, ${name}, knows nothing of its history`;
  return {
    about: 'log',
    digest: digestOf(['lane', target.name, other, name]),
    changes: [change],
  };
}

const notKept = ' (log not kept)';

/**
 * The key that a deploy submits under: its id, and whether its log outlives the job. So a commit
 * that takes a log away from its lane, for one that is thrown away, is held like any other.
 */
export function keyOf(deploy: string, { isLogKept }: Pick<TrustOptions, 'isLogKept'>): string {
  return isLogKept ? deploy : deploy + notKept;
}

/** SHA-256 over the values as JSON: 64 hex digits. */
export function digestOf(values: object): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex');
}

/** @throws UnreadableLog */
export async function laneOfDeploy(log: EventLog, deploy: string): Promise<string | null> {
  const [first] = await log.readStream(deployStream(deploy), { limit: 1 });
  const event = first === undefined ? null : domainEvent(first);
  return event?.type === 'deploy.requested' ? event.data.lane : null;
}

const requested = schemaNumbers.get('deploy.requested') ?? 1;

const isOwn = ({ type, schema, data }: RecordedEvent, lane: string): boolean =>
  type === 'deploy.requested' && schema <= requested && data.lane === lane;

/**
 * A look at each deploy's first event, which says whose it is: no table beside the log can leave one out. Asked for a lane that
 * has not shipped to the target yet.
 *
 * @throws UnreadableLog, LogFault
 */
export async function otherLaneOf(
  log: EventLog,
  lane: string,
  target: TargetSettings,
): Promise<string | null> {
  for await (const recorded of firstEventsOf(log, deployStream(''))) {
    // Up to today's schema the lane has the same field: its own deploys need not be brought up to it.
    if (isOwn(recorded, lane)) continue;
    const { type, data } = domainEvent(recorded);
    if (type !== 'deploy.requested' || data.lane === lane) continue;
    const { production } = data.settings;
    if (targetName(production.target) === targetName(target)) return data.lane;
  }
  return null;
}
