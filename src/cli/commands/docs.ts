/**
 * `pipeline docs`: the chart's document, and what is kept beside it: its picture and the exit codes in the README, the codes
 * of errors, the schemas of events, each where there is one already. `--check` only compares.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../../errors/error.ts';
import { makeFolder } from '../../store/folders.ts';
import type { Terminal } from '../render/terminal.ts';
import { documentsOf, type Promised, promised } from './documents.ts';

/** @param folder in which the documents are */
export async function docs(
  flags: { check?: boolean; output: string },
  terminal: Terminal,
  { folder = '.', of = promised }: { readonly folder?: string; readonly of?: Promised } = {},
): Promise<number> {
  const stale = documentsOf(of, flags.output).flatMap(({ file, write }) => {
    const path = resolve(folder, file);
    const present = reaching(file, () => (existsSync(path) ? readFileSync(path, 'utf8') : ''));
    const text = write(present);
    return present === text ? [] : [{ file, path, present, text }];
  });
  if (flags.check !== true) {
    for (const { file, path, text } of stale) {
      reaching(file, () => {
        makeFolder(dirname(path), 0o777);
        writeFileSync(path, text);
      });
      terminal.out(`wrote ${file}`);
    }
    if (stale.length === 0) terminal.out('the documents are what this version says');
    return 0;
  }
  for (const { file, present, text } of stale) {
    const line = firstDifference(present, text);
    terminal.err(`${file}:${line} is not what this version says; run pipeline docs`);
  }
  return stale.length === 0 ? 0 : 1;
}

/** The first line that differs, from 1. */
function firstDifference(present: string, text: string): number {
  const [is, should] = [present.split('\n'), text.split('\n')];
  const line = should.findIndex((wanted, i) => wanted !== is[i]);
  return line === -1 ? should.length : line + 1;
}

/** @throws UsageError E_OUTPUT the file system refuses: a folder of that name, no permission */
function reaching<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new UsageError('E_OUTPUT', `${file} cannot be read or written: ${code}`, {
      hint: 'Name a file with --output.',
      cause,
    });
  }
}
