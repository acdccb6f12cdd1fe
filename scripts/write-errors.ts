/** Writes `docs/errors.md` from the catalogue of errors; `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorEntry, ErrorPart } from '../src/errors/entry.ts';
import { errorParts } from './error-parts.ts';

const introduction = `# Error codes

Every error that Lockstep tells has a code. Codes are stable: programs branch on them, in \`--json\` and in the log
(\`deploy.failed\`). The message says what happened, and the hint beside it knows more of the case at hand than this page does.
The exit code is the one with which a command ends by it; the README says what each means. Where there are several, it depends on
when it happens: 2 before anything was written, 1 after that. A step's error fails its deploy, which is exit 1.

This page is written from \`src/errors\` and the vendors' folders by \`npm run docs\`.
`;

const file = join(import.meta.dirname, '../docs/errors.md');
const text = [introduction, ...errorParts.map(section)].join('\n');
if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write('docs/errors.md is not what the catalogue says: run npm run docs\n');
  process.exitCode = 1;
}

function section({ title, errors }: ErrorPart): string {
  const rows = Object.entries(errors)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, entry]) => row(code, entry));
  return [`## ${title}`, '', '| code | what it means | what to do | exit |', '|---|---|---|---|']
    .concat(rows, '')
    .join('\n');
}

function row(code: string, { meaning, remedy, exit = [1] }: ErrorEntry): string {
  return `| \`${code}\` | ${meaning} | ${remedy} | ${exit.join(' or ')} |`;
}
