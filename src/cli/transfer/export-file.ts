/** Where an export goes: standard output, or a file that is there whole or not at all. */
import { existsSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../../errors/error.ts';
import { makeFolder } from '../../store/folders.ts';
import { linkOnTheWay, makePrivateFile } from '../../store/private-file.ts';
import type { Terminal } from '../render/terminal.ts';
import { signalExitCodes } from '../workspace/exit-codes.ts';

export interface Output {
  /** Resolves when there is room for more. False: nobody reads it any more. */
  write(text: string): Promise<boolean>;
  /** It is whole. */
  keep(): Promise<void>;
  /** It will not be: nothing of it stays behind, where that is possible. */
  discard(): Promise<void>;
}

/** @throws UsageError E_OUTPUT */
export async function openOutput(
  file: string | undefined,
  terminal: Pick<Terminal, 'write'>,
): Promise<Output> {
  if (file === undefined || file === '-') {
    const write = (text: string) => reaching('standard output', () => terminal.write(text));
    return { write, keep: async () => {}, discard: async () => {} };
  }
  return reaching(file, () => openFile(file));
}

async function openFile(name: string): Promise<Output> {
  const file = resolve(name);
  assertNoLink(name, file);
  const isNew = !existsSync(file);
  if (isNew) makeFolder(dirname(file));
  // A device or a pipe cannot be replaced by a file.
  const inPlace = !isNew && !statSync(file).isFile();
  const part = inPlace ? file : `${file}.${process.pid}.part`;
  if (!inPlace) {
    // Of an export that was killed, by a process of the same number; or put there, as a link to elsewhere.
    rmSync(part, { force: true });
    makePrivateFile(part);
  }
  const handle = await open(part, inPlace ? 'w' : 'r+');
  const stop = inPlace ? () => {} : removeOnSignal(part);
  return {
    write: (text) => reaching(name, () => append(handle, text)),
    keep: () =>
      reaching(name, async () => {
        if (!inPlace) await handle.sync();
        await handle.close();
        if (!inPlace) await rename(part, file);
        stop();
      }),
    async discard() {
      await handle.close().catch(() => {});
      if (!inPlace) rmSync(part, { force: true });
      stop();
    },
  };
}

/**
 * A commit could have made it: the export would be written wherever it leads. /dev/stdout is one, and is the system's;
 * /dev/shm is everybody's.
 */
function assertNoLink(name: string, file: string): void {
  const link = linkOnTheWay(file);
  if (link === null || /^\/(dev\/(?!shm\/)|proc\/)/.test(file)) return;
  throw new UsageError('E_OUTPUT', `${name} would be written through a link: ${link}`, {
    hint: 'Name the place that it leads to with --output.',
  });
}

async function append(handle: FileHandle, text: string): Promise<boolean> {
  try {
    await handle.appendFile(text);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return false;
    throw error;
  }
}

function removeOnSignal(part: string): () => void {
  const listeners = Object.entries(signalExitCodes).map(([name, code]) => {
    const onSignal = (): void => {
      rmSync(part, { force: true });
      process.exit(code);
    };
    process.once(name, onSignal);
    return [name, onSignal] as const;
  });
  return () => {
    for (const [name, onSignal] of listeners) process.removeListener(name, onSignal);
  };
}

async function reaching<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new UsageError('E_OUTPUT', `${file} cannot be written: ${code}`, {
      hint: 'Name a file with --output, in a folder with enough space.',
      cause,
    });
  }
}
