/** Making folders. Node's own `mkdir` with `recursive` never returns where the system refuses one (in /proc). */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing.
 *
 * @param folder an absolute path
 * @param mode theirs, less the umask; this user's alone when left out
 * @throws the system's error: EACCES, ENOENT where no folder can be made, ENOTDIR, EEXIST
 */
export function makeFolder(folder: string, mode = 0o700): void {
  if (isFolder(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder), mode);
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    // Another process made it meanwhile.
    if (!isFolder(folder)) throw error;
  }
}

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
