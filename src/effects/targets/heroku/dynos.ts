/** Waits until all of an app's formation is up on the new release for the first time. */

import type { DynosInput, ServiceOutput } from '../../../machine/services.ts';
import { pollUntil, spoken } from '../../polling.ts';
import type { Ports } from '../../ports.ts';
import { DynoWatch } from './dyno-watch.ts';
import { HerokuError } from './error-codes.ts';
import type { Heroku } from './heroku.ts';

/** @throws E_DYNO_CRASHED at once; E_DYNOS_TIMEOUT saying what is missing; E_NO_DYNOS, E_RELEASE_NOT_CURRENT */
export async function checkDynos(
  heroku: Heroku,
  input: DynosInput,
  ports: Ports,
): Promise<ServiceOutput<'checkDynos'>> {
  const { app, release, timeoutMs } = input;
  const startedAt = ports.clock.now();
  const watch = new DynoWatch(heroku, input, ports);
  let told = '';
  const polling = { timeoutMs, pauseMaxMs: 10_000 };
  const up = await pollUntil(ports, polling, async () => {
    const { up, missing } = await watch.look();
    if (missing === '') return up;
    if (missing !== told) ports.progress(`${app}: up on v${release.version}: ${missing}`);
    told = missing;
    return undefined;
  });
  if (up === undefined) throw dynosTimeout(input, told);
  return {
    kind: 'up',
    dynos: up.map(({ name, version }) => ({ name, version })),
    waitedMs: Math.max(0, ports.clock.now() - startedAt),
  };
}

function dynosTimeout({ app, release, timeoutMs }: DynosInput, missing: string): HerokuError {
  return new HerokuError(
    'E_DYNOS_TIMEOUT',
    `${app} was not all up on v${release.version} within ${spoken(timeoutMs)}: ${missing}`,
    {
      hint: `See what they wait for: heroku ps -a ${app}, heroku logs -a ${app} -n 200. A longer time is set in pipeline.yml.`,
      details: { app, version: release.version, timeoutMs, missing },
    },
  );
}
