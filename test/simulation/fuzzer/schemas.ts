/** Which fields of an answer the code can see: those that the schema names with which it reads it. */
import type { z } from 'zod';
import type { Path } from './json-mutations.ts';

/** Zod's own description of a schema, as far as it is walked here. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
}

/** @param path of a field, without the indexes of the lists on the way */
export function isRead(schema: z.core.$ZodType, path: Path): boolean {
  const definition = schema._zod.def as unknown as Definition;
  const { innerType, element, options, shape } = definition;
  const inner = innerType ?? definition.in ?? element;
  if (inner !== undefined) return isRead(inner, path);
  if (options !== undefined) return options.some((option) => isRead(option, path));
  const [first, ...rest] = path;
  if (first === undefined) return true;
  if (shape === undefined) return definition.type === 'unknown' || definition.type === 'any';
  const field = shape[first];
  return field !== undefined && isRead(field, rest);
}
