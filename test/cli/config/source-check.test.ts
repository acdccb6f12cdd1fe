/** What a commit’s bytes do not carry: refused with its place and its key, until the configuration says how it is meant. */
import { expect, it } from 'vitest';
import { checkSource } from '../../../src/cli/config/source-check.ts';
import { failureOf } from '../../effects/lockstep-error.ts';

const all = {
  submodules: ['vendor/a', 'vendor/b'],
  lfs: ['logo.png'],
  exports: ['.gitattributes:3'],
};
const none = { submodules: [], lfs: [], exports: [] };
const refuse = { submodules: 'refuse', lfs: 'refuse', export: 'refuse' } as const;
const meant = { submodules: 'omit', lfs: 'pointers', export: 'ignore' } as const;

const parts = {
  submodules: [
    'submodules, whose content is in other repositories: vendor/a, vendor/b',
    'submodules: omit',
    'the commit ships without its submodules (vendor/a, vendor/b)',
  ],
  lfs: [
    'Git LFS pointers, whose content is not in the repository: logo.png',
    'lfs: pointers',
    'the commit ships with its Git LFS pointers, not with their content (logo.png)',
  ],
  exports: [
    'export-ignore or export-subst in its attributes, which git archive would obey: .gitattributes:3',
    'export: ignore',
    'export-ignore and export-subst change nothing: every file ships as it is committed (.gitattributes:3)',
  ],
} as const;
type Part = keyof typeof parts;
const each = Object.keys(parts) as Part[];
const what = (part: Part) => parts[part][0];

const refused = (...given: Parameters<typeof checkSource>) =>
  failureOf(Promise.resolve().then(() => checkSource(...given)));
const hint = (keys: string) =>
  `What ships are the committed bytes. If that is meant, say so in pipeline.yml: source: { ${keys} }`;

it.each(each)('%s are refused, and told where they are meant', async (part) => {
  const found = { ...none, [part]: all[part] };
  expect(await refused(found, refuse)).toMatchObject({
    ...{ code: 'E_SOURCE', message: `the commit has ${what(part)}`, hint: hint(parts[part][1]) },
  });
  expect(checkSource(found, meant)).toEqual([parts[part][2]]);
});

it('those that are not meant are told all at once, and no others', async () => {
  expect(await refused(all, refuse)).toMatchObject({
    message: `the commit has ${each.map(what).join('; it has ')}`,
    hint: hint('submodules: omit, lfs: pointers, export: ignore'),
  });
  expect(await refused(all, { ...meant, lfs: 'refuse' })).toMatchObject({
    ...{ message: `the commit has ${what('lfs')}`, hint: hint('lfs: pointers') },
  });
  expect(checkSource(all, meant)).toEqual(each.map((part) => parts[part][2]));
});

it('a commit without any is told nothing of', () => {
  expect(checkSource(none, refuse)).toEqual([]);
  expect(checkSource(none, meant)).toEqual([]);
});

it('of many five are named', () => {
  const lfs = ['1', '2', '3', '4', '5', '6', '7'];
  expect(checkSource({ ...none, lfs }, meant)).toEqual([
    'the commit ships with its Git LFS pointers, not with their content (1, 2, 3, 4, 5 and 2 more)',
  ]);
});
