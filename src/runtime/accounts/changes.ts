/**
 * Every change of production in a period, a row each: the population that an auditor draws samples from. Deploys, those by
 * hand, rollbacks, and releases that did not come through Lockstep, as far as a deploy met them. Pure.
 */
import { formatDuration } from '../../format/duration.ts';
import { counted } from '../../format/words.ts';
import { isEnd, isOfWayBack } from '../../machine/ending.ts';
import type { DomainEvent, EnvironmentName } from '../../machine/events.ts';
import { stateFacts } from '../../machine/state-facts.ts';
import { goingBackIn, releaseOfRollback, takenBackBy } from '../../machine/taken-back.ts';
import {
  type DeployRecord,
  endOfRollback,
  type LaneRecord,
  lastOf,
  type Period,
  type RecordedStep,
} from './deploy-record.ts';
import { isLive } from './incidents.ts';

export type ChangeKind = 'deploy' | 'manual' | 'rollback' | 'outside';

/** A person's word that something goes on, or goes out of order. */
export interface Said {
  readonly what: 'override' | 'by hand' | 'resumed' | 'accepted' | 'rollback';
  readonly actor: string;
  /** What was seen of them, in words. */
  readonly observed: string;
  readonly reason: string;
}

export interface Check {
  readonly environment: EnvironmentName;
  /** Where the check held: how many instances stayed up, and what each endpoint answered. */
  readonly answer: string;
  /** The global position of the event that says so. */
  readonly position: number;
}

export interface Change {
  /** When production ran it, or was to: ISO 8601; of a release made elsewhere by the target's own clock. */
  readonly at: string;
  readonly lane: string;
  readonly kind: ChangeKind;
  /** A canary is a part of production. */
  readonly environment: 'production' | 'canary';
  /**
   * Of a deploy `live`, `failed`, `held`, `superseded`, `not over`, and of a canary `taken back`; of a rollback `done`, `not verified`
   * (its release runs, and what failed came after), `failed` or `not over`; `seen` of any other.
   */
  readonly outcome: string;
  readonly deploy: string | null;
  /** As people name it at the target; null: there was none. */
  readonly release: string | null;
  /** What production ran before, as far as that was seen. */
  readonly before: string | null;
  /** The full id; null where nothing tells it. */
  readonly commit: string | null;
  readonly title: string | null;
  readonly author: string | null;
  /** What it brought. */
  readonly commits: readonly {
    readonly sha: string;
    readonly title: string;
    readonly author: string;
  }[];
  /** How many commits there are that are not listed. */
  readonly omitted: number;
  /** Who asked for it, or made it. */
  readonly by: string;
  /** The CI's run. */
  readonly build: string | null;
  readonly said: readonly Said[];
  readonly checks: readonly Check[];
  /** What the kill switch said right before the write. */
  readonly killSwitch: string | null;
  /** In words, where it failed, or what the target says of a release. */
  readonly note: string | null;
  /** Where the log has it: the global position of the event that says so, and for a deploy that event's hash and the last one's. */
  readonly position: number;
  readonly hash: string | null;
  readonly lastHash: string | null;
}

/** The oldest first. Records may go on behind the period: what came later may tell of it. */
export function changesIn(record: LaneRecord, { since, until }: Period): Change[] {
  // Each deploy looks through those of the lane's orders that are about it alone.
  const about = Map.groupBy(record.orders, ({ event }) =>
    event.type === 'trust.given' ? event.data.deploy : null,
  );
  const changes = [
    ...record.deploys.flatMap((deploy) =>
      deployChanges(deploy, { ...record, orders: about.get(deploy.deploy) ?? [] }),
    ),
    ...rollbacks(record),
    ...outside(record),
  ];
  const isIn = ({ at }: Change): boolean => at >= since && at < until;
  return changes
    .filter(isIn)
    .sort((a, b) => (a.at === b.at ? a.position - b.position : a.at < b.at ? -1 : 1));
}

function deployChanges(record: DeployRecord, lane: LaneRecord): Change[] {
  return (['canary', 'production'] as const).flatMap((environment) => {
    const submitted = record.steps.find(({ event }) => event.type === `${environment}.submitted`);
    const deployed = record.steps.find(({ event }) => event.type === `${environment}.deployed`);
    const step = deployed ?? submitted;
    return step === undefined ? [] : [deployChange(record, lane, environment, step)];
  });
}

function deployChange(
  record: DeployRecord,
  lane: LaneRecord,
  environment: 'canary' | 'production',
  step: RecordedStep,
): Change {
  const { request, steps, deploy } = record;
  const observed = lastOf(record, 'deploy.observed')?.event.data;
  const gates = lastOf(record, 'gates.passed')?.event.data;
  const before = gates?.production.version ?? observed?.production.version ?? null;
  const release =
    step.event.type === 'production.deployed' || step.event.type === 'canary.deployed'
      ? step.event.data.release.version
      : null;
  const outcome = outcomeOf(record, environment);
  return {
    ...{ at: step.time, lane: lane.lane, deploy, environment, outcome, release },
    kind: request.manual === undefined ? 'deploy' : 'manual',
    before: environment === 'production' ? before : null,
    commit: request.commit.sha,
    title: request.commit.title,
    author: request.commit.author,
    commits: (observed?.notes.commits ?? []).map(({ sha, title, author }) => ({
      sha,
      title,
      author,
    })),
    omitted: observed?.notes.omitted ?? 0,
    by: steps[0].by,
    build: request.build.url ?? request.build.label,
    said: saidOf(record, lane.orders),
    checks: steps.flatMap(checkOf),
    killSwitch: switchOf(steps),
    note: noteOf(record),
    position: step.position,
    hash: step.hash,
    lastHash: steps.at(-1)?.hash ?? null,
  };
}

/** Why it failed, and why its canary was not taken back, since it last went on. Null: neither. */
function noteOf({ steps }: DeployRecord): string | null {
  const since = steps.findLastIndex(({ event }) => event.type === 'deploy.resumed');
  const failures = steps
    .slice(since + 1)
    .flatMap(({ event }) => (event.type === 'deploy.failed' ? [event] : []));
  const words = ({ data: { failure } }: (typeof failures)[number]): string =>
    `${failure.code}: ${failure.message}`;
  const notes = failures.map((one) =>
    isOfWayBack(one) ? `the canary was not taken back: ${words(one)}` : words(one),
  );
  return notes.length === 0 ? null : notes.join('; ');
}

function outcomeOf({ steps }: DeployRecord, environment: 'canary' | 'production'): string {
  const last = steps.findLast(
    ({ event }) => isLive(event) || (event.type === 'deploy.failed' && isEnd(event)),
  );
  if (environment === 'canary') {
    const restored = steps.findLast(({ event }) => event.type === 'canary.restored');
    if (restored?.event.type === 'canary.restored' && restored.event.data.release !== null) {
      return 'taken back';
    }
  }
  if (last !== undefined) return isLive(last.event) ? 'live' : 'failed';
  const tags: readonly string[] = stateFacts(steps.at(-1)?.to ?? '')?.tags ?? [];
  if (tags.includes('held')) return 'held';
  return tags.includes('settled') ? 'superseded' : 'not over';
}

export function saidOf(
  { deploy, request, steps }: DeployRecord,
  orders: LaneRecord['orders'],
): Said[] {
  const said = (what: Said['what'], person: Omit<Said, 'what'>): Said => {
    const { actor, observed, reason } = person;
    return { what, actor, observed, reason };
  };
  return [
    ...(request.override === null ? [] : [said('override', request.override)]),
    ...(request.manual === undefined ? [] : [said('by hand', request.manual)]),
    ...steps.flatMap(({ event }) => {
      if (event.type === 'deploy.resumed') return [said('resumed', event.data)];
      const order = event.type === 'run.resumed' ? event.data.order : null;
      return order === null ? [] : [said('resumed', order)];
    }),
    ...orders.flatMap(({ event }) =>
      event.type === 'trust.given' && event.data.deploy === deploy
        ? [said('accepted', event.data)]
        : [],
    ),
  ];
}

export function checkOf({ event, position }: RecordedStep): Check[] {
  const [name = '', word] = event.type.split('.');
  if (word !== 'verified') return [];
  const { instances, steadyMs, endpoints } = (
    event as Extract<DomainEvent, { type: 'staging.verified' }>
  ).data;
  const up = `${counted(instances.length, 'instance')} up for ${formatDuration(steadyMs)}`;
  const answers = endpoints.map(({ url, status }) => `${url} answered ${status}`);
  return [{ environment: name as EnvironmentName, answer: [up, ...answers].join('; '), position }];
}

export function switchOf(steps: readonly RecordedStep[]): string | null {
  const found = steps.findLast(
    ({ event }) => event.type === 'production.submitted' || event.type === 'canary.submitted',
  )?.event;
  if (found?.type !== 'production.submitted' && found?.type !== 'canary.submitted') return null;
  const { name, state } = found.data.killSwitch;
  return `${name}: ${state}`;
}

/** What neither a deploy nor a rollback has besides. */
const bare = {
  ...{ deploy: null, title: null, author: null, commits: [], omitted: 0, build: null },
  ...{ checks: [], killSwitch: null, hash: null, lastHash: null },
  environment: 'production' as const,
};

/** Each once: at its end, or at its beginning where it has none. */
function rollbacks({ lane, orders }: LaneRecord): Change[] {
  const ends = new Map(
    orders.flatMap((one) => {
      const ended = endOfRollback(one.event);
      return ended === null ? [] : [[ended.rollback, one] as const];
    }),
  );
  return orders.flatMap(({ event, time, position }): Change[] => {
    if (event.type !== 'rollback.begun') return [];
    const { rollback, from, to, commit, actor, observed, reason } = event.data;
    const end = ends.get(rollback);
    const failed = end?.event.type === 'rollback.failed' ? end.event.data : null;
    const verified = end === undefined ? undefined : takenBackBy(end.event)?.verified;
    const release = end === undefined ? null : releaseOfRollback(end.event);
    return [
      {
        ...bare,
        ...{ at: end?.time ?? time, lane, kind: 'rollback', commit, by: actor },
        outcome: end === undefined ? 'not over' : outcomes[`${verified}`],
        release: release?.version ?? null,
        before: from.version,
        said: [{ what: 'rollback', actor, observed, reason }],
        note: failed === null ? `back to ${to.version}` : `${failed.code}: ${failed.message}`,
        position: end?.position ?? position,
      },
    ];
  });
}

/** Of a rollback that ended, by whether what runs again is verified; undefined: it does not run. */
const outcomes = { true: 'done', false: 'not verified', undefined: 'failed' } as const;

/** Each release once, by its id. */
function outside({ lane, deploys, orders }: LaneRecord): Change[] {
  const known = new Set<string>(
    orders.flatMap(({ event }) =>
      event.type === 'lane.deployed' ? [event.data.release] : (releaseOfRollback(event)?.id ?? []),
    ),
  );
  const found: Change[] = [];
  for (const step of deploys.flatMap(({ steps }) => steps)) {
    for (const one of othersIn(step.event)) {
      if (known.has(one.release.id)) continue;
      known.add(one.release.id);
      found.push({
        ...bare,
        ...{ at: madeAt(one, step), lane, kind: 'outside', outcome: 'seen', by: one.by, said: [] },
        ...{ release: one.release.version, before: one.before ?? null, commit: one.commit },
        ...{ note: one.description, position: step.position },
      });
    }
  }
  return found;
}

interface Other {
  readonly release: { readonly id: string; readonly version: string };
  readonly description: string;
  readonly by: string;
  readonly at: string;
  readonly commit: string | null;
  readonly before?: string | null;
}

function othersIn(event: DomainEvent): readonly Other[] {
  if (event.type === 'deploy.observed') return event.data.others ?? [];
  const rollback = goingBackIn(event);
  return rollback === null ? [] : [rollback];
}

/** By the target's clock, and no later than when it was met: a clock that is fast moves nothing into another period. */
function madeAt({ at }: Other, step: RecordedStep): string {
  const [ms, metMs] = [Date.parse(at), Date.parse(step.time)];
  return new Date(Number.isNaN(ms) ? metMs : Math.min(ms, metMs)).toISOString();
}
