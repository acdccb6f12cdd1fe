/** Writes the protocol's tables into docs/targets.md, from the schemas that hold programs to it; `--check` compares only. */
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import {
  answers,
  exitCodes,
  limits,
  protocolVersion,
  variables,
} from '../src/effects/targets/command/protocol.ts';

const file = new URL('../docs/targets.md', import.meta.url);
const [begin, end] = ['<!-- protocol:begin -->', '<!-- protocol:end -->'];

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly type?: string;
  readonly description?: string;
}

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function typeOf(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${one}\``).join(', ');
  return (
    { string: 'text', integer: 'whole number', boolean: '`true` or `false`', null: '`null`' }[
      schema.type ?? ''
    ] ??
    schema.type ??
    ''
  );
}

function fieldsOf(schema: JsonSchema, prefix = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    if (name === 'type') return [];
    if (field.properties !== undefined) return fieldsOf(field, `${name}.`);
    const may = schema.required?.includes(name) === true ? '' : ', may be left out';
    return [row(`\`${prefix}${name}\``, `${typeOf(field)}${may}`, field.description ?? '')];
  });
}

function linesOf(operation: keyof typeof answers): string[] {
  const schema = z.toJSONSchema(answers[operation], { io: 'input' }) as JsonSchema;
  return (schema.oneOf ?? schema.anyOf ?? []).flatMap((line) => {
    const type = line.properties?.type?.const ?? '';
    return [
      '',
      `A line \`"type":"${type}"\` of \`${operation}\`:`,
      '',
      row('field', 'is', 'says'),
      row('---', '---', '---'),
      ...fieldsOf(line),
    ];
  });
}

const text = [
  `This is version ${protocolVersion}. It comes from the schemas that every line is held against.`,
  '',
  '### What a program is told',
  '',
  row('variable', ''),
  row('---', '---'),
  ...Object.entries(variables).map(([name, says]) => row(`\`${name}\``, says)),
  '',
  '### What it says',
  ...(['deploy', 'current', 'health', 'restore'] as const).flatMap(linesOf),
  '',
  '### How it ends',
  '',
  row('exit code', 'means'),
  row('---', '---'),
  row(String(exitCodes.done), 'done; what `current` and `health` said is whole'),
  row(String(exitCodes.refused), '`deploy` refuses, and has done nothing: `E_PROGRAM_REFUSED`'),
  row(
    String(exitCodes.temporary),
    'not now: it is asked again, a program that writes only after a look at what it did',
  ),
  row('any other', 'it failed: `E_PROGRAM_FAILED`, with its last lines'),
  row('a signal', 'from elsewhere, it counts as not now'),
  '',
  `A line of JSON may have ${limits.lineBytes} bytes, an answer ${limits.lines} lines; of what is for people ${limits.shownLines} lines are shown.`,
].join('\n');

const page = readFileSync(file, 'utf8');
const from = page.indexOf(begin) + begin.length;
const written = `${page.slice(0, from)}\n${text}\n${page.slice(page.indexOf(end))}`;
if (process.argv.includes('--check')) {
  if (written !== page) {
    process.stderr.write('docs/targets.md is not what the protocol’s schemas say: npm run docs\n');
    process.exitCode = 1;
  }
} else writeFileSync(file, written);
