/**
 * Writes what the code's schemas say for others: `schema/pipeline.schema.json` of the configuration, and of what hooks are
 * given `schema/hook-event.schema.json` and the table in `docs/hooks.md`. `--check` only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configJsonSchema } from '../src/cli/config/schema.ts';
import { envelopeSchema } from '../src/effects/channels/hooks/envelope.ts';
import { targetKinds } from '../src/effects/targets/kinds.ts';

const pathOf = (file: string): string => join(import.meta.dirname, '..', file);
const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

const event = z.toJSONSchema(envelopeSchema, { target: 'draft-7' });

/** A row for each field, as the schema describes it. */
function withFields(page: string): string {
  const rows = Object.entries(event.properties ?? {}).map(
    ([name, field]) => `| \`${name}\` | ${typeof field === 'object' ? field.description : ''} |`,
  );
  const table = ['| field | |', '|---|---|', ...rows].join('\n');
  return page.replace(
    /(<!-- fields:begin -->\n)[\s\S]*?(\n<!-- fields:end -->)/,
    (_, begin: string, end: string) => `${begin}${table}${end}`,
  );
}

const files = {
  'schema/pipeline.schema.json': json(await configJsonSchema(targetKinds)),
  'schema/hook-event.schema.json': json({
    ...event,
    title: 'an event as the hooks of Lockstep are given it',
    // A later version may add fields to it.
    additionalProperties: true,
  }),
  'docs/hooks.md': withFields(readFileSync(pathOf('docs/hooks.md'), 'utf8')),
};

for (const [file, text] of Object.entries(files)) {
  if (!process.argv.includes('--check')) writeFileSync(pathOf(file), text);
  else if (readFileSync(pathOf(file), 'utf8') !== text) {
    process.stderr.write(`${file} is not what the code says: run node scripts/write-schema.ts\n`);
    process.exitCode = 1;
  }
}
