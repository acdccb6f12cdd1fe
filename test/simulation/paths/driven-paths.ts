/** The paths that are driven over the sandbox: those without a canary, and those with a whole one, as Heroku has it. */
import type { Chart } from '../../../src/machine/chart.ts';
import { type DeployPath, deployPaths, inWords } from '../../../src/machine/paths.ts';

export const drivenPaths = (chart: Chart): DeployPath[] =>
  deployPaths(chart, ['artifact', 'commit']);

export const canaryPaths = (chart: Chart): DeployPath[] =>
  deployPaths(chart, ['canary, baked', 'canary first']);

/** Some of the paths, short ones first, on which each transition of the canary's states is taken, and of a bake's. */
export function canaryCover(chart: Chart): DeployPath[] {
  // Of each path of thousands only what is looked for is kept, so that to look again is cheap.
  const paths = canaryPaths(chart).map((path) => {
    const taken = new Set(path.steps.map(inWords).filter(isOfCanary));
    return { path, taken: [...taken], length: path.steps.length };
  });
  const left = new Set(paths.flatMap(({ taken }) => taken));
  const cover: DeployPath[] = [];
  while (left.size > 0) {
    let [best, most] = [paths[0], 0];
    for (const one of paths) {
      const gain = one.taken.filter((step) => left.has(step)).length / one.length;
      if (gain > most) [best, most] = [one, gain];
    }
    if (best === undefined) break;
    for (const step of best.taken) left.delete(step);
    cover.push(best.path);
  }
  return cover;
}

const isOfCanary = (step: string): boolean => /\b(canary|restoring|baking)\b/.test(step);
