/** What a command that runs on a lane has here: the configuration, the CI, the repository and the targets. */
import type { Repository } from '../../effects/git/repository.ts';
import type { Targets } from '../../effects/targets/target.ts';
import type { Settings } from '../../machine/events.ts';
import type { Run } from '../../runtime/identity.ts';
import type { CiFacts } from '../ci/ci.ts';
import { toSettings } from '../config/config.ts';
import { type Environment, environmentForPrograms } from '../config/environment.ts';
import type { AssembleOptions } from './assemble.ts';
import { openTargets } from './targets.ts';
import { isLogKept, noticesFor, type Workspace } from './workspace.ts';

export interface Found {
  readonly environment: Environment;
  readonly ci: CiFacts;
  readonly repository: Repository;
  readonly workspace: Workspace;
}

export interface Here extends Found {
  readonly targets: Targets;
  readonly settings: Settings;
  /** What is told before anything is done. */
  readonly notices: readonly string[];
}

/** @throws UsageError a token is missing, or the log is not kept */
export async function openHere(found: Found): Promise<Here> {
  const { environment, ci, repository, workspace } = found;
  const { config } = workspace;
  const around = { root: repository.root, env: environmentForPrograms(process.env, config.notify) };
  const targets = await openTargets(config, environment, around);
  const notices = noticesFor(workspace, environment, ci.isCi);
  return { ...found, targets, settings: toSettings(config, environment), notices };
}

/** What a run is put together from. */
export function partsOf(
  here: Here,
  run: Run,
): Omit<AssembleOptions, 'log' | 'progress' | 'notice'> {
  const { environment, ci, repository, workspace, targets, settings } = here;
  return {
    ...{ environment, ci, repository, targets, run },
    config: workspace.config,
    folder: workspace.directory,
    env: process.env,
    leaseMs: settings.lock.leaseMs,
    isLogKept: isLogKept(workspace, ci.isCi),
  };
}
