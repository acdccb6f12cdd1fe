/**
 * The schemas that vendors publish. They are not part of the project: they lie beside the repository,
 * in `../shared/vendors/schemas`, or in the folder that `LOCKSTEP_VENDOR_SCHEMAS` names.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const folder =
  process.env.LOCKSTEP_VENDOR_SCHEMAS ??
  resolve(import.meta.dirname, '../../shared/vendors/schemas');

/** @returns how to read the schema in that file; null, said in one line, where there is none */
export function findSchema(name: string): (() => Record<string, unknown>) | null {
  const file = join(folder, name);
  if (existsSync(file)) return () => JSON.parse(readFileSync(file, 'utf8'));
  process.stdout.write(
    `${file} is not there: nothing is held against it (LOCKSTEP_VENDOR_SCHEMAS names its folder)\n`,
  );
  return null;
}

/** What a schema finds wrong with a value; null: nothing. */
export type Faults = (value: unknown) => unknown;

/** @returns null where the schema is not there */
function faultsOf(name: string): Faults | null {
  const schema = findSchema(name)?.();
  if (schema === undefined) return null;
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? null : validate.errors);
}

export const faultsOfAction = () => faultsOf('github-action.schemastore.json');
export const faultsOfCircleci = () => faultsOf('circleci-config.schema.json');
export const faultsOfWorkflow = () => faultsOf('github-workflow.schemastore.json');
