/** What a set-up reads out of a repository. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readFacts, webUrlOf } from '../../../src/cli/setup/facts.ts';
import { openRepository } from '../../../src/effects/git/repository.ts';

let folder: string | null = null;
afterEach(() => {
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
});

async function read(files: Readonly<Record<string, string>>, remote: string | null = null) {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-facts-'));
  const git = (...args: string[]) => execFileSync('git', ['-C', folder ?? '', ...args]);
  git('init', '--quiet', '--template=', '--initial-branch=trunk');
  if (remote !== null) git('remote', 'add', 'origin', remote);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return readFacts(await openRepository(folder), { PATH: process.env.PATH });
}

describe('a repository', () => {
  it('of Rails tells its health, its release phase and its tests', async () => {
    const facts = await read(
      {
        Gemfile: "gem 'rails'",
        'config/routes.rb':
          '# get "no" => "rails/health#show"\n  get "/ok/up" => "rails/health#show", as: :x\n',
        '.lockstep/package.json': '{"dependencies":{"lockstep":"file:lockstep.tgz"}}',
        '.circleci/config.yml': 'version: 2.1\n',
      },
      'git@github.com:acme/web.git',
    );
    expect(facts).toMatchObject({
      name: 'web',
      webUrl: 'https://github.com/acme/web',
      defaultBranch: null,
      checkedOut: 'trunk',
      hasCommits: false,
      isShallow: false,
      healthPath: '/ok/up',
      language: 'ruby',
      installed: 'folder',
      circleci: { text: 'version: 2.1\n' },
    });
  });

  it('of Node, and one with nothing in it', async () => {
    const files = {
      'package.json': '{"scripts":{"test":"vitest"},"devDependencies":{"lockstep":"1"}}',
      '.github/workflows/b.yaml': 'on: push\n',
      '.github/workflows/a.yml': 'x: 1\n',
      '.github/workflows/README.md': '',
    };
    expect(await read(files)).toMatchObject({
      language: 'node',
      installed: 'package',
      healthPath: '/',
      workflows: [{ path: '.github/workflows/a.yml' }, { path: '.github/workflows/b.yaml' }],
    });
    rmSync(folder ?? '', { recursive: true });
    expect(await read({ 'package.json': 'no JSON' })).toMatchObject({
      name: expect.stringMatching(/^lockstep-facts-/),
      webUrl: null,
      language: null,
      installed: null,
      gitignore: null,
    });
  });
});

describe('a remote’s address', () => {
  it.each([
    ['git@github.com:acme/web.git', 'https://github.com/acme/web'],
    ['https://github.com/acme/web', 'https://github.com/acme/web'],
    ['ssh://git@git.acme.test:2222/group/sub/web.git/', 'https://git.acme.test/group/sub/web'],
    ['/srv/git/web.git', null],
    ['file:///srv/web', null],
    [null, null],
  ])('%s', (remote, url) => {
    expect(webUrlOf(remote)).toBe(url);
  });
});
