/** A test that this machine cannot carry out says why, in its output and as skipped. */
import type { TestContext } from 'vitest';
import { tell } from './seed.ts';

/** Ends the test here if there is a reason to. */
export function skipBecauseOf(problem: string | null, test: TestContext): void {
  if (problem === null) return;
  tell(`skipped: ${test.task.name}: ${problem}`);
  // biome-ignore lint/suspicious/noSkippedTests: the machine decides, and the report shows it
  test.skip(problem);
}
