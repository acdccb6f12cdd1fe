/** Writes what was planned: each file whole or not at all, and only where it still is as it was when it was read. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../../errors/error.ts';
import type { PlannedFile } from './plan.ts';

/** @throws UsageError E_SETUP a file changed meanwhile, or cannot be written: nothing was */
export function write(root: string, files: readonly PlannedFile[]): void {
  const changed = files.find(({ path, before }) => textAt(join(root, path)) !== before);
  if (changed !== undefined) {
    throw new UsageError('E_SETUP', `${changed.path} changed while you were asked`, {
      hint: 'Run it again: nothing was written.',
    });
  }
  const prepared: { readonly from: string; readonly to: string }[] = [];
  try {
    for (const { path, text } of files) {
      const to = join(root, path);
      mkdirSync(dirname(to), { recursive: true });
      const from = `${to}.${process.pid}.new`;
      prepared.push({ from, to });
      writeFileSync(from, text, { flag: 'wx' });
    }
  } catch (cause) {
    for (const { from } of prepared) rmSync(from, { force: true });
    const { code = 'unknown cause' } = cause as NodeJS.ErrnoException;
    throw new UsageError('E_SETUP', `the files cannot be written (${code})`, {
      hint: 'Run it where the repository may be written: nothing was.',
      cause,
    });
  }
  for (const { from, to } of prepared) renameSync(from, to);
}

const textAt = (path: string): string | null =>
  existsSync(path) ? readFileSync(path, 'utf8') : null;
