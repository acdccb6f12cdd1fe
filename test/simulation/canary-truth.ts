/** Whether a deploy that has ended left the canary with its code, told from the world: from which builds were its own, and what runs. */
import { canary, type LaneWorld, production, staging } from './lane-world.ts';
import { isPerson } from './people.ts';

/** Slugs of what the deploy had built. */
function slugsOf({ sandbox }: LaneWorld, deploy: string): Set<string> {
  const all = [staging, canary, production].flatMap(
    (name) => sandbox.state().apps[name] ?? { builds: [], releases: [] },
  );
  return new Set(
    all.flatMap(({ builds, releases }) =>
      builds
        .filter(({ mark }) => /^lockstep (\S+)/.exec(mark ?? '')?.[1] === deploy)
        .flatMap(({ release }) => releases.find(({ id }) => id === release)?.slug ?? []),
    ),
  );
}

const goesBack = ({ description }: { description: string }) => description.startsWith('Rollback');

const releasesOf = ({ sandbox }: LaneWorld, app: string) =>
  sandbox.state().apps[app]?.releases ?? [];

/**
 * The deploy has ended, and not live. Null where it gave production its code too, or where the canary runs other code
 * and nothing is under way that puts it there, or where somebody else did: a person, or another deploy, which lost its
 * own code there and went back to what it had found.
 */
export function leftBehind(lane: LaneWorld, deploy: string): string | null {
  const own = slugsOf(lane, deploy);
  const isOwn = ({ slug }: { slug: string | null }) => slug !== null && own.has(slug);
  if (releasesOf(lane, production).some(isOwn)) return null;
  const releases = releasesOf(lane, canary);
  const comes = releases.filter(({ slug, status }) => slug !== null && status !== 'failed').at(-1);
  if (comes === undefined || !isOwn(comes) || isPerson(comes.by) || goesBack(comes)) return null;
  return `v${comes.version} (${comes.status}) of the canary is of it, and production has nothing of it`;
}
