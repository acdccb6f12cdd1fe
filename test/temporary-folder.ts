/**
 * One folder for whatever the tests of a run leave behind: a worker that is ended clears nothing up. It is in memory
 * where there is room, for a commit waits for a disk and there are tens of thousands of them. TMPDIR says otherwise.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

const memory = '/dev/shm';
/** In bytes; a run fills less than a fifth of it at any time. */
const room = 4 * 2 ** 30;
const prefix = 'lockstep-tests-';

export function setup(): () => void {
  const before = process.env.TMPDIR;
  // Each project of a run calls it.
  if (before?.includes(`/${prefix}${process.pid}-`) === true) return () => {};
  const folder = (before === undefined ? inMemory() : null) ?? made(tmpdir());
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true, force: true });
  };
}

function made(parent: string): string {
  const folder = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
  // A PostgreSQL server's own user goes through it.
  chmodSync(folder, 0o755);
  return folder;
}

/** Null where there is no room, or no program may be started from there, as a hook of a test is. */
function inMemory(): string | null {
  let folder: string | null = null;
  try {
    removeAbandoned();
    const { bavail, bsize } = statfsSync(memory);
    if (Math.min(bavail * bsize, freemem()) < room) return null;
    folder = made(memory);
    const program = join(folder, 'program');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    execFileSync(program);
    rmSync(program);
    return folder;
  } catch {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
    return null;
  }
}

/** What a run that was killed left here takes memory until somebody removes it. */
function removeAbandoned(): void {
  for (const name of readdirSync(memory)) {
    if (!name.startsWith(prefix) || isAlive(Number.parseInt(name.slice(prefix.length), 10)))
      continue;
    rmSync(join(memory, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
