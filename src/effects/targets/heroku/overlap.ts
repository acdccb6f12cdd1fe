/** For how long dynos of an earlier release may answer beside those of a new one: preboot on Cedar, rolling deploys elsewhere. */

import { ageOf } from '../../http/vendor-clock.ts';
import type { Ports } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import { readApp } from './app.ts';
import type { HerokuVersion } from './code.ts';
import { readRelease } from './release-list.ts';
import { readDynos } from './running.ts';
import { featureSchema } from './schemas.ts';
import { heroku } from './vendor.ts';

/** With preboot the old dynos answer until three minutes after the release (Heroku's Preboot article). */
const prebootWindowMs = 3 * 60_000;
/** A dyno that is to go has 30 seconds for it (Heroku's Dyno Shutdown article). */
const shutdownMs = 30_000;
/** Their end is not to the second. */
const marginMs = 10_000;

/** From now on, in milliseconds. */
export async function readOverlapMs(
  api: HerokuApi,
  app: string,
  release: HerokuVersion,
  ports: Ports,
): Promise<number> {
  switch (await readWay(api, app, ports)) {
    case 'preboot': {
      // By Heroku's own clock; where that is not known, the whole of it.
      const age = ageOf(await readReleasedAt(api, app, release.id, ports), heroku, ports);
      return Math.max(0, prebootWindowMs + marginMs - (age?.atLeastMs ?? 0));
    }
    case 'rolling':
      return (await isRolling(api, app, release, ports)) ? shutdownMs + marginMs : 0;
    case 'at once':
      return 0;
  }
}

/**
 * How new dynos take the place of old ones. Only the Common Runtime of Cedar apps has preboot; Private Spaces, and
 * so all of Fir, do rolling deploys (Heroku's Preboot article). Where preboot cannot be, Heroku may not know the
 * feature; where it could be and Heroku does not say, it counts as on.
 */
async function readWay(
  api: HerokuApi,
  app: string,
  ports: Ports,
): Promise<'preboot' | 'rolling' | 'at once'> {
  const path = appPath(app, 'features', 'preboot');
  const feature = await api.find(path, featureSchema, ports);
  if (feature !== null && feature.name !== 'preboot') {
    throw api.malformed(path, `it is of another feature, ${feature.name}`);
  }
  if (feature?.enabled === true) return 'preboot';
  const { generation, space } = await readApp(api, app, ports);
  if (generation !== 'cedar' || (space ?? null) !== null) return 'rolling';
  if (feature !== null) return 'at once';
  ports.progress(`${app}: Heroku does not say whether preboot is on; it counts as on`);
  return 'preboot';
}

/** When the release was made, or its release phase ended: milliseconds since the epoch, Heroku's clock. */
async function readReleasedAt(
  api: HerokuApi,
  app: string,
  release: string,
  ports: Ports,
): Promise<number> {
  const seen = await readRelease(api, app, release, ports);
  // After a release phase the dynos start only when that is over.
  const times = [seen.created_at, seen.updated_at ?? seen.created_at].map((at) => Date.parse(at));
  return Math.max(...times);
}

/** Whether dynos of an earlier release are listed still. */
async function isRolling(
  api: HerokuApi,
  app: string,
  { version }: HerokuVersion,
  ports: Ports,
): Promise<boolean> {
  const dynos = await readDynos(api, app, ports);
  return dynos.some(({ release }) => release !== null && release.version < version);
}
