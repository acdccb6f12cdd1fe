/** Where a command finds its configuration: the flag first, then the environment, then the nearest pipeline.yml. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { environmentsOf } from '../../machine/environments.ts';
import { hidePasswordsOf, hideSecretsOf, keepNames } from '../../redaction/gate.ts';
import { type ConfigPlace, configOfCommit, type DeployedCommit } from '../config/commit-config.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { type Environment, emptyTokens, namedSecrets } from '../config/environment.ts';
import { checkStorePlace, isThrownAway } from '../config/store-place.ts';
import { type GlobalFlags, given } from './flags.ts';
import { anchored, givenStore } from './store-url.ts';

export interface Workspace {
  readonly config: Config;
  /** The configuration's file, absolute. */
  readonly file: string;
  /** The folder of the configuration: paths in it are relative to here. */
  readonly directory: string;
  readonly storeUrl: string;
  /** What is to be told of where the configuration comes from. */
  readonly notices: readonly string[];
}

/**
 * @param deployed the commit whose own configuration counts; null: the file on this disk
 * @throws UsageError the configuration is missing or wrong
 */
export async function openWorkspace(
  flags: Pick<GlobalFlags, 'config' | 'store'>,
  environment: Environment,
  deployed: DeployedCommit | null = null,
): Promise<Workspace> {
  const place = configPlace(flags, environment, deployed?.repository.root ?? '.');
  const { config, notices } =
    deployed === null
      ? { config: await loadConfig(place.file), notices: [] }
      : await configOfCommit(place, deployed);
  hidePasswordsOf(config.store);
  hideSecretsOf(process.env, namedSecrets(config.notify));
  const names = environmentsOf(config).map(({ environment }) => environment.target.name);
  keepNames(config.app, config.branch, ...names);
  const directory = dirname(place.file);
  const storeUrl = givenStore(flags, environment) ?? anchored(config.store, directory);
  return { config, file: place.file, directory, storeUrl, notices };
}

/** @param fallback the folder whose `pipeline.yml` it is where there is none further up */
function configPlace(
  flags: Pick<GlobalFlags, 'config'>,
  environment: Environment,
  fallback: string,
): ConfigPlace {
  const named = given('--config', flags.config) ?? environment.config;
  const file = named ?? upwards('pipeline.yml') ?? join(fallback, 'pipeline.yml');
  return { file: resolve(file), isNamed: named !== null };
}

/** As git finds its repository: in this folder or in one above it, no further up than the repository's root. */
function upwards(name: string): string | null {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const file = join(folder, name);
    if (existsSync(file)) return file;
    if (existsSync(join(folder, '.git')) || dirname(folder) === folder) return null;
  }
}

/** The lines that are told before a command writes. @throws UsageError E_STORE_NOT_KEPT */
export function noticesFor(
  { config, storeUrl, notices }: Workspace,
  environment: Environment,
  isCi: boolean,
): string[] {
  const { provider } = config.lock;
  const place = checkStorePlace({ storeUrl, provider, isCi, folder: process.cwd() });
  const tokens = emptyTokens(environment);
  return [...notices, ...(tokens === null ? [] : [tokens]), ...place];
}

/** Whether what is in the log now is there for the next job. */
export function isLogKept({ storeUrl }: Workspace, isCi: boolean): boolean {
  return !isThrownAway({ storeUrl, isCi, folder: process.cwd() });
}
