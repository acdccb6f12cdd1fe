/** A commit with what its bytes do not carry is refused until pipeline.yml says how it is meant. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defaultConfig, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true });
});
afterEach(() => stage.strike());

const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12\n`;
const kinds: readonly [string, (stage: Stage) => void, string, string, string][] = [
  [
    'a submodule',
    (one) => {
      one.git('update-index', '--add', '--cacheinfo', `160000,${'c'.repeat(40)},vendor`);
    },
    'submodules: omit',
    'vendor',
    'without its submodules',
  ],
  [
    'a Git LFS pointer',
    (one) => one.write('logo.png', pointer),
    'lfs: pointers',
    'logo.png',
    'with its Git LFS pointers',
  ],
  [
    'an export attribute',
    (one) => one.write('.gitattributes', 'Procfile export-ignore\n'),
    'export: ignore',
    '.gitattributes:1',
    'every file ships as it is committed',
  ],
];

it.each(kinds)(
  'with %s: exit 2 before anything is written; with its key it ships and is told',
  { timeout: 60_000 },
  async (_, arrange, key, place, told) => {
    arrange(stage);
    const commit = commitIndex();
    const refused = await stage.advance(501, commit);
    expect(refused.exit, refused.stdout).toBe(2);
    expect(refused.stderr).toContain('error[E_SOURCE]');
    expect(refused.stderr).toContain(place);
    expect(refused.stderr).toContain(`source: { ${key} }`);
    expect(existsSync(stage.logFile)).toBe(false);

    stage.write('pipeline.yml', `${defaultConfig(stage.sandbox.urls)}source: { ${key} }\n`);
    arrange(stage);
    const meant = commitIndex();
    const shipped = await stage.advance(502, meant);
    expect(shipped, shipped.stderr).toMatchObject({ exit: 0 });
    expect(shipped.stdout).toContain(told);
    expect(shipped.stdout).toContain(place);
  },
);

/** `git add .` would take a submodule that has no folder out again. */
function commitIndex(): string {
  stage.git(
    'add',
    'pipeline.yml',
    '.gitignore',
    ...['logo.png', '.gitattributes'].filter((file) => existsSync(join(stage.folder, file))),
  );
  stage.git('commit', '--quiet', '--allow-empty', '-m', 'Odd');
  return stage.git('rev-parse', 'HEAD');
}
