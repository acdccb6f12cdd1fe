/** The schemas that vendors publish, where they lie: beside the repository, or in the folder that `LOCKSTEP_VENDOR_SCHEMAS` names. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const folder =
  process.env.LOCKSTEP_VENDOR_SCHEMAS ??
  resolve(import.meta.dirname, '../../shared/vendors/schemas');

/** @returns what the schema finds wrong; null: nothing, or the schema is not there, which is said */
export function faultsOf(name: string): (value: unknown) => unknown {
  const file = join(folder, name);
  if (!existsSync(file)) {
    process.stdout.write(`${file} is not there: nothing is held against it\n`);
    return () => null;
  }
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
  return (value) => (validate(value) ? null : validate.errors);
}

export const faultsOfCircleci = () => faultsOf('circleci-config.schema.json');
export const faultsOfWorkflow = () => faultsOf('github-workflow.schemastore.json');
