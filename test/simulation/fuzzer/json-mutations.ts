/** Every single way to spoil a JSON value: each field and list of it dropped, nulled, emptied, cut, doubled, reordered or taken from elsewhere. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Path = readonly (string | number)[];

/** Whence a mutation takes what does not belong into the answer; undefined where there is none. */
export interface Kin {
  /** The answer to the same question about another object of the kind. */
  readonly sibling: Json | undefined;
  /** The answer that the same question had before. */
  readonly older: Json | undefined;
}

export interface JsonMutation {
  readonly name: string;
  /** It takes nothing away that anybody may go by: a deploy that is refused for it is refused for nothing. */
  readonly harmless: boolean;
  readonly needs: keyof Kin | null;
  /** The spoilt value; undefined where there is nothing to spoil. Changes the value given. */
  readonly change: (value: Json, kin: Kin) => Json | undefined;
}

export interface Shape {
  /** Whether the code that reads the answer can see this field; list items have their index left out. */
  readonly isRead: (path: Path) => boolean;
  /** Whether the order of the list means nothing. */
  readonly isUnordered: (path: Path) => boolean;
}

/** All that are different from each other, in one order. */
export function* jsonMutations(value: Json, shape: Shape): Generator<JsonMutation> {
  yield* wholes();
  yield* unread(shape);
  yield* inside(value, [], shape);
}

function* wholes(): Generator<JsonMutation> {
  yield mutation('of another object', (_, { sibling }) => sibling, { needs: 'sibling' });
  yield mutation('as it was before', (_, { older }) => older, { needs: 'older' });
  yield mutation('null', () => null);
  yield mutation('an empty list', () => []);
  yield mutation('an empty object', () => ({}));
}

/** What nobody reads is spoilt all at once: the types do not let the code see it. */
export function* unread({ isRead }: Shape): Generator<JsonMutation> {
  const harmless = true;
  const each = (change: (object: Record<string, Json>, key: string) => void) => (value: Json) => {
    eachObject(value, [], (object, path) => {
      for (const key of Object.keys(object)) if (!isRead([...path, key])) change(object, key);
    });
    return value;
  };
  yield mutation(
    'unread fields: dropped',
    each((object, key) => delete object[key]),
    { harmless },
  );
  yield mutation(
    'unread fields: nulled',
    each((object, key) => {
      object[key] = null;
    }),
    { harmless },
  );
  const add = (value: Json): Json => {
    eachObject(value, [], (object) => {
      Object.assign(object, { x_new_field: { id: 'x', status: 'failed' }, x_new_list: [1, 'two'] });
    });
    return value;
  };
  yield mutation('unknown fields: added', add, { harmless });
}

function eachObject(
  value: Json,
  path: Path,
  tell: (object: Record<string, Json>, path: Path) => void,
): void {
  if (Array.isArray(value)) for (const item of value) eachObject(item, path, tell);
  else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) eachObject(inner, [...path, key], tell);
    tell(value, path);
  }
}

function* inside(value: Json, path: Path, shape: Shape): Generator<JsonMutation> {
  if (Array.isArray(value)) {
    yield* ofList(value, path, shape);
    for (const [i, item] of value.entries()) yield* inside(item, [...path, i], shape);
  } else if (isObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      const at = [...path, key];
      if (!shape.isRead(withoutIndexes(at))) continue;
      yield* ofField(inner, at);
      yield* inside(inner, at, shape);
    }
  }
}

function* ofField(value: Json, path: Path): Generator<JsonMutation> {
  const name = shown(path);
  yield mutation(`${name}: dropped`, (root) => edit(root, path, () => drop));
  if (value !== null) yield mutation(`${name}: nulled`, (root) => edit(root, path, () => null));
  yield mutation(`${name}: emptied`, (root) => edit(root, path, emptied));
  yield mutation(`${name}: cut short`, (root) => edit(root, path, cut));
  yield mutation(`${name}: doubled`, (root) => edit(root, path, doubled));
  yield mutation(
    `${name}: of another object`,
    (root, { sibling }) => edit(root, path, () => at(sibling, path)),
    { needs: 'sibling' },
  );
  const last = path.findLastIndex((part) => typeof part === 'number');
  if (last === -1) return;
  for (const step of [1, -1]) {
    const other = path.with(last, (path[last] as number) + step);
    const which = step === 1 ? 'next' : 'one before';
    yield mutation(`${name}: of the ${which}`, (root) => edit(root, path, () => at(root, other)));
  }
}

function* ofList(value: Json[], path: Path, { isUnordered }: Shape): Generator<JsonMutation> {
  const name = path.length === 0 ? 'the list' : shown(path);
  const harmless = isUnordered(withoutIndexes(path));
  const list = (what: string, change: (items: Json[]) => Json[] | undefined, free = false) =>
    mutation(
      `${name}: ${what}`,
      (root) => edit(root, path, (here) => (Array.isArray(here) ? change(here) : undefined)),
      { harmless: free },
    );
  if (path.length > 0) yield list('emptied', () => []);
  yield list('doubled', (items) => [...items, ...structuredClone(items)]);
  if (value.length > 1) yield list('reversed', (items) => items.reverse(), harmless);
  for (const i of value.keys()) {
    const has = (items: Json[]): boolean => i < items.length;
    yield list(`without ${i}`, (items) => (has(items) ? items.toSpliced(i, 1) : undefined));
    yield list(`${i} twice`, (items) =>
      has(items) ? items.toSpliced(i, 0, structuredClone(items[i] as Json)) : undefined,
    );
    if (i === 0) continue;
    yield list(`the first ${i} only`, (items) => (has(items) ? items.slice(0, i) : undefined));
    yield list(`without the first ${i}`, (items) => (has(items) ? items.slice(i) : undefined));
    const swap = (items: Json[]): Json[] | undefined =>
      has(items) ? items.with(i, items[i - 1] as Json).with(i - 1, items[i] as Json) : undefined;
    yield list(`${i - 1} and ${i} swapped`, swap, harmless);
    const copy = (from: number, to: number) => (items: Json[]) =>
      has(items) ? items.with(to, structuredClone(items[from] as Json)) : undefined;
    yield list(`${i} in place of ${i - 1}`, copy(i, i - 1));
    yield list(`${i - 1} in place of ${i}`, copy(i - 1, i));
  }
}

function mutation(
  name: string,
  change: JsonMutation['change'],
  { harmless = false, needs = null }: Partial<Pick<JsonMutation, 'harmless' | 'needs'>> = {},
): JsonMutation {
  return { name, harmless, needs, change };
}

const emptied = (value: Json): Json => {
  if (Array.isArray(value)) return [];
  if (isObject(value)) return {};
  if (typeof value === 'string') return '';
  return typeof value === 'number' ? 0 : false;
};

const cut = (value: Json): Json | undefined => {
  if (typeof value === 'string') return value.slice(0, Math.ceil(value.length / 2));
  if (typeof value === 'number') return Math.floor(value / 10);
  return undefined;
};

const doubled = (value: Json): Json | undefined => {
  if (typeof value === 'string') return value + value;
  if (typeof value === 'number') return value * 2;
  return typeof value === 'boolean' ? !value : undefined;
};

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const withoutIndexes = (path: Path): Path => path.filter((part) => typeof part === 'string');

/** `[0].slug.id` */
const shown = (path: Path): string =>
  path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');

function at(value: Json | undefined, path: Path): Json | undefined {
  let here: Json | undefined = value;
  for (const part of path) {
    if (Array.isArray(here) && typeof part === 'number') here = here[part];
    else if (isObject(here) && typeof part === 'string') here = here[part];
    else return undefined;
  }
  return here === undefined ? undefined : structuredClone(here);
}

const drop = Symbol('drop');

/** The root with the value at the path replaced; undefined where there is nothing to replace, or nothing new. */
function edit(
  root: Json,
  path: Path,
  change: (value: Json) => Json | undefined | typeof drop,
): Json | undefined {
  const last = path.at(-1);
  if (last === undefined) {
    const whole = change(structuredClone(root));
    return whole === drop || same(whole, root) ? undefined : whole;
  }
  let parent: Json | undefined = root;
  for (const part of path.slice(0, -1)) parent = (parent as Record<string, Json>)?.[part];
  const holder = parent as Record<string | number, Json> | undefined;
  if (typeof holder !== 'object' || holder === null || !(last in holder)) return undefined;
  const before = holder[last] as Json;
  const after = change(structuredClone(before));
  if (after === undefined) return undefined;
  if (after === drop) delete holder[last];
  else if (same(after, before)) return undefined;
  else holder[last] = after;
  return root;
}

const same = (a: Json | undefined, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);
