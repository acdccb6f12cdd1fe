/** The examples of a canary and a bake, in docs/environments.md and README.md, are taken by the program and the schema. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toSettings } from '../../../src/cli/config/config.ts';
import { loadText } from './config-text.ts';

const root = join(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const examplesOf = (page: string): string[] =>
  [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);

const isValid = new Ajv().compile(JSON.parse(read('schema/pipeline.schema.json')));

async function settingsOf(text: string) {
  expect(isValid(parse(text)), JSON.stringify(isValid.errors)).toBe(true);
  return toSettings(await loadText(text), { leaseMs: null });
}

describe('docs/environments.md', () => {
  it('has an example between staging and production, one in staging’s place, one with shares', async () => {
    const [between, first, shares, ...others] = await Promise.all(
      examplesOf(read('docs/environments.md')).map(settingsOf),
    );
    expect(between).toMatchObject({
      staging: { bakeMs: 0 },
      canary: { submits: 'artifact', shares: null, bakeMs: 600_000 },
      production: { submits: 'artifact', bakeMs: 300_000 },
    });
    expect(first).toMatchObject({
      staging: null,
      canary: { submits: 'commit', bakeMs: 1_800_000 },
    });
    expect(shares).toMatchObject({ canary: { shares: [10, 50], bakeMs: 600_000 } });
    expect(shares?.canary?.target.name).toBe(shares?.production.target.name);
    expect(others).toEqual([]);
  });
});

describe('README.md', () => {
  it('has a canary that fits into its example', async () => {
    const [whole = '', canary = ''] = examplesOf(read('README.md'));
    expect(canary).toMatch(/^canary:\n/);
    const settings = await settingsOf(whole.replace('production:\n', `${canary}production:\n`));
    expect(settings.canary).toMatchObject({ submits: 'artifact', bakeMs: 600_000 });
    expect(settings.staging).not.toBeNull();
  });
});
