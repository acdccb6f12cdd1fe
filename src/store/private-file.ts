/**
 * Files that Lockstep makes are nobody else's: a log says who works on what. In a folder that was
 * there before, the folder's group may do with them what it may do with the folder; another group,
 * and the world, never.
 */
import { chmodSync, closeSync, fstatSync, lstatSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

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

/** The link, file or folder of the file, by which what is written would go elsewhere; null: there is none. */
export function linkOnTheWay(file: string): string | null {
  return [file, dirname(file)].find(isLink) ?? null;
}

function isLink(place: string): boolean {
  try {
    return lstatSync(place).isSymbolicLink();
  } catch {
    // What cannot be looked at is not written either, and says why.
    return false;
  }
}
