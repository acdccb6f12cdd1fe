/** Deploys with which a commit shipped: by git, and as the log itself says where git cannot. */
import { isTagged } from '../../machine/state-facts.ts';
import type { DeployEntry, Stretch } from './deploy-index.ts';
import type { CommitOrder, ExplainFacts, Lack } from './explain-facts.ts';
import { endOf } from './explain-links.ts';

/** How many of the newest are looked at. */
const newestMax = 200;
/** How many deploys git is asked about at once; twice as many each time that nothing was found. */
const stretchMin = 100;
const stretchMax = 10_000;
/** Committers’ clocks are not ours: a commit may say that it was made a day later than it was. */
const clockSkewMs = 86_400_000;

export const isLive = ({ state }: DeployEntry): boolean => isTagged(state, 'live');

export interface Carried {
  /** The first that became live with the commit; undefined: none did, as far as git knows. */
  readonly first: DeployEntry | undefined;
  /** Of the commits that git was asked about, those that have it. */
  readonly having: ReadonlySet<string>;
  /** Why it may be more of them; null: these are all. */
  readonly lacks: Lack | null;
}

/**
 * The first deploy of a lane that became live with a commit, its own or one that has it. No deploy has a commit that was not
 * made when it came to its end: so they are gone through from a day before the commit's date on. Where one just before that
 * has it, the date is wrong, and they are gone back through as well, as long as there are such.
 *
 * @param own those of the commit itself
 * @param also commits that git is asked about in the same breath
 */
export async function firstCarrying(
  commit: string,
  { lane, own, also }: Searched,
  facts: Pick<ExplainFacts, 'live' | 'positionBefore'>,
  git: Pick<CommitOrder, 'containing' | 'madeAt'>,
): Promise<Carried> {
  const having = new Set<string>();
  let lacks: Lack | null = null;
  const ask = async (commits: readonly string[]): Promise<void> => {
    const found = await git.containing(commit, [...new Set(commits)]);
    for (const one of found.having) having.add(one);
    lacks ??= found.lacks;
  };
  const firstOf = (entries: readonly DeployEntry[]) =>
    entries.find((one) => having.has(one.commit));
  // Git may have fetched the commit to tell of these.
  let madeAt = await git.madeAt(commit);
  if (madeAt === null) {
    await ask(also);
    madeAt = await git.madeAt(commit);
  }
  if (madeAt === null) return { first: own, having, lacks };
  const since = new Date(Date.parse(madeAt) - clockSkewMs).toISOString();
  const start = Math.min(await facts.positionBefore(since), (own?.position ?? Infinity) - 1);

  let before = await facts.live(lane, { before: start + 1, limit: stretchMin });
  let after = await facts.live(lane, { after: start, limit: stretchMin });
  await ask([...also, ...commitsOf(before), ...commitsOf(after)]);
  let first = firstOf(before);
  for (let limit = stretchMin; firstOf(before) !== undefined && before.length === limit; ) {
    limit = Math.min(2 * limit, stretchMax);
    before = await facts.live(lane, { before: before[0]?.position ?? 0, limit });
    await ask(commitsOf(before));
    first = firstOf(before) ?? first;
  }
  first ??= firstOf(after);
  for (let limit = stretchMin; first === undefined && after.length === limit; ) {
    limit = Math.min(2 * limit, stretchMax);
    after = await facts.live(lane, { after: after.at(-1)?.position ?? 0, limit });
    await ask(commitsOf(after));
    first = firstOf(after);
  }
  return { first, having, lacks };
}

export interface Searched {
  readonly lane: string;
  readonly own: DeployEntry | undefined;
  readonly also: readonly string[];
}

const commitsOf = (entries: readonly DeployEntry[]): string[] =>
  entries.map(({ commit }) => commit);

/** A newer build took the place of one of its deploys, and shipped this commit too: the log says so itself. */
export async function shippedByRecord(
  own: readonly DeployEntry[],
  lane: string,
  facts: ExplainFacts,
): Promise<DeployEntry | undefined> {
  for (const { deploy } of own) {
    const by = (await replacements(deploy, facts)).at(-1);
    const found = by === undefined ? null : await facts.deploy(lane, by);
    if (found !== null && isLive(found)) return found;
  }
  return undefined;
}

/** The deploys that took its place, one after the other. */
export async function replacements(deploy: string, facts: ExplainFacts): Promise<string[]> {
  const found: string[] = [];
  for (let at = deploy; ; ) {
    const last = endOf(await facts.events(at))?.event;
    if (last?.type !== 'deploy.superseded' || last.data.cause !== 'newer-build') return found;
    at = last.data.by.deploy;
    if (found.includes(at)) return found;
    found.push(at);
  }
}

/** Of a clone without the history: the release notes that were made where it was there. */
export async function shippedByNotes(
  commit: string,
  lane: string,
  facts: ExplainFacts,
): Promise<DeployEntry | undefined> {
  for (const entry of await facts.live(lane, newest(newestMax))) {
    const observed = (await facts.events(entry.deploy)).findLast(
      ({ event }) => event.type === 'deploy.observed',
    );
    const notes = observed?.event.type === 'deploy.observed' ? observed.event.data.notes : null;
    if (notes?.commits.some(({ sha }) => sha === commit)) return entry;
  }
  return undefined;
}

/** The last ones. */
export const newest = (limit: number): Stretch => ({ before: Number.MAX_SAFE_INTEGER, limit });
