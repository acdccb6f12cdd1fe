/** Spoils each answer of a world's deploy in each way, one at a time, and tells what came of it. */
import { answerMutations, fits } from './answer-mutations.ts';
import type { FuzzedDeploy, Fuzzer } from './fuzzed-deploy.ts';
import type { Kin } from './json-mutations.ts';
import type { Exchange, Spoilt } from './wire.ts';
import type { FuzzWorld } from './worlds.ts';

export interface Figures {
  /** Answers of the clean deploy that were spoilt. */
  answers: number;
  /** Ways to spoil them, all counted. */
  mutations: number;
  /** Those that are not the same as one before. */
  different: number;
  /** Those of them that were tried. */
  tried: number;
  /** Deploys with a spoilt answer. */
  deploys: number;
  shipped: number;
  refused: number;
  wrong: string[];
  /** Harmless mutations, and which of them were refused. */
  harmless: number;
  refusedForNothing: string[];
}

export const noFigures = (): Figures => ({
  answers: 0,
  mutations: 0,
  different: 0,
  tried: 0,
  deploys: 0,
  shipped: 0,
  refused: 0,
  wrong: [],
  harmless: 0,
  refusedForNothing: [],
});

export function inWords({ wrong, refusedForNothing, ...figures }: Figures): string {
  const { answers, mutations, different, tried, deploys, shipped, refused, harmless } = figures;
  const rest = tried < different ? '; the rest in the soak' : '';
  return [
    `${tried} of ${different} (${answers} answers, ${mutations} ways to spoil them${rest})`,
    `${deploys} deploys`,
    `${shipped} wrote to production, ${refused} did not`,
    `wrongly shipped ${wrong.length}`,
    `of ${harmless} harmless ones refused ${refusedForNothing.length}`,
  ].join('; ');
}

/** One answer spoilt in one way. */
export type Single = Omit<Spoilt, 'times'>;

/** What the deploy read when every answer was true. @throws Error when it did not end as the world says */
export async function cleanRun(fuzzer: Fuzzer, world: FuzzWorld): Promise<FuzzedDeploy> {
  const clean = await fuzzer.run(world);
  if (clean.state !== world.ends || clean.violations.length > 0) {
    throw new Error(
      `${world.name}: ended in ${clean.state} (${clean.code}), not in ${world.ends}; ${clean.violations.join('; ')}`,
    );
  }
  return clean;
}

/**
 * Each answer spoilt in each way, less what comes to the same as one before it: the same bytes, or one
 * more that its schema refuses. Of many asks in a row, the first two and the last two.
 *
 * @param count told how many there are in all
 */
export function* spoilsOf(
  world: FuzzWorld,
  exchanges: readonly Exchange[],
  count: (mutations: number) => void = () => {},
): Generator<Single> {
  const seen = new Set<string>();
  for (const { key, path, occurrence, response } of exchanges) {
    if (world.reads !== undefined && !world.reads.test(key)) continue;
    const asks = exchanges.filter((one) => one.key === key);
    if (occurrence > 2 && occurrence < asks.length - 1) continue;
    for (const mutation of answerMutations(path, response)) {
      if (mutation.needs === null) {
        const given = asks.slice(occurrence - 1).map((one) => mutation.change(one.response, noKin));
        const [first] = given;
        if (first === null || first === undefined) continue;
        count(1);
        const same = `${key} ${occurrence} ${fits(path, first) ? JSON.stringify(given) : 'unfit'}`;
        if (seen.has(same)) continue;
        seen.add(same);
      } else count(1);
      yield { key, occurrence, mutation };
    }
  }
}

const noKin: Kin = { sibling: undefined, older: undefined };

export const shown = ({ key, occurrence, times, mutation }: Spoilt): string =>
  `${key} #${occurrence} ${times}: ${mutation.name}`;

/** @param choose which of a world's spoilt answers are tried; all when left out */
export async function fuzzSingles(
  fuzzer: Fuzzer,
  world: FuzzWorld,
  figures: Figures,
  choose: (spoils: readonly Single[]) => readonly Single[] = (spoils) => spoils,
): Promise<void> {
  const clean = await cleanRun(fuzzer, world);
  const answers = new Set<string>();
  const count = (mutations: number): void => {
    figures.mutations += mutations;
  };
  const all = [...spoilsOf(world, clean.exchanges, count)];
  const chosen = choose(all);
  figures.different += all.length;
  figures.tried += chosen.length;
  for (const spoil of chosen) {
    const tried = await fuzzSingle(fuzzer, world, spoil, figures);
    if (tried) answers.add(`${spoil.key} ${spoil.occurrence}`);
  }
  figures.answers += answers.size;
}

/** @returns whether there was anything to spoil */
export async function fuzzSingle(
  fuzzer: Fuzzer,
  world: FuzzWorld,
  spoil: Single,
  figures: Figures,
): Promise<boolean> {
  for (const times of ['once', 'onwards'] as const) {
    const spoilt: Spoilt = { ...spoil, times };
    const deploy = await fuzzer.run(world, [spoilt]);
    if (deploy.spoilt === 0) return times === 'onwards';
    note(figures, world, spoilt, deploy);
    // `onwards` begins at the first answer; a later one is spoilt once only.
    if (spoil.occurrence > 1) break;
    // Not asked again after that: spoilt from there on, it would be the same deploy.
    const asked = deploy.exchanges.filter(({ key }) => key === spoil.key);
    if (asked.length === spoil.occurrence) break;
  }
  return true;
}

function note(figures: Figures, world: FuzzWorld, spoilt: Spoilt, deploy: FuzzedDeploy): void {
  figures.deploys += 1;
  const told = `${world.name}: ${shown(spoilt)} → ${deploy.state} ${deploy.code ?? ''}`;
  if (deploy.writes > 0) figures.shipped += 1;
  else figures.refused += 1;
  for (const why of deploy.violations) figures.wrong.push(`${told}: ${why}`);
  if (!spoilt.mutation.harmless) return;
  figures.harmless += 1;
  if (deploy.state !== world.ends) figures.refusedForNothing.push(told);
}
