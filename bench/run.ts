/**
 * `npm run bench [-- [NAME …] [--quick] [--events N] [--json FILE] [--docs]]`: benches by their names, or all of them. A
 * long log has a million events, 20,000 with `--quick`, or as many as are named. Each figure stands beside its limit, or
 * beside a peer that was measured in the same run. `--docs` writes docs/performance.md and, beside it, the same as JSON; benches that
 * are not named stay there as they are, if they were of the same size.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { machine } from './machine.ts';
import { type Report, tableLines, toMarkdown } from './report.ts';

const names = [
  'append',
  'import',
  'history',
  'start',
  'hand-over',
  'waiting',
  'deploy',
  'pages',
  'simulation',
] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    events: { type: 'string' },
    json: { type: 'string' },
    docs: { type: 'boolean', default: false },
  },
});
const unknown = positionals.find((name) => !names.some((one) => one === name));
if (unknown !== undefined) {
  process.stderr.write(`there is no bench ${unknown}; there are ${names.join(', ')}\n`);
  process.exit(2);
}
const events = Number(values.events ?? (values.quick ? 20_000 : 1_000_000));
if (!Number.isSafeInteger(events) || events < 1) {
  process.stderr.write(`--events takes a whole number from 1, not ${values.events}\n`);
  process.exit(2);
}

const benches: Record<string, Report['benches'][string]> = {};
for (const name of names) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const { bench } = (await import(`./${name}.ts`)) as { bench: Bench };
  process.stdout.write(`${name}\n`);
  const figures = await bench.run({ quick: values.quick, events });
  for (const line of tableLines(figures)) process.stdout.write(`  ${line}\n`);
  benches[name] = { about: bench.about, missed: bench.missed ?? null, figures };
}

const about = { machine: await machine(), quick: values.quick, events };
if (values.json !== undefined) writeFileSync(values.json, inJson(reportOf(benches)));
if (values.docs) {
  const docs = join(import.meta.dirname, '../docs');
  const file = join(docs, 'performance.json');
  const report = reportOf({ ...earlier(file), ...benches });
  writeFileSync(file, inJson(report));
  writeFileSync(join(docs, 'performance.md'), toMarkdown(report));
}
process.exit(0);

function reportOf(found: Report['benches']): Report {
  const those = names.flatMap((name) => {
    const one = found[name];
    return one === undefined ? [] : [[name, one] as const];
  });
  const left = names.filter((name) => found[name] === undefined);
  return { ...about, left, benches: Object.fromEntries(those) };
}

function inJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

function earlier(file: string): Report['benches'] {
  if (!existsSync(file)) return {};
  const report: Report = JSON.parse(readFileSync(file, 'utf8'));
  return report.quick === about.quick && report.events === about.events ? report.benches : {};
}
