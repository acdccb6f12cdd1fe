/** What a set-up finds out of Heroku, and what a check-up asks of it. */
import type { TargetSurveyor } from '../survey.ts';
import { diagnose } from './diagnose.ts';
import { discover } from './discover.ts';
import { servicesOf } from './services.ts';

export const surveyor: TargetSurveyor = {
  discover: (input, ports) => discover(servicesOf(input.values)?.platform ?? null, input, ports),
  diagnose: (lane, { values }, ports) => diagnose(servicesOf(values), lane, ports),
};
