/** Mutants that no test notices, and why: found by their file and code, never by a line. */
export interface Survivor {
  readonly file: string;
  /** The code as it is, and what the mutant puts there; white space counts as one blank. */
  readonly code: string;
  readonly by: string;
  /** Nothing that anybody could see differs: not counted in the score. */
  readonly isEquivalent: boolean;
  readonly why: string;
}

export const survivors: readonly Survivor[] = [];
