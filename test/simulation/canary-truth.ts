/** What a deploy that has ended left on the canary, or put back there, told from the world: from which builds were its own, and what runs. */
import { canary, production, staging } from './apps.ts';
import type { LaneWorld } from './lane-world.ts';
import { isPerson } from './people.ts';

/** Slugs of what the deploy had built. */
function slugsOf(lane: LaneWorld, deploy: string): Set<string> {
  const all = [staging, canary, production].flatMap(
    (name) => lane.state().apps[name] ?? { builds: [], releases: [] },
  );
  return new Set(
    all.flatMap(({ builds, releases }) =>
      builds
        .filter(({ mark }) => /^lockstep (\S+)/.exec(mark ?? '')?.[1] === deploy)
        .flatMap(({ release }) => releases.find(({ id }) => id === release)?.slug ?? []),
    ),
  );
}

const releasesOf = (lane: LaneWorld, app: string) => lane.state().apps[app]?.releases ?? [];

/**
 * The deploy has ended, and not live. Null where its commit came to run in production too, by whomever, or where the
 * canary runs other code and nothing is under way that puts it there, or where a person did.
 */
export function leftBehind(lane: LaneWorld, deploy: string): string | null {
  const own = slugsOf(lane, deploy);
  const isOwn = ({ slug }: { slug: string | null }) => slug !== null && own.has(slug);
  const commits = new Set([...own].map((slug) => commitOf(lane, slug)));
  const ranInProduction = releasesOf(lane, production).some(
    ({ slug, status }) =>
      slug !== null && /succeeded|expired/.test(status) && commits.has(commitOf(lane, slug)),
  );
  if (ranInProduction) return null;
  const releases = releasesOf(lane, canary);
  const comes = releases.filter(({ slug, status }) => slug !== null && status !== 'failed').at(-1);
  if (comes === undefined || !isOwn(comes) || isPerson(comes.by)) return null;
  return `v${comes.version} (${comes.status}) of the canary is of it, and production never ran it`;
}

const commitOf = ({ sandbox }: LaneWorld, slug: string | null) =>
  slug === null ? null : (sandbox.world.slugs.get(slug)?.commit ?? null);

/** So long before it is written a deploy may have read what production runs, when it began. */
const deployTakesMs = 6 * 3_600_000;

/**
 * Why what is put back on the canary should not run there; null: production ran that commit, now or a while ago, or a deploy
 * of the lane was live with it.
 *
 * @param live those deploys' commits
 * @param release the release of the canary that is to run again
 */
export function wronglyPutBack(
  lane: LaneWorld,
  { live, release, at }: { live: readonly string[]; release: string | null; at: number },
): string | null {
  const put = releasesOf(lane, canary).find(({ id }) => id === release);
  // Of what the canary has not, as one wrong answer may name it, nothing comes: its host refuses it.
  if (put === undefined) return null;
  const commit = commitOf(lane, put.slug);
  const ran = releasesOf(lane, production)
    .filter(({ slug, status }) => slug !== null && /succeeded|expired/.test(status))
    .filter((_, i, all) => (all[i + 1]?.createdAt ?? at) >= at - deployTakesMs)
    .map(({ slug }) => commitOf(lane, slug));
  if (commit !== null && (live.includes(commit) || ran.includes(commit))) return null;
  return `v${put.version} on the canary (${commit}), which neither production ran (${ran}) nor was live (${live})`;
}

/** A deploy says that there was nothing to go back to. What there was: the canary ran it before, and production runs it or a deploy was live with it. */
export function couldBePutBack(
  lane: LaneWorld,
  deploy: string,
  live: readonly string[],
): string | null {
  const own = slugsOf(lane, deploy);
  const ran = releasesOf(lane, canary).filter(
    ({ slug, status }) => slug !== null && status === 'succeeded',
  );
  const given = ran.findLastIndex(({ slug }) => own.has(slug ?? ''));
  const of = commitOf(lane, ran[given]?.slug ?? null);
  const runs = releasesOf(lane, production).findLast(
    ({ slug, status }) => slug !== null && status === 'succeeded',
  );
  const may = new Set([commitOf(lane, runs?.slug ?? null), ...live]);
  const back = ran
    .slice(0, Math.max(given, 0))
    .findLast(({ slug }) => commitOf(lane, slug) !== of && may.has(commitOf(lane, slug)));
  return back === undefined ? null : `v${back.version} of the canary might have run again`;
}
