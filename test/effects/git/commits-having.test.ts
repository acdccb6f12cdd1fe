/** Which commits have one, in whole and in shallow clones; and which undo it or repeat it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRepository } from '../../../src/effects/git/repository.ts';
import { createRepository, git, gitEnv, TemporaryFolder, writeFile } from './git-repository.ts';

const temporary = new TemporaryFolder();
afterAll(() => temporary.remove());

let dir: string;
let shas: Record<'root' | 'feature' | 'main' | 'merge' | 'last' | 'beside', string>;

function commit(name: string, message = name): string {
  writeFile(dir, `${name}.txt`, `${name}\n`);
  git(dir, ['add', '.']);
  git(dir, ['commit', '--quiet', '--message', message]);
  return git(dir, ['rev-parse', 'HEAD']);
}

beforeAll(() => {
  dir = createRepository(temporary.folder('origin'));
  const root = commit('root');
  git(dir, ['checkout', '--quiet', '-b', 'feature']);
  const feature = commit('feature', 'Greet people (#12)');
  git(dir, ['checkout', '--quiet', 'main']);
  const main = commit('main');
  git(dir, ['merge', '--quiet', '--no-ff', '--message', 'Merge it', 'feature']);
  const merge = git(dir, ['rev-parse', 'HEAD']);
  const last = commit('last');
  git(dir, ['checkout', '--quiet', '-b', 'beside', root]);
  const beside = commit('beside');
  git(dir, ['checkout', '--quiet', 'main']);
  shas = { root, feature, main, merge, last, beside };
});

const fetchAll = 'git fetch --all, then ask again; or ask in a clone that has it.';
const open = (folder = dir) => openRepository(folder, { env: gitEnv });
const named = (found: ReadonlySet<string>) =>
  Object.entries(shas).flatMap(([name, sha]) => (found.has(sha) ? [name] : []));

describe('of many commits those that have one', () => {
  it.each([
    ['root', ['root', 'feature', 'main', 'merge', 'last', 'beside']],
    ['feature', ['feature', 'merge', 'last']],
    ['main', ['main', 'merge', 'last']],
    ['last', ['last']],
    ['beside', ['beside']],
  ] as const)('%s', async (name, having) => {
    const found = await (await open()).containing(shas[name], Object.values(shas));
    expect([named(found.having), found.lacks]).toEqual([having, null]);
  });

  it('are told of a commit that the clone does not have, and of a candidate that it does not have', async () => {
    const repository = await open();
    const unknown = await repository.containing('e'.repeat(40), [shas.last]);
    expect(unknown).toEqual({
      having: new Set(),
      lacks: { why: 'this clone does not have commit eeeeeeee', remedy: fetchAll },
    });
    const candidates = await repository.containing(shas.main, [shas.last, 'e'.repeat(40)]);
    expect(named(candidates.having)).toEqual(['last']);
    expect(candidates.lacks).toEqual({
      why: 'this clone does not have a commit that deploys were of',
      remedy: fetchAll,
    });
    // What it says can be done.
    git(dir, ['fetch', '--all']);
  });

  it('of a shallow clone are fetched; without a remote, what is missing is said', async () => {
    const shallow = temporary.folder('shallow');
    git(temporary.path, ['clone', '--quiet', '--depth=1', `file://${dir}`, shallow]);
    const cut = join(temporary.path, 'cut');
    git(temporary.path, ['clone', '--quiet', '--depth=1', `file://${dir}`, cut]);
    const alone = join(temporary.path, 'alone');
    git(temporary.path, ['clone', '--quiet', '--depth=1', `file://${dir}`, alone]);
    git(alone, ['fetch', '--quiet', '--depth=1', 'origin', shas.feature]);
    for (const one of [cut, alone]) git(one, ['remote', 'remove', 'origin']);
    // All of them are there, and the way from one to the other is not.
    const apart = await (await open(alone)).containing(shas.feature, [shas.last]);
    expect([named(apart.having), apart.lacks?.why]).toEqual([[], 'this clone is a shallow one']);
    rmSync(alone, { recursive: true });
    const without = await (await open(cut)).containing(shas.feature, [shas.last, shas.root]);
    expect([named(without.having), without.lacks]).toEqual([
      [],
      {
        why: `this clone does not have commit ${shas.feature.slice(0, 8)}`,
        remedy: 'git fetch --unshallow, then ask again.',
      },
    ]);
    const found = await (await open(shallow)).containing(shas.feature, [shas.last, shas.root]);
    expect(named(found.having)).toEqual(['last']);
    rmSync(cut, { recursive: true });
  });
});

describe('commits that undo another or repeat it', () => {
  const echoes = async (of: string, head: string) => {
    const repository = await open();
    const said = await repository.echoes(of, head);
    const same = said.length === 0 ? await repository.samePatch(of, head) : null;
    return (same === null ? said : [same]).map(({ kind, sha }) => ({ kind, sha }));
  };

  it('are found by what they say, and by their patch', async () => {
    git(dir, ['checkout', '--quiet', '-B', 'echoes', shas.last]);
    expect(await echoes(shas.main, shas.last)).toEqual([]);
    git(dir, ['revert', '--no-edit', shas.main]);
    const revert = git(dir, ['rev-parse', 'HEAD']);
    expect(await echoes(shas.main, revert)).toEqual([{ kind: 'revert', sha: revert }]);
    // Of a pull request, by its number.
    const byNumber = commit('by-number', 'Revert "Greet people"\n\nReverts acme/web#12');
    expect(await echoes(shas.feature, byNumber)).toEqual([{ kind: 'revert', sha: byNumber }]);
    git(dir, ['cherry-pick', '-x', shas.beside]);
    const told = git(dir, ['rev-parse', 'HEAD']);
    expect(await echoes(shas.beside, told)).toEqual([{ kind: 'pick', sha: told }]);
    // Without -x, nothing but the patch is the same.
    git(dir, ['checkout', '--quiet', '-B', 'silent', shas.last]);
    commit('another');
    git(dir, ['cherry-pick', shas.beside]);
    const silent = git(dir, ['rev-parse', 'HEAD']);
    commit('behind it');
    expect(await echoes(shas.beside, git(dir, ['rev-parse', 'HEAD']))).toEqual([
      { kind: 'pick', sha: silent },
    ]);
    expect(await echoes(shas.beside, shas.last)).toEqual([]);
    // What was picked is the one commit, and not the next one on the same branch.
    git(dir, ['checkout', '--quiet', '-B', 'next', shas.beside]);
    expect(await echoes(commit('next to it'), silent)).toEqual([]);
  });

  it('by their patch are looked for where both are near, and git stops where they are not', async () => {
    const trace = join(temporary.path, 'trace');
    const traced = await openRepository(dir, { env: { ...gitEnv, GIT_TRACE2_EVENT: trace } });
    const near = grow('near', 'silent', 1_990);
    expect(await traced.samePatch(shas.beside, near)).toMatchObject({ kind: 'pick' });
    rmSync(trace);
    const far = grow('far', 'near', 20);
    expect(await traced.samePatch(shas.beside, far)).toBeNull();
    const started = readFileSync(trace, 'utf8').split('\n').filter(Boolean).map(parsed);
    const walks = started.flatMap(({ event, argv }) =>
      event === 'start' && argv.includes('rev-list') ? [argv.join(' ')] : [],
    );
    expect(walks).toEqual([expect.stringContaining('--max-count=2001')]);
  });

  it('are asked for once, and again when more of the history is here', async () => {
    git(dir, ['checkout', '--quiet', '-B', 'long', shas.last]);
    git(dir, ['revert', '--no-edit', shas.main]);
    const revert = git(dir, ['rev-parse', 'HEAD']);
    const head = grow('long', 'long', 60);
    const shallow = temporary.folder('cut-short');
    const only = ['--depth=1', '--branch=long'];
    git(temporary.path, ['clone', '--quiet', ...only, `file://${dir}`, shallow]);
    git(shallow, ['fetch', '--quiet', '--depth=1', 'origin', shas.main]);
    const repository = await open(shallow);
    expect(await repository.echoes(shas.main, head)).toEqual([]);
    expect((await repository.containing(shas.main, [head])).having).toContain(head);
    const again = await repository.echoes(shas.main, head);
    expect(again).toMatchObject([{ kind: 'revert', sha: revert }]);
    expect(await repository.echoes(shas.main, head)).toBe(again);
  });

  it('are none of a commit that the clone does not have', async () => {
    expect(await echoes('e'.repeat(40), shas.last)).toEqual([]);
  });

  it('by their patch are not looked for through a long history that was merged in', async () => {
    const trace = join(temporary.path, 'trace-of-merged');
    const traced = await openRepository(dir, { env: { ...gitEnv, GIT_TRACE2_EVENT: trace } });
    const others = Array.from({ length: 2_010 }, (_, n) => ({
      at: 946_684_800 + n,
      message: 'Old',
    }));
    const other = write('other', null, others);
    const [tree, tip] = git(dir, ['rev-parse', 'silent^{tree}', 'silent']).split('\n');
    const parents = [tip, other].flatMap((parent) => ['-p', parent ?? '']);
    const merged = git(dir, ['commit-tree', tree ?? '', ...parents, '-m', 'Merge the other one']);
    expect(await traced.samePatch(shas.beside, merged)).toBeNull();
    expect(readFileSync(trace, 'utf8')).not.toContain('--cherry-mark');
  });

  const year = 31_557_600;
  it.each([
    ['years before', -56 * year],
    ['two days before', -2 * 86_400],
    ['no time after', 0],
    ['years after', 60 * year],
  ])('are found whatever the clock said of what came behind them: %s', async (_, skew) => {
    const at = Number(git(dir, ['log', '-1', '--format=%ct', shas.main]));
    const head = write('skewed', shas.last, [
      { at: at + 60, message: `Undo\n\nThis reverts commit ${shas.main}.` },
      { at: at + skew, message: 'Written on another machine' },
      { at: at + 120, message: 'More' },
    ]);
    const revert = git(dir, ['rev-parse', `${head}~2`]);
    expect(await echoes(shas.main, head)).toEqual([{ kind: 'revert', sha: revert }]);
  });

  it.each([-56 * year, 60 * year])(
    'are found of a commit whose own clock was %d s off',
    async (skew) => {
      const at = Number(git(dir, ['log', '-1', '--format=%ct', shas.last])) + 60;
      const off = write('off', shas.last, [{ at: at + skew, message: 'Made' }]);
      const head = write('off', off, [
        { at, message: `Undo\n\nThis reverts commit ${off}.` },
        { at: at + 60, message: 'More' },
      ]);
      const revert = git(dir, ['rev-parse', `${head}~1`]);
      expect(await echoes(off, head)).toEqual([{ kind: 'revert', sha: revert }]);
    },
  );

  const parsed = (line: string): { event: string; argv: string[] } => JSON.parse(line);

  /** So many commits upon a branch. @returns the last one */
  function grow(branch: string, upon: string, count: number): string {
    const at = Math.floor(Date.now() / 1_000);
    const message = 'More';
    return write(
      branch,
      upon,
      Array.from({ length: count }, (_, n) => ({ at: at + n, message })),
    );
  }

  /** Commits with the times that their committers' clocks had, in seconds. @returns the last one */
  function write(
    branch: string,
    upon: string | null,
    all: readonly { readonly at: number; readonly message: string }[],
  ): string {
    const from = upon === null ? '' : `from ${git(dir, ['rev-parse', upon])}\n`;
    const commits = all.map(
      ({ at, message }, n) =>
        `commit refs/heads/${branch}\ncommitter Ana Lima <ana@acme.test> ${at} +0000\ndata ${message.length}\n${message}\n${n === 0 ? from : ''}\n`,
    );
    execFileSync('git', ['-C', dir, 'fast-import', '--quiet', '--force'], {
      input: commits.join(''),
      env: gitEnv,
    });
    return git(dir, ['rev-parse', branch]);
  }
});
