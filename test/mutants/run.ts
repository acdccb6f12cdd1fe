/**
 * `npm run mutants`: applies each mutant by itself to a copy of the repository, runs the tests that
 * have to notice it, and prints the table. Ends with 1 when one goes unnoticed, no longer applies, or
 * when its tests fail without it.
 *
 * `--only ID[,ID]`, or `--part N/M` for every Mth from the Nth on.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { applied, Inapplicable, type Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';

type Verdict = 'noticed' | 'UNNOTICED' | 'DOES NOT APPLY' | 'FAILS WITHOUT IT';

const root = resolve(import.meta.dirname, '../..');

function chosen(): readonly Mutant[] {
  const { values } = parseArgs({ options: { only: { type: 'string' }, part: { type: 'string' } } });
  if (values.only !== undefined) {
    const ids = values.only.split(',');
    const unknown = ids.filter((id) => !mutants.some((mutant) => mutant.id === id));
    if (unknown.length > 0) throw new Error(`no mutant is called ${unknown.join(', ')}`);
    return mutants.filter(({ id }) => ids.includes(id));
  }
  const [part = 1, of = 1] = (values.part ?? '1/1').split('/').map(Number);
  return mutants.filter((_, place) => place % of === part - 1);
}

/** The files that git knows or would know, without what they are built into. */
function copyOfRepository(): string {
  const copy = mkdtempSync(join(tmpdir(), 'lockstep-mutants-'));
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const files = execFileSync('git', listed, { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of files.filter((name) => name !== '')) {
    cpSync(join(root, file), join(copy, file), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** How many of these files' tests failed. @throws Error vitest itself did not come to an end */
function failures(copy: string, files: readonly string[]): number {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  // The tests of the command run what is built; types are the linter's business, not this one's.
  spawnSync('npx', ['--no', 'tsc', '-p', 'tsconfig.build.json', '--noCheck'], { cwd: copy });
  const run = spawnSync(
    'npx',
    ['--no', 'vitest', 'run', ...files, '--bail=1', '--reporter=json', `--outputFile=${report}`],
    { cwd: copy, encoding: 'utf8' },
  );
  try {
    const { numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    return Math.max(numFailedTests, numFailedTestSuites);
  } catch {
    throw new Error(`the tests did not come to an end:\n${run.stdout}\n${run.stderr}`);
  }
}

function judge(copy: string, mutant: Mutant): Verdict {
  const file = join(copy, mutant.file);
  const original = readFileSync(file, 'utf8');
  let mutated: string;
  try {
    mutated = applied(mutant, original);
  } catch (error) {
    if (error instanceof Inapplicable) return 'DOES NOT APPLY';
    throw error;
  }
  writeFileSync(file, mutated);
  try {
    return failures(copy, mutant.noticedBy) > 0 ? 'noticed' : 'UNNOTICED';
  } finally {
    writeFileSync(file, original);
  }
}

const copy = copyOfRepository();
try {
  const list = chosen();
  const files = [...new Set(list.flatMap(({ noticedBy }) => noticedBy))].sort();
  const broken = new Set(files.filter((file) => failures(copy, [file]) > 0));
  const counts = new Map<Verdict, number>();
  for (const mutant of list) {
    const verdict = mutant.noticedBy.some((file) => broken.has(file))
      ? 'FAILS WITHOUT IT'
      : judge(copy, mutant);
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    const where = `${dirname(mutant.file).replace(/^src\//, '')}: ${mutant.symbol}`;
    process.stdout.write(`${verdict.padEnd(16)} ${mutant.id.padEnd(34)} ${where}\n`);
  }
  const bad = list.length - (counts.get('noticed') ?? 0);
  process.stdout.write(`${list.length} mutants, ${list.length - bad} noticed, ${bad} not\n`);
  process.exitCode = bad === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
