/**
 * `npm run mutants`: applies each mutant by itself to a copy of the repository, runs the tests that have to
 * notice it, and prints the table. Ends with 1 when one goes unnoticed or no longer applies, or when its tests
 * fail, or are not there, without it. The repository itself is never touched.
 *
 * `--only ID[,ID]`, or `--part N/M` for every Mth from the Nth on; `--workers N` for so many at a time.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { applied, Inapplicable, type Mutant, type Noticing, noticing } from './mutant.ts';
import { mutants } from './mutants.ts';

type Verdict = 'noticed' | 'UNNOTICED' | 'DOES NOT APPLY' | 'FAILS WITHOUT IT' | 'NO SUCH TEST';

const root = resolve(import.meta.dirname, '../..');
/** A mutant may make a loop without end. */
const longestMs = 240_000;
/** What hangs without an end of its own; the tests that take longer say so themselves. */
const timeouts = ['--testTimeout=20000', '--hookTimeout=20000'];

const { values: asked } = parseArgs({
  options: {
    only: { type: 'string' },
    part: { type: 'string', default: '1/1' },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
});

function chosen(): readonly Mutant[] {
  if (asked.only !== undefined) {
    const ids = asked.only.split(',');
    const unknown = ids.filter((id) => !mutants.some((mutant) => mutant.id === id));
    if (unknown.length > 0) throw new Error(`no mutant is called ${unknown.join(', ')}`);
    return mutants.filter(({ id }) => ids.includes(id));
  }
  const [part = 1, of = 1] = asked.part.split('/').map(Number);
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

/** What a program of node_modules printed, once it is over; null: it was ended because it took too long. */
function output(cwd: string, program: string, ...args: readonly string[]): Promise<string | null> {
  const file = join('node_modules', program);
  const child = spawn(process.execPath, [file, ...args], { cwd, detached: true });
  const end = () => process.kill(-(child.pid ?? 0), 'SIGKILL');
  running.add(end);
  return new Promise((done) => {
    let text = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end();
    }, longestMs);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (text += chunk));
    child.on('close', () => {
      clearTimeout(timer);
      running.delete(end);
      done(late ? null : text);
    });
  });
}

interface Counts {
  readonly failed: number;
  readonly passed: number;
}

/** @throws Error vitest itself did not come to an end */
async function run(copy: string, { file, names }: Noticing): Promise<Counts> {
  // Tests that start the command as a process need it built; a mutant's types need not be right.
  if (/stage\.ts|run-pipeline|bin\/pipeline/.test(readFileSync(join(copy, file), 'utf8'))) {
    await output(copy, 'typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noCheck');
    await output(copy, join('..', 'scripts/bundle.ts'));
  }
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const pattern = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  const named = pattern === '' ? [] : ['-t', pattern];
  const how = ['--bail=1', '--maxWorkers=1', '--reporter=json', `--outputFile=${report}`];
  const printed = await output(
    copy,
    'vitest/vitest.mjs',
    'run',
    file,
    ...named,
    ...timeouts,
    ...how,
  );
  if (printed === null) return { failed: 1, passed: 0 };
  try {
    const { numFailedTests, numFailedTestSuites, numPassedTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    return { failed: Math.max(numFailedTests, numFailedTestSuites), passed: numPassedTests };
  } catch {
    throw new Error(`the tests did not come to an end:\n${printed}`);
  }
}

async function judge(copy: string, mutant: Mutant): Promise<Verdict> {
  const file = join(copy, mutant.file);
  const original = readFileSync(file, 'utf8');
  let mutated: string;
  try {
    mutated = applied(mutant, original);
  } catch (error) {
    if (error instanceof Inapplicable) return 'DOES NOT APPLY';
    throw error;
  }
  const test = noticing(mutant);
  const clean = await baseline(copy, test);
  if (clean.failed > 0) return 'FAILS WITHOUT IT';
  if (clean.passed === 0) return 'NO SUCH TEST';
  writeFileSync(file, mutated);
  try {
    return (await run(copy, test)).failed > 0 ? 'noticed' : 'UNNOTICED';
  } finally {
    writeFileSync(file, original);
  }
}

const baselines = new Map<string, Promise<Counts>>();
/** The same test without a mutant: once for all whom it has to notice. */
function baseline(copy: string, test: Noticing): Promise<Counts> {
  const key = JSON.stringify(test);
  const known = baselines.get(key) ?? run(copy, test);
  baselines.set(key, known);
  return known;
}

const running = new Set<() => void>();
const copies: string[] = [];
const clear = () => {
  for (const end of running) end();
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    clear();
    process.exit(1);
  });
}

try {
  const list = chosen();
  const left = [...list];
  let noticed = 0;
  const work = async (): Promise<void> => {
    const copy = copyOfRepository();
    copies.push(copy);
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      const verdict = await judge(copy, mutant);
      if (verdict === 'noticed') noticed += 1;
      const where = `${mutant.file.replace(/^src\//, '')} › ${mutant.symbol}`;
      process.stdout.write(`${verdict.padEnd(16)} ${mutant.id.padEnd(42)} ${where}\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(asked.workers) }, work));
  const bad = list.length - noticed;
  process.stdout.write(`${list.length} mutants, ${noticed} noticed, ${bad} not\n`);
  process.exitCode = bad === 0 ? 0 : 1;
} finally {
  clear();
}
