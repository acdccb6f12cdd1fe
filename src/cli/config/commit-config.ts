/** `pipeline.yml` as the deployed commit has it: what lies in the working tree was not reviewed and not tested. */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { Repository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import { shortSha } from '../../machine/story-words.ts';
import { type Config, fileName, loadConfig, parseConfig } from './config.ts';

export interface DeployedCommit {
  readonly repository: Repository;
  readonly sha: string;
  readonly isCi: boolean;
}

export interface ConfigPlace {
  /** Absolute. */
  readonly file: string;
  /** By `--config` or PIPELINE_CONFIG. */
  readonly isNamed: boolean;
}

/**
 * The commit's file. One that the commit does not have is taken from the working tree where a person
 * runs this, and in a CI where it is named: then it comes from outside of what is deployed.
 *
 * @throws UsageError E_CONFIG, E_CONFIG_MISSING, E_CONFIG_NOT_COMMITTED
 */
export async function configOfCommit(
  { file, isNamed }: ConfigPlace,
  { repository, sha, isCi }: DeployedCommit,
): Promise<{ config: Config; notices: string[] }> {
  const name = fileName(file);
  const short = shortSha(sha);
  const path = pathInside(repository.root, file);
  const committed = path === null ? null : await repository.file(sha, path);
  if (committed !== null) {
    const config = await parseConfig(committed, name);
    const notice = `${name} in the working tree differs from commit ${short}; the commit’s counts`;
    return { config, notices: isSame(file, committed) ? [] : [notice] };
  }
  if (isCi && !isNamed && existsSync(file)) {
    throw new UsageError('E_CONFIG_NOT_COMMITTED', `${name} is not in commit ${short}`, {
      hint: 'Commit it: a deploy goes by the rules of its own commit. One from elsewhere is named with --config or PIPELINE_CONFIG.',
    });
  }
  const config = await loadConfig(file);
  const where = path === null ? 'is outside of the repository' : `is not in commit ${short}`;
  return { config, notices: [`${name} ${where}; it is taken as it is on this disk`] };
}

/** How a file on this disk stands to the commit's: one outside of the repository is never in it, and not missed. */
export async function committedAs(
  file: string,
  { repository, sha }: Pick<DeployedCommit, 'repository' | 'sha'>,
): Promise<'same' | 'another' | 'missing'> {
  const path = pathInside(repository.root, file);
  if (path === null) return 'same';
  const committed = await repository.file(sha, path);
  if (committed === null) return 'missing';
  return isSame(file, committed) ? 'same' : 'another';
}

/** As git names it in a tree; null for a file outside of the working tree. */
function pathInside(root: string, file: string): string | null {
  if (!existsSync(dirname(file))) return null;
  const way = relative(root, join(realpathSync(dirname(file)), basename(file)));
  return way === '..' || way.startsWith('../') ? null : way;
}

/** Line ends aside, which git changes for some systems when it checks out. */
function isSame(file: string, committed: Buffer): boolean {
  try {
    if (statSync(file).size > 2 * committed.length) return false;
    return bare(readFileSync(file)) === bare(committed);
  } catch {
    return false;
  }
}

const bare = (bytes: Buffer): string => bytes.toString('latin1').replaceAll('\r\n', '\n');
