/** What an attack draws by lot, how often it strikes, and the seed that does the same again. */
import { seededRandom } from '../../simulation/random.ts';

export interface Lot {
  /** A whole number from 0 to `n - 1`. */
  below(n: number): number;
  oneOf<T>(things: readonly T[]): T;
  /** True this often: 0 never, 1 always. */
  happens(probability: number): boolean;
}

export function lotOf(seed: number): Lot {
  const random = seededRandom(seed);
  const below = (n: number) => Math.floor(random() * n);
  return {
    below,
    oneOf: (things) => things[below(things.length)] as (typeof things)[number],
    happens: (probability) => random() < probability,
  };
}

/** `LOCKSTEP_SEED` does again what failed; a soak tries what nobody tried before; otherwise it is always the same. */
export function seedOfRun(): number {
  const given = process.env.LOCKSTEP_SEED;
  if (given !== undefined) return Number(given);
  return isSoak ? Math.floor(Math.random() * 2 ** 31) : 20_171_126;
}

/** @throws what the attack throws, with the seed before its message */
export async function drawn<T>(attack: (lot: Lot, seed: number) => Promise<T>): Promise<T> {
  const seed = seedOfRun();
  try {
    return await attack(lotOf(seed), seed);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`LOCKSTEP_SEED=${seed}: ${message}`, { cause: error });
  }
}

/** `LOCKSTEP_SOAK=1`: the nightly run, with as much as a night takes. */
export const isSoak = process.env.LOCKSTEP_SOAK === '1';

export const often = (everyChange: number, nightly: number): number =>
  isSoak ? nightly : everyChange;

export const attackTimeoutMs = often(300_000, 12 * 3_600_000);

export function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}
