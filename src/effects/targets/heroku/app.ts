/** An app itself, as Heroku describes it. */

import type { Ports } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import { appSchema, type HerokuApp } from './schemas.ts';

/** @param app its name or its id. @throws VendorMalformed another app came; VendorRefused there is none */
export async function readApp(api: HerokuApi, app: string, ports: Ports): Promise<HerokuApp> {
  const seen = await api.get(appPath(app), appSchema, ports);
  if (seen.name === app || seen.id === app) return seen;
  throw api.malformed(appPath(app), `it is of another app, ${seen.name}`);
}
