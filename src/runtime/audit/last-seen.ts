/** What production ran when a deploy of the lane looked at it last, as its events say. */
import type { DomainEvent } from '../../machine/events.ts';
import { shortSha } from '../../machine/story-words.ts';
import type { DeployEntry } from './deploy-index.ts';
import type { ExplainFacts, Told } from './explain-facts.ts';
import { backsIn } from './explain-rollbacks.ts';

export interface Seen {
  /** The deploy that looked, or the rollback that a person made. */
  readonly deploy: string;
  /** A person took it back to that: nothing looked since. */
  readonly isTakenBack: boolean;
  /** When: ISO 8601. */
  readonly at: string;
  /** The release; null: there was none. */
  readonly version: string | null;
  /** The full commit id; null: that was not known. */
  readonly commit: string | null;
}

export interface LastSeen {
  readonly seen: Seen;
  /** Of the event that tells so. */
  readonly position: number;
}

/** Null: neither a deploy nor a rollback of the lane has told. */
export async function lastSeen(
  lane: string,
  facts: Pick<ExplainFacts, 'moved' | 'events' | 'rollbacks'>,
): Promise<LastSeen | null> {
  const back = backsIn(await facts.rollbacks(lane)).at(-1);
  let newest: (Look & { readonly deploy: string }) | null = null;
  // A deploy tells nothing later than its last event.
  for await (const { deploy, position } of byLastEvent(lane, facts)) {
    if (Math.max(newest?.position ?? 0, back?.told.position ?? 0) > position) break;
    const look = lastLook(await facts.events(deploy));
    if (look !== null && look.position > (newest?.position ?? 0)) newest = { ...look, deploy };
  }
  if (back !== undefined && back.told.position > (newest?.position ?? 0)) {
    const { rollback, release, commit } = back.back;
    const ran = { version: release.version, commit: fullOrNull(commit) };
    const { time: at, position } = back.told;
    return { seen: { deploy: rollback, isTakenBack: true, at, ...ran }, position };
  }
  if (newest === null) return null;
  const { deploy, running, time: at, position } = newest;
  return { seen: { deploy, isTakenBack: false, at, ...running }, position };
}

/** Nearly always the first ones tell. */
const page = 20;

async function* byLastEvent(
  lane: string,
  facts: Pick<ExplainFacts, 'moved'>,
): AsyncGenerator<DeployEntry> {
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const entries = await facts.moved(lane, before, page);
    yield* entries;
    if (entries.length < page) return;
    before = entries.at(-1)?.position ?? 0;
  }
}

type Running = Pick<Seen, 'version' | 'commit'>;
type Look = Pick<Told, 'time' | 'position'> & { readonly running: Running };

/** By the last of a deploy's events that says so; null: none does. */
function lastLook(events: readonly Told[]): Look | null {
  for (const { event, time, position } of events.toReversed()) {
    const running = runningIn(event);
    if (running !== null) return { running, time, position };
  }
  return null;
}

/** What the event says that production runs; null: nothing. */
function runningIn(event: DomainEvent): Running | null {
  switch (event.type) {
    case 'deploy.observed':
      return event.data.order === 'waived' ? null : event.data.production;
    case 'gates.passed':
      return event.data.cursor === '' ? null : event.data.production;
    case 'deploy.superseded':
      return event.data.cause === 'newer-build' ? null : event.data.production;
    case 'production.found':
    case 'production.deployed': {
      const { release, artifact } = event.data;
      return { version: release.version, commit: artifact.commit };
    }
    case 'production.held': {
      const { rollback } = event.data;
      if (rollback.kind === 'ordered') return null;
      const { kind, release, commit } = rollback;
      // Of what failed, the release is not what runs.
      const version = kind.startsWith('failed') ? null : release.version;
      return { version, commit: fullOrNull(commit) };
    }
    default:
      return null;
  }
}

const fullOrNull = (commit: string | null): string | null =>
  commit !== null && /^[0-9a-f]{40}$/.test(commit) ? commit : null;

export function seenWords({ deploy, isTakenBack, at, version, commit }: Seen): string {
  const code = commit === null ? 'of an unknown commit' : shortSha(commit);
  const what = version === null ? code : `${version}, ${code}`;
  const when = isTakenBack ? `once ${deploy} had taken it back` : `when ${deploy} looked`;
  return `production ran ${what} ${when} (${at.slice(0, 16).replace('T', ' ')} UTC)`;
}
