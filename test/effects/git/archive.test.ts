/** What ships is the commit's tree, byte for byte, whatever this machine's git is told to do with it. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openRepository } from '../../../src/effects/git/repository.ts';
import { fc } from '../../fast-check.ts';
import { createRepository, git, gitEnv, TemporaryFolder } from './git-repository.ts';

const temporary = new TemporaryFolder();
afterAll(() => temporary.remove());
let folders = 0;
const newFolder = () => temporary.folder(`archive-${++folders}`);

interface File {
  readonly path: string;
  readonly mode: '100644' | '100755' | '120000';
  readonly content: Buffer;
}

const idOf = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

/** A commit of exactly these files, by one process for all of them: nothing is read from a working tree. */
function commitOf(dir: string, files: readonly File[]): string {
  const said = 'data 6\na tree\n';
  const head = `commit refs/fixture/tree\nmark :1\ncommitter Ada <ada@example.com> 1767607200 +0000\n${said}`;
  const parts = files.flatMap(({ path, mode, content }) => [
    Buffer.from(`M ${mode} inline ${quoted(path)}\ndata ${content.length}\n`),
    content,
    Buffer.from('\n'),
  ]);
  const left = `get-mark :1\nreset refs/fixture/tree\nfrom ${'0'.repeat(40)}\n`;
  const input = Buffer.concat([Buffer.from(head), ...parts, Buffer.from(left)]);
  return git(dir, ['fast-import', '--quiet', '--force'], input);
}

/** A path as `fast-import` reads any. */
const quoted = (path: string): string =>
  `"${path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;

/** The tree as `ls-tree -r` would list it, read from what tar unpacked. */
function unpacked(tarball: Uint8Array): string[] {
  const folder = newFolder();
  execFileSync('tar', ['-xpf', '-', '-C', folder], { input: gunzipSync(tarball) });
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((path) => {
    const stat = lstatSync(join(folder, path));
    if (stat.isDirectory()) return [];
    const link = stat.isSymbolicLink();
    const content = link
      ? readlinkSync(join(folder, path), 'buffer')
      : readFileSync(join(folder, path));
    const mode = link ? '120000' : stat.mode & 0o100 ? '100755' : '100644';
    return [`${mode} ${idOf(content)} ${path}`];
  });
}

const listed = (files: readonly File[]): string[] =>
  files.map(({ path, mode, content }) => `${mode} ${idOf(content)} ${path}`);

const archiveOf = async (dir: string, sha: string, env = gitEnv as Record<string, string>) =>
  (await openRepository(dir, { env })).archive(sha);

const attributes = [
  '* export-ignore',
  '* export-subst',
  '* filter=evil',
  '* text eol=crlf',
  '* ident',
  '* working-tree-encoding=UTF-16',
  'Procfile export-ignore',
].join('\n');

/** Everything on this machine that could change what git gives of a commit. */
function hostile(dir: string): Record<string, string> {
  const home = newFolder();
  mkdirSync(join(home, '.config/git'), { recursive: true });
  mkdirSync(join(dir, '.git/info'), { recursive: true });
  for (const file of [
    join(dir, '.git/info/attributes'),
    join(home, '.config/git/attributes'),
    join(home, 'attributes'),
  ]) {
    writeFileSync(file, attributes);
  }
  writeFileSync(
    join(home, '.gitconfig'),
    `[core]\n\tattributesFile = ${home}/attributes\n\tautocrlf = true\n[tar]\n\tumask = 0777\n`,
  );
  for (const way of ['smudge', 'clean']) git(dir, ['config', `filter.evil.${way}`, 'echo changed']);
  git(dir, ['config', 'filter.evil.required', 'true']);
  return {
    ...gitEnv,
    PATH: gitEnv.PATH ?? '',
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '0',
    GIT_ATTR_SOURCE: 'HEAD',
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'core.eol',
    GIT_CONFIG_VALUE_0: 'crlf',
    GIT_CONFIG_KEY_1: 'core.attributesFile',
    GIT_CONFIG_VALUE_1: join(home, 'attributes'),
  };
}

const name = fc
  .string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'ab -.ü"\\\n$*%é') })
  .filter((one) => !['.', '..'].includes(one));
const path = fc
  .array(fc.oneof(name, fc.constant('x'.repeat(120))), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const text = fc.constantFrom('', 'a\r\nb\n', '$Id$\n', '$Format:%H$\n', '\0\x01', 'web: node .\n');
const content = fc.oneof(
  text.map((one) => Buffer.from(one)),
  fc.uint8Array({ maxLength: 2_000 }).map(Buffer.from),
);
const file: fc.Arbitrary<File> = fc.oneof(
  fc.record({ path, mode: fc.constantFrom('100644', '100755'), content }),
  fc.record({
    path,
    mode: fc.constant('120000' as const),
    content: fc.constantFrom('x', '../elsewhere', 'no/such', 'y'.repeat(150)).map(Buffer.from),
  }),
);
/** No file is a folder on the way to another, nor what git refuses to hold. */
const tree = fc
  .uniqueArray(file, { minLength: 1, maxLength: 12, selector: (one) => one.path })
  .filter((files) => {
    const paths = files.map((one) => one.path);
    return !paths.some(
      (one) => /(^|\/)\.git(\/|$)/i.test(one) || paths.some((two) => two.startsWith(`${one}/`)),
    );
  });

describe('the archive of a commit', { timeout: 120_000 }, () => {
  it('is its tree, byte for byte, under every hostile attribute, filter, configuration and variable', async () => {
    const dir = createRepository(newFolder());
    const env = hostile(dir);
    const own: File = { path: '.gitattributes', mode: '100644', content: Buffer.from(attributes) };
    await fc.assert(
      fc.asyncProperty(tree, fc.boolean(), async (files, withOwn) => {
        const all = withOwn ? [...files, own] : files;
        const sha = commitOf(dir, all);
        const tarball = await archiveOf(dir, sha, env);
        expect(unpacked(tarball).sort()).toEqual(listed(all).sort());
        expect(Buffer.from(await archiveOf(dir, sha)).equals(tarball)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('holds files of every size around what a block and a chunk hold', async () => {
    const dir = createRepository(newFolder());
    const sizes = [0, 1, 511, 512, 513, 65_535, 65_536, 65_537, 3_000_000];
    const files = sizes.map(
      (size): File => ({ path: `f${size}`, mode: '100644', content: Buffer.alloc(size, 'line\n') }),
    );
    const tarball = await archiveOf(dir, commitOf(dir, files));
    expect(unpacked(tarball).sort()).toEqual(listed(files).sort());
  });

  it('of a commit whose object was changed on the disk is refused', async () => {
    const dir = createRepository(newFolder());
    const files: File[] = [{ path: 'a', mode: '100644', content: Buffer.from('true\n') }];
    const sha = commitOf(dir, files);
    const id = idOf(Buffer.from('true\n'));
    const other = git(dir, ['hash-object', '-w', '--stdin'], 'evil\n');
    const object = (one: string) => join(dir, '.git/objects', one.slice(0, 2), one.slice(2));
    execFileSync('cp', ['--remove-destination', object(other), object(id)]);
    await expect(archiveOf(dir, sha)).rejects.toMatchObject({
      code: expect.stringMatching(/^E_GIT_(CORRUPT|FAILED)$/),
    });
  });
});

describe('what a commit’s bytes do not carry', () => {
  const pointer = Buffer.from(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12\n`,
  );

  it('is found: submodules, LFS pointers, export attributes', async () => {
    const dir = createRepository(newFolder());
    const of = (name: string, text: string | Buffer): File => ({
      path: name,
      mode: '100644',
      content: Buffer.from(text),
    });
    const inner = commitOf(dir, [
      of('plain', 'text'),
      of('big.bin', pointer),
      of('lib/small.bin', pointer),
      of('.gitattributes', '# * export-ignore\n*.md -export-ignore\n/test export-ignore\n'),
      of('lib/.gitattributes', '[attr]hidden export-ignore\nVERSION text export-subst\n'),
      of('notes', 'a export-ignore\n'),
    ]);
    const repository = await openRepository(dir, { env: gitEnv });
    expect(await repository.oddities(inner)).toEqual({
      submodules: [],
      lfs: ['big.bin', 'lib/small.bin'],
      exports: ['.gitattributes:3', 'lib/.gitattributes:1', 'lib/.gitattributes:2'],
    });
    const outer = git(dir, ['mktree'], `160000 commit ${inner}\tvendor\n`);
    const sha = git(dir, ['commit-tree', outer, '-m', 'with a submodule']);
    expect((await repository.oddities(sha)).submodules).toEqual(['vendor']);
    expect(unpacked(await repository.archive(sha))).toEqual([]);
  });
});
