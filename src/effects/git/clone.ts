/** What a clone is, for a set-up and a check-up: which branch its remote goes by, and whether its history was cut off. */
import { runGit, textOf } from './process.ts';

export interface Clone {
  /** Of `origin/HEAD`; null where the clone does not know. */
  readonly defaultBranch: string | null;
  readonly isShallow: boolean;
  /** Something is committed. */
  readonly hasCommits: boolean;
}

const bounds = { timeoutMs: 10_000, maxBytes: 64 * 1024 };

export async function readClone(dir: string, env: NodeJS.ProcessEnv): Promise<Clone> {
  const git = (...args: string[]) => runGit(args, { dir, env, ...bounds });
  const [head, shallow, commit] = await Promise.all([
    git('symbolic-ref', '--short', '--quiet', 'refs/remotes/origin/HEAD'),
    git('rev-parse', '--is-shallow-repository'),
    git('rev-parse', '--verify', '--quiet', 'HEAD^{commit}'),
  ]);
  return {
    defaultBranch: head.code === 0 ? textOf(head).replace(/^origin\//, '') : null,
    isShallow: textOf(shallow) === 'true',
    hasCommits: commit.code === 0,
  };
}
