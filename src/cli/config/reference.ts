/** What may be written in `pipeline.yml`, as rows for people; read from its JSON Schema. */

/** As much of a JSON Schema as the configuration's has. */
interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly description?: string;
}

export interface Key {
  /** From the top of the file: `production.bake`; of an item in a list `verify.endpoints[].url`. */
  readonly path: string;
  /** What it may be: `duration`, `text`, or the words themselves. */
  readonly takes: string;
  /** Where it is left out; null: nothing. */
  readonly standard: string | null;
  readonly isRequired: boolean;
  readonly description: string;
}

/** What stands in for staging, canary and production where a key is the same in all of them. */
const anyEnvironment = 'ENVIRONMENT';

const environments = ['staging', 'canary', 'production'] as const;

/** @param schema the JSON Schema of `pipeline.yml` */
export function configKeys(schema: object): readonly Key[] {
  const { properties = {}, required = [] } = schema as Schema;
  const rest = Object.entries(properties).filter(([name]) => !isEnvironment(name));
  const keys = (entries: readonly (readonly [string, Schema])[]) =>
    entries.flatMap(([name, value]) => keysIn(name, value, required.includes(name)));
  const after = rest.findIndex(([name]) => name === 'source') + 1;
  return [
    ...keys(rest.slice(0, after)),
    ...shared(environments.map((name) => keysIn(name, properties[name] ?? {}, true))),
    ...keys(rest.slice(after)),
  ].filter(({ path }) => path !== '$schema');
}

const isEnvironment = (name: string): boolean => environments.some((one) => one === name);

/** One key where the environments that have it say the same of it. */
function shared(all: readonly (readonly Key[])[]): Key[] {
  const rows = new Map<string, { key: Key; of: string[] }>();
  for (const [i, keys] of all.entries()) {
    const name = environments[i] ?? '';
    for (const key of keys) {
      const relative = { ...key, path: key.path.slice(name.length) };
      const same = JSON.stringify(relative);
      const row = rows.get(same) ?? { key: relative, of: [] };
      row.of.push(name);
      rows.set(same, row);
    }
  }
  const isAll = ({ of }: { of: readonly string[] }) => of.length === environments.length;
  return [...rows.values()]
    .sort((a, b) => (a.key.path < b.key.path ? -1 : a.key.path > b.key.path ? 1 : 0))
    .map((row) => {
      const before = isAll(row) ? anyEnvironment : row.of.join('|');
      return { ...row.key, path: `${before}${row.key.path}` };
    });
}

function keysIn(path: string, schema: Schema, isRequired: boolean): Key[] {
  if (schema.properties !== undefined) {
    const { properties, required = [] } = schema;
    return Object.entries(properties).flatMap(([name, value]) =>
      keysIn(`${path}.${name}`, value, required.includes(name)),
    );
  }
  if (schema.items?.properties !== undefined) return keysIn(`${path}[]`, schema.items, false);
  const shapes = schema.anyOf?.filter(({ properties }) => properties !== undefined) ?? [];
  if (shapes.length > 0) {
    const all = shapes.flatMap((one) => keysIn(path, one, isRequired));
    return [...new Map(all.map((key) => [JSON.stringify(key), key])).values()];
  }
  return [{ path, takes: takes(schema), isRequired, ...meaning(schema) }];
}

function meaning({ default: standard, description = '' }: Schema) {
  // A duration's description says its default, too.
  const said = description.replace(/ \([^()]* when left out\)$/, '');
  const isNothing = standard === undefined || (Array.isArray(standard) && standard.length === 0);
  return { description: said, standard: isNothing ? null : String(standard) };
}

function takes({ type, pattern = '', items, anyOf, ...schema }: Schema): string {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return schema.enum.join(' | ');
  if (anyOf !== undefined) return anyOf.map(takes).join(' | ');
  if (items !== undefined) return `list of ${takes(items)}`;
  if (pattern.includes('ms|s|m|h')) return 'duration';
  if (pattern.startsWith('^https?')) return 'URL';
  return type === 'integer' ? 'number' : type === 'string' ? 'text' : `${type}`;
}
