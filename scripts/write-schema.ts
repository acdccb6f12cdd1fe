/** Writes `schema/pipeline.schema.json` from the configuration's schema; `--check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '../src/cli/config/schema.ts';
import { targetKinds } from '../src/effects/targets/kinds.ts';

const file = join(import.meta.dirname, '../schema/pipeline.schema.json');
const text = `${JSON.stringify(await configJsonSchema(targetKinds), null, 2)}\n`;
if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write(
    'schema/pipeline.schema.json is not what the code says: run node scripts/write-schema.ts\n',
  );
  process.exitCode = 1;
}
