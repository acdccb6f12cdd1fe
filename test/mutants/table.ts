/**
 * The last part of docs/guarantees.md: of each promise the mechanisms, what takes each away, and the test that
 * notices. `npm run docs` writes it; `mutants.test.ts` compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Mutant, noticing } from './mutant.ts';
import { mutants } from './mutants.ts';

export const heading = '## What notices when a mechanism is taken away';

const introduction = `Each line takes one mechanism away by one small change, and names the test that fails then: its file and a part of its
name. \`npm run mutants\` makes the changes one by one in a copy of the repository, and fails where none notices.
\`test/mutants/by-promise\` has the changes; this part is written from there by \`npm run docs\`.`;

export const guarantees = resolve(import.meta.dirname, '../../docs/guarantees.md');

/** The first cell of each row of the page's first table. */
export function promisesOf(page: string): string[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| '));
  const isPromise = (cells: readonly string[]) => cells.length === 6 && cells[1] !== ' promise ';
  const all = rows.map((row) => row.split(/(?<!\\)\|/)).filter(isPromise);
  return all.map((cells) => (cells[1] ?? '').trim());
}

export function section(page: string): string {
  const parts = promisesOf(page).map((promise) => {
    const rows = mutants.filter((mutant) => promise.includes(mutant.promise)).map(rowOf);
    return [
      `**${promise}**`,
      '',
      '| mechanism | the change | noticed by |',
      '|---|---|---|',
      ...rows,
    ];
  });
  return `${[[heading, '', introduction], ...parts].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function rowOf(mutant: Mutant): string {
  const { file, names } = noticing(mutant);
  const test = [`\`${file.replace(/^test\//, '')}\``, ...names].join(' › ');
  const place = `\`${mutant.file.replace(/^src\//, '')}\` › \`${mutant.symbol}\``;
  return `| ${place} | ${mutant.id.replaceAll('-', ' ')} | ${test} |`;
}

/** The page with that part made anew. */
export function written(page: string): string {
  const at = page.indexOf(`\n${heading}\n`);
  const before = at === -1 ? `${page.trimEnd()}\n\n` : page.slice(0, at + 1);
  return before + section(page);
}

if (import.meta.main) {
  writeFileSync(guarantees, written(readFileSync(guarantees, 'utf8')));
}
