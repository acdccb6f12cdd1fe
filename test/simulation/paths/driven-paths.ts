/** The paths that are driven over the sandbox: those without a canary, and those with a whole one, as Heroku has it. */
import type { Chart } from '../../../src/machine/chart.ts';
import { type DeployPath, deployPaths, inWords } from '../../../src/machine/paths.ts';

export const drivenPaths = (chart: Chart): DeployPath[] =>
  deployPaths(chart, ['artifact', 'commit']);

export const canaryPaths = (chart: Chart): DeployPath[] =>
  deployPaths(chart, ['canary, baked', 'canary first']);

/** Some of the paths, short ones first, on which each transition of the canary's states is taken, and of a bake's. */
export function canaryCover(chart: Chart): DeployPath[] {
  const paths = canaryPaths(chart);
  const left = new Set(paths.flatMap(({ steps }) => steps.map(inWords).filter(isOfCanary)));
  const cover: DeployPath[] = [];
  while (left.size > 0) {
    const gain = ({ steps }: DeployPath) =>
      new Set(steps.map(inWords).filter((step) => left.has(step))).size / steps.length;
    const best = paths.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    for (const step of best.steps) left.delete(inWords(step));
    cover.push(best);
  }
  return cover;
}

const isOfCanary = (step: string): boolean => /\b(canary|restoring|baking)\b/.test(step);
