/** README and the pages of docs/, and the blocks in them: what is typed, what is printed, what is configured. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

export const readPage = (page: string): string => readFileSync(join(root, page), 'utf8');

/** For users. */
const pagesForUsers: readonly string[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => join('docs', name)),
];

export interface Block {
  readonly page: string;
  /** Of its first line. */
  readonly line: number;
  /** Empty where none is named. */
  readonly language: string;
  readonly text: string;
}

/** In a list, too, where a block is indented. */
export const blocksOf = (page: string): Block[] => {
  const whole = readPage(page);
  return [...whole.matchAll(/^( *)```(\w*)[^\n]*\n([\s\S]*?)^ *```$/gm)].map(
    ([, indent = '', language = '', text = ''], at, all) => ({
      page,
      line: whole.slice(0, all[at]?.index).split('\n').length + 1,
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
};

export const allBlocks: readonly Block[] = pagesForUsers.flatMap(blocksOf);

/** What a program printed; `text` says so, and so does no language at all. */
export const isOutput = ({ language }: Block): boolean => ['', 'text'].includes(language);

interface Held {
  readonly page: string;
  readonly language: string;
  /** How many of them the page has: one more is nobody's yet. */
  readonly blocks: number;
  /** The test, or the program, that makes each of them, runs it or reads it. */
  readonly by: string;
}

/** The blocks of a page that a test of their own, or a program that writes them, holds. */
export const heldElsewhere: readonly Held[] = [
  { page: 'README.md', language: 'mermaid', blocks: 1, by: 'src/cli/commands/docs.ts' },
  { page: 'docs/statechart.md', language: 'mermaid', blocks: 1, by: 'src/cli/commands/docs.ts' },
  { page: 'docs/install.md', language: 'sh', blocks: 9, by: 'test/processes/install.test.ts' },
  { page: 'docs/audit.md', language: 'bash', blocks: 1, by: 'test/store/head-chain.test.ts' },
  { page: 'docs/library.md', language: 'ts', blocks: 6, by: 'test/library.test.ts' },
  { page: 'docs/library.md', language: 'text', blocks: 6, by: 'test/library.test.ts' },
  {
    ...{ page: 'docs/hooks.md', language: 'js', blocks: 1 },
    by: 'test/effects/channels/hooks/docs.test.ts',
  },
  {
    ...{ page: 'docs/hooks.md', language: 'sh', blocks: 1 },
    by: 'test/effects/channels/hooks/docs.test.ts',
  },
  { page: 'docs/targets.md', language: 'sh', blocks: 1, by: 'test/targets/docs.test.ts' },
  { page: 'docs/targets.md', language: 'json', blocks: 1, by: 'test/targets/docs.test.ts' },
];

export const isHeldElsewhere = ({ page, language }: Block): boolean =>
  heldElsewhere.some((held) => held.page === page && held.language === language);
