/** Scripts that tests run as processes, each in one file and its code cached: so it starts in a third of the time. */
import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

let folder: string | null = null;

function folderOfBundles(): string {
  if (folder !== null) return folder;
  const made = mkdtempSync(join(tmpdir(), 'lockstep-scripts-'));
  // The native modules are not bundled.
  symlinkSync(resolve(import.meta.dirname, '../../node_modules'), join(made, 'node_modules'));
  folder = made;
  return made;
}

const bundles = new Map<string, ReturnType<typeof bundle>>();

/** @returns the bundle's file, and the environment to run it in */
export function bundled(script: string): ReturnType<typeof bundle> {
  const made = bundles.get(script) ?? bundle(script);
  bundles.set(script, made);
  return made;
}

async function bundle(script: string) {
  const dir = folderOfBundles();
  const entryFileNames = `${basename(script, '.ts')}.mjs`;
  const made = await rolldown({
    input: script,
    platform: 'node',
    external: ['better-sqlite3', 'pg'],
  });
  await made.write({ dir, format: 'esm', entryFileNames });
  await made.close();
  const env = { ...process.env, NODE_COMPILE_CACHE: join(dir, 'cache') };
  return { file: join(dir, entryFileNames), env };
}
