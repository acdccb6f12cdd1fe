/** Real git repositories for the tests: made in a temporary folder, in a world without anybody's configuration. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Commits made with this are the same every time. */
export const gitEnv = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_AUTHOR_DATE: '2026-01-05T09:00:00Z',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
  GIT_COMMITTER_DATE: '2026-01-05T10:00:00Z',
};

export class TemporaryFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'lockstep-git-'));

  folder(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Runs git and gives its output without the line end. */
export function git(dir: string, args: readonly string[], input: string | Uint8Array = ''): string {
  const command = ['-C', dir, '-c', 'protocol.file.allow=always', ...args];
  return execFileSync('git', command, { input, env: gitEnv, stdio: ['pipe', 'pipe', 'pipe'] })
    .toString('utf8')
    .trim();
}

/** An empty repository on `main`. */
export function createRepository(dir: string): string {
  git(dir, ['init', '--quiet', '--initial-branch=main']);
  return dir;
}

/** A commit with this message to the byte, and these parents; on no branch. */
export function commitTree(
  dir: string,
  message: string | Uint8Array,
  parents: readonly string[] = [],
): string {
  const head = [
    `tree ${emptyTree(dir)}`,
    ...parents.map((parent) => `parent ${parent}`),
    'author Ada <ada@example.com> 1767603600 +0000',
    'committer Ada <ada@example.com> 1767607200 +0000',
    '\n',
  ].join('\n');
  const content = Buffer.concat([Buffer.from(head), Buffer.from(message)]);
  return git(dir, ['hash-object', '-t', 'commit', '-w', '--stdin'], content);
}

const emptyTrees = new Map<string, string>();

function emptyTree(dir: string): string {
  const tree = emptyTrees.get(dir) ?? git(dir, ['mktree']);
  emptyTrees.set(dir, tree);
  return tree;
}

/** A line of commits `1`, `2`, … on top of `parent`; oldest first. */
export function commitLine(dir: string, count: number, parent?: string, name = ''): string[] {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  return commitsOf(
    dir,
    numbers.map((number) => `${name}${number}\n`),
    parent,
  );
}

/** A line of commits with these messages to the byte, by one process for all of them; oldest first. */
export function commitsOf(
  dir: string,
  messages: readonly (string | Uint8Array)[],
  parent?: string,
): string[] {
  const stream = messages.flatMap((message, at) => {
    const bytes = Buffer.from(message);
    const head = [
      `commit refs/fixture/line\nmark :${at + 1}`,
      'author Ada <ada@example.com> 1767603600 +0000',
      'committer Ada <ada@example.com> 1767607200 +0000',
      `data ${bytes.length}\n`,
    ].join('\n');
    const from = at === 0 && parent !== undefined ? `from ${parent}\n` : '';
    return [Buffer.from(head), bytes, Buffer.from(`\n${from}get-mark :${at + 1}\n`)];
  });
  const left = 'reset refs/fixture/line\nfrom 0000000000000000000000000000000000000000\n';
  const input = Buffer.concat([...stream, Buffer.from(left)]);
  return git(dir, ['fast-import', '--quiet', '--force'], input).split('\n');
}

export function setBranch(dir: string, branch: string, sha: string): void {
  git(dir, ['update-ref', `refs/heads/${branch}`, sha]);
}

export function writeFile(dir: string, name: string, content: string): void {
  mkdirSync(join(dir, name, '..'), { recursive: true });
  writeFileSync(join(dir, name), content);
}
