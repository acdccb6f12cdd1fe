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

export const survivors: readonly Survivor[] = [
  {
    file: 'src/machine/chart.ts',
    code: "{ throw new Error('services are carried out by the runtime, not by the chart'); }",
    by: '{}',
    isEquivalent: true,
    why: 'nobody runs the chart by XState’s own interpreter: the body is there for the types',
  },
  {
    file: 'src/machine/interpret.ts',
    code: `\`the chart has an action that nothing carries out: \${type}\``,
    by: '``',
    isEquivalent: false,
    why: 'no chart here has such an action; the sentence is for whoever writes one',
  },
];
