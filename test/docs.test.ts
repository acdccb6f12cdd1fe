/** The documents: every command line in them is one that this program takes, and every link leads somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../src/cli/program.ts';
import { createTerminal } from '../src/cli/render/terminal.ts';
import { blocksOf } from './document-blocks.ts';

const root = resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const filesIn = (folder: string, end: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name));

const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...filesIn('docs', '.md'),
];
/** What was so in an earlier version is history. */
const pagesOfToday = pages.filter((page) => page !== 'CHANGELOG.md');

const { stdout, stderr } = process;
const terminal = createTerminal({ stdout, stderr, env: {}, noColor: true });
const program = createProgram({ version: '1.2.3', terminal, exit: () => {} });
const commands = new Map(program.commands.map((command) => [command.name(), command]));

/** The words of a line, as a shell would give them; a comment is none. */
const wordsOf = (line: string): string[] =>
  [...line.replace(/\s#.*$/, '').matchAll(/"[^"]*"?|'[^']*'?|\S+/g)].map(([word]) => word);

/** What is wrong with the words behind `pipeline`; null: the program takes them. @param isWhole a line to be typed as it stands */
function faultOf([name = '', ...words]: readonly string[], isWhole: boolean): string | null {
  const command: Command | undefined = commands.get(name);
  if (command === undefined) return name.startsWith('--') ? null : `there is no command ${name}`;
  const options = [...command.options, ...program.options];
  let values = 0;
  for (let at = 0; at < words.length; at++) {
    const [flag = '', given] = (words[at] ?? '').split('=');
    if (!flag.startsWith('--')) {
      // What a shell does with it is its own.
      if (/^[|>&;]/.test(flag)) break;
      values++;
      continue;
    }
    const option = options.find((one) => one.long === flag);
    if (option === undefined && flag !== '--help') return `${name} has no ${flag}`;
    if (option?.required === true && given === undefined) at++;
    if (isWhole && at >= words.length) return `${flag} takes a value`;
  }
  const takes = command.registeredArguments;
  if (isWhole && values < takes.filter((one) => one.required).length) return `${name} takes more`;
  if (values > takes.length && takes.at(-1)?.variadic !== true) return `${name} takes less`;
  return null;
}

interface Line {
  readonly where: string;
  readonly text: string;
  readonly isWhole: boolean;
}

const called = /^(?:pipeline|lockstep|(?:exec )?npx --no lockstep) +(.*)$/;

/** To be typed, or put into a CI's configuration: the lines of the blocks for a shell, and what YAML has a CI run. */
const typed = (page: string): Line[] =>
  blocksOf(page)
    .filter(({ language }) => ['sh', 'yaml'].includes(language))
    .flatMap(({ text: block }) =>
      block.split('\n').flatMap((line) => {
        const [, text] = called.exec(line.trim().replace(/^(- )?run: /, '')) ?? [];
        return text === undefined ? [] : [{ where: page, text, isWhole: true }];
      }),
    );

/** In a sentence: a command of ours, or one of its names with flags. */
const named = (page: string): Line[] =>
  [
    ...read(page)
      .replace(/^```[\s\S]*?^```$/gm, '')
      .matchAll(/`([^`\n]+)`/g),
  ].flatMap(([, span = '']) => {
    const [, text] = called.exec(span) ?? [];
    const [first = ''] = span.split(' ');
    const isOurs = text !== undefined || (commands.has(first) && span.includes(' --'));
    return isOurs ? [{ where: page, text: text ?? span, isWhole: false }] : [];
  });

/** What the program itself tells people to type. */
const told = filesIn('src', '.ts').flatMap((file) =>
  read(file)
    // A reason that is put in is a flag with its value.
    .replace(/\$\{reason\}/g, '--reason "…"')
    .split('\n')
    .filter((line) => !/^\s*(\*|\/\/|\/\*)|complete -/.test(line))
    .flatMap((line) =>
      [...line.matchAll(/\bpipeline ([a-z]+(?: (?:--?[a-z-]+|"…"|\$\{\w+\}|[A-Z]+\b))*)/g)].map(
        ([, text = '']) => ({ where: file, text, isWhole: false }),
      ),
    ),
);

/** In a sentence: Heroku has pipelines of its own. */
const noCommands =
  /^(stands|coupling|promotion|makes|found|of|as|is|in|and|by|the|that|to|a|an|for|with|has)\b/;
const faults = (lines: readonly Line[]): string[] =>
  lines.flatMap(({ where, text, isWhole }) => {
    const fault = noCommands.test(text) ? null : faultOf(wordsOf(text), isWhole);
    return fault === null ? [] : [`${where}: ${text}: ${fault}`];
  });

describe('a command line', () => {
  it.each(pagesOfToday)('of %s is one that the program takes', (page) => {
    expect(faults([...typed(page), ...named(page)])).toEqual([]);
  });

  it('that the program tells people to type is one that it takes', () => {
    expect(told.length).toBeGreaterThan(80);
    expect(faults(told)).toEqual([]);
  });

  it('that the program does not take is found', () => {
    const line = (text: string): Line => ({ where: 'a page', text, isWhole: true });
    expect(faults(['resmue 502', 'resume 502 --why x', 'log', 'log 1 2'].map(line))).toHaveLength(
      4,
    );
    expect(faults(['resume 502 --reason "a b"', 'log 502 # words'].map(line))).toEqual([]);
    expect(pagesOfToday.flatMap(typed).length).toBeGreaterThan(30);
  });
});

/** As GitHub makes them of headings. */
const anchorsOf = (page: string): string[] =>
  [
    ...read(page)
      .replace(/^```[\s\S]*?^```$/gm, '')
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );

describe('a link', () => {
  it.each(pages)('of %s leads somewhere', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to);
    const lost = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? page : relative(root, join(root, dirname(page), path));
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor);
    });
    expect(lost).toEqual([]);
  });
});
