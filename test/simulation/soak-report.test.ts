/** What the processes of a soak did is told as one. */
import { describe, expect, it } from 'vitest';
import { drawnInWords, figuresInWords, type SoakReport } from './soak-report.ts';

const report = (n: number): SoakReport => ({
  seed: n,
  figures: { simulated: { builds: n, runs: 10 * n }, pairs: { pairs: n } },
  drawn: [
    ['lock', [['store', n]]],
    ['builds', [[n === 1 ? 'merge' : 'rerun', n]]],
  ],
});

describe('what the processes of a soak did', () => {
  it('is added up, figure by figure', () => {
    expect(figuresInWords([report(1), report(2)])).toBe(
      'simulated: builds 3, runs 30; pairs: pairs 3',
    );
    expect(figuresInWords([])).toBe('');
  });

  it('and so is what was drawn, kind by kind', () => {
    expect(drawnInWords([report(1), report(2)])).toBe(
      '  lock: store 3\n  builds: merge 1, rerun 2',
    );
  });
});
