/** What a commit holds that a tar of its bytes cannot carry, or that asks to be left out or changed. */

import type { GitAccess } from './access.ts';
import { parseBatch } from './commit-object.ts';
import { gitFailed } from './process.ts';
import { listTree, type TreeEntry } from './tree.ts';

export interface SourceOddities {
  /** Paths; what belongs there is another repository's. */
  readonly submodules: readonly string[];
  /** Paths of Git LFS pointers; the content is not in the repository. */
  readonly lfs: readonly string[];
  /** `FILE:LINE` of each `export-ignore` and `export-subst` in the commit's attributes. */
  readonly exports: readonly string[];
}

/** A pointer is smaller than this, in bytes (git-lfs, docs/spec.md). */
const pointerBytesMax = 1024;
const pointer = Buffer.from('version https://git-lfs.github.com/spec/');
const attributesFile = /(^|\/)\.gitattributes$/;
/** Asked for at a time: small files, a few megabytes together. */
const filesAtOnce = 4_000;

export async function surveySource(
  access: GitAccess,
  sha: string,
  signal: AbortSignal | undefined,
): Promise<SourceOddities> {
  const entries = await listTree(access, sha, signal);
  const pathOf = ({ path }: TreeEntry): string => path.toString('utf8');
  const isAttributes = (entry: TreeEntry): boolean => attributesFile.test(pathOf(entry));
  const read = entries.filter(
    (entry) => entry.kind === 'file' && (entry.size < pointerBytesMax || isAttributes(entry)),
  );
  const lfs: string[] = [];
  const exports: string[] = [];
  for (let at = 0; at < read.length; at += filesAtOnce) {
    const some = read.slice(at, at + filesAtOnce);
    const input = some.map(({ id }) => `${id}\n`).join('');
    const run = await access.git(['cat-file', '--batch'], { signal, input });
    if (run.code !== 0) throw gitFailed('cat-file', run);
    parseBatch(run.stdout).forEach((object, i) => {
      const entry = some[i];
      if (object === null || entry === undefined) return;
      const { content } = object;
      if (content.subarray(0, pointer.length).equals(pointer)) lfs.push(pathOf(entry));
      if (isAttributes(entry)) {
        exports.push(...exportLines(content).map((line) => `${pathOf(entry)}:${line}`));
      }
    });
  }
  const submodules = entries.filter(({ kind }) => kind === 'submodule').map(pathOf);
  return { submodules, lfs, exports };
}

/** The lines that set one of the two, in a macro too; counted from 1 (gitattributes(5)). */
function exportLines(content: Buffer): number[] {
  return content
    .toString('utf8')
    .split('\n')
    .flatMap((line, i) => {
      const isComment = line.trimStart().startsWith('#');
      return !isComment && /\sexport-(ignore|subst)(\s|=|$)/.test(line) ? [i + 1] : [];
    });
}
