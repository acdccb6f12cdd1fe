/** Where the log is: the flag first, then the environment, then pipeline.yml. */
import { isAbsolute, join } from 'node:path';
import type { Environment } from '../config/environment.ts';
import { type GlobalFlags, given } from './flags.ts';

const sqlitePrefix = 'sqlite:';

/** As it is named without a configuration; null: it is not. @throws UsageError E_USAGE */
export function givenStore(
  flags: Pick<GlobalFlags, 'store'>,
  environment: Environment,
): string | null {
  const url = given('--store', flags.store) ?? environment.store;
  return url === null || url === undefined ? null : anchored(url, process.cwd());
}

/** A path in a store's URL is relative to this folder. */
export function anchored(url: string, folder: string): string {
  const path = url.startsWith(sqlitePrefix) ? url.slice(sqlitePrefix.length) : null;
  if (path === null || path === ':memory:' || isAbsolute(path)) return url;
  return sqlitePrefix + join(folder, path);
}
