/** A commit's tree as git stores it: no attribute, filter or configuration changes what is listed. */
import { type Git, gitFailed } from './process.ts';

export interface TreeEntry {
  readonly kind: 'file' | 'directory' | 'symlink' | 'submodule';
  readonly isExecutable: boolean;
  /** The object's id; of a submodule, the commit's that belongs there. */
  readonly id: string;
  /** In bytes; 0 for a directory and a submodule. */
  readonly size: number;
  /** From the top of the tree, as bytes: git's names need not be UTF-8. */
  readonly path: Buffer;
}

const kinds: Readonly<Record<string, TreeEntry['kind']>> = {
  '040000': 'directory',
  '120000': 'symlink',
  '160000': 'submodule',
};

/** Every entry, a directory before what is in it. Takes a full id. */
export async function listTree(
  { git, known }: { git: Git; known: { trees: Map<string, readonly TreeEntry[]> } },
  sha: string,
  signal: AbortSignal | undefined,
): Promise<readonly TreeEntry[]> {
  const entries = known.trees.get(sha) ?? (await readTree(git, sha, signal));
  known.trees.set(sha, entries);
  return entries;
}

/** See git-ls-tree(1), OUTPUT FORMAT. */
async function readTree(
  git: Git,
  sha: string,
  signal: AbortSignal | undefined,
): Promise<TreeEntry[]> {
  const run = await git(['ls-tree', '-r', '-t', '-l', '-z', '--full-tree', sha], { signal });
  if (run.code !== 0) throw gitFailed('ls-tree', run);
  const entries: TreeEntry[] = [];
  for (let at = 0; at < run.stdout.length; ) {
    const tab = run.stdout.indexOf('\t', at);
    const end = run.stdout.indexOf(0, tab);
    const [mode = '', , id = '', size] = run.stdout.toString('latin1', at, tab).split(/ +/);
    entries.push({
      kind: kinds[mode] ?? 'file',
      isExecutable: mode === '100755',
      id,
      size: Number(size) || 0,
      path: run.stdout.subarray(tab + 1, end),
    });
    at = end + 1;
  }
  return entries;
}
