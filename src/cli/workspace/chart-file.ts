/** A chart that a person hands in: a module that exports a machine, or a definition's JSON. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../../errors/error.ts';
import type { Chart } from '../../machine/chart.ts';
import { chartOf, unknownIn } from '../../machine/chart-of-definition.ts';
import { definitionOf, definitionSchema } from '../../machine/definition.ts';

/** @throws UsageError E_CHART */
export async function readChartFile(file: string): Promise<Chart> {
  if (/\.[cm]?[jt]s$/.test(file)) return fromModule(file);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw wrong(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const { data: definition, error } = definitionSchema.safeParse(value);
  if (definition === undefined) {
    const [issue] = error.issues;
    throw wrong(file, `${issue?.path.join('.') || 'it'}: ${issue?.message}`);
  }
  const unknown = unknownIn(definition);
  if (unknown.length === 0) return chartOf(definition);
  throw wrong(file, `it names what this version does not have: ${unknown.join(', ')}`);
}

async function fromModule(file: string): Promise<Chart> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (cause) {
    throw wrong(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const machine = module.default ?? module.chart;
  if (!isMachine(machine)) throw wrong(file, 'neither its default export nor `chart` is a machine');
  const unknown = unknownIn(definitionOf(machine)).filter((one) => one.startsWith('step '));
  if (unknown.length === 0) return machine;
  throw wrong(file, `it invokes what no run carries out: ${unknown.join(', ')}`);
}

function isMachine(value: unknown): value is Chart {
  if (typeof value !== 'object' || value === null) return false;
  return 'root' in value && 'transition' in value && 'getInitialSnapshot' in value;
}

const wrong = (file: string, why: string, cause?: unknown): UsageError =>
  new UsageError('E_CHART', `${file} is no chart that can be tried: ${why}`, {
    hint: 'pipeline whatif --print-chart > chart.json writes the present one, to be changed; docs/whatif.md',
    ...(cause === undefined ? {} : { cause }),
  });
