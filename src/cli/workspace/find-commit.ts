/** From what a person types to a commit, or to one deploy: a commit's id or its start, a branch, HEAD, a deploy, a pull request. */
import type { Repository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import { nearest } from '../../format/nearest.ts';
import { listed } from '../../format/words.ts';
import { indexedDeploys } from '../../runtime/audit/deploy-index.ts';
import { type DeployRow, readDeploy, readDeploys } from '../../runtime/audit/deploys.ts';
import type { EventLog } from '../../store/log.ts';
import { deployAmong, findDeploy, noName } from './find-deploy.ts';

/** What is asked about. */
export type Named =
  | { readonly kind: 'deploy'; readonly row: DeployRow }
  /** `sha`: the full id. */
  | { readonly kind: 'commit'; readonly sha: string };

export interface Places {
  readonly log: EventLog;
  /** Null: the command is not run in one. */
  readonly repository: Pick<Repository, 'commit'> | null;
  /** Told what of several was taken. */
  readonly tell: (line: string) => void;
}

/**
 * A deploy's whole id or a build's label goes before the start of a commit's id, and that before the start of a deploy's.
 *
 * @throws UsageError E_NOT_KNOWN nothing is called so: the nearest name is told; E_DEPLOY_AMBIGUOUS
 */
export async function findNamed(name: string, places: Places): Promise<Named> {
  const { log, repository, tell } = places;
  if (name === '') throw noName();
  const rows = await readDeploy(log, name);
  if (rows.some(({ deploy, build }) => deploy === name || build === name)) {
    return { kind: 'deploy', row: await deployAmong(rows, log, name, tell) };
  }
  const sha = (await commitInLog(log, name)) ?? (await commitInGit(repository, name));
  if (sha !== null) return { kind: 'commit', sha };
  if (rows.length > 0) return { kind: 'deploy', row: await deployAmong(rows, log, name, tell) };
  throw await notKnown(name, places);
}

/**
 * The deploy of that name, or the newest one of that commit.
 *
 * @throws UsageError E_NO_DEPLOY there is no such deploy, or the commit has none; E_DEPLOY_AMBIGUOUS
 */
async function findDeployOf(name: string, places: Places): Promise<DeployRow> {
  const named = await findNamed(name, places).catch((error: unknown) => {
    if (!(error instanceof UsageError) || error.code !== 'E_NOT_KNOWN') throw error;
    const { hint, details } = error;
    throw new UsageError('E_NO_DEPLOY', `the log has no deploy ${name}`, {
      ...(hint === undefined ? {} : { hint }),
      details,
    });
  });
  if (named.kind === 'deploy') return named.row;
  const [newest, ...older] = await indexedDeploys(places.log, { commit: named.sha, limit: 100 });
  if (newest === undefined) {
    throw new UsageError('E_NO_DEPLOY', `no deploy is of commit ${named.sha}`, {
      hint: `pipeline explain ${named.sha.slice(0, 8)} tells whether it went with another one.`,
    });
  }
  if (older.length > 0) {
    const others = older.map(({ deploy }) => deploy);
    places.tell(
      `${newest.deploy} is the newest deploy of ${name}; before it: ${listed(others, 8)}`,
    );
  }
  return findDeploy(places.log, newest.deploy);
}

/** The same, with git asked only for what the log does not know. */
export async function findDeployHere(
  name: string,
  log: EventLog,
  tell: (line: string) => void,
): Promise<DeployRow> {
  let here: Promise<Repository | null> | null = null;
  const commit = async (ref: string) => {
    here ??= repositoryHere();
    const repository = await here;
    if (repository === null) throw new UsageError('E_COMMIT_UNKNOWN', 'this is no repository');
    return repository.commit(ref);
  };
  return findDeployOf(name, { log, repository: { commit }, tell });
}

/** Null: the log says what it says without git, too. */
export async function repositoryHere(): Promise<Repository | null> {
  const { openRepository } = await import('../../effects/git/repository.ts');
  try {
    return await openRepository(process.cwd());
  } catch (error) {
    const { code } = error as UsageError;
    if (code === 'E_NOT_A_REPOSITORY' || code === 'E_GIT_MISSING') return null;
    throw error;
  }
}

const commitsMax = 1_000;

/** Null: the log has no deploy of such a commit. @throws UsageError E_DEPLOY_AMBIGUOUS */
async function commitInLog(log: EventLog, name: string): Promise<string | null> {
  const start = name.toLowerCase();
  if (!/^[0-9a-f]{4,40}$/.test(start)) return null;
  const entries = await indexedDeploys(log, { commit: start, limit: commitsMax });
  const commits = [...new Set(entries.map(({ commit }) => commit))];
  if (commits.length < 2) return commits[0] ?? null;
  throw new UsageError('E_DEPLOY_AMBIGUOUS', `${name} may be any of ${listed(commits, 8)}`, {
    hint: 'Give more of its id.',
  });
}

async function commitInGit(repository: Places['repository'], name: string): Promise<string | null> {
  if (repository === null) return null;
  try {
    return (await repository.commit(name)).sha;
  } catch (error) {
    if (error instanceof UsageError && error.code === 'E_COMMIT_UNKNOWN') return null;
    throw error;
  }
}

const namesMax = 1_000;

async function notKnown(name: string, { log, repository }: Places): Promise<UsageError> {
  const rows = await readDeploys(log, { limit: namesMax });
  const isCommit = /^[0-9a-f]{4,40}$/i.test(name);
  const commits = rows.map(({ commit }) => commit.slice(0, isCommit ? name.length : 8));
  const near = nearest(name, [
    ...(isCommit ? commits : []),
    ...rows.flatMap(({ deploy, build, branch }) => [deploy, build, branch]),
    ...(isCommit ? [] : commits),
  ]);
  const newest = listed(
    rows.slice(0, 3).map(({ deploy }) => deploy),
    3,
  );
  const known = near === null ? `the newest deploys are ${newest}` : `the nearest is ${near}`;
  const places = repository === null ? 'this is no repository' : 'this repository does not either';
  return new UsageError('E_NOT_KNOWN', `the log knows nothing called ${name}, and ${places}`, {
    hint: `Give a commit, a branch, a deploy’s id or #PULL-REQUEST${rows.length === 0 ? '' : `; ${known}`}.${repository === null ? ' Other commits and branches are known in a clone of the repository.' : ''}`,
    details: { name, nearest: near },
  });
}
