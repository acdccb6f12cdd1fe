/** The paths that are driven over the sandbox: those without a canary. */
import type { Chart } from '../../../src/machine/chart.ts';
import { type DeployPath, deployPaths } from '../../../src/machine/paths.ts';

export function drivenPaths(chart: Chart): DeployPath[] {
  return deployPaths(chart).filter(({ request }) => request.settings.canary === null);
}
