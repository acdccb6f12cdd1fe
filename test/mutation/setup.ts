/**
 * Loads the code before any test does: what a fault does while a file is loaded is then no test's, in whatever order
 * tests come, and nobody tries it in a process that has loaded the file without it.
 *
 * And what each file of tests reaches, told once. Stryker keeps in one object what all tests of a process reach, and its own
 * hook sends that whole object after each file: where one process runs all files, the 300th sends what 299 others did.
 */
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll } from 'vitest';
import { rooms } from './rooms.ts';

const threads = 'src/store/sqlite/*-thread.ts';
for (const file of globSync(Object.values(rooms).flat(), { exclude: [threads] })) {
  await import(resolve(file));
}

interface Coverage {
  static: object;
  perTest: object;
}
interface Namespace {
  /** What Stryker's hook sends; each module of the code takes it when it is reached first, and counts in that object. */
  mutantCoverage?: Coverage;
  /** The object in which the modules count. */
  counted?: Coverage;
}

const { __stryker__: stryker } = globalThis as { __stryker__?: Namespace };

if (stryker !== undefined) {
  const counted = stryker.counted ?? stryker.mutantCoverage ?? { static: {}, perTest: {} };
  Object.assign(stryker, { counted, mutantCoverage: counted });
  // Hooks run in the order opposite to that in which they were set: this one is before Stryker's.
  afterAll(() => {
    stryker.mutantCoverage = { ...counted };
    counted.static = {};
    counted.perTest = {};
  });
}
