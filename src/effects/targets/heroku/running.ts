/** What an app has up and under way right now: dynos, formation, pending builds and releases. */

import { ageOf } from '../../http/vendor-clock.ts';
import type { Ports } from '../../ports.ts';
import type { AskedHere } from '../target.ts';
import { appPath, type HerokuApi } from './api.ts';
import { refuseContainerRelease } from './artifacts.ts';
import { findBuild, newestBuilds, withoutReleaseMs } from './builds.ts';
import { findPromotion } from './promotions.ts';
import { findRelease, readRelease, releasesNewestFirst } from './release-list.ts';
import {
  type Code,
  type Dyno,
  dynoSchema,
  type FormationType,
  formationSchema,
  type HerokuBuild,
  type HerokuRelease,
} from './schemas.ts';
import { heroku } from './vendor.ts';

/** Builds of an app run one after another, and so do releases: what is under way is among the newest. */
const newestMax = 20;

/** A build, a promotion or a release that is under way. */
export interface PendingWork {
  readonly kind: string;
  /** As people name it: a build's id, `v12`. */
  readonly name: string;
  /** Milliseconds since it was made, at least, by Heroku's clock; 0 where that is not known. */
  readonly ageMs: number;
  /** False: it was asked for, and Heroku does not know it. */
  readonly isSeen: boolean;
}

/**
 * What is pending of the app, among the 20 newest builds and the 20 newest releases, and what was asked for there, each
 * by its id: no list has promotions, and one of releases may be older than what was made last.
 */
export async function pendingWork(
  api: HerokuApi,
  app: string,
  asked: readonly AskedHere[],
  ports: Ports,
): Promise<readonly PendingWork[]> {
  const pending: PendingWork[] = [];
  for (const build of await newestBuilds(api, app, newestMax, ports)) {
    pending.push(...ofBuild(build, ports));
  }
  let seen = 0;
  for await (const release of releasesNewestFirst(api, app, ports)) {
    pending.push(...ofRelease(release, ports));
    seen += 1;
    if (seen === newestMax) break;
  }
  for (const one of asked) {
    const known = (other: PendingWork) => pending.some(({ name }) => name === other.name);
    const more = await comesOf(api, app, one, ports);
    pending.push(...more.filter((other) => !known(other)));
  }
  return pending;
}

const age = (at: string, ports: Ports): number => ageOf(at, heroku, ports)?.atLeastMs ?? 0;

/** One that has succeeded has its release soon after, if not before. */
function ofBuild(
  { id, status, release, created_at, updated_at = created_at }: HerokuBuild,
  ports: Ports,
): PendingWork[] {
  const isReleased = release !== null || age(updated_at, ports) > withoutReleaseMs;
  if (status === 'failed' || (status === 'succeeded' && isReleased)) return [];
  return [{ kind: 'build', name: id, ageMs: age(created_at, ports), isSeen: true }];
}

function ofRelease({ version, status, created_at }: HerokuRelease, ports: Ports): PendingWork[] {
  if (status !== 'pending') return [];
  return [{ kind: 'release', name: `v${version}`, ageMs: age(created_at, ports), isSeen: true }];
}

/** What is under way of what was asked for. */
async function comesOf(
  api: HerokuApi,
  app: string,
  { work, release }: AskedHere,
  ports: Ports,
): Promise<readonly PendingWork[]> {
  const unseen = [{ kind: work.kind, name: work.id, ageMs: 0, isSeen: false }];
  const ofIts = async (id: string) => {
    const made = await findRelease(api, app, id, ports);
    return made === null ? unseen : ofRelease(made, ports);
  };
  if (release !== null) return ofIts(release);
  if (work.kind === 'release') return ofIts(work.id);
  if (work.kind === 'build') {
    const build = await findBuild(api, app, work.id, ports);
    if (build === null) return unseen;
    return build.release === null ? ofBuild(build, ports) : ofIts(build.release);
  }
  const promotion = await findPromotion(api, work.id, ports);
  if (promotion === null) return unseen;
  const { targets, created_at } = promotion;
  if (targets.some(({ status }) => status === 'pending')) {
    const ageMs = created_at === undefined ? 0 : age(created_at, ports);
    return [{ kind: work.kind, name: work.id, ageMs, isSeen: true }];
  }
  const made = targets.flatMap((target) => target.release?.id ?? []);
  return (await Promise.all(made.map(ofIts))).flat();
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
