/** Two answers of one deploy spoilt at once, drawn at random: there are too many pairs to try them all. */
import { fc } from '../../fast-check.ts';
import type { Commits } from './commits.ts';
import { cleanRun, type Single, shown, spoilsOf } from './fuzz.ts';
import { Fuzzer } from './fuzzed-deploy.ts';
import type { Spoilt } from './wire.ts';
import { type FuzzWorld, onFir, worlds } from './worlds.ts';

const pairsPerSeed = 25;

interface Drawn {
  readonly world: number;
  readonly first: number;
  readonly second: number;
  readonly times: readonly [Spoilt['times'], Spoilt['times']];
}

const times = fc.constantFrom<Spoilt['times']>('once', 'onwards');
const drawn: fc.Arbitrary<Drawn> = fc.record({
  world: fc.nat(),
  first: fc.nat(),
  second: fc.nat(),
  times: fc.tuple(times, times),
});

export class PairFuzzer {
  readonly #fuzzer: Fuzzer;
  readonly #worlds: readonly FuzzWorld[] = Object.values(worlds).flatMap((world: FuzzWorld) => [
    world,
    onFir(world),
  ]);
  readonly #singles = new Map<FuzzWorld, readonly Single[]>();
  #told = false;
  pairs = 0;
  shipped = 0;

  constructor(commits: Commits) {
    this.#fuzzer = new Fuzzer(commits);
  }

  close(): Promise<void> {
    return this.#fuzzer.close();
  }

  get counts(): Readonly<Record<string, number>> {
    return { pairs: this.pairs, 'of which wrote to production': this.shipped, wrongly: 0 };
  }

  /** @throws fast-check's error with the seed, the path and the shrunk pair */
  async try(seed: number): Promise<void> {
    await fc.assert(
      fc.asyncProperty(drawn, async (one) => {
        const { world, spoils } = await this.#pair(one);
        if (spoils === null) return;
        const deploy = await this.#fuzzer.run(world, spoils);
        this.pairs += 1;
        if (deploy.writes > 0) this.shipped += 1;
        if (deploy.violations.length === 0) return;
        const told = [world.name, ...spoils.map(shown), deploy.state, ...deploy.violations];
        // Shrinking takes a while: what was found is told at once.
        if (!this.#told) process.stdout.write(`pair of seed ${seed}: ${told.join('\n  ')}\n`);
        this.#told = true;
        throw new Error(told.join('\n  '));
      }),
      { seed, numRuns: pairsPerSeed },
    );
  }

  /** Null for two of one answer: lies that agree with each other are a forgery, and nothing tells. */
  async #pair({ world: index, first, second, times }: Drawn) {
    const world = this.#worlds[index % this.#worlds.length] as FuzzWorld;
    const singles = await this.#singlesOf(world);
    const [one, other] = [first, second].map((at) => singles[at % singles.length] as Single);
    if (one === undefined || other === undefined || one.key === other.key) {
      return { world, spoils: null };
    }
    return {
      world,
      spoils: [
        { ...one, times: times[0] },
        { ...other, times: times[1] },
      ],
    };
  }

  async #singlesOf(world: FuzzWorld): Promise<readonly Single[]> {
    const known = this.#singles.get(world);
    if (known !== undefined) return known;
    const { exchanges } = await cleanRun(this.#fuzzer, world);
    const { reads: _, ...everywhere } = world;
    const singles = [...spoilsOf(everywhere, exchanges)];
    this.#singles.set(world, singles);
    return singles;
  }
}
