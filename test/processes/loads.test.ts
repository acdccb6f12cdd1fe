/** What a command loads is most of what it takes to start: each loads what it needs, and no other command's part. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployId, Stage } from './stage.ts';

const root = resolve(import.meta.dirname, '../..');
let stage: Stage;
let commit: string;
beforeAll(async () => {
  stage = await Stage.set();
  commit = stage.commit('The first');
  expect(await stage.advanceHere(501, commit)).toMatchObject({ exit: 0 });
});
afterAll(() => stage.strike());

/** The modules that a command loads: the bundle names each above what it has of it. */
async function loads(args: readonly string[], folder = stage.folder): Promise<string[]> {
  const coverage = mkdtempSync(join(tmpdir(), 'lockstep-loads-'));
  try {
    const ended = await stage.start(args, { NODE_V8_COVERAGE: coverage }, folder).ended;
    expect(ended.exit, ended.stderr).toBe(0);
    const files = readdirSync(coverage).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(coverage, name), 'utf8'));
      return (result as { url: string }[]).map(({ url }) => url);
    });
    const ours = files.filter((url) => url.includes('/dist/program/'));
    return ours.flatMap((url) => {
      const text = readFileSync(fileURLToPath(url), 'utf8');
      return [...text.matchAll(/^\/\/ ((?:dist|node_modules)\/\S+)$/gm)].map(
        ([, name]) => `${name}`,
      );
    });
  } finally {
    rmSync(coverage, { recursive: true, force: true });
  }
}

const packageOf = (module: string): string | undefined =>
  /^node_modules\/(?:\.pnpm\/)?((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1];

const packagesOf = (modules: readonly string[]): string[] => [
  ...new Set(modules.map(packageOf).filter((name) => name !== undefined)),
];

/** A file of `dist` and what it imports when it is loaded: paths from the root, and names of packages. */
function closure(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.startsWith('dist/')) return seen;
  const text = readFileSync(join(root, file), 'utf8');
  const imports = /^(?:import|export)\s(?:[^;'"]*?\sfrom\s)?['"]([^'"]+)['"];$/gm;
  for (const [, name = ''] of text.matchAll(imports)) {
    closure(name.startsWith('.') ? join(dirname(file), name) : name, seen);
  }
  return seen;
}

const registries = ['dist/effects/targets/kinds.js', 'dist/effects/channels/kinds.js'];
/** What every command has of every kind of target and of channel. */
const light = new Set(registries.flatMap((registry) => [...closure(registry)]));
const isOfKind = (module: string) => /^dist\/effects\/(targets|channels)\/[^/]+\//.test(module);

describe('what a kind of target or channel hands in', () => {
  it('loads no package, nor anything of Node', () => {
    expect([...light].filter((one) => !one.startsWith('dist/'))).toEqual([]);
  });

  it('is every folder’s: each of them is known by its kind', () => {
    const folders = registries.flatMap((registry) => {
      const places = readdirSync(join(root, dirname(registry)), { withFileTypes: true });
      return places
        .filter((place) => place.isDirectory())
        .map(({ name }) => relative(root, join(root, dirname(registry), name)));
    });
    expect(folders.length).toBeGreaterThanOrEqual(2);
    const known = [...light].filter(isOfKind).map(dirname);
    expect(folders.filter((folder) => !known.includes(folder))).toEqual([]);
  });
});

/** Packages that a command has no use for. */
const needless: Readonly<Record<string, readonly string[]>> = {
  help: ['zod', 'xstate', 'undici', 'kysely', 'yaml', 'pg', 'hono'],
  status: ['undici', 'yaml', 'pg', 'hono'],
  log: ['undici', 'yaml', 'pg', 'hono'],
  replay: ['undici', 'yaml', 'pg', 'hono'],
  export: ['undici', 'yaml', 'pg', 'hono'],
};

it.each(['--version', '-V', 'version'])(
  '%s loads nothing, and says what the program does',
  async (asked) => {
    expect(await loads([asked])).toEqual([]);
    const { exit, stdout, stderr } = await stage.start([asked]).ended;
    expect({ exit, stdout, stderr }).toEqual(await stage.here().run([asked]));
  },
);

describe.each(Object.entries(needless))('%s', { timeout: 60_000 }, (name, packages) => {
  it('loads nothing that only a deploy needs', async () => {
    const more: Readonly<Record<string, readonly string[]>> = {
      log: [deployId(501, commit)],
      replay: [deployId(501, commit)],
      // With a token it asks the targets, and needs what a deploy needs for that.
      status: ['--offline'],
    };
    const loaded = await loads([name, ...(more[name] ?? [])]);
    expect(loaded).toContain('dist/cli/main.js');
    expect(packagesOf(loaded)).toContain('commander');
    expect(packagesOf(loaded).filter((one) => packages.includes(one))).toEqual([]);
    expect(loaded.filter((one) => isOfKind(one) && !light.has(one))).toEqual([]);
  });
});

describe('advance', { timeout: 60_000 }, () => {
  it('loads what the others do without', async () => {
    const again = ['advance', '--build', '501', '--commit', commit, '--branch', 'master'];
    const loaded = await loads(again);
    expect(packagesOf(loaded)).toEqual(
      expect.arrayContaining(['zod', 'xstate', 'undici', 'kysely', 'yaml']),
    );
    const opened = new Set(loaded.filter((one) => isOfKind(one) && !light.has(one)).map(dirname));
    expect([...opened].filter((folder) => folder.includes('/targets/'))).not.toEqual([]);
    expect([...opened].filter((folder) => folder.includes('/channels/'))).not.toEqual([]);
    // What a set-up and a check-up ask, they alone load.
    const asked = /\/(survey|discover|diagnose[\w-]*|examination|connections)\.js$/;
    expect(loaded.filter((one) => isOfKind(one) && asked.test(one))).toEqual([]);
    // Of undici's two parsers the one that is off.
    expect(loaded.filter((one) => one.includes('/undici/lib/milo/'))).toEqual([]);
  });
});

it('every file of the program is kept in one byte a character', () => {
  const folder = join(root, 'dist/program');
  const files = readdirSync(folder).filter((name) => name.endsWith('.cjs'));
  expect(files).toContain('main.cjs');
  const isWide = (name: string) => /[^\0-\x7f]/.test(readFileSync(join(folder, name), 'utf8'));
  expect(files.filter(isWide)).toEqual([]);
});
