/** Commits that undo another one or repeat it: by what they say of it, and by their patch. */
import type { Echo, GitAccess } from './access.ts';
import { ancestorsOf, newestOf } from './ancestry.ts';
import type { Commit } from './commit-object.ts';
import { textOf } from './process.ts';

const echoesMax = 20;
/** Two branches that have nothing in common among so many of their newest commits, or more than that apart, are not compared patch by patch. */
const apartMax = 2_000;

/** Those of the commits that this clone has. */
type ReadCommits = (
  shas: readonly string[],
  signal: AbortSignal | undefined,
) => Promise<readonly Commit[]>;

/**
 * What says so itself, among what `head` has, the newest first; none of a commit that this clone does not have. `git revert` and `git cherry-pick -x` write which commit they are of; GitHub's
 * reverts name the pull request, whose number a squash or a merge has in its title. Git reads every message since the commit
 * for that: it is asked once.
 */
export function echoesOf(
  access: GitAccess,
  sha: string,
  head: string,
  read: ReadCommits,
  signal: AbortSignal | undefined,
): Promise<readonly Echo[]> {
  const { echoes } = access.known;
  const name = `${sha} ${head}`;
  const asked =
    echoes.get(name) ??
    read([sha], signal).then(([commit]) =>
      commit === undefined ? [] : readEchoes(access, commit, head, read, signal),
    );
  echoes.set(name, asked);
  return asked;
}

async function readEchoes(
  access: GitAccess,
  commit: Commit,
  head: string,
  read: ReadCommits,
  signal: AbortSignal | undefined,
): Promise<readonly Echo[]> {
  const { sha, title } = commit;
  const number = /#(\d+)/.exec(title)?.[1];
  const reverts = [
    `This reverts commit ${sha}`,
    ...(number === undefined ? [] : [`^Reverts [^ ]*#${number}$`]),
  ];
  const pick = `cherry picked from commit ${sha}`;
  const patterns = [...reverts, pick].map((text) => `--grep=${text}`);
  // What it is made of is left out by its descent, not by its time: behind a commit whose clock was years off git would look no further.
  const run = await access.git(
    ['rev-list', '-E', `--max-count=${echoesMax}`, ...patterns, head, `^${sha}`, '--'],
    { signal },
  );
  const shas = run.code === 0 ? textOf(run).split('\n').filter(Boolean) : [];
  const others = shas.filter((one) => one !== sha);
  return (await read(others, signal)).map((one) => {
    const isRevert = reverts.some((text) =>
      new RegExp(text, 'm').test(`${one.title}\n${one.body}`),
    );
    return { kind: isRevert ? 'revert' : 'pick', sha: one.sha, title: one.title };
  });
}

/** The commit among what `head` has, and this one's history has not, with the same patch; null: there is none, or it is too far. */
export async function samePatch(
  access: GitAccess,
  sha: string,
  head: string,
  read: ReadCommits,
  signal: AbortSignal | undefined,
): Promise<Echo | null> {
  const parents = await newestOf(access, [sha, head], apartMax + 1, signal);
  const below = ancestorsOf(head, parents);
  const areNear = below.has(sha) || [...ancestorsOf(sha, parents)].some((one) => below.has(one));
  if (!areNear) return null;
  const range = `${sha}...${head}`;
  // A history that was merged in whole makes them far apart again.
  const count = await access.git(['rev-list', '--count', range, '--'], { signal });
  if (count.code !== 0 || Number(textOf(count)) > apartMax) return null;
  const marked = await access.git(
    ['rev-list', '--cherry-mark', '--right-only', '--no-merges', range, '--'],
    { signal },
  );
  const same = textOf(marked)
    .split('\n')
    .flatMap((line) => (line.startsWith('=') ? [line.slice(1)] : []));
  const patch = same.length === 0 ? null : await patchOf(access, sha, signal);
  for (const other of same) {
    if (patch === null || (await patchOf(access, other, signal)) !== patch) continue;
    const [{ title } = { title: '' }] = await read([other], signal);
    return { kind: 'pick', sha: other, title };
  }
  return null;
}

async function patchOf(
  { git }: GitAccess,
  sha: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const diff = await git(['diff-tree', '-p', '--root', '--no-ext-diff', sha, '--'], { signal });
  // Without the first line, which is the commit's own id.
  const input = diff.stdout.toString('latin1').replace(/^.*\n/, '');
  const run = await git(['patch-id', '--stable'], { signal, input });
  return textOf(run).split(' ')[0] || null;
}
