/**
 * An app's releases as a list, newest first, and what keeps one from being believed: Heroku numbers
 * releases 1, 2, 3 … and never takes one back, so a list that skips one or ends too early is not whole.
 */

import type { Ports } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import { HerokuError } from './error-codes.ts';
import { type HerokuRelease, releaseSchema } from './schemas.ts';

/** Most questions are answered by the newest few; who reads on for long asks for larger pages. */
const pageSize = 50;

/**
 * The app's releases, newest first, down to its first one.
 *
 * @throws E_RELEASES_EMPTY, E_RELEASES_GAP, E_RELEASES_SHORT the list is not whole, as far as it was read;
 *   VendorMalformed it is out of order, or of another app
 */
export async function* releasesNewestFirst(
  api: HerokuApi,
  app: string,
  ports: Ports,
  max = pageSize,
): AsyncGenerator<HerokuRelease> {
  const path = appPath(app, 'releases');
  let above: number | null = null;
  const range = `version ..; max=${max}, order=desc`;
  for await (const page of api.pages(path, range, releaseSchema, ports)) {
    // The whole page first: of a list in the wrong order the first item already misleads.
    for (const release of page) {
      ofApp(api, app, release);
      const { version } = release;
      if (above !== null && version >= above)
        throw api.malformed(path, 'releases are not newest first');
      if (above !== null && version < above - 1) throw gap(app, version, above);
      above = version;
    }
    yield* page;
  }
  if (above === null) throw empty(app);
  if (above !== 1) throw short(app, above);
}

/** The release, if it is one of that app. @throws VendorMalformed */
function ofApp(api: HerokuApi, app: string, release: HerokuRelease): HerokuRelease {
  const { id, app: owner } = release;
  if (owner.name === app || owner.id === app) return release;
  throw api.malformed(appPath(app, 'releases'), `release ${id} is of another app, ${owner.name}`);
}

/** One release by its id or its version. @throws VendorMalformed another one came; VendorRefused */
export async function readRelease(
  api: HerokuApi,
  app: string,
  wanted: string | number,
  ports: Ports,
): Promise<HerokuRelease> {
  const path = appPath(app, 'releases', wanted);
  return asAsked(api, app, wanted, await api.get(path, releaseSchema, ports));
}

/** As `readRelease`; null for one that there is not. */
export async function findRelease(
  api: HerokuApi,
  app: string,
  wanted: string | number,
  ports: Ports,
): Promise<HerokuRelease | null> {
  const release = await api.find(appPath(app, 'releases', wanted), releaseSchema, ports);
  return release === null ? null : asAsked(api, app, wanted, release);
}

function asAsked(
  api: HerokuApi,
  app: string,
  wanted: string | number,
  release: HerokuRelease,
): HerokuRelease {
  const { id, version } = release;
  if (id !== wanted && version !== wanted) {
    throw api.malformed(appPath(app, 'releases', wanted), `it is of release ${id}, v${version}`);
  }
  return ofApp(api, app, release);
}

const lookYourself = (app: string) =>
  `Compare with heroku releases -a ${app}. If that is whole, run the job again; what production runs cannot be told from this answer.`;

function empty(app: string): HerokuError {
  return new HerokuError(
    'E_RELEASES_EMPTY',
    `Heroku lists no release of ${app} at all, though every app has at least its first one`,
    { hint: lookYourself(app), details: { app } },
  );
}

function gap(app: string, below: number, above: number): HerokuError {
  return new HerokuError(
    'E_RELEASES_GAP',
    `Heroku’s list of ${app}’s releases goes from v${above} to v${below}: what is in between is missing`,
    { hint: lookYourself(app), details: { app, below, above } },
  );
}

function short(app: string, last: number): HerokuError {
  return new HerokuError(
    'E_RELEASES_SHORT',
    `Heroku’s list of ${app}’s releases ends at v${last}, not at v1: the rest is missing`,
    { hint: lookYourself(app), details: { app, last } },
  );
}
