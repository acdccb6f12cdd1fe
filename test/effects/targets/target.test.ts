/** Which artifacts are one: by their content where it is told, and never across kinds. */
import { describe, expect, it } from 'vitest';
import { isSameArtifact } from '../../../src/effects/targets/target.ts';
import type { Artifact } from '../../../src/machine/events.ts';
import { fc } from '../../fast-check.ts';

const [a, b] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
const image = (id: string, digest: string | null = null): Artifact => ({
  kind: 'image',
  id,
  digest,
  commit: null,
});

describe('two artifacts', () => {
  it.each<[string, Artifact | null, Artifact | null, boolean]>([
    ['of one id are the same', image('one'), image('one'), true],
    ['of two ids are not', image('one'), image('two'), false],
    ['of one content under two ids are the same', image('one', a), image('two', a), true],
    ['of one id whose content was changed are not', image('latest', a), image('latest', b), false],
    ['of which only one tells its content go by the id', image('one', a), image('one'), true],
    ['of two kinds are not', image('one'), { ...image('one'), kind: 'slug' }, false],
    ['where one is not known are not', image('one'), null, false],
    ['that are not known are not', null, null, false],
  ])('%s', (_, one, other, expected) => {
    expect(isSameArtifact(one, other)).toBe(expected);
    expect(isSameArtifact(other, one)).toBe(expected);
  });

  it('are the same whatever commit is told of them', () => {
    const commit = fc.constantFrom(null, '1'.repeat(40), '2'.repeat(40));
    fc.assert(
      fc.property(commit, commit, (one, other) => {
        const [mine, theirs] = [one, other].map((of) => ({ ...image('one', a), commit: of }));
        expect(isSameArtifact(mine ?? null, theirs ?? null)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
