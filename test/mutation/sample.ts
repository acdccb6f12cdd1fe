/**
 * Draws mutants for Stryker, by a seed: as a checker that refuses the others before a test is run for
 * them. Which are drawn depends on the seed and on the mutant's own text and place alone.
 */
import { createHash } from 'node:crypto';

interface Mutant {
  readonly id: string;
  readonly fileName: string;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
}
interface Position {
  readonly line: number;
  readonly column: number;
}

/** By MUTATION_SEED, any text, and MUTATION_SHARE, above 0 and up to 1. */
export function isDrawn(mutant: Omit<Mutant, 'id'>): boolean {
  const { MUTATION_SEED: seed = '1', MUTATION_SHARE: share = '1' } = process.env;
  const { fileName, mutatorName, replacement, location } = mutant;
  const file = fileName.replace(/^.*\/src\//, 'src/');
  const { start, end } = location;
  const place = [start.line, start.column, end.line, end.column];
  const key = JSON.stringify([seed, file, mutatorName, replacement, ...place]);
  const digest = createHash('sha256').update(key).digest();
  return digest.readUInt32BE(0) / 2 ** 32 < Number(share);
}

const checker = {
  init: async () => {},
  check: async (mutants: readonly Mutant[]) =>
    Object.fromEntries(
      mutants.map((mutant) => [
        mutant.id,
        isDrawn(mutant)
          ? { status: 'passed' }
          : { status: 'compileError', reason: 'not in the sample' },
      ]),
    ),
  group: async (mutants: readonly Mutant[]) => [mutants.map(({ id }) => id)],
};

/** What Stryker looks for in a plugin. */
export const strykerPlugins = [{ kind: 'Checker', name: 'sample', factory: () => checker }];
