/** The published JSON Schema: what the code says, and what it says of documented examples. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../../src/cli/config/schema.ts';
import { targetKinds } from '../../../src/effects/targets/kinds.ts';
import { fullConfig, leastConfig, loadText } from './config-text.ts';

const root = join(import.meta.dirname, '../../..');
const published = JSON.parse(readFileSync(join(root, 'schema/pipeline.schema.json'), 'utf8'));
const isValid = new Ajv({ allErrors: true }).compile(published);

function readmeExample(): string {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const example = /```yaml\n(app: [\s\S]*?)```/.exec(text)?.[1];
  if (example === undefined) throw new Error('README.md has no pipeline.yml');
  return example;
}

describe('the published schema', () => {
  it('is what the code gives', async () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(await configJsonSchema(targetKinds))));
  });

  it.each([
    ['the whole shape', fullConfig],
    ['the least that may be written', leastConfig],
    ['the README’s example', readmeExample()],
  ])('and the program both take %s', async (_, text) => {
    expect(isValid(parse(text)), JSON.stringify(isValid.errors)).toBe(true);
    expect((await loadText(text)).app).toBe('acme-web');
  });

  it.each([
    ['an unknown key', `${leastConfig}brnch: master\n`],
    ['a duration that is none', `${leastConfig}lock: { timeout: soon }\n`],
    ['a missing lane', leastConfig.replace(/^app.*\n/, '')],
    ['a name that Heroku has not', leastConfig.replace('acme-staging', 'Acme_Staging')],
  ])('and the program both refuse %s', async (_, text) => {
    expect(isValid(parse(text))).toBe(false);
    await expect(loadText(text)).rejects.toMatchObject({ code: 'E_CONFIG' });
  });
});
