/** A vendor's published schema as a contract: which answer fits which operation. */
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { findSchema } from '../vendor-schemas.ts';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly pattern: RegExp;
  readonly method: string;
  /** By status, `default` for any other. */
  readonly responses: Json;
}

/** One answer of a stand-in. */
export interface Stop {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

/** @returns null where the vendor's schema is not there */
export function findContract(file: string): (() => VendorContract) | null {
  const schema = findSchema(file);
  return schema && (() => new VendorContract(schema()));
}

export class VendorContract {
  readonly #document: Json;
  readonly #operations: readonly Operation[];
  readonly #ajv = new Ajv({ strict: false, allErrors: true });
  readonly #validators = new Map<object, ValidateFunction>();

  constructor(document: Json) {
    addFormats.default(this.#ajv);
    this.#document = relaxNulls(document) as Json;
    this.#ajv.addSchema({ ...this.#document, $id: 'vendor' });
    this.#operations = Object.entries(this.#document.paths as Json)
      .flatMap(([path, operations]) =>
        Object.entries(operations as Json).map(([method, operation]) => ({
          path,
          method: method.toUpperCase(),
          responses: ((operation as Json)?.responses ?? {}) as Json,
        })),
      )
      // A written-out segment goes before a parameter.
      .sort((a, b) => parameters(a.path) - parameters(b.path))
      .map(({ path, ...operation }) => ({ ...operation, pattern: patternOf(path) }));
  }

  /** What is wrong with an answer by its operation's schema; nothing when it is right. */
  faults({ method, path, status, body }: Stop): string[] {
    const operation = this.#operations.find(
      (one) => one.method === method && one.pattern.test(path),
    );
    if (operation === undefined) return [`the schema has no ${method} ${path}`];
    const given = operation.responses[String(status)] ?? operation.responses.default;
    if (given === undefined) return [`${method} ${path} has no answer ${status} in the schema`];
    const schema = this.#schemaOf(this.#followed(given as Json));
    if (schema === null) return [];
    const validate = this.#validators.get(schema) ?? this.#compile(schema);
    validate(body);
    return (validate.errors ?? []).map(
      (one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`,
    );
  }

  #followed(value: Json): Json {
    const { $ref: reference } = value;
    if (typeof reference !== 'string') return value;
    const steps = reference.replace(/^#\//, '').split('/');
    const found = steps.reduce<unknown>((at, step) => (at as Json)[step], this.#document);
    return this.#followed(found as Json);
  }

  /** Of a response, in OpenAPI 3 or Swagger 2; null when it fixes none. */
  #schemaOf({ schema, content }: Json): object | null {
    const json = ((content as Json)?.['application/json'] as Json)?.schema;
    return ((schema ?? json) as object | undefined) ?? null;
  }

  #compile(schema: object): ValidateFunction {
    const validate = this.#ajv.compile(withRoot(schema) as object);
    this.#validators.set(schema, validate);
    return validate;
  }
}

const parameters = (path: string): number => path.split('{').length;

/** GitHub's `{ref}` and CircleCI's project slug may have slashes. */
function patternOf(path: string): RegExp {
  const parts = path.split(/\{([^}]+)\}/).map((part, place) => {
    if (place % 2 === 0) return part.replaceAll('.', '\\.');
    if (part === 'project-slug') return '[^/]+/[^/]+/[^/]+';
    return part === 'basehead' ? '.+' : '[^/]+';
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** `nullable` and `x-nullable` are OpenAPI's words; JSON Schema says it with a type. */
function relaxNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relaxNulls);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, 'x-nullable': isNullable, ...rest } = value as Record<string, unknown>;
  const schema = Object.fromEntries(
    Object.entries(rest).map(([key, one]) => [key, key === 'example' ? one : relaxNulls(one)]),
  );
  if (nullable !== true && isNullable !== true) return schema;
  return { anyOf: [schema, { type: 'null' }] };
}

/** References within the document, from a schema that stands outside it. */
function withRoot(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withRoot);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) =>
      key === '$ref' && typeof one === 'string' && one.startsWith('#')
        ? [key, `vendor${one}`]
        : [key, withRoot(one)],
    ),
  );
}

/** The stand-in's routes that no stop of the tour has seen. */
export function missedRoutes(
  routes: readonly { readonly method: string; readonly path: string }[],
  stops: readonly Stop[],
): string[] {
  return routes
    .filter(({ method }) => method !== 'ALL')
    .filter(({ method, path }) => {
      const pattern = new RegExp(
        `^${path.replaceAll(/:\w+(\{\.\+\})?/g, (_, rest) => (rest ? '.+' : '[^/]+')).replaceAll('/*', '/.*')}$`,
      );
      return !stops.some((stop) => stop.method === method && pattern.test(stop.path));
    })
    .map(({ method, path }) => `${method} ${path}`);
}
