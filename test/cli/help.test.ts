/** What the program tells of itself: topics, its version, and a deploy's pages. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HelpTopic, helpTopicView } from '../../src/cli/commands/help-topics.ts';
import { readEnvironment, secretVariables } from '../../src/cli/config/environment.ts';
import { configKeys } from '../../src/cli/config/reference.ts';
import { configJsonSchema } from '../../src/cli/config/schema.ts';
import { variables } from '../../src/cli/config/variables.ts';
import { helpTopics } from '../../src/cli/program/help.ts';
import { targetKinds } from '../../src/effects/targets/kinds.ts';
import { widthOf } from '../../src/format/columns.ts';
import { samples } from '../../src/machine/samples.ts';
import { linksOf } from '../../src/runtime/audit/links.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
let pipeline: CommandHere;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-help-'));
  pipeline = new CommandHere(folder, {});
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain = (text: string): string => text;
const color = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
const topics = Object.entries(helpTopics) as [HelpTopic, string][];

describe('help', () => {
  it.each(topics)(
    'on %s fits a narrow terminal, and names what it tells of',
    async (topic, about) => {
      const lines = await helpTopicView(topic, about, { columns: 40, color });
      expect(lines.length).toBeGreaterThan(4);
      const wide = lines.filter((line) => line.startsWith('    ') && widthOf(line) > 40);
      // A word that is wider than the line stands by itself.
      expect(wide.filter((line) => line.trim().includes(' '))).toEqual([]);
    },
  );

  it.each(topics)('prints %s', async (topic) => {
    const { exit, stdout } = await pipeline.run(['help', topic]);
    expect(exit).toBe(0);
    expect(stdout).toMatchSnapshot();
  });

  it('lists commands and topics, and prints a command’s flags', async () => {
    const all = await pipeline.run(['help']);
    expect(all.exit).toBe(0);
    for (const word of ['advance', 'status', ...Object.keys(helpTopics)])
      expect(all.stdout).toContain(word);
    expect((await pipeline.run(['help', 'status'])).stdout).toContain('--limit <n>');
  });

  it.each([
    ['near', 'exit-code', 'Did you mean exit-codes?'],
    ['unlike any', 'zzzzzzzz', 'pipeline help lists the commands and the topics.'],
  ])('says of a word that is %s', async (_, word, hint) => {
    const { exit, stderr } = await pipeline.run(['help', word]);
    expect(exit).toBe(2);
    expect(stderr).toContain(hint);
  });

  it('has every variable that is read', () => {
    const documented = variables.flatMap(({ name }) => name.split(', '));
    const read = Object.keys({ ...secretNames(), ...readEnvironment({}).targets });
    const more = Object.keys(readEnvironment({}).channels);
    expect([...read, ...more].filter((name) => !documented.includes(name))).toEqual([]);
    expect(new Set(documented).size).toBe(documented.length);
  });

  it('says of every key of the configuration what it is for', async () => {
    const keys = configKeys(await configJsonSchema(targetKinds));
    expect(keys.filter(({ description }) => description === '').map(({ path }) => path)).toEqual(
      [],
    );
    expect(keys.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['app', 'ENVIRONMENT.bake', 'notify.hooks[].on', 'gates.stuckExit']),
    );
  });
});

const secretNames = (): Record<string, true> =>
  Object.fromEntries(
    [...secretVariables.tokens, ...secretVariables.webhooks].map((name) => [name, true as const]),
  );

it('version is a word, too', async () => {
  const [word, flag] = [await pipeline.run(['version']), await pipeline.run(['--version'])];
  expect(word).toEqual(flag);
  expect(word.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe('a deploy’s pages', () => {
  it('are those that its events name', () => {
    const { settings, ...request } = samples['deploy.requested'];
    const verify = {
      ...settings.production.verify,
      endpoints: settings.staging?.verify.endpoints ?? [],
    };
    const production = { ...settings.production, verify };
    const links = linksOf([
      {
        type: 'deploy.requested',
        data: { ...request, settings: { ...settings, staging: null, production } },
      },
      { type: 'deploy.observed', data: samples['deploy.observed'] },
    ]);
    expect(links).toEqual({
      app: 'https://staging.acme.test/',
      run: 'https://circleci.com/gh/acme/web/502',
      comparison: 'https://github.com/acme/web/compare/0f0a53bc1d5e...1a5f89db9a6a',
      commit: 'https://github.com/acme/web/commit/1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd',
    });
  });

  it('are none that its settings do not name', () => {
    const { settings, build, ...request } = samples['deploy.requested'];
    const data = {
      ...request,
      settings: { ...settings, repository: null },
      build: { ...build, url: null },
    };
    expect(linksOf([{ type: 'deploy.requested', data }])).toMatchObject({
      run: null,
      commit: null,
    });
  });

  it('are none of a deploy of no events', () => {
    expect(Object.values(linksOf([]))).toEqual([null, null, null, null]);
  });
});
