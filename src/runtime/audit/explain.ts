/**
 * Why a commit shipped, or did not: the decision, over the log's events and the order of commits. It says nothing that the
 * log does not have: what somebody did to production since a deploy looked at it last is not known here.
 */
import { isTagged, stateFacts } from '../../machine/state-facts.ts';
import { tell, tellStanding } from '../../machine/story.ts';
import { shortSha } from '../../machine/story-words.ts';
import {
  type Carried,
  firstCarrying,
  isLive,
  newest,
  replacements,
  shippedByNotes,
  shippedByRecord,
} from './carriers.ts';
import { byRequest, type DeployEntry } from './deploy-index.ts';
import type { CommitOrder, Echo, ExplainFacts, Lack, Told } from './explain-facts.ts';
import { decisions, endLink, endOf, type Link, liftOf } from './explain-links.ts';
import { againWords, lossesSince } from './explain-losses.ts';
import { bringsBack, lines, nextOf, sinceRefused } from './explain-next.ts';
import {
  isGivenUpUnseenSince,
  linkOf,
  rollbacksBehind,
  rollbacksSince,
  unfinishedRollback,
} from './explain-rollbacks.ts';
import type { Explanation, Verdict } from './explanation.ts';
import { lastSeen, seenWords } from './last-seen.ts';

export interface Asked {
  /** The full id. */
  readonly commit: string;
  readonly lane: string;
  /** The one that is asked about; null: any of the commit. */
  readonly deploy: string | null;
}

/** Of deploys of one commit, the one that became live first. */
const firstLive = (of: readonly DeployEntry[]): DeployEntry | undefined =>
  of.filter(isLive).toSorted((a, b) => a.position - b.position)[0];
const isOpen = (entry: DeployEntry): boolean => !entry.settled || isTagged(entry.state, 'held');

/** @throws UnreadableLog, LogFault */
export async function explain(
  asked: Asked,
  facts: ExplainFacts,
  git: CommitOrder,
): Promise<Explanation> {
  const { commit, lane } = asked;
  const all = await facts.of(lane, commit);
  const own = all.filter((one) => asked.deploy === null || asked.deploy === one.deploy);
  const others = await facts.recent(lane);
  const last = await lastSeen(lane, facts);
  const seen = last?.seen ?? null;
  const ran = seen?.commit == null ? [] : [seen.commit];
  const also = [...ran, ...others.map((entry) => entry.commit)];
  const itself = asked.deploy === null ? undefined : own.find(isLive);
  const carrying = async (): Promise<Carried> =>
    itself === undefined
      ? firstCarrying(commit, { lane, own: firstLive(all), also }, facts, git)
      : { first: itself, ...(await git.containing(commit, also)) };
  // Both take git through all that came since: at the same time.
  const [carried] = await Promise.all([carrying(), ...ran.map((head) => git.echoes(commit, head))]);
  const { lacks } = carried;
  const has = (of: string) => carried.having.has(of);
  const production =
    seen === null ? null : { ...seen, has: hasIt(seen.commit, has, lacks !== null) };

  const shipped =
    carried.first ??
    (await shippedByRecord(own, lane, facts)) ??
    (lacks === null ? undefined : await shippedByNotes(commit, lane, facts));
  const having = others.filter((entry) => has(entry.commit));
  const seenAt = last?.position ?? 0;
  const context: Context = { asked, facts, git, production, seenAt, lacks, having };
  if (shipped !== undefined) return shippedWith(shipped, own, context);
  return notShipped(own, context);
}

interface Context {
  readonly asked: Asked;
  readonly facts: ExplainFacts;
  readonly git: CommitOrder;
  readonly production: Explanation['production'];
  /** The global position of the event by which that is known; 0: nothing is. */
  readonly seenAt: number;
  readonly lacks: Lack | null;
  /** Those that have the commit, of the newest and the open ones; the newest first. */
  readonly having: readonly DeployEntry[];
}

function hasIt(
  seen: string | null,
  has: (commit: string) => boolean,
  isCut: boolean,
): boolean | null {
  if (seen === null) return null;
  if (has(seen)) return true;
  return isCut ? null : false;
}

async function shippedWith(
  shipped: DeployEntry,
  own: readonly DeployEntry[],
  context: Context,
): Promise<Explanation> {
  const { asked, facts, production, seenAt } = context;
  const { deploy } = shipped;
  const isOwn = shipped.commit === asked.commit;
  const events = await facts.events(deploy);
  const others = own.filter((one) => one.deploy !== deploy);
  const ends = (await Promise.all(others.map((one) => endLink(one.deploy, facts)))).flat();
  const version = events.findLast(({ event }) => event.type === 'production.deployed')?.event;
  const release =
    version?.type === 'production.deployed' ? ` (${version.data.release.version})` : '';
  const since = `${minute(events.at(-1)?.time ?? '')} with deploy ${deploy}${release}`;
  const how = isOwn
    ? `shipped: live since ${since}`
    : `shipped: carried by ${shortSha(shipped.commit)}, live since ${since}`;
  const echo = await echoOf('revert', shipped.commit, context);
  const isGone = production?.has === false;
  const now = isGone ? await whyGone(shipped, context) : null;
  // Where nobody can tell whether production has it, what people took back is told all the same.
  const isUnknown = production !== null && production.has === null;
  const open = await unfinishedRollback(asked.lane, facts);
  const isUnseen = await isGivenUpUnseenSince(
    asked.lane,
    Math.max(shipped.position, seenAt),
    facts,
  );
  const backs =
    isUnknown || open !== null || isUnseen
      ? await rollbacksSince(asked.lane, shipped.position, facts)
      : null;
  const losses =
    production?.has === true ? await lossesSince(asked.commit, shipped, facts, context.git) : null;
  const told = [...ends, ...((now ?? backs)?.links ?? [])];
  const more = losses?.links.filter((link) => !told.some((one) => isSameLink(one, link))) ?? [];
  const undone = echo === null ? '' : `; undone since by ${shortSha(echo.sha)}`;
  return {
    ...base(context),
    verdict: isOwn ? 'live' : 'carried',
    deploy,
    carrier: isOwn ? null : shipped.commit,
    headline: `${how}${undone}${isGone ? '; production was seen without it since' : ''}${againWords(losses)}`,
    chain: inOrder([...told, ...decisions(deploy, events), ...more]),
    echo,
    next: lines(
      open?.next ?? null,
      now === null ? null : bringsBack(now.holds, context.having.find(isOpen)),
    ),
  };
}

const isSameLink = (one: Link, other: Link): boolean =>
  one.deploy === other.deploy && one.time === other.time;

/** So many of those that something happened to last are looked at for one that was held. */
const movedMax = 200;

/** What took production to where the commit is not: people by `rollback`, and where a deploy of the lane was held for it. */
async function whyGone(shipped: DeployEntry, { asked, facts, production }: Context) {
  const { links, release, holds } = await rollbacksSince(asked.lane, shipped.position, facts);
  const moved = await facts.moved(asked.lane, Number.MAX_SAFE_INTEGER, movedMax);
  const since = moved.filter(({ position }) => position > shipped.position);
  for (const { deploy } of byRequest(since)) {
    const events = await facts.events(deploy);
    const held = events.findLast(({ event }) => event.type === 'production.held');
    if (held === undefined || held.position < shipped.position) continue;
    const lift = await liftOf(asked.lane, held, facts);
    const { headline } = tell(held.event);
    const words = lift === null ? headline : `${headline}; ${lift.words}`;
    return { links: [...links, { deploy, time: held.time, words }], holds };
  }
  if (release !== null || production === null) return { links, holds };
  const seen = { deploy: production.deploy, time: production.at, words: seenWords(production) };
  return { links: [...links, seen], holds };
}

/** By their times, which never go back in a log. */
const inOrder = (links: readonly Link[]): Link[] =>
  links.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));

async function notShipped(own: readonly DeployEntry[], context: Context): Promise<Explanation> {
  const { asked, facts, having } = context;
  // An older build of the commit may be held, and go on, where a newer one came to nothing.
  const mine = own.find(isOpen) ?? own[0];
  // That it has the commit the log says itself, where git cannot.
  const taken = mine === undefined ? [] : await replacements(mine.deploy, facts);
  const last = taken.at(-1);
  const replacing = last === undefined ? null : await facts.deploy(asked.lane, last);
  const [newest] = having.filter(isOpen);
  const decides =
    mine !== undefined && isOpen(mine) ? mine : (newest ?? replacing ?? mine ?? having[0]);
  if (decides === undefined) return nobodyAsked(context);
  const { deploy } = decides;
  const events = await facts.events(deploy);
  const verdict = verdictOf(decides, events);
  const standing = await standingWords(asked.lane, decides, events, facts);
  const isOwn = decides.commit === asked.commit;
  const other = isOwn ? '' : `goes with deploy ${deploy} of ${shortSha(decides.commit)}, which is `;
  const others = own.filter((one) => one.deploy !== deploy);
  const ends = await Promise.all(others.map((one) => endLink(one.deploy, facts)));
  const pick = await echoOf('pick', null, context);
  const picked = pick === null ? '' : `; the same change is in production as ${shortSha(pick.sha)}`;
  const isRunning = verdict === 'underWay' && (await facts.isRunning(deploy));
  const holder = isRunning ? await holderBefore(decides, facts) : null;
  const waits = holder === null ? '' : `; it waits behind ${holder}, which has the lane`;
  const behind = await rollbacksBehind(asked.lane, events, facts);
  const since = await sinceRefused(events, asked.lane, context.production, facts);
  const open = await unfinishedRollback(asked.lane, facts);
  if (open !== null) behind.push(linkOf(open.told));
  return {
    ...base(context),
    verdict,
    deploy,
    carrier: isOwn ? null : decides.commit,
    headline: `${other}${standing}${waits}${picked}`,
    chain: inOrder([...ends.flat(), ...behind, ...decisions(deploy, events), ...since.links]),
    echo: pick,
    next: lines(open?.next ?? null, nextOf(verdict, decides, events, { isRunning, since })),
  };
}

/** The deploy that has the lane while this one waits for it; null: it waits for none. */
async function holderBefore(
  { lane, state }: DeployEntry,
  facts: ExplainFacts,
): Promise<string | null> {
  if (stateFacts(state)?.step !== 'acquireLock') return null;
  for (const one of await facts.recent(lane)) {
    if (isTagged(one.state, 'holdsLock') && (await facts.isRunning(one.deploy))) return one.deploy;
  }
  return null;
}

async function nobodyAsked(context: Context): Promise<Explanation> {
  const { asked, lacks, production } = context;
  const pick = await echoOf('pick', null, context);
  const picked = pick === null ? '' : `; the same change is in production as ${shortSha(pick.sha)}`;
  const isThere = production?.has === true;
  const there = isThere ? '; production was seen with it all the same' : '';
  const nobody = `no deploy of lane ${asked.lane} was of this commit, nor of one that has it`;
  return {
    ...base(context),
    verdict: lacks === null ? 'notAsked' : 'unknown',
    deploy: null,
    carrier: null,
    headline:
      (lacks === null
        ? nobody
        : `no deploy of lane ${asked.lane} was of this commit, and ${lacks.why}: it may have gone with another`) +
      there +
      picked,
    chain: [],
    echo: pick,
    next: isThere
      ? null
      : lacks === null
        ? 'Once it is on the lane’s branch, the next build that deploys ships it: CI runs pipeline advance.'
        : lacks.remedy,
  };
}

const base = ({ asked, production, lacks }: Context) => ({
  ...{ lane: asked.lane, production, lacks: lacks?.why ?? null },
});

function verdictOf(entry: DeployEntry, events: readonly Told[]): Verdict {
  if (!entry.settled) return isTagged(entry.state, 'paused') ? 'waitTimedOut' : 'underWay';
  if (isTagged(entry.state, 'failed')) return 'failed';
  const end = endOf(events)?.event;
  if (end?.type === 'production.held') return 'held';
  if (end?.type === 'production.disabled') return 'disabled';
  return end?.type === 'deploy.superseded' && end.data.cause === 'diverged'
    ? 'diverged'
    : 'contained';
}

async function standingWords(
  lane: string,
  { state }: DeployEntry,
  events: readonly Told[],
  facts: ExplainFacts,
): Promise<string> {
  const [first, ...more] = events.map(({ event }) => event);
  if (first === undefined) return state;
  const { headline } = tellStanding([first, ...more]);
  const end = endOf(events);
  const lift = end === undefined ? null : await liftOf(lane, end, facts);
  return lift === null ? headline : `${headline}; ${lift.words}`;
}

/** The newest such commit that production has, as far as it was seen; one that was undone is none. */
async function echoOf(
  kind: Echo['kind'],
  shipped: string | null,
  { asked, facts, git, production }: Context,
): Promise<Explanation['echo']> {
  const { lane } = asked;
  const newestLive = async () => (await facts.live(lane, newest(1)))[0]?.commit ?? null;
  const head = production?.commit ?? shipped ?? (await newestLive());
  if (head === null || head === asked.commit) return null;
  const ofKind = async (wanted: Echo['kind'], of: string) =>
    (await git.echoes(of, head)).filter((one) => one.kind === wanted);
  const said = await ofKind(kind, asked.commit);
  const same =
    said.length === 0 && kind === 'pick' ? await git.samePatch(asked.commit, head) : null;
  for (const one of same === null ? said : [same]) {
    if ((await ofKind('revert', one.sha)).length > 0) continue;
    const own = firstLive(await facts.of(lane, one.sha));
    const { first } = await firstCarrying(one.sha, { lane, own, also: [] }, facts, git);
    return { ...one, deploy: first?.deploy ?? null };
  }
  return null;
}

/** Of ISO 8601 in UTC: `2026-01-05 13:04 UTC`. */
const minute = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
