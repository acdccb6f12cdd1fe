/** Two answers of a team's programs spoilt at once, lines or exit codes, drawn at random. */
import { fc } from '../../fast-check.ts';
import { type NamedSpoil, spoilsOf } from './spoilt-answers.ts';
import { ProgramFuzzer } from './spoilt-deploy.ts';
import { type ProgramWorld, worlds } from './worlds.ts';

const pairsPerSeed = 10;

const times = fc.constantFrom('once' as const, 'onwards' as const);
const drawn = fc.record({
  world: fc.constantFrom(...worlds),
  spoils: fc.tuple(fc.nat(), fc.nat()),
  times: fc.tuple(times, times),
});

export class ProgramPairs {
  readonly #fuzzer = new ProgramFuzzer();
  readonly #singles = new Map<ProgramWorld, readonly NamedSpoil[]>();
  pairs = 0;
  shipped = 0;

  close(): Promise<void> {
    return this.#fuzzer.close();
  }

  get counts(): Readonly<Record<string, number>> {
    const { pairs, shipped } = this;
    return {
      'pairs of programs’ answers': pairs,
      'of which wrote to production': shipped,
      wrongly: 0,
    };
  }

  /** @throws fast-check's error with the seed, the path and the shrunk pair */
  async try(seed: number): Promise<void> {
    const tryOne = async ({ world, spoils: [first, second], times }: DrawnPair): Promise<void> => {
      const singles = await this.#singlesOf(world);
      const [one, other] = [first, second].map((at) => singles[at % singles.length]);
      // Lies of one program that agree with each other are a forgery, and nothing tells.
      if (one === undefined || other === undefined || one.key === other.key) return;
      const deploy = await this.#fuzzer.run(world, [
        { ...one, times: times[0] },
        { ...other, times: times[1] },
      ]);
      this.pairs += 1;
      if (deploy.writes > 0) this.shipped += 1;
      if (deploy.violations.length === 0) return;
      const told = [world.name, one.name, other.name, deploy.state, ...deploy.violations];
      throw new Error(told.join('\n  '));
    };
    await fc.assert(fc.asyncProperty(drawn, tryOne), { seed, numRuns: pairsPerSeed });
  }

  async #singlesOf(world: ProgramWorld): Promise<readonly NamedSpoil[]> {
    const known = this.#singles.get(world);
    if (known !== undefined) return known;
    const { exchanges } = await this.#fuzzer.run(world);
    const singles = [...spoilsOf(exchanges)];
    this.#singles.set(world, singles);
    return singles;
  }
}

type DrawnPair = typeof drawn extends fc.Arbitrary<infer T> ? T : never;
