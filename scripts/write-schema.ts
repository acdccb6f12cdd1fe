/**
 * Writes what the code's schemas say for others: `schema/pipeline.schema.json` of the configuration, and of what hooks are
 * given `schema/hook-event.schema.json`; and the tables in `docs/hooks.md` and `docs/configuration.md`. `--check` only compares.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configKeys } from '../src/cli/config/reference.ts';
import { configJsonSchema } from '../src/cli/config/schema.ts';
import { variables } from '../src/cli/config/variables.ts';
import { deployEnvelopeSchema, envelopeSchema } from '../src/effects/channels/hooks/envelope.ts';
import { targetKinds } from '../src/effects/targets/kinds.ts';

const pathOf = (file: string): string => join(import.meta.dirname, '..', file);
const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const configSchema = await configJsonSchema(targetKinds);
const event = z.toJSONSchema(envelopeSchema, { target: 'draft-7' });
const { properties: eventFields } = z.toJSONSchema(deployEnvelopeSchema, { target: 'draft-7' });

/** A row for each field, as the schema describes it. */
function fields(): string[] {
  const rows = Object.entries(eventFields ?? {}).map(
    ([name, field]) => `| \`${name}\` | ${typeof field === 'object' ? field.description : ''} |`,
  );
  return ['| field | |', '|---|---|', ...rows];
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

function keys(): string[] {
  const rows = configKeys(configSchema).map(
    ({ path, takes, standard, isRequired, description }) =>
      `| \`${cell(path)}\` | ${cell(takes)} | ${isRequired ? 'required' : cell(standard ?? '')} | ${cell(description)} |`,
  );
  return ['| key | takes | left out | |', '|---|---|---|---|', ...rows];
}

function environmentVariables(): string[] {
  const rows = variables.map(
    ({ name, use, standard }) => `| \`${name}\` | ${cell(use)} | ${standard ?? ''} |`,
  );
  return ['| variable | what for | where it is not set |', '|---|---|---|', ...rows];
}

/** @param name of the part of the page that is written here */
function withTable(file: string, parts: Readonly<Record<string, readonly string[]>>): string {
  let page = readFileSync(pathOf(file), 'utf8');
  for (const [name, lines] of Object.entries(parts)) {
    const [begin, end] = [`<!-- ${name}:begin -->\n`, `\n<!-- ${name}:end -->`];
    const [before, rest = ''] = page.split(begin);
    const after = rest.slice(rest.indexOf(end));
    if (!after.startsWith(end)) throw new Error(`${file} has no place for ${name}`);
    page = `${before}${begin}${lines.join('\n')}${after}`;
  }
  return page;
}

const files = {
  'schema/pipeline.schema.json': json(configSchema),
  'schema/hook-event.schema.json': json({
    ...event,
    title: 'an event as the hooks of Lockstep are given it',
    // A later version may add fields to it.
    anyOf: (event.anyOf ?? []).map((one) => ({
      ...(one as object),
      additionalProperties: true,
    })),
  }),
  'docs/hooks.md': withTable('docs/hooks.md', { fields: fields() }),
  'docs/configuration.md': withTable('docs/configuration.md', {
    keys: keys(),
    variables: environmentVariables(),
  }),
};

for (const [file, text] of Object.entries(files)) {
  if (!process.argv.includes('--check')) writeFileSync(pathOf(file), text);
  else if (!existsSync(pathOf(file)) || readFileSync(pathOf(file), 'utf8') !== text) {
    process.stderr.write(`${file} is not what the code says: run node scripts/write-schema.ts\n`);
    process.exitCode = 1;
  }
}
