/** Each block of README and docs/ is held by somebody: run and compared, written by a program, or a configuration that is taken. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseConfig } from '../src/cli/config/config.ts';
import { leastConfig } from './cli/config/config-text.ts';
import {
  allBlocks,
  type Block,
  heldElsewhere,
  isHeldElsewhere,
  isOutput,
} from './document-blocks.ts';
import { type Faults, faultsOfCircleci, faultsOfWorkflow } from './vendor-schemas.ts';

const root = resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const whereOf = ({ page, line }: Block): string => `${page}:${line}`;
/** Typed and printed: `test/processes/docs-outputs.test.ts` runs all that no other test does. */
const isRun = (block: Block): boolean =>
  isOutput(block) || ['sh', 'sql', 'json'].includes(block.language);

describe('a block', () => {
  it('is of a kind that somebody holds', () => {
    const nobodys = allBlocks.filter(
      (block) => !isRun(block) && block.language !== 'yaml' && !isHeldElsewhere(block),
    );
    expect(nobodys.map(whereOf)).toEqual([]);
    expect(allBlocks.length).toBeGreaterThan(70);
  });

  it.each(heldElsewhere)(
    'of $page ($language) is held by $by',
    ({ page, language, blocks, by }) => {
      const found = allBlocks.filter((one) => one.page === page && one.language === language);
      expect(found).toHaveLength(blocks);
      expect(existsSync(join(root, by)), by).toBe(true);
      const name = page.split('/').at(-1) ?? page;
      // What writes a page is told its name.
      if (by.startsWith('test/')) expect(read(by)).toContain(name);
    },
  );
});

const isValid = new Ajv({ allErrors: true }).compile(
  JSON.parse(read('schema/pipeline.schema.json')),
);

/** A part stands where it belongs: beside the least that has to be written. */
async function takenConfig(text: string): Promise<void> {
  const given = parse(text);
  const whole = 'app' in given ? given : { ...parse(leastConfig), ...given };
  expect(isValid(whole), JSON.stringify(isValid.errors)).toBe(true);
  await parseConfig(Buffer.from(stringify(whole)), 'pipeline.yml');
}

const stepsOf = (steps: unknown): { jobs: object } => ({
  ...{ on: 'push' },
  jobs: { deploy: { 'runs-on': 'ubuntu-latest', steps } },
});
const aTest = { docker: [{ image: 'cimg/base:current' }], steps: ['checkout'] };

/** The line of each host goes where the block before it has the one of Kubernetes. */
async function takenLines(text: string): Promise<void> {
  for (const line of Object.values<string>(parse(text))) {
    const programs = { deploy: line, current: line, health: line, restore: line };
    await takenConfig(stringify({ production: { command: programs } }));
  }
}

/** YAML that is no `pipeline.yml`: whose it is, by how it begins. */
const others: readonly (readonly [
  page: string,
  begins: string,
  holds: (text: string) => unknown,
])[] = [
  [
    'docs/ci.md',
    'jobs:\n  deploy:',
    (text) => held(faultsOfCircleci(), { version: 2.1, ...parse(text) }, aTest),
  ],
  [
    'docs/ci.md',
    'orbs:',
    (text) => held(faultsOfCircleci(), { version: 2.1, ...parse(text) }, aTest),
  ],
  ['docs/ci.md', 'on: {', (text) => held(faultsOfWorkflow(), parse(text))],
  ['docs/github.md', '- id: deploy', (text) => held(faultsOfWorkflow(), stepsOf(parse(text)))],
  ['docs/github.md', '- uses:', (text) => held(faultsOfWorkflow(), stepsOf(parse(text)))],
  ['docs/targets.md', 'kubernetes: ', takenLines],
  // ERB makes YAML of it.
  ['docs/targets.md', 'labels:\n', (text) => parse(text.replaceAll(/"<%=.*?%>"/g, 'x'))],
];

/** Against the CI's schema, where it is there. */
function held(faultsIn: Faults | null, value: { jobs?: object }, test?: object): void {
  const jobs = test === undefined ? value.jobs : { ...value.jobs, test };
  expect(faultsIn?.({ ...value, jobs }) ?? null).toBeNull();
}

describe('YAML', () => {
  const all = allBlocks.filter(({ language }) => language === 'yaml');
  const otherOf = ({ page, text }: Block) =>
    others.find(([of, begins]) => of === page && text.trimStart().startsWith(begins));

  it.each(all.map((block) => ({ where: whereOf(block), block })))(
    'at $where is taken',
    async ({ block }) => {
      const [, , holds] = otherOf(block) ?? [];
      await (holds ?? takenConfig)(block.text);
    },
  );

  it('of others is still there', () => {
    expect(new Set(all.flatMap((block) => otherOf(block) ?? [])).size).toBeGreaterThan(0);
    for (const other of others) expect(all.map(otherOf)).toContain(other);
  });
});
