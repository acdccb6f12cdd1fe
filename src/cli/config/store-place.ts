/** What the place of a log promises in a CI, whose disks are thrown away after a job unless somebody keeps them. */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { UsageError } from '../../errors/error.ts';
import { shownStore } from '../../store/open.ts';
import type { Config } from './config.ts';

export interface StorePlace {
  readonly storeUrl: string;
  readonly provider: Config['lock']['provider'];
  readonly isCi: boolean;
  /** The folder that the command runs in. */
  readonly folder: string;
}

/**
 * For commands that write. Takes a SQLite file outside of the checkout at its word.
 *
 * @returns the lines that say what follows from the place; none where nothing is to be said
 * @throws UsageError E_STORE_NOT_KEPT the lane's lock would be in a file that the CI throws away
 */
export function checkStorePlace({ storeUrl, provider, isCi, folder }: StorePlace): string[] {
  if (!isCi || !storeUrl.startsWith('sqlite:')) return [];
  const shown = shownStore(storeUrl);
  if (!isThrownAway({ storeUrl, isCi, folder })) {
    return [
      `the log is ${shown}, outside of the checkout. This disk has to be kept, and every runner has to use it: otherwise two builds can deploy at the same time`,
    ];
  }
  if (provider !== 'store') {
    return [
      `the log is ${shown}, inside the checkout, which the CI throws away: disable, resume, lifted holds, protected settings and history do not outlive this job`,
    ];
  }
  throw new UsageError(
    'E_STORE_NOT_KEPT',
    `the log, which holds the lane's lock, is ${shown}: inside the checkout, which the CI throws away, so that no other build sees the lock`,
    {
      hint: [
        'Three ways out:',
        '  PIPELINE_STORE=postgres://USER:PASSWORD@HOST/DATABASE, which every runner reaches',
        '  PIPELINE_STORE=sqlite:/ABSOLUTE/PATH/log.db, on a disk that is kept and that every runner shares',
        '  lock: { provider: circleci } or { provider: github } in pipeline.yml: the CI’s own list is the lock, and promises less (docs/guarantees.md)',
      ].join('\n'),
    },
  );
}

/** Whether the CI throws the log away after the job: a file inside of the checkout. */
export function isThrownAway({ storeUrl, isCi, folder }: Omit<StorePlace, 'provider'>): boolean {
  if (!isCi || !storeUrl.startsWith('sqlite:')) return false;
  const file = storeUrl.slice('sqlite:'.length);
  return file === ':memory:' || isInside(realPlace(resolve(file)), checkoutAround(folder));
}

/** The outermost folder with a `.git` around this one: a submodule's checkout is thrown away with the whole. */
function checkoutAround(folder: string): string {
  let checkout = realPlace(folder);
  for (let at = checkout; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) checkout = at;
    if (dirname(at) === at) return checkout;
  }
}

function isInside(place: string, folder: string): boolean {
  const way = relative(folder, place);
  return way !== '..' && !way.startsWith('../');
}

const linksMax = 40;

/**
 * Where a file is, or would be made: every symbolic link on the way is followed, also one whose
 * target is not there yet.
 *
 * @param path absolute
 */
function realPlace(path: string, links = 0): string {
  let place = '/';
  for (const part of path.split('/').filter((one) => one !== '' && one !== '.')) {
    if (part === '..') {
      place = dirname(place);
      continue;
    }
    const next = join(place, part);
    const target = links < linksMax ? linkTarget(next) : null;
    place = target === null ? next : realPlace(resolveLink(place, target), links + 1);
  }
  return place;
}

const resolveLink = (folder: string, target: string): string =>
  isAbsolute(target) ? target : `${folder}/${target}`;

function linkTarget(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    // Not there, or not to be seen: whoever opens the log says so.
    return null;
  }
}
