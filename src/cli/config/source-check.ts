/** Whether a commit's bytes are all that is to ship: asked before anything is written. */
import type { SourceOddities } from '../../effects/git/source.ts';
import { UsageError } from '../../errors/error.ts';
import { listed } from '../../format/words.ts';
import type { Config } from './config.ts';

const shownMax = 5;

const oddities = [
  {
    found: 'submodules',
    key: 'submodules',
    meant: 'omit',
    what: 'submodules, whose content is in other repositories',
    shipped: 'the commit ships without its submodules',
  },
  {
    found: 'lfs',
    key: 'lfs',
    meant: 'pointers',
    what: 'Git LFS pointers, whose content is not in the repository',
    shipped: 'the commit ships with its Git LFS pointers, not with their content',
  },
  {
    found: 'exports',
    key: 'export',
    meant: 'ignore',
    what: 'export-ignore or export-subst in its attributes, which git archive would obey',
    shipped: 'export-ignore and export-subst change nothing: every file ships as it is committed',
  },
] as const;

/**
 * @returns a line for each kind that `source` in the configuration says how to take
 * @throws UsageError E_SOURCE every kind of which it says nothing, with where it is
 */
export function checkSource(found: SourceOddities, source: Config['source']): string[] {
  const here = oddities.filter((one) => found[one.found].length > 0);
  const refused = here.filter(({ key }) => source[key] === 'refuse');
  if (refused.length === 0) {
    return here.map((one) => `${one.shipped} (${listed(found[one.found], shownMax)})`);
  }
  const texts = refused.map((one) => `${one.what}: ${listed(found[one.found], shownMax)}`);
  const keys = refused.map(({ key, meant }) => `${key}: ${meant}`).join(', ');
  throw new UsageError('E_SOURCE', `the commit has ${texts.join('; it has ')}`, {
    hint: `What ships are the committed bytes. If that is meant, say so in pipeline.yml: source: { ${keys} }`,
  });
}
