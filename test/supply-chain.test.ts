/** Everything that `npm ci` brings is in the lock file, by its hash, and nothing runs while it is installed. */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  optional?: boolean;
  os?: string | string[];
  cpu?: string | string[];
  bin?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const root = resolve(import.meta.dirname, '..');
const lock: Record<string, Locked> = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
).packages;
const fromRegistry = Object.entries(lock).filter(
  ([path, { link }]) => path.startsWith('node_modules/') && !link,
);

describe('the lock file', () => {
  it('has a hash for each package, whatever platform it is for', () => {
    const bare = fromRegistry.filter(
      ([, { integrity }]) => !/^sha512-\S{88}$/.test(integrity ?? ''),
    );
    expect(bare.map(([path]) => path)).toEqual([]);
    expect(fromRegistry.length).toBeGreaterThan(100);
  });

  it('takes nothing else than packages of the registry and folders of this repository', () => {
    const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
    for (const [path, entry] of Object.entries(lock)) {
      if (path === '' || files.includes(`${path}/package.json`)) continue;
      if (entry.link) expect(files).toContain(`${entry.resolved}/package.json`);
      else expect(fromRegistry.map(([each]) => each)).toContain(path);
    }
  });

  it('names no registry', () => {
    expect(Object.values(lock).filter(({ resolved }) => resolved?.includes(':'))).toEqual([]);
  });
});

describe('an install', () => {
  it('runs no script of a package', () => {
    const settings = readFileSync(join(root, '.npmrc'), 'utf8').split('\n');
    expect(settings).toContain('ignore-scripts=true');
    expect(
      execFileSync('npm', ['config', 'get', 'ignore-scripts'], {
        cwd: root,
        encoding: 'utf8',
      }).trim(),
    ).toBe('true');
  });

  it('needs none: nothing of this repository is run by an install either', () => {
    for (const folder of ['.', 'toolchain']) {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const names = Object.keys(manifest.scripts ?? {});
      expect(names.filter((name) => /^(pre|post)|^(install|prepare)/.test(name))).toEqual([]);
    }
  });
});

describe('the Node that scripts run on', () => {
  const platforms = Object.keys(lock.toolchain?.optionalDependencies ?? {});

  it('is a package of the lock file for this platform', () => {
    const node = realpathSync(join(root, 'node_modules/.bin/node'));
    const path = relative(root, dirname(dirname(node)))
      .split(sep)
      .join('/');
    expect(platforms.map((name) => `node_modules/${name}`)).toContain(path);
    expect(lock[path]).toMatchObject({ os: process.platform, cpu: process.arch, optional: true });
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    expect(version).toBe(`v${lock[path]?.version}`);
  });

  it.each(platforms)('%s brings `node` in release line 24, by its hash', (name) => {
    const locked = lock[`node_modules/${name}`];
    expect(locked?.bin?.node).toMatch(/^bin\/node(\.exe)?$/);
    expect(locked?.version).toMatch(/^24\./);
  });
});
