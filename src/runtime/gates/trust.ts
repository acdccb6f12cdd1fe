/**
 * Whether the rules and the log that a deploy goes by are those that the lane's last live deploy went
 * by. Whoever writes a commit can change both; a person, or the environment, has to accept that.
 */
import { createHash } from 'node:crypto';
import type { Ports } from '../../effects/ports.ts';
import type { CodeRelease, Heroku } from '../../effects/targets/heroku/heroku.ts';
import type { Distrust } from '../../machine/events.ts';
import type { Lane } from '../../machine/lane.ts';
import { weakened } from '../../machine/protected-settings.ts';
import type { GatesInput } from '../../machine/services.ts';
import type { EventLog } from '../../store/log.ts';
import { domainEvent } from '../loop/recorded.ts';
import { deployStream } from '../loop/streams.ts';

export interface TrustOptions {
  /** Digests that the environment accepts (PIPELINE_TRUST). */
  readonly accepted: ReadonlySet<string>;
  /** False: the log is thrown away after each job, and remembers nothing to compare with. */
  readonly isLogKept: boolean;
  /** The lane of a deploy in this log; null: the log has no such deploy. */
  readonly laneOf: (deploy: string) => Promise<string | null>;
  /** Another lane of this log that was asked to deploy to the app; null: there is none. */
  readonly otherLane: (lane: string, app: string) => Promise<string | null>;
}

/** What keeps production from being written until it is accepted; null: nothing. */
export async function readTrust(
  input: GatesInput,
  { trust, heroku }: { readonly trust: TrustOptions; readonly heroku: Heroku },
  { lane, code }: { readonly lane: Lane; readonly code: CodeRelease | null },
  ports: Ports,
): Promise<Distrust | null> {
  const isAccepted = ({ digest }: Distrust) =>
    trust.accepted.has(digest) || lane.trusted.has(digest);
  const settings = trust.isLogKept ? settingsOf(input, lane) : null;
  const found = [settings, await logOf(input, trust, heroku, { lane, code }, ports)];
  return found.find((one) => one !== null && !isAccepted(one)) ?? null;
}

function settingsOf({ settings }: GatesInput, lane: Lane): Distrust | null {
  const changes = lane.settings === null ? [] : weakened(lane.settings, settings);
  return changes.length === 0 ? null : { about: 'settings', digest: digestOf(settings), changes };
}

async function logOf(
  { lane: name, app, sources }: GatesInput,
  { isLogKept, laneOf, otherLane }: TrustOptions,
  heroku: Heroku,
  { lane, code }: { readonly lane: Lane; readonly code: CodeRelease | null },
  ports: Ports,
): Promise<Distrust | null> {
  const isOurs = code !== null && lane.shipped?.slug === code.slug;
  const mark = code === null || isOurs ? null : await heroku.buildMarkOf(code, sources, ports);
  // What a log that is thrown away told of is nowhere else either.
  const deploy = mark === null || mark.endsWith(notKept) ? null : mark;
  const before = deploy === null ? null : await laneOf(deploy);
  if (deploy !== null && before === null) {
    const change = `production runs deploy ${deploy}, which this log does not have`;
    return { about: 'log', digest: digestOf(['log', app, deploy]), changes: [change] };
  }
  if (!isLogKept) return null;
  // A lane that has shipped to the app is no new name of another one.
  const other = before ?? (lane.shipped?.app === app ? null : await otherLane(name, app));
  if (other === null || other === name) return null;
  const change = `lane ${other} of this log deploys to ${app} too; this lane, ${name}, knows nothing of its history`;
  return { about: 'log', digest: digestOf(['lane', app, other, name]), changes: [change] };
}

const notKept = ' (log not kept)';

/**
 * What a deploy's builds are marked with: its id, and whether its log outlives the job. So a commit
 * that takes a log away from its lane, for one that is thrown away, is held like any other.
 */
export function markOf(deploy: string, { isLogKept }: Pick<TrustOptions, 'isLogKept'>): string {
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

const batch = 1_000;

/** Reads the whole log: asked for a lane that has not shipped to the app yet. @throws UnreadableLog */
export async function otherLaneOf(
  log: EventLog,
  lane: string,
  app: string,
): Promise<string | null> {
  for (let after = 0; ; ) {
    const events = await log.readAll({ after, limit: batch, streamPrefix: deployStream('') });
    for (const recorded of events) {
      // A deploy's first event says whose it is.
      if (recorded.version !== 1) continue;
      const { type, data } = domainEvent(recorded);
      if (type !== 'deploy.requested' || data.lane === lane) continue;
      if (data.settings.production.app === app) return data.lane;
    }
    if (events.length < batch) return null;
    after = events.at(-1)?.position ?? after;
  }
}
