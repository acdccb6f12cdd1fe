/**
 * Files that Lockstep makes are nobody else's: a log says who works on what. In a folder that was
 * there before, the folder's group may do with them what it may do with the folder; another group,
 * and the world, never.
 */
import {
  chmodSync,
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Makes an empty file with the rights that it has to have. Leaves one that is there as it is. @throws the system's error */
export function makePrivateFile(file: string): void {
  let made: number;
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    made = fstatSync(descriptor).gid;
    closeSync(descriptor);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  // Without the folder's setgid bit a file is of its writer's group, which the folder may say nothing of.
  const { gid, mode } = statSync(dirname(file));
  // The umask has no say: it would take away what the folder's group is given.
  chmodSync(file, 0o600 | (gid === made ? mode & 0o060 : 0));
}

/** What is known of a place. */
export interface Look {
  /** Who this process is; undefined where a system has no users. */
  readonly uid: number | undefined;
  /** `to`: where a link leads, null for anything else. Null: nothing is there. */
  readonly at: (path: string) => { uid: number; mode: number; to: string | null } | null;
}

const disk: Look = { uid: process.geteuid?.(), at: lookAt };

/**
 * The link by which what is written would go where nobody meant it to; null: there is none. The file and
 * its folder may be no links at all, and no link inside a git checkout is followed, for a commit could have
 * made it. Other links above are followed (`/home` may be `/usr/home`, `/tmp` is one on macOS), unless a
 * stranger could have made one: it stands where others may write, and is neither root's, nor ours, nor of
 * that folder's owner. So Linux does in /tmp (proc(5), protected_symlinks).
 */
export function linkOnTheWay(file: string, look: Look = disk): string | null {
  const near = [file, dirname(file)].find((place) => look.at(place)?.to != null);
  if (near !== undefined || look.uid === undefined) return near ?? null;
  for (const { link, uid, folder } of linksTo(file, look)) {
    if (isInCheckout(link, look)) return link;
    const others = (folder.mode & 0o022) !== 0;
    if (others && ![0, look.uid, folder.uid].includes(uid)) return link;
  }
  return null;
}

/** Of any repository: a worktree's and a submodule's `.git` is a file. No commit can make one, or take it away. */
function isInCheckout(place: string, look: Look): boolean {
  const folder = dirname(place);
  if (look.at(join(folder, '.git')) !== null) return true;
  return folder !== place && isInCheckout(folder, look);
}

/** As many as Linux follows. */
const linksMax = 40;

/** Every link that is followed on the way, in their order. */
function* linksTo(file: string, look: Look) {
  let here = '/';
  let way = file.split('/').filter(Boolean);
  for (let followed = 0; way.length > 0 && followed < linksMax; ) {
    const [name = '', ...rest] = way;
    const place = join(here, name);
    const [folder, found] = [look.at(here), look.at(place)];
    if (folder === null || found === null) return;
    if (found.to === null) {
      here = place;
      way = rest;
      continue;
    }
    followed++;
    yield { link: place, uid: found.uid, folder };
    way = [...resolve(here, found.to).split('/').filter(Boolean), ...rest];
    here = '/';
  }
}

function lookAt(path: string): ReturnType<Look['at']> {
  try {
    const stats = lstatSync(path);
    const to = stats.isSymbolicLink() ? readlinkSync(path) : null;
    return { uid: stats.uid, mode: stats.mode, to };
  } catch {
    // What cannot be looked at is not written either, and says why.
    return null;
  }
}
