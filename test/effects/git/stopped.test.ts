/** A run that stops waits for no git: whatever is asked, and whichever command of git's does not end. */
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openRepository, type Repository } from '../../../src/effects/git/repository.ts';
import { commitLine, createRepository, git, gitEnv, TemporaryFolder } from './git-repository.ts';

const temporary = new TemporaryFolder();
afterAll(() => temporary.remove());

const begun = join(temporary.path, 'begun');
const bin = temporary.folder('bin');
let dir: string;
let first: string;
let second: string;
let other: string;
beforeAll(() => {
  dir = createRepository(temporary.folder('repository'));
  [first = '', second = ''] = commitLine(dir, 2);
  other = git(dir, ['commit-tree', '-m', 'other', '-p', first, `${first}^{tree}`]);
  git(dir, ['update-ref', 'refs/heads/main', second]);
  git(dir, ['remote', 'add', 'origin', 'https://github.com/acme/web.git']);
  const real = execFileSync('/bin/sh', ['-c', 'command -v git']).toString().trim();
  const script = `#!/bin/sh
case " $* " in *" $HANGS "*)
  if [ -n "$DEAF" ]; then trap '' TERM; fi
  : > "${begun}"
  exec sleep 20 ;;
esac
exec ${real} "$@"
`;
  writeFileSync(join(bin, 'git'), script, { mode: 0o755 });
});

type Ask = (repository: Repository, signal: AbortSignal) => Promise<unknown>;

it.each<[string, string, Ask]>([
  ['head', 'cat-file', (at, signal) => at.head(signal)],
  ['branch', 'symbolic-ref', (at, signal) => at.branch(signal)],
  ['remoteUrl', 'remote', (at, signal) => at.remoteUrl(signal)],
  ['remoteUrl', 'get-url', (at, signal) => at.remoteUrl(signal)],
  ['commit', 'cat-file', (at, signal) => at.commit('main', signal)],
  ['file', 'cat-file', (at, signal) => at.file(second, 'README', signal)],
  ['relation', 'merge-base', (at, signal) => at.relation(first, second, signal)],
  ['relations', 'rev-list', (at, signal) => at.relations(first, [second, other], signal)],
  ['containing', '--batch-check', (at, signal) => at.containing(first, [second], signal)],
  ['containing', 'rev-list', (at, signal) => at.containing(first, [second], signal)],
  ['echoes', 'cat-file', (at, signal) => at.echoes(first, second, signal)],
  ['echoes', 'rev-list', (at, signal) => at.echoes(first, second, signal)],
  ['samePatch', '--parents', (at, signal) => at.samePatch(first, second, signal)],
  ['samePatch', '--count', (at, signal) => at.samePatch(first, second, signal)],
  ['samePatch', '--cherry-mark', (at, signal) => at.samePatch(first, second, signal)],
  [
    'commits',
    'rev-list',
    (at, signal) => at.commits({ base: first, head: second, limit: 9 }, signal),
  ],
  ['committedAt', 'cat-file', (at, signal) => at.committedAt([first], signal)],
  ['changedPaths', 'diff', (at, signal) => at.changedPaths(first, second, signal)],
  ['oddities', 'ls-tree', (at, signal) => at.oddities(second, signal)],
  ['archive', 'ls-tree', (at, signal) => at.archive(second, signal)],
  ['archive', 'cat-file', (at, signal) => at.archive(second, signal)],
])('%s ends at %s with the signal’s reason', async (_, command, ask) => {
  const env = { ...gitEnv, PATH: `${bin}:${gitEnv.PATH}`, HANGS: command };
  const repository = await openRepository(dir, { env });
  const stop = new AbortController();
  const stopped = new Error('the run stops');
  const asked = ask(repository, stop.signal);
  asked.catch(() => {});
  await expect.poll(() => existsSync(begun), { interval: 5, timeout: 10_000 }).toBe(true);
  rmSync(begun);
  stop.abort(stopped);
  await expect(asked).rejects.toBe(stopped);
});

it('a git that hears no SIGTERM is killed five seconds later', async () => {
  const env = { ...gitEnv, PATH: `${bin}:${gitEnv.PATH}`, HANGS: 'cat-file', DEAF: 'yes' };
  const repository = await openRepository(dir, { env });
  const stop = new AbortController();
  const stopped = new Error('the run stops');
  const asked = repository.head(stop.signal);
  asked.catch(() => {});
  await expect.poll(() => existsSync(begun), { interval: 5, timeout: 10_000 }).toBe(true);
  rmSync(begun);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    stop.abort(stopped);
    vi.advanceTimersByTime(4_999);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    vi.advanceTimersByTime(1);
  } finally {
    vi.useRealTimers();
  }
  await expect(asked).rejects.toBe(stopped);
});
