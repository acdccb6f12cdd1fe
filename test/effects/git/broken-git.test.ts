/** A git that fails, floods or refuses: each operation says so in git's own words, and none takes it for an answer. */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRepository, type Repository } from '../../../src/effects/git/repository.ts';
import { hideCredentials, identityOf } from '../../../src/effects/git/settings.ts';
import { surveySource } from '../../../src/effects/git/source.ts';
import { Gate, redact, within } from '../../../src/redaction/gate.ts';
import { failureOf } from '../lockstep-error.ts';
import { commitLine, createRepository, git, gitEnv, TemporaryFolder } from './git-repository.ts';

const temporary = new TemporaryFolder();
afterAll(() => temporary.remove());

let dir: string;
let first: string;
let second: string;
let bin: string;
beforeAll(() => {
  dir = createRepository(temporary.folder('repository'));
  [first = '', second = ''] = commitLine(dir, 2);
  git(dir, ['update-ref', 'refs/heads/main', second]);
  git(dir, ['remote', 'add', 'origin', 'https://github.com/acme/web.git']);
  bin = temporary.folder('bin');
  const real = execFileSync('/bin/sh', ['-c', 'command -v git']).toString().trim();
  const script = `#!/bin/sh
case " $* " in *" $FAILS "*)
  printf '%b' "$SAYS" >&2
  exit 128
esac
# Its remote is on no network of ours.
case " $* " in *' fetch '*) exit 1 ;; esac
exec ${real} "$@"
`;
  writeFileSync(join(bin, 'git'), script);
  chmodSync(join(bin, 'git'), 0o755);
});

const said = 'warning: a file is old\\nfatal: the disk is broken\\nhint: mend it';
const open = (fails: string, says = said) =>
  openRepository(dir, {
    env: { ...gitEnv, PATH: `${bin}:${gitEnv.PATH}`, FAILS: fails, SAYS: says },
  });

describe('a git that fails', () => {
  it.each<[string, string, (repository: Repository) => Promise<unknown>]>([
    ['head', 'cat-file', (repository) => repository.head()],
    ['commit', 'cat-file', (repository) => repository.commit('main')],
    ['file', 'cat-file', (repository) => repository.file(second, 'README')],
    ['committedAt', 'cat-file', (repository) => repository.committedAt([first])],
    ['oddities', 'ls-tree', (repository) => repository.oddities(second)],
    ['archive', 'ls-tree', (repository) => repository.archive(second)],
    [
      'commits',
      'rev-list',
      (repository) => repository.commits({ base: first, head: second, limit: 9 }),
    ],
  ])('is told by %s, which asks %s', async (_, command, ask) => {
    const error = await failureOf(open(command).then(ask));
    expect(error).toMatchObject({
      code: 'E_GIT_FAILED',
      message: `git ${command} failed: fatal: the disk is broken`,
      details: { command, exitCode: 128 },
    });
  });

  it('is told by all that it said where it says neither fatal nor error', async () => {
    const error = await failureOf(
      open('ls-tree', 'something odd').then((at) => at.oddities(second)),
    );
    expect(error.message).toBe('git ls-tree failed: something odd');
  });

  it.each<[string, string, (repository: Repository) => Promise<unknown>]>([
    ['no address of a remote', 'get-url', (repository) => repository.remoteUrl()],
    ['no branch', 'symbolic-ref', (repository) => repository.branch()],
  ])('has told %s', async (_, command, ask) => {
    expect(await open(command).then(ask)).toBeNull();
  });

  it('cannot tell which commits have another', async () => {
    const containing = (fails: string) => open(fails).then((at) => at.containing(first, [second]));
    expect(await containing('nothing')).toEqual({ having: new Set([second]), lacks: null });
    const remedy = 'git fetch --all, then ask again; or ask in a clone that has it.';
    const lacks = { why: 'git cannot tell', remedy };
    expect(await containing('rev-list')).toEqual({ having: new Set(), lacks });
  });

  it('is not asked to count a range that was read whole', async () => {
    const repository = await open('--count');
    const range = { base: null, head: second };
    expect(await repository.commits({ ...range, limit: 9 })).toMatchObject({ total: 2 });
    expect(await failureOf(repository.commits({ ...range, limit: 1 }))).toMatchObject({
      message: 'git rev-list failed: fatal: the disk is broken',
    });
  });

  it('does not know how two commits stand that it cannot compare one way or the other', async () => {
    const side = git(dir, ['commit-tree', '-m', 'aside', '-p', first, `${first}^{tree}`]);
    const relation = (fails: string) => open(fails).then((at) => at.relation(side, second));
    expect(await relation('nothing')).toBe('diverged');
    expect(await relation(`--is-ancestor ${side} ${second}`)).toBe('unknown');
    expect(await relation(`--is-ancestor ${second} ${side}`)).toBe('unknown');
  });

  it('does not know it either where it cannot say whether its history was cut off', async () => {
    const side = git(dir, ['commit-tree', '-m', 'aside', '-p', first, `${first}^{tree}`]);
    const repository = await open('--is-shallow-repository');
    expect(await repository.relation(side, second)).toBe('unknown');
  });

  it('is quoted without secrets', async () => {
    const gate = new Gate();
    gate.hide('a-secret-of-git');
    const error = await within(gate, () =>
      failureOf(open('ls-tree', 'fatal: not by a-secret-of-git').then((at) => at.oddities(second))),
    );
    expect(error.message).toBe('git ls-tree failed: fatal: not by [secret]');
  });

  it('is quoted by as much as fits into a line', async () => {
    const asked = open('ls-tree', 'x'.repeat(100_000)).then((at) => at.oddities(second));
    const { message } = await failureOf(asked);
    expect(message).toMatch(/^git ls-tree failed: x+…$/);
    expect(message).toHaveLength('git ls-tree failed: '.length + 500);
  });
});

it('whatever the surroundings say, git speaks English, asks nobody and leaves the repository alone', async () => {
  const surroundings = {
    ...{ LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8', LANGUAGE: 'de', GIT_TERMINAL_PROMPT: '1' },
    ...{ GIT_OPTIONAL_LOCKS: '1', GIT_FLUSH: '1', GIT_NO_REPLACE_OBJECTS: '', HOME: '/own' },
    ...{ GIT_DIR: '/other', GIT_WORK_TREE: '/other', GIT_INDEX_FILE: '/other/index' },
  };
  const file = join(temporary.path, 'environment');
  const shell = `#!/bin/sh\nenv > "${file}"\n`;
  const own = temporary.folder('printing');
  writeFileSync(join(own, 'git'), shell, { mode: 0o755 });
  const env = { ...surroundings, PATH: `${own}:${gitEnv.PATH}` };
  await openRepository(dir, { env });
  const told = readFileSync(file, 'utf8').trim().split('\n');
  const shown = told.filter((line) => /^(GIT_|LC_|LANG|HOME)/.test(line)).toSorted();
  expect(shown).toEqual([
    ...['GIT_FLUSH=0', 'GIT_GRAFT_FILE=/dev/null', 'GIT_NO_REPLACE_OBJECTS=1'],
    ...['GIT_OPTIONAL_LOCKS=0', 'GIT_TERMINAL_PROMPT=0'],
    ...['HOME=/own', 'LANG=de_DE.UTF-8', 'LC_ALL=C'],
  ]);
});

it('E_REPOSITORY_NOT_TRUSTED: somebody else owns the folder', async () => {
  const says = "fatal: detected dubious ownership in repository at '/somewhere'";
  const error = await failureOf(open('rev-parse', says));
  expect(error).toMatchObject({
    code: 'E_REPOSITORY_NOT_TRUSTED',
    message: `git refuses ${dir}: somebody else owns it`,
    hint: `If that is meant: git config --global --add safe.directory '${dir}'`,
  });
});

it('E_NOT_A_REPOSITORY: git says anything else of it', async () => {
  const { code, hint } = await failureOf(open('rev-parse', 'fatal: not a git repository'));
  expect({ code, hint }).toEqual({
    code: 'E_NOT_A_REPOSITORY',
    hint: 'Run this in a checkout of the repository that is deployed: its history decides what may ship.',
  });
});

it('a path with a line end or a NUL is no file, though one begins like it', async () => {
  const blob = git(dir, ['hash-object', '-w', '--stdin'], 'text');
  const tree = git(dir, ['mktree'], `100644 blob ${blob}\tREADME\n`);
  const commit = git(dir, ['commit-tree', '-m', 'with a file', tree]);
  const repository = await openRepository(dir, { env: gitEnv });
  expect((await repository.file(commit, 'README'))?.toString()).toBe('text');
  for (const path of [`README\n${commit}:README`, 'README\0', 'README\n']) {
    expect(await repository.file(commit, path)).toBeNull();
  }
  const above = git(dir, ['mktree'], `040000 tree ${tree}\tdocs\n`);
  const nested = git(dir, ['commit-tree', '-m', 'with a folder', above]);
  expect((await repository.file(nested, 'docs/README'))?.toString()).toBe('text');
  expect(await repository.file(nested, 'docs')).toBeNull();
});

it('of several remotes, none of which is called origin, none is taken', async () => {
  const own = createRepository(temporary.folder('remotes'));
  git(own, ['remote', 'add', 'fork', 'https://github.com/ana/web.git']);
  const { remoteUrl } = await openRepository(own, { env: gitEnv });
  expect(await remoteUrl()).toBe('https://github.com/ana/web.git');
  git(own, ['remote', 'add', 'upstream', 'https://github.com/acme/web.git']);
  expect(await remoteUrl()).toBeNull();
});

it('of git’s settings the last one counts, as in git', () => {
  const named = (name: string, email: string) => [
    { name: 'user.name', value: name },
    { name: 'user.email', value: email },
  ];
  expect(identityOf([...named('All', 'all@acme.test'), ...named('Ana', 'ana@acme.test')])).toBe(
    'Ana <ana@acme.test>',
  );
});

it('a password in an address that stands for another is masked', () => {
  within(new Gate(), () => {
    const name = 'url.https://x-token:ghs_hidden1234@github.com/.insteadof';
    hideCredentials([{ name, value: 'https://github.com/' }]);
    expect(redact('a ghs_hidden1234 b')).toBe('a [secret] b');
  });
});

it('attributes are read in a file of any size, and pointers wherever they stand among many files', async () => {
  const id = (place: number) => place.toString(16).padStart(40, '0');
  const pointer = 'version https://git-lfs.github.com/spec/v1\n';
  const attributes = `${'# a comment\n'.repeat(200)}docs export-ignore # not shipped\n`;
  const contentOf = (place: number) => (place === 4_000 ? pointer : place === 0 ? attributes : 'x');
  const entries = Array.from({ length: 4_001 }, (_, place) => ({
    ...{ kind: 'file' as const, isExecutable: false, id: id(place) },
    size: contentOf(place).length,
    path: Buffer.from(place === 0 ? '.gitattributes' : `f${place}`),
  }));
  const git = async (_: unknown, { input = '' } = {}) => {
    const said = input.split('\n').flatMap((line) => {
      if (line === '') return [];
      const content = contentOf(Number.parseInt(line, 16));
      return [`${line} blob ${content.length}\n${content}\n`];
    });
    return { code: 0, stdout: Buffer.from(said.join('')), stderr: '' };
  };
  const known = { trees: new Map([[first, entries]]) };
  expect(await surveySource({ git, known } as never, first, undefined)).toEqual({
    ...{ submodules: [], lfs: ['f4000'], exports: ['.gitattributes:201'] },
  });
});

it.each<[Record<string, string>, string | null]>([
  [{ 'user.name': 'Ana', 'user.email': 'ana@acme.test' }, 'Ana <ana@acme.test>'],
  [{ 'user.name': ' Ana ' }, 'Ana'],
  [{ 'user.email': 'ana@acme.test' }, 'ana@acme.test'],
  [{ 'user.name': ' ', 'user.email': 'ana@acme.test' }, 'ana@acme.test'],
  [{}, null],
])('who works here is read from git’s configuration: %j', async (settings, identity) => {
  const own = createRepository(temporary.folder(`of ${identity} ${settings['user.name']}`));
  for (const [name, value] of Object.entries(settings)) git(own, ['config', name, value]);
  expect((await openRepository(own, { env: gitEnv })).identity).toBe(identity);
});

it.each([
  ['a header with a name and a password', 'AUTHORIZATION: basic', btoa('x-token:ghs_hidden1234')],
  ['the same in other letters', 'authorization: BASIC', btoa('x-token:ghs_hidden1234')],
  ['a header with a token', 'Authorization: Bearer', 'ghs_hidden1234'],
])(
  'what a checkout left in git’s configuration is masked from then on: %s',
  async (_, scheme, secret) => {
    const own = createRepository(temporary.folder(scheme));
    git(own, ['config', 'http.https://github.com/.extraheader', `${scheme} ${secret}`]);
    await within(new Gate(), async () => {
      expect(redact('ghs_hidden1234')).toBe('ghs_hidden1234');
      await openRepository(own, { env: gitEnv });
      for (const shown of ['ghs_hidden1234', secret])
        expect(redact(`a ${shown} b`)).not.toContain(shown);
    });
  },
);
