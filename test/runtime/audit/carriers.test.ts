/** The first deploy that became live with a commit: what is asked of git is only what is near, and the answer is as if all were asked. */
import { expect, it } from 'vitest';
import { firstCarrying } from '../../../src/runtime/audit/carriers.ts';
import type { DeployEntry } from '../../../src/runtime/audit/deploy-index.ts';
import type { CommitOrder, ExplainFacts, Lack } from '../../../src/runtime/audit/explain-facts.ts';
import { fc } from '../../fast-check.ts';

/** A step: as busy as a lane gets, so that a day is more than what is asked about at once. */
const stepMs = 300_000;
const day = 288;
const at = (steps: number): string => new Date(Date.UTC(2026, 0, 1) + steps * stepMs).toISOString();

/** A commit on top of another one (by their numbers; null begins a history), and when it says that it was made. */
interface Commit {
  readonly parent: number | null;
  readonly says: number;
}

/** Deploys that became live, one a step: the commit of each. Its position is its step. */
interface History {
  readonly commits: readonly Commit[];
  readonly shipped: readonly number[];
}

const ancestors = ({ commits }: History, of: number): Set<number> => {
  const found = new Set<number>();
  for (let one: number | null = of; one !== null; one = commits[one]?.parent ?? null)
    found.add(one);
  return found;
};

/** What is asked of git, and how often. */
async function search(history: History, commit: number) {
  let asked = 0;
  const { first } = await carried(history, commit, (among) => {
    asked += among.length;
    return null;
  });
  return { first: first?.deploy, asked };
}

/** @param lacks why git cannot tell all of these; null: it can */
async function carried(
  history: History,
  commit: number,
  lacks: (among: readonly string[]) => Lack | null,
) {
  const { commits, shipped } = history;
  const live = shipped.map(
    (of, step): DeployEntry => ({
      ...{ deploy: `${step}`, lane: 'acme-web', commit: `${of}`, state: 'production.live' },
      ...{ settled: true, requestedPosition: step + 1, position: step + 1 },
    }),
  );
  const facts: Pick<ExplainFacts, 'live' | 'positionBefore'> = {
    live: async (_, { limit, ...side }) =>
      'after' in side
        ? live.filter(({ position }) => position > side.after).slice(0, limit)
        : live.filter(({ position }) => position < side.before).slice(-limit),
    positionBefore: async (time) => live.filter(({ position }) => at(position) < time).length,
  };
  const git: Pick<CommitOrder, 'containing' | 'madeAt'> = {
    madeAt: async (of) => at(commits[Number(of)]?.says ?? 0),
    containing: async (_, among) => {
      const having = among.filter((one) => ancestors(history, Number(one)).has(commit));
      return { having: new Set(having), lacks: lacks(among) };
    },
  };
  const own = live.find((one) => one.commit === `${commit}`);
  return firstCarrying(`${commit}`, { lane: 'acme-web', own, also: [] }, facts, git);
}

const truth = (history: History, commit: number): string | undefined => {
  const step = history.shipped.findIndex((of) => ancestors(history, of).has(commit));
  return step === -1 ? undefined : `${step}`;
};

/** A commit a step, each on top of one of the last few, and a deploy of any of the last few: back and forth. */
const anyHistory = fc.gen().map((draw): History => {
  const commits: Commit[] = [{ parent: null, says: 0 }];
  const shipped: number[] = [];
  const steps = draw(fc.integer, { min: 1, max: 600 });
  const back = draw(fc.constantFrom, 0, 2, 300);
  for (let step = 1; step <= steps; step++) {
    const older = (most: number) => Math.max(0, step - 1 - draw(fc.nat, most));
    commits.push({
      parent: older(back),
      says: step + draw(fc.integer, { min: -2 * day, max: day }),
    });
    shipped.push(older(2 * back));
  }
  return { commits, shipped };
});

it('is as if git were asked about every live deploy, whatever was shipped after what', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyHistory,
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (history, part) => {
        const commit = Math.floor(part * (history.commits.length - 1));
        expect((await search(history, commit)).first).toBe(truth(history, commit));
      },
    ),
    { numRuns: 60 },
  );
});

/** One line of commits, each shipped a step after it was made. */
function line(steps: number, says: (step: number) => number = (step) => step): History {
  const commits = Array.from(
    { length: steps },
    (_, step): Commit => ({
      ...{ parent: step === 0 ? null : step - 1, says: says(step) },
    }),
  );
  return { commits, shipped: commits.map((_, step) => step) };
}

it.each([
  ['a month ahead', 120, 30 * day],
  ['a little more than a day ahead, near the log’s beginning', 20, 1.1 * day],
  ['for ever ahead', 120, 100_000],
  ['a month behind', 120, -30 * day],
])('is found, too, of a commit whose clock was %s', async (_, of, wrong) => {
  const all = line(900, (step) => (step === of ? step + wrong : step));
  const history = { ...all, shipped: all.shipped.filter((one) => one !== of) };
  expect((await search(history, of)).first).toBe(truth(history, of));
});

it('is found where a clock was nearly a day ahead, and what came next did without the commit for long', async () => {
  const commits = [
    { parent: null, says: 0 },
    { parent: 0, says: day - 1 },
    { parent: 1, says: 2 },
    { parent: 0, says: 3 },
  ];
  const without = Array.from({ length: 2 * day }, () => 3);
  const history = { commits, shipped: [0, 2, ...without, 2] };
  expect((await search(history, 1)).first).toBe('1');
});

it('asks git about no more of a long history than of a short one', async () => {
  for (const from of [0, 1, 200]) {
    const [short, long] = [line(800), line(3_000)];
    const ofShort = await search(short, 799 - from);
    const ofLong = await search(long, 2_999 - from);
    expect(Number(ofLong.first)).toBe(2_999 - from);
    expect(ofLong.asked).toBeLessThanOrEqual(ofShort.asked);
  }
});

it('tells what git could not tell of one stretch, though it could of the next', async () => {
  const long = line(3_000);
  const lack = { why: 'this clone is a shallow one', remedy: 'Fetch it.' };
  let asks = 0;
  const found = await carried({ ...long, shipped: long.shipped.map(() => 0) }, 1, () =>
    asks++ === 0 ? lack : null,
  );
  expect(found.first).toBeUndefined();
  expect(asks).toBeGreaterThan(1);
  expect(found.lacks).toEqual(lack);
});
