/** Every spoilt answer of every world, one after the other, for as long as the soak goes on: what `npm test` has no time for. */
import type { Commits } from './commits.ts';
import { cleanRun, type Figures, fuzzSingle, noFigures, type Single, spoilsOf } from './fuzz.ts';
import { Fuzzer } from './fuzzed-deploy.ts';
import { type FuzzWorld, onFir, worlds } from './worlds.ts';

export class EverySingle {
  readonly #fuzzer: Fuzzer;
  readonly #figures: Figures = noFigures();
  #worlds = 0;
  readonly #left: AsyncGenerator<{ readonly world: FuzzWorld; readonly single: Single }>;

  /** @param seed with which world it begins @param by how many worlds on the next one is: the others are those of other processes */
  constructor(commits: Commits, seed: number, by: number) {
    this.#fuzzer = new Fuzzer(commits);
    this.#left = this.#endless(seed, by);
  }

  close(): Promise<void> {
    return this.#fuzzer.close();
  }

  get counts(): Readonly<Record<string, number>> {
    const { tried, deploys, shipped } = this.#figures;
    return {
      'single answers spoilt': tried,
      'in deploys': deploys,
      'worlds gone through': this.#worlds,
      'of which wrote to production': shipped,
      wrongly: 0,
    };
  }

  /** Tries the next few. @throws Error what was shipped that must not be, or refused for nothing */
  async try(count: number): Promise<void> {
    const { wrong, refusedForNothing } = this.#figures;
    for (let i = 0; i < count; i++) {
      const { world, single } = (await this.#left.next()).value;
      await fuzzSingle(this.#fuzzer, world, single, this.#figures);
      this.#figures.tried += 1;
      const found = [...wrong, ...refusedForNothing];
      if (found.length > 0) throw new Error(found.join('\n'));
    }
  }

  async *#endless(seed: number, by: number) {
    const cedar: readonly FuzzWorld[] = Object.values(worlds);
    const all = cedar.flatMap((world) => [world, onFir(world)]);
    for (let at = seed; ; at += by) {
      const world = all[at % all.length] as FuzzWorld;
      const { exchanges } = await cleanRun(this.#fuzzer, world);
      for (const single of spoilsOf(world, exchanges)) yield { world, single };
      this.#worlds += 1;
    }
  }
}
