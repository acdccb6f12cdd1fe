/** A run of a deploy as its CI is told of it when it ends: from the log, redacted. Pure. */
import type { DomainEvent } from '../../machine/events.ts';
import { stateFacts } from '../../machine/state-facts.ts';
import { tellStanding } from '../../machine/story.ts';
import type { Annotation } from './actions.ts';

export interface ToldEvent {
  readonly event: DomainEvent;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** The state that it led to; null where it changed none. */
  readonly state: string | null;
}

export interface ToldRun {
  readonly deploy: string;
  readonly state: string;
  readonly exit: number;
  /** A signal ended it. */
  readonly isInterrupted: boolean;
  /** What a person can do, with the command; null: nothing is asked of anybody. */
  readonly next: string | null;
  /** The deploy's, oldest first; the first is what asked for it. */
  readonly events: readonly [ToldEvent, ...ToldEvent[]];
  /** The log's head in words. */
  readonly head: string;
}

export type Verdict = 'live' | 'failed' | 'held' | 'interrupted' | 'over';

/** How the run ended, for people. */
export function verdictOf({
  state,
  exit,
  isInterrupted,
}: Pick<ToldRun, 'state' | 'exit' | 'isInterrupted'>): Verdict {
  const tags = stateFacts(state)?.tags ?? [];
  if (isInterrupted) return 'interrupted';
  if (exit !== 0) return 'failed';
  if (tags.includes('held')) return 'held';
  return tags.includes('live') ? 'live' : 'over';
}

export function standingOf({ deploy, events: [first, ...rest] }: ToldRun) {
  return tellStanding([first.event, ...rest.map(({ event }) => event)], deploy);
}

/** What later steps of the job can go by. */
export function outputsOf(told: ToldRun): Readonly<Record<string, string>> {
  const { deploy, state, events } = told;
  const [{ event: first }] = events;
  return {
    state,
    deploy,
    release: releaseOf(told) ?? '',
    commit: first.type === 'deploy.requested' ? first.data.commit.sha : '',
  };
}

/** What people call the release that production was given; null: none. */
function releaseOf({ events }: ToldRun): string | null {
  for (const { event } of events.toReversed()) {
    if (event.type === 'production.deployed' || event.type === 'production.found') {
      return event.data.release.version;
    }
  }
  return null;
}

const failedWhere = (told: ToldRun): string => {
  const release = releaseOf(told);
  return release === null ? 'not deployed to production' : `failed in production (${release})`;
};

/** Null: nothing asks for anybody's attention. */
export function annotationOf(told: ToldRun): Annotation | null {
  const verdict = verdictOf(told);
  if (verdict !== 'failed' && verdict !== 'held') return null;
  const { headline, detail } = standingOf(told);
  const lines = [headline, detail, told.next].filter((line) => line !== null);
  return {
    level: verdict === 'failed' ? 'error' : 'warning',
    title: `${told.deploy}: ${verdict === 'held' ? 'held before production' : failedWhere(told)}`,
    message: lines.join('\n'),
  };
}
