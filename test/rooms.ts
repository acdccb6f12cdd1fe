/** The rooms of src and who imports whom, as the files say it. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const src = resolve(import.meta.dirname, '../src');

/** Files that are a sub-room by themselves: what lists or opens the folders beside it, or what all of them rest on. */
const alone = new Set([
  'effects/clock.ts',
  'effects/channels/kinds.ts',
  'effects/targets/kinds.ts',
  'sandbox/stand-in.ts',
  'store/open.ts',
]);

/** `effects/http` of `effects/http/client.ts`, `store/open` of `store/open.ts`; of a path from src. */
function roomOf(file: string): string {
  return alone.has(file) ? file.replace(/\.ts$/, '') : dirname(file);
}

export function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const statements = /^(?:import|export)\s[\w\s{},*$]*?from\s'([^']+)'|\bimport\('([^']+)'\)/gm;
  return [...text.matchAll(statements)].map((match) => match[1] ?? match[2] ?? '');
}

/** What each sub-room imports of others, types included, with an example of each import. */
export function arrows(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const file of globSync('*/**/*.ts', { cwd: src })) {
    const from = roomOf(file);
    const to = found.get(from) ?? new Map<string, string>();
    found.set(from, to);
    for (const name of importsOf(join(src, file)).filter((one) => one.startsWith('.'))) {
      const room = roomOf(relative(src, resolve(src, dirname(file), name)));
      if (room !== from) to.set(room, `${file} imports ${name}`);
    }
  }
  return found;
}

/** Whatever can be reached from a node by following arrows, itself not unless by a circle. */
export function reachable(
  graph: ReadonlyMap<string, Iterable<string>>,
  from: string,
): ReadonlySet<string> {
  const seen = new Set<string>();
  const rest = [...(graph.get(from) ?? [])];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    rest.push(...(graph.get(next) ?? []));
  }
  return seen;
}
