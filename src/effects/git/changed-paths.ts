/** What differs between two commits, by its paths. */
import type { Git } from './process.ts';

/** Renames are told by both paths. Null where git does not have one of the commits. */
export async function changedPaths(
  git: Git,
  base: string,
  head: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | null> {
  const args = ['diff', '--name-only', '--no-renames', '-z', base, head, '--'];
  const run = await git(args, { signal });
  if (run.code !== 0) return null;
  return run.stdout
    .toString('utf8')
    .split('\0')
    .filter((path) => path !== '');
}
