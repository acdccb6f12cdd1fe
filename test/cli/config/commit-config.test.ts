/** Whose `pipeline.yml` counts: the deployed commit’s; and what a file that the commit does not have is taken for. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { committedAs, configOfCommit } from '../../../src/cli/config/commit-config.ts';
import type { Repository } from '../../../src/effects/git/repository.ts';
import { failureOf } from '../../effects/lockstep-error.ts';
import { leastConfig } from './config-text.ts';

const sha = '1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd';
let folder: string;
let root: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'lockstep-config-')));
  root = join(folder, 'web');
  mkdirSync(join(root, 'deploy'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** @param files of the commit, by their paths in its tree */
const repository = (files: Readonly<Record<string, string>>) =>
  ({
    root,
    file: async (commit: string, path: string) =>
      commit === sha && files[path] !== undefined ? Buffer.from(files[path]) : null,
  }) as Repository;

const lane = (app: string): string => leastConfig.replace('acme-web', app);

async function read(
  files: Readonly<Record<string, string>>,
  { file = join(root, 'pipeline.yml'), isNamed = false, isCi = true } = {},
) {
  const deployed = { repository: repository(files), sha, isCi };
  const { config, notices } = await configOfCommit({ file, isNamed }, deployed);
  return [config.app, ...notices];
}

describe('the configuration', () => {
  it('is the commit’s, and one that is another in the working tree is told of', async () => {
    const differs =
      'pipeline.yml in the working tree differs from commit 1a5f89db; the commit’s counts';
    const committed = { 'pipeline.yml': lane('committed') };
    for (const isCi of [true, false]) {
      writeFileSync(join(root, 'pipeline.yml'), lane('committed'));
      expect(await read(committed, { isCi })).toEqual(['committed']);
      writeFileSync(join(root, 'pipeline.yml'), lane('committed').replaceAll('\n', '\r\n'));
      expect(await read(committed, { isCi })).toEqual(['committed']);
      for (const text of [lane('mine'), `${lane('committed')}\n`, '', 'x'.repeat(100_000)]) {
        writeFileSync(join(root, 'pipeline.yml'), text);
        expect(await read(committed, { isCi })).toEqual(['committed', differs]);
      }
      rmSync(join(root, 'pipeline.yml'));
      expect(await read(committed, { isCi })).toEqual(['committed', differs]);
    }
  });

  it('is found by its path in the tree, through a link to its folder', async () => {
    symlinkSync(join(root, 'deploy'), join(root, 'link'));
    const file = join(root, 'link', 'pipeline.yml');
    writeFileSync(file, lane('deeper'));
    expect(await read({ 'deploy/pipeline.yml': lane('deeper') }, { file })).toEqual(['deeper']);
  });

  it('that the commit does not have is refused in a CI', async () => {
    writeFileSync(join(root, 'pipeline.yml'), lane('mine'));
    const { code, message, hint } = await failureOf(read({}));
    expect({ code, message, hint }).toEqual({
      code: 'E_CONFIG_NOT_COMMITTED',
      message: 'pipeline.yml is not in commit 1a5f89db',
      hint: 'Commit it: a deploy goes by the rules of its own commit. One from elsewhere is named with --config or PIPELINE_CONFIG.',
    });
  });

  it.each([
    ['at a shell', { isCi: false }],
    ['where it is named', { isNamed: true }],
  ])('that the commit does not have is taken from the disk %s, and told', async (_, given) => {
    writeFileSync(join(root, 'pipeline.yml'), lane('mine'));
    expect(await read({}, given)).toEqual([
      'mine',
      'pipeline.yml is not in commit 1a5f89db; it is taken as it is on this disk',
    ]);
  });

  it('outside of the repository is taken as it is, and told; its name may begin like a way out', async () => {
    const file = join(folder, '..pipeline.yml');
    writeFileSync(file, lane('outside'));
    expect(await read({ '..pipeline.yml': lane('x') }, { file, isNamed: true })).toEqual([
      'outside',
      '..pipeline.yml is outside of the repository; it is taken as it is on this disk',
    ]);
    writeFileSync(join(root, '..pipeline.yml'), lane('inside'));
    const inside = { file: join(root, '..pipeline.yml') };
    expect(await read({ '..pipeline.yml': lane('inside') }, inside)).toEqual(['inside']);
  });

  it('that is nowhere is missing, and not one to commit', async () => {
    expect((await failureOf(read({}))).code).toBe('E_CONFIG_MISSING');
    const file = join(root, 'no-such-folder', 'pipeline.yml');
    expect((await failureOf(read({}, { file }))).code).toBe('E_CONFIG_MISSING');
  });

  it('of the commit is told of by its name where it is wrong', async () => {
    const { message } = await failureOf(read({ 'pipeline.yml': 'app: 7\n' }));
    expect(message).toMatch(/^pipeline\.yml:1:\d+ /);
  });
});

describe('a file stands to the commit’s', () => {
  it.each([
    ['same', lane('a'), lane('a')],
    ['another', lane('a'), lane('b')],
    ['another', null, lane('b')],
    ['missing', lane('a'), null],
    ['missing', null, null],
  ])('as %s', async (how, here, committed) => {
    const file = join(root, 'pipeline.yml');
    if (here !== null) writeFileSync(file, here);
    const files: Record<string, string> = committed === null ? {} : { 'pipeline.yml': committed };
    expect(await committedAs(file, { repository: repository(files), sha })).toBe(how);
  });

  it('as the same where it is outside of the repository, which has none', async () => {
    const file = join(folder, 'pipeline.yml');
    expect(await committedAs(file, { repository: repository({}), sha })).toBe('same');
    expect(await committedAs(folder, { repository: repository({}), sha })).toBe('same');
  });
});
