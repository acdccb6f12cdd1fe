/** What an app has up and under way right now: dynos, formation, pending builds and releases. */

import { ageOf } from '../../http/vendor-clock.ts';
import type { Ports } from '../../ports.ts';
import { appPath, type HerokuApi } from './api.ts';
import { refuseContainerRelease } from './artifacts.ts';
import { newestBuilds } from './builds.ts';
import { readRelease, releasesNewestFirst } from './release-list.ts';
import {
  type Code,
  type Dyno,
  dynoSchema,
  type FormationType,
  formationSchema,
} from './schemas.ts';
import { heroku } from './vendor.ts';

/** Builds of an app run one after another, and so do releases: what is under way is among the newest. */
const newestMax = 20;

/** A build or a release that is under way. */
export interface PendingWork {
  readonly kind: 'build' | 'release';
  /** As people name it: a build's id, `v12`. */
  readonly name: string;
  /** Milliseconds since it was made, at least, by Heroku's clock; 0 where that is not known. */
  readonly ageMs: number;
}

/** What is pending of the app, among the 20 newest builds and the 20 newest releases. */
export async function pendingWork(
  api: HerokuApi,
  app: string,
  ports: Ports,
): Promise<readonly PendingWork[]> {
  const age = (at: string) => ageOf(at, heroku, ports)?.atLeastMs ?? 0;
  const pending: PendingWork[] = [];
  for (const { id, status, created_at } of await newestBuilds(api, app, newestMax, ports)) {
    if (status === 'pending') pending.push({ kind: 'build', name: id, ageMs: age(created_at) });
  }
  let seen = 0;
  for await (const { version, status, created_at } of releasesNewestFirst(api, app, ports)) {
    const one = { kind: 'release', name: `v${version}`, ageMs: age(created_at) } as const;
    if (status === 'pending') pending.push(one);
    seen += 1;
    if (seen === newestMax) break;
  }
  return pending;
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

/** What a release runs, by its id or its version; null when it has no code. */
export async function readReleasedCode(
  api: HerokuApi,
  app: string,
  release: string | number,
  ports: Ports,
): Promise<Code | null> {
  const seen = await readRelease(api, app, release, ports);
  refuseContainerRelease(app, seen);
  return seen.code;
}
