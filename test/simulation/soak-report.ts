/** What a process of the soak tells of what it has done so far, and what all of them have done together. */
import { type Counts, Distribution } from './distribution.ts';

export interface SoakReport {
  /** The seed that it has come through last. */
  readonly seed: number;
  /** By what was tried, and then by name. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Of the simulation. */
  readonly drawn: Counts;
}

/** `simulated: builds 3, runs 4; pairs: …` of all together. */
export function figuresInWords(reports: readonly SoakReport[]): string {
  const all = new Map<string, Map<string, number>>();
  for (const [what, figures] of reports.flatMap((report) => Object.entries(report.figures))) {
    const sums = all.get(what) ?? new Map<string, number>();
    all.set(what, sums);
    for (const [name, n] of Object.entries(figures)) sums.set(name, (sums.get(name) ?? 0) + n);
  }
  const words = [...all].map(
    ([what, sums]) => `${what}: ${[...sums].map(([name, n]) => `${name} ${n}`).join(', ')}`,
  );
  return words.join('; ');
}

export function drawnInWords(reports: readonly SoakReport[]): string {
  const drawn = new Distribution();
  for (const report of reports) drawn.plus(report.drawn);
  return drawn.inWords;
}
