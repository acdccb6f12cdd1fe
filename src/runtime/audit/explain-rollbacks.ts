/** What people did by `pipeline rollback`, as links of the chain that explains a commit. */
import { oneLine } from '../../format/text.ts';
import type { DomainEvent, Release } from '../../machine/events.ts';
import {
  cameOfGivenUp,
  giveUp,
  inBrackets,
  namedPerson,
  takeBack,
} from '../../machine/story-words.ts';
import { isGivenUp, type TakenBack, takenBackBy } from '../../machine/taken-back.ts';
import { newest } from './carriers.ts';
import type { ExplainFacts, RollbackEvent, Told } from './explain-facts.ts';
import { type Link, liftOf } from './explain-links.ts';

/** One by which production came to run something else, whether its checks held or not. */
export interface ToldBack {
  readonly told: Told<RollbackEvent>;
  readonly back: TakenBack;
}

export function backsIn(all: readonly Told<RollbackEvent>[]): ToldBack[] {
  return all.flatMap((told) => {
    const back = takenBackBy(told.event);
    return back === null ? [] : [{ told, back }];
  });
}

export interface RollbackLinks {
  readonly links: readonly Link[];
  /** The release (its id) that production was given by the last one that came to run; null: none did. */
  readonly release: string | null;
  /** No person has lifted the hold of that one. */
  readonly holds: boolean;
}

/** What people took production back by after that position, each with what holds since: one that ended only by its end. */
export async function rollbacksSince(
  lane: string,
  position: number,
  facts: Pick<ExplainFacts, 'rollbacks' | 'laneEvents' | 'lift'>,
): Promise<RollbackLinks> {
  const all = (await facts.rollbacks(lane)).filter((told) => told.position > position);
  const last = backsIn(all).at(-1);
  const lift =
    last === undefined ? null : await liftOf(lane, { release: last.back.release.id }, facts);
  const links = all
    .filter((told) => !isEnded(told, all))
    .map((told) => linkOf(told, told === last?.told ? lift : null));
  return {
    links,
    release: last?.back.release.id ?? null,
    holds: last !== undefined && lift?.by === null,
  };
}

/** Whether one was given up after that position, and nobody looked at what it had made: what came of it is not known. */
export async function isGivenUpUnseenSince(
  lane: string,
  position: number,
  facts: Pick<ExplainFacts, 'rollbacks'>,
): Promise<boolean> {
  const since = (await facts.rollbacks(lane)).filter((told) => told.position > position);
  return since.some(
    ({ event }) =>
      event.type === 'rollback.failed' && isGivenUp(event.data) && event.data.made === undefined,
  );
}

export interface UnfinishedRollback {
  readonly told: Told<RollbackEvent>;
  /** What is to be done about it first. */
  readonly next: string;
}

/**
 * The lane's last one, where it was begun and nothing says that it ended; null: there is none, or a deploy was live since, and what
 * that one was to take back runs no more.
 */
export async function unfinishedRollback(
  lane: string,
  facts: Pick<ExplainFacts, 'rollbacks' | 'isRunning' | 'live'>,
): Promise<UnfinishedRollback | null> {
  const all = await facts.rollbacks(lane);
  const told = all.findLast((one) => one.event.type === 'rollback.begun' && !isEnded(one, all));
  if (told === undefined) return null;
  const [live] = await facts.live(lane, newest(1));
  if (live !== undefined && live.position > told.position) return null;
  const { rollback, to } = told.event.data;
  const next = (await facts.isRunning(rollback))
    ? `The rollback to ${to.version} is under way: wait for its end.`
    : `To go on with the rollback to ${to.version}, which was begun and not ended: ${takeBack(to)}\nTo give it up: ${giveUp}`;
  return { told, next };
}

/** By whom production was taken back with the releases that deploys were held by, and what came of the rollbacks that they gave way to. */
export async function rollbacksBehind(
  lane: string,
  events: readonly Told[],
  facts: Pick<ExplainFacts, 'rollbacks'>,
): Promise<Link[]> {
  const behind = new Set(events.flatMap(({ event }) => rollbackBehind(event)));
  const isBehind = ({ event }: Told<RollbackEvent>): boolean =>
    event.type !== 'rollback.begun' &&
    (behind.has(takenBackBy(event)?.release.id ?? '') || behind.has(event.data.rollback));
  return (await facts.rollbacks(lane)).filter(isBehind).map((told) => linkOf(told));
}

/** By its id where it was only ordered, and else by that of its release. */
function rollbackBehind(event: DomainEvent): string[] {
  if (event.type !== 'production.held') return [];
  const { rollback } = event.data;
  return [rollback.kind === 'ordered' ? rollback.rollback : rollback.release.id];
}

const isEnded = ({ event }: Told<RollbackEvent>, all: readonly Told<RollbackEvent>[]): boolean =>
  event.type === 'rollback.begun' &&
  all.some((one) => one.event !== event && one.event.data.rollback === event.data.rollback);

export function linkOf(
  { event, time }: Told<RollbackEvent>,
  lift: { readonly words: string } | null = null,
): Link {
  const words = lift === null ? wordsOf(event) : `${wordsOf(event)}; ${lift.words}`;
  return { deploy: event.data.rollback, time, words, isRollback: true };
}

function wordsOf(event: RollbackEvent): string {
  const { to, reason } = event.data;
  const why = `${namedPerson(event.data)}: ${oneLine(reason)}`;
  switch (event.type) {
    case 'rollback.begun':
      return `production is being taken back from ${event.data.from.version} to ${to.version}, by ${why}; nothing says that this ended`;
    case 'rollback.done': {
      const { release, commit } = event.data;
      return `${tookBack(to, release, commit)}, by ${why}`;
    }
    case 'rollback.failed': {
      const { code, message, made } = event.data;
      const given = isGivenUp({ code });
      const end = given ? oneLine(message) : `${code}, ${oneLine(message)}`;
      if (made?.runs === true) {
        return `${tookBack(to, made.release, made.commit)}, not verified, by ${why}; ${end}`;
      }
      const ordered = `production was to be taken back to ${to.version}, by ${why}`;
      return given
        ? `${ordered}; ${end}; ${cameOfGivenUp(made)}`
        : `${ordered}; that failed: ${end}`;
    }
  }
}

function tookBack(to: Release, release: Release, commit: string | null): string {
  return `production was taken back to ${to.version}${inBrackets(commit)} as ${release.version}`;
}
