/** A repository's commits come whole, their order is told right or not at all, and nothing in them is run. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRepository, type RepositoryOptions } from '../../../src/effects/git/repository.ts';
import { LockstepError, UsageError } from '../../../src/errors/error.ts';
import type { Relation } from '../../../src/machine/lane.ts';
import { codePoint, fc } from '../../fast-check.ts';
import {
  commitLine,
  commitsOf,
  commitTree,
  createRepository,
  git,
  gitEnv,
  setBranch,
  TemporaryFolder,
  writeFile,
} from './git-repository.ts';

const temporary = new TemporaryFolder();
afterAll(() => temporary.remove());

let folders = 0;
const newFolder = () => temporary.folder(`repository-${++folders}`);
const newRepository = () => createRepository(newFolder());
const open = (dir: string, options: RepositoryOptions = {}) =>
  openRepository(dir, { env: gitEnv, ...options });

/** A clone over the file protocol, which packs and cuts as a server does. */
function clone(from: string, ...options: string[]): string {
  const dir = newFolder();
  git(temporary.path, ['clone', '--quiet', ...options, `file://${from}`, dir]);
  return dir;
}

const at = (shas: readonly string[], index: number): string => {
  const sha = shas.at(index);
  if (sha === undefined) throw new Error(`no commit ${index}`);
  return sha;
};

describe('opening', () => {
  it('a folder that is in no repository is refused with what to do', async () => {
    const refused = await open(newFolder()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect(refused).toMatchObject({ code: 'E_NOT_A_REPOSITORY', hint: expect.any(String) });
  });

  it('a folder that does not exist is refused the same way', async () => {
    await expect(open(join(temporary.path, 'nowhere'))).rejects.toMatchObject({
      code: 'E_NOT_A_REPOSITORY',
    });
  });

  it('a machine without git says so', async () => {
    const env = { ...gitEnv, PATH: newFolder() };
    await expect(open(newRepository(), { env })).rejects.toMatchObject({ code: 'E_GIT_MISSING' });
  });

  it('the folder counts, not a GIT_DIR that a hook left in the environment', async () => {
    const [dir, other] = [newRepository(), newRepository()];
    const [sha] = commitLine(dir, 1);
    setBranch(dir, 'main', sha ?? '');
    const repository = await open(dir, { env: { ...gitEnv, GIT_DIR: join(other, '.git') } });
    expect(await repository.head()).toBe(sha);
  });

  it('a repository without a commit has no head', async () => {
    const repository = await open(newRepository());
    await expect(repository.head()).rejects.toMatchObject({ code: 'E_COMMIT_UNKNOWN' });
    expect(await repository.branch()).toBe('main');
  });

  it('the branch is known on a branch and null on a detached head', async () => {
    const dir = newRepository();
    setBranch(dir, 'main', at(commitLine(dir, 1), 0));
    const repository = await open(dir);
    expect(await repository.branch()).toBe('main');
    git(dir, ['checkout', '--quiet', '--detach']);
    expect(await repository.branch()).toBeNull();
  });

  it("the remote's URL is told without its credentials", async () => {
    const dir = newRepository();
    const repository = await open(dir);
    expect(await repository.remoteUrl()).toBeNull();
    git(dir, ['remote', 'add', 'origin', 'https://x-access-token:s3cret@github.com/acme/web.git']);
    expect(await repository.remoteUrl()).toBe('https://github.com/acme/web.git');
  });

  it('an aborted signal ends a command with its reason', async () => {
    const repository = await open(newRepository());
    const reason = new Error('enough');
    await expect(repository.head(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('a commit', () => {
  const hostile: Record<string, string | Uint8Array> = {
    'quotes and backticks': 'Fix "it\'s" `broken`\n\n$(touch owned) $HOME `id`\n',
    'percent signs': '100% %x00 %H %s\n\n%b%n\n',
    'an option': '--upload-pack=touch owned\n\n-x\n--help\n',
    'mentions and control characters': '<!channel> <@U1> \u001b[31mred\u0007\n\n::error::x\n',
    emoji: '🚀 Ship it 👩‍👩‍👧‍👦\n\nZażółć gęślą jaźń\n',
    'a long title': `${'x'.repeat(10_000)}\n`,
    'a long body': `Title\n\n${'line of text\n'.repeat(1_000)}`,
    'Windows line ends': 'Title\r\n\r\nfirst\r\nsecond\r\n',
    'a title of two lines': 'First line\nsecond line\n\nbody\n',
    'only a title': 'Title',
    'leading blank lines': '\n \n\nTitle\n\n  indented\n',
    'a trailer': 'Title\n\nBody\n\nCo-authored-by: Bob <bob@example.com>\n',
    'a byte order mark': '\u{FEFF}Title\n',
  };
  let dir: string;
  beforeAll(() => {
    dir = newRepository();
  });

  for (const [what, message] of Object.entries(hostile)) {
    it(`comes whole with ${what} in its message`, async () => {
      const sha = commitTree(dir, message);
      const { title, body } = await (await open(dir)).commit(sha);
      expect(title).not.toMatch(/\n/);
      expect(`${title}\n${body}`.replaceAll(/\s/g, '')).toBe(String(message).replaceAll(/\s/g, ''));
      expect(message).toContain(title);
      expect(message).toContain(body);
      expect(existsSync(join(dir, 'owned'))).toBe(false);
    });
  }

  it('has a title of one line, and a body without the blank lines around it', async () => {
    const sha = commitTree(dir, '\nTitle  \n\n\n  first\r\n\r\nlast\n\n');
    const repository = await open(dir);
    expect(await repository.commit(sha)).toEqual({
      sha,
      title: 'Title',
      body: '  first\r\n\r\nlast',
      author: 'Ada',
      email: 'ada@example.com',
      date: '2026-01-05T10:00:00.000Z',
    });
  });

  it('with an empty message has an empty title and body', async () => {
    for (const message of ['', '\n', ' \n\n\t\n']) {
      const commit = await (await open(dir)).commit(commitTree(dir, message));
      expect(commit).toMatchObject({ title: '', body: '' });
    }
  });

  it('has U+FFFD where bytes are not UTF-8, and for a NUL', async () => {
    const message = Buffer.from([0x61, 0xff, 0x62, 0x0a, 0x0a, 0xe2, 0x82, 0x0a, 0x63, 0x00, 0x64]);
    const commit = await (await open(dir)).commit(commitTree(dir, message));
    expect(commit).toMatchObject({ title: 'a\u{FFFD}b', body: '\u{FFFD}\nc\u{FFFD}d' });
  });

  it('is read in the encoding that it names', async () => {
    const message = Buffer.from('Caf\xe9 \xfcber\n', 'latin1');
    git(dir, ['config', 'i18n.commitEncoding', 'ISO-8859-1']);
    const sha = git(dir, ['commit-tree', git(dir, ['mktree'])], message);
    git(dir, ['config', '--unset', 'i18n.commitEncoding']);
    expect(await (await open(dir)).commit(sha)).toMatchObject({ title: 'Café über' });
  });

  it('is signed, and its message still begins after the signature', async () => {
    const raw = [
      `tree ${git(dir, ['mktree'])}`,
      'author A <B> C <a@example.com> 1767603600 +0000',
      'committer Ada <ada@example.com> 1767607200 +0000',
      'gpgsig -----BEGIN PGP SIGNATURE-----',
      ' ',
      ' author Mallory <m@example.com> 1 +0000',
      ' -----END PGP SIGNATURE-----',
      '',
      'Title',
    ].join('\n');
    const sha = git(dir, ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], raw);
    expect(await (await open(dir)).commit(sha)).toMatchObject({ title: 'Title', body: '' });
  });

  it('is found by branch, tag and short id', async () => {
    const sha = commitTree(dir, 'named');
    setBranch(dir, 'topic/one', sha);
    git(dir, ['tag', '-a', '-m', 'a tag', 'v1', sha]);
    const repository = await open(dir);
    for (const name of ['topic/one', 'v1', sha.slice(0, 12), sha]) {
      expect(await repository.commit(name)).toMatchObject({ sha });
    }
  });

  it('that does not exist is refused, whatever its name looks like', async () => {
    const repository = await open(dir);
    const tree = git(dir, ['mktree']);
    const ofTheClone = ['@{u}', '@{push}', 'HEAD@{99}', 'nope@{u}', '@{-9}', '@{'];
    const names = [
      ...['', 'nope', '--help', '-', 'a\nb', '\0', tree, '0'.repeat(40), '$(touch owned)'],
      ...ofTheClone,
    ];
    for (const name of names) {
      await expect(repository.commit(name), name).rejects.toMatchObject({
        code: 'E_COMMIT_UNKNOWN',
      });
    }
    expect(existsSync(join(dir, 'owned'))).toBe(false);
  });

  it('has any message whole: the bytes that it was made of are all there', async () => {
    const repository = await open(dir);
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: codePoint, maxLength: 200 }).map((text) => Buffer.from(text)),
      fc
        .constantFrom('\r\n', ' ', '\n', '\t')
        .chain((blank) =>
          fc
            .array(fc.constantFrom(blank, 'word', '\n'), { maxLength: 30 })
            .map((parts) => Buffer.from(parts.join(''))),
        ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 8 }), async (messages) => {
        const shas = commitsOf(dir, messages);
        const head = at(shas, -1);
        const { commits, total } = await repository.commits({ base: null, head, limit: 100 });
        expect(total).toBe(messages.length);
        expect(commits.map(({ sha }) => sha)).toEqual(shas);
        const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
        const ends = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;
        for (const [index, { title, body }] of commits.entries()) {
          const text = decoder.decode(messages[index]).replaceAll('\0', '\u{FFFD}');
          const [first = '', ...rest] = text.replace(/^(?:[ \t\v\f\r]*\n)+/, '').split('\n');
          expect(title).toBe(first.replace(/[ \t\v\f\r]+$/, ''));
          expect(body.replace(ends, '')).toBe(rest.join('\n').replace(ends, ''));
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('how two commits are related', () => {
  it('is told by ancestry: same, ahead, behind, diverged', async () => {
    const dir = newRepository();
    const main = commitLine(dir, 4);
    const side = commitTree(dir, 'side', [at(main, 1)]);
    const merge = commitTree(dir, 'merge', [at(main, 3), side]);
    const repository = await open(dir);
    expect(await repository.relation(at(main, 1), at(main, 1))).toBe('same');
    expect(await repository.relation(at(main, 0), at(main, 3))).toBe('ahead');
    expect(await repository.relation(at(main, 3), at(main, 0))).toBe('behind');
    expect(await repository.relation(side, at(main, 3))).toBe('diverged');
    expect(await repository.relation(side, merge)).toBe('ahead');
    expect(await repository.relation(merge, side)).toBe('behind');
  });

  it('is the same whether they are asked for one by one or at once', async () => {
    const dir = newRepository();
    const main = commitLine(dir, 3);
    const side = commitTree(dir, 'side', [at(main, 1)]);
    const merge = commitTree(dir, 'merge', [at(main, 2), side]);
    const all = [...main, side, merge, commitTree(dir, 'another root'), '0'.repeat(40), 'main'];
    for (const base of [at(main, 1), side, merge]) {
      const one = await open(dir);
      const each: Relation[] = [];
      for (const head of all) each.push(await one.relation(base, head));
      expect(await (await open(dir)).relations(base, all), base).toEqual(each);
    }
  });

  it('is asked of git once for fifty on one line', async () => {
    const dir = newRepository();
    const main = commitLine(dir, 50);
    const told = join(dir, 'told');
    const repository = await openRepository(dir, { env: { ...gitEnv, GIT_TRACE: told } });
    const before = readFileSync(told, 'utf8').split('built-in: git').length;
    const relations = await repository.relations(at(main, 20), main);
    expect(relations).toEqual(
      main.map((_, n) => (n < 20 ? 'behind' : n === 20 ? 'same' : 'ahead')),
    );
    expect(readFileSync(told, 'utf8').split('built-in: git').length - before).toBe(1);
  });

  it('is diverged after a force-push and between unrelated histories', async () => {
    const dir = newRepository();
    const before = commitLine(dir, 3);
    const after = commitTree(dir, 'rewritten', [at(before, 1)]);
    const unrelated = commitTree(dir, 'another root');
    const repository = await open(dir);
    expect(await repository.relation(at(before, 2), after)).toBe('diverged');
    expect(await repository.relation(unrelated, after)).toBe('diverged');
  });

  it('is unknown where a commit cannot be had, or is no full id', async () => {
    const dir = newRepository();
    const sha = at(commitLine(dir, 1), 0);
    const repository = await open(dir);
    for (const name of ['f'.repeat(40), 'unknown', '', sha.slice(0, 12), '--all', 'main']) {
      expect(await repository.relation(name, sha)).toBe('unknown');
      expect(await repository.relation(sha, name)).toBe('unknown');
    }
  });

  it('is what the commits say, whatever a graft or a replacement on one machine pretends', async () => {
    const dir = newRepository();
    const main = commitLine(dir, 2);
    const other = commitTree(dir, 'other');
    git(dir, ['replace', '--graft', other, at(main, 1)]);
    writeFileSync(join(dir, '.git/info/grafts'), `${at(main, 0)} ${other}\n`);
    const repository = await open(dir);
    expect(await repository.relation(at(main, 1), other)).toBe('diverged');
    expect(await repository.relation(other, at(main, 1))).toBe('diverged');
  });

  describe('in a clone of one commit', () => {
    let origin: string;
    let main: string[];
    beforeAll(() => {
      origin = newRepository();
      main = commitLine(origin, 620);
      setBranch(origin, 'main', at(main, -1));
    });

    it('is found by deepening it', async () => {
      for (const back of [2, 40, 300, 619]) {
        const repository = await open(clone(origin, '--depth=1'));
        expect(await repository.relation(at(main, -1 - back), at(main, -1))).toBe('ahead');
      }
    });

    it('asks for no more history than it takes', async () => {
      const dir = clone(origin, '--depth=1');
      const asked: string[] = [];
      const repository = await open(dir, { progress: (line) => asked.push(line) });
      expect(await repository.relation(at(main, -10), at(main, -1))).toBe('ahead');
      expect(asked).toHaveLength(1);
      expect(git(dir, ['rev-parse', '--is-shallow-repository'])).toBe('true');
    });

    it('is behind when production runs a commit that came later', async () => {
      const old = newRepository();
      git(old, ['remote', 'add', 'origin', `file://${origin}`]);
      git(old, ['fetch', '--quiet', '--depth=1', 'origin', at(main, 100)]);
      expect(await (await open(old)).relation(at(main, 110), at(main, 100))).toBe('behind');
    });

    it('is diverged, once all of the history says so, when a force-push left a commit on no branch', async () => {
      const left = commitTree(origin, 'left behind', [at(main, 300)]);
      const dir = clone(origin, '--depth=1');
      const repository = await open(dir);
      expect(await repository.relation(left, at(main, -1))).toBe('diverged');
      expect(git(dir, ['rev-parse', '--is-shallow-repository'])).toBe('false');
    });

    it('is found though the server refuses commits by id', async () => {
      const dir = clone(origin, '--depth=1');
      git(dir, ['config', 'protocol.version', '0']);
      const repository = await open(dir);
      expect(await repository.relation(at(main, -100), at(main, -1))).toBe('ahead');
    });

    it('is unknown, not diverged, when there is no remote to ask', async () => {
      const dir = clone(origin, '--depth=5');
      git(dir, ['remote', 'remove', 'origin']);
      const repository = await open(dir);
      expect(await repository.relation(at(main, -20), at(main, -1))).toBe('unknown');
      expect(await repository.relation(at(main, -3), at(main, -1))).toBe('ahead');
    });

    it('is unknown where both commits are there and what lies between them is not', async () => {
      const dir = newRepository();
      git(dir, ['remote', 'add', 'origin', `file://${origin}`]);
      for (const commit of [at(main, -20), at(main, -1)]) {
        git(dir, ['fetch', '--quiet', '--depth=1', 'origin', commit]);
      }
      git(dir, ['remote', 'remove', 'origin']);
      const repository = await open(dir);
      expect(await repository.relation(at(main, -20), at(main, -1))).toBe('unknown');
      expect(await repository.relation(at(main, -1), at(main, -20))).toBe('unknown');
      git(dir, ['remote', 'add', 'origin', `file://${origin}`]);
      expect(await repository.relation(at(main, -20), at(main, -1))).toBe('ahead');
    });

    it('is unknown when the remote is gone, after two tries', async () => {
      const dir = clone(origin, '--depth=1');
      git(dir, ['remote', 'set-url', 'origin', `file://${temporary.path}/gone`]);
      const asked: string[] = [];
      const repository = await open(dir, { progress: (line) => asked.push(line) });
      expect(await repository.relation(at(main, -20), at(main, -1))).toBe('unknown');
      expect(asked).toHaveLength(2);
    });

    it('is asked again what it could not tell, and not again what it could', async () => {
      const dir = clone(origin, '--depth=1');
      git(dir, ['remote', 'set-url', 'origin', `file://${temporary.path}/gone`]);
      const asked: string[] = [];
      const repository = await open(dir, { progress: (line) => asked.push(line) });
      const relation = () => repository.relation(at(main, -20), at(main, -1));
      expect(await relation()).toBe('unknown');
      git(dir, ['remote', 'set-url', 'origin', `file://${origin}`]);
      expect(await relation()).toBe('ahead');
      expect(await repository.relation(at(main, -1), at(main, -20))).toBe('behind');
      asked.length = 0;
      rmSync(join(dir, '.git'), { recursive: true });
      expect(await relation()).toBe('ahead');
      expect(asked).toEqual([]);
    });

    it('is unknown when the remote does not answer in time', async () => {
      const dir = clone(origin, '--depth=1');
      git(dir, ['remote', 'set-url', 'origin', 'ssh://example.invalid/acme/web.git']);
      const hang = join(newFolder(), 'hang');
      writeFileSync(hang, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
      const env = { ...gitEnv, GIT_SSH_COMMAND: hang };
      const repository = await open(dir, { env, fetchTimeoutMs: 200 });
      expect(await repository.relation(at(main, -20), at(main, -1))).toBe('unknown');
    });

    it('ends with the reason of a signal that aborts while it fetches', async () => {
      const dir = clone(origin, '--depth=1');
      git(dir, ['remote', 'set-url', 'origin', 'ssh://example.invalid/acme/web.git']);
      const hang = join(newFolder(), 'hang');
      writeFileSync(hang, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
      const controller = new AbortController();
      const reason = new Error('enough');
      const repository = await open(dir, {
        env: { ...gitEnv, GIT_SSH_COMMAND: hang },
        progress: () => setTimeout(() => controller.abort(reason), 50),
      });
      const asked = repository.relation(at(main, -20), at(main, -1), controller.signal);
      await expect(asked).rejects.toBe(reason);
    });
  });

  it('is found in a full clone for a commit that came after it', async () => {
    const origin = newRepository();
    const main = commitLine(origin, 3);
    setBranch(origin, 'main', at(main, 1));
    const repository = await open(clone(origin));
    expect(await repository.relation(at(main, 2), at(main, 1))).toBe('behind');
  });

  it('leaves branches, tags, FETCH_HEAD and the checkout as they were', async () => {
    const origin = newRepository();
    const main = commitLine(origin, 80);
    setBranch(origin, 'main', at(main, -1));
    const dir = clone(origin, '--depth=1');
    git(origin, ['tag', 'v1', at(main, 3)]);
    const refs = git(dir, ['for-each-ref']);
    expect(await (await open(dir)).relation(at(main, 2), at(main, -1))).toBe('ahead');
    expect(git(dir, ['for-each-ref'])).toBe(refs);
    expect(existsSync(join(dir, '.git/FETCH_HEAD'))).toBe(false);
  });
});

describe('the commits between two', () => {
  it('are oldest first, with merged branches and merges, and without what the base has', async () => {
    const dir = newRepository();
    const main = commitLine(dir, 3);
    const side = commitLine(dir, 2, at(main, 0), 'side ');
    const merge = commitTree(dir, 'Merge side', [at(main, 2), at(side, 1)]);
    const repository = await open(dir);
    const { commits, total } = await repository.commits({
      base: at(main, 1),
      head: merge,
      limit: 200,
    });
    expect(total).toBe(4);
    const titles = commits.map(({ title }) => title);
    expect(titles.toSorted()).toEqual(['3', 'Merge side', 'side 1', 'side 2']);
    expect(titles.indexOf('side 1')).toBeLessThan(titles.indexOf('side 2'));
    expect(titles.at(-1)).toBe('Merge side');
  });

  it('are the newest of them when there are more than the limit, and all are counted', async () => {
    const dir = newRepository();
    const main = commitLine(dir, 30);
    const repository = await open(dir);
    const { commits, total } = await repository.commits({
      base: at(main, 4),
      head: at(main, 29),
      limit: 10,
    });
    expect(total).toBe(25);
    expect(commits.map(({ sha }) => sha)).toEqual(main.slice(-10));
  });

  it('are none when the base has them all', async () => {
    const dir = newRepository();
    const main = commitLine(dir, 2);
    const range = { base: at(main, 1), head: at(main, 0), limit: 10 };
    expect(await (await open(dir)).commits(range)).toEqual({ commits: [], total: 0 });
  });

  it('are whole in a shallow clone too, though a side branch began before its cut', async () => {
    const origin = newRepository();
    const main = commitLine(origin, 100);
    const side = commitLine(origin, 70, at(main, 10), 'side ');
    const merge = commitTree(origin, 'merge', [at(main, -1), at(side, -1)]);
    setBranch(origin, 'main', merge);
    const repository = await open(clone(origin, '--depth=1'));
    const range = { base: at(main, -2), head: merge, limit: 200 };
    expect((await repository.commits(range)).total).toBe(72);
  });

  it("of a first deploy are the last ones of the head's history, from a clone of one commit too", async () => {
    const origin = newRepository();
    const main = commitLine(origin, 40);
    setBranch(origin, 'main', at(main, -1));
    const repository = await open(clone(origin, '--depth=1'));
    const { commits, total } = await repository.commits({
      base: null,
      head: at(main, -1),
      limit: 20,
    });
    expect(commits.map(({ sha }) => sha)).toEqual(main.slice(-20));
    expect(total).toBe(40);
  });

  it('of a commit that cannot be found are refused', async () => {
    const dir = newRepository();
    const head = at(commitLine(dir, 1), 0);
    const repository = await open(dir);
    for (const base of ['e'.repeat(40), '--all']) {
      await expect(repository.commits({ base, head, limit: 5 })).rejects.toMatchObject({
        code: 'E_COMMIT_UNKNOWN',
      });
    }
  });
});

describe('the tarball of a commit', () => {
  function checkout(): string {
    const dir = newRepository();
    writeFile(dir, 'app.js', 'one\r\ntwo\n');
    writeFile(dir, 'lib/a file.txt', 'text\n');
    git(dir, ['add', '.']);
    git(dir, ['commit', '--quiet', '--message=first']);
    return dir;
  }
  const namesIn = (tarball: Uint8Array) =>
    execFileSync('tar', ['-tf', '-'], { input: gunzipSync(tarball) })
      .toString()
      .trim()
      .split('\n');

  it('has the files of the commit at its top, not those of the checkout', async () => {
    const dir = checkout();
    writeFile(dir, 'uncommitted.txt', 'no');
    const repository = await open(join(dir, 'lib'));
    const tarball = await repository.archive(await repository.head());
    expect(namesIn(tarball).sort()).toEqual(['app.js', 'lib/', 'lib/a file.txt']);
    expect(gunzipSync(tarball).includes('one\r\ntwo\n')).toBe(true);
  });

  it("is the same twice, whatever the machine's git configuration", async () => {
    const dir = checkout();
    const repository = await open(dir);
    const sha = await repository.head();
    const first = await repository.archive(sha);
    const owned = join(newFolder(), 'owned');
    for (const [name, value] of [
      ['tar.umask', '0777'],
      ['tar.tar.gz.command', `touch ${owned}`],
      ['core.autocrlf', 'true'],
    ]) {
      git(dir, ['config', name ?? '', value ?? '']);
    }
    expect(Buffer.from(await repository.archive(sha)).equals(first)).toBe(true);
    expect(existsSync(owned)).toBe(false);
  });

  it('of an unknown commit is refused', async () => {
    const repository = await open(checkout());
    for (const sha of ['d'.repeat(40), '--output=owned']) {
      await expect(repository.archive(sha)).rejects.toMatchObject({ code: 'E_COMMIT_UNKNOWN' });
    }
  });

  it('that is larger than its limit is refused, not cut', async () => {
    const dir = checkout();
    const repository = await open(dir, { archiveMaxBytes: 64 });
    const refused = await repository.archive(await repository.head()).catch((error) => error);
    expect(refused).toBeInstanceOf(LockstepError);
    expect(refused).toMatchObject({ code: 'E_GIT_OUTPUT_TOO_LARGE' });
  });
});
