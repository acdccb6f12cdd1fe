/** What an app has up and under way right now: dynos, formation, pending builds and releases. */
import { appPath, type HerokuApi } from './heroku-api.ts';
import { newestBuilds } from './heroku-builds.ts';
import { refuseImage } from './heroku-code.ts';
import { readRelease, releasesNewestFirst } from './heroku-release-list.ts';
import { type Dyno, dynoSchema, type FormationType, formationSchema } from './heroku-schemas.ts';
import type { Ports } from './ports.ts';

/** Builds of an app run one after another, and so do releases: what is under way is among the newest. */
const newestMax = 20;

export interface PendingWork {
  readonly builds: number;
  readonly releases: number;
}

/** How many builds and releases of the app are pending, among the 20 newest of each. */
export async function pendingWork(api: HerokuApi, app: string, ports: Ports): Promise<PendingWork> {
  const builds = await newestBuilds(api, app, newestMax, ports);
  let releases = 0;
  let seen = 0;
  for await (const { status } of releasesNewestFirst(api, app, ports)) {
    if (status === 'pending') releases += 1;
    seen += 1;
    if (seen === newestMax) break;
  }
  return { builds: builds.filter(({ status }) => status === 'pending').length, releases };
}

/** All dynos, one-off ones included. */
export function readDynos(api: HerokuApi, app: string, ports: Ports): Promise<Dyno[]> {
  return api.list(appPath(app, 'dynos'), dynoSchema, ports);
}

/** @throws VendorMalformed for a formation of another app too */
export async function readFormation(
  api: HerokuApi,
  app: string,
  ports: Ports,
): Promise<FormationType[]> {
  const path = appPath(app, 'formation');
  const formation = await api.list(path, formationSchema, ports);
  const other = formation.find((type) => type.app.name !== app);
  if (other !== undefined) throw api.malformed(path, `it is of ${other.app.name}`);
  return formation;
}

/** The slug of a release, by its id or its version; null when it has none. */
export async function readSlug(
  api: HerokuApi,
  app: string,
  release: string | number,
  ports: Ports,
): Promise<string | null> {
  const seen = await readRelease(api, app, release, ports);
  refuseImage(app, seen);
  return seen.slug;
}
