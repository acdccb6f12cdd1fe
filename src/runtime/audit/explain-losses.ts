/** When production went without a commit that had shipped, and how it came to run again: what an auditor asks of one that runs now. */
import { tell } from '../../machine/story.ts';
import { goingBackIn } from '../../machine/taken-back.ts';
import type { DeployEntry } from './deploy-index.ts';
import type { CommitOrder, ExplainFacts } from './explain-facts.ts';
import { endLink, type Link, liftOf } from './explain-links.ts';
import { backsIn, linkOf } from './explain-rollbacks.ts';

/** A going-back of production, by a person's rollback or as a deploy met it. */
interface Back {
  readonly link: Link;
  /** The release (its id) by which production went back. */
  readonly release: string;
  /** The full id of what it ran then; null: nothing tells. */
  readonly commit: string | null;
  readonly position: number;
}

export interface Losses {
  readonly links: readonly Link[];
  /** The deploy that brought it again; null: production was taken back to what has it. */
  readonly again: string | null;
}

export function againWords(losses: Losses | null): string {
  if (losses === null) return '';
  const again = '; production was taken back since, and has it again';
  return losses.again === null ? again : `${again} with deploy ${losses.again}`;
}

/** So many deploys that became live since are looked at for one that has the commit. */
const liveMax = 200;

/** Of a commit that production has again, since a deploy was live with it; null: it was never without. */
export async function lossesSince(
  commit: string,
  { lane, position }: Pick<DeployEntry, 'lane' | 'position'>,
  facts: ExplainFacts,
  git: Pick<CommitOrder, 'containing'>,
): Promise<Losses | null> {
  const ordered = await orderedSince(lane, position, facts);
  const met = await metSince(lane, position, facts);
  const isOrdered = (back: Back) => ordered.some(({ release }) => release === back.release);
  const backs = [...ordered, ...met.filter((one) => !isOrdered(one))];
  if (backs.length === 0) return null;
  const { having } = await git.containing(
    commit,
    backs.flatMap((back) => back.commit ?? []),
  );
  const lost = backs.filter((back) => back.commit !== null && !having.has(back.commit));
  if (lost.length === 0) return null;
  const after = Math.max(...lost.map((back) => back.position));
  const live = await facts.live(lane, { after, limit: liveMax });
  const found = await git.containing(
    commit,
    live.map((one) => one.commit),
  );
  const again = live.find((one) => found.having.has(one.commit));
  const end = again === undefined ? [] : await endLink(again.deploy, facts);
  const links = [...lost.map(({ link }) => link), ...end];
  return { links, again: again?.deploy ?? null };
}

async function orderedSince(lane: string, position: number, facts: ExplainFacts): Promise<Back[]> {
  const since = (await facts.rollbacks(lane)).filter((told) => told.position > position);
  return Promise.all(
    backsIn(since).map(async ({ told, back }) => {
      const { id } = back.release;
      const lift = await liftOf(lane, { release: id }, facts);
      const { commit } = back;
      return { link: linkOf(told, lift), release: id, commit, position: told.position };
    }),
  );
}

/** Each as the first deploy tells that met it, in the words of one that it held. */
async function metSince(lane: string, position: number, facts: ExplainFacts): Promise<Back[]> {
  const found: Back[] = [];
  for (const { deploy } of await facts.firstToMeet(lane, position)) {
    for (const told of await facts.events(deploy)) {
      const rollback = goingBackIn(told.event);
      if (rollback === null || told.position < position) continue;
      const held = { type: 'production.held', data: { step: 'readGates', rollback } } as const;
      const { id } = rollback.release;
      if (found.some(({ release }) => release === id)) continue;
      const lift = await liftOf(lane, { release: id }, facts);
      const said = tell(held).headline.replace(/^held: /, '');
      const words = lift === null ? said : `${said}; ${lift.words}`;
      const link = { deploy, time: told.time, words };
      found.push({ link, release: id, commit: rollback.commit, position: told.position });
    }
  }
  return found;
}
