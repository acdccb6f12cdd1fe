/**
 * Heroku's lists: `Range` and `Next-Range`, 206 for a part, orders and their errors (Heroku Platform API
 * reference, Ranges).
 */

export interface RangeAnswer<T> {
  readonly status: 200 | 206;
  readonly items: readonly T[];
  readonly headers: Readonly<Record<string, string>>;
}

export interface RangeFault {
  readonly status: 400 | 416;
  readonly message: string;
}

/** How a list may be ordered; the first is what it is ordered by when nothing is asked. */
export type Keys<T> = Readonly<Record<string, (item: T) => string | number>>;

const defaultMax = 200;
const hardMax = 1_000;
const format = 'Invalid `Range` header. Please use format like `id ..; max=10, order=desc`.';

export function answerRange<T>(
  all: readonly T[],
  keys: Keys<T>,
  header: string | undefined,
): RangeAnswer<T> | RangeFault {
  const names = Object.keys(keys);
  const asked = /^(\w+) (\]?)([^\s;]*?)\.\.([^\s;,]*)\s*(?:;(.*))?$/.exec(
    (header ?? `${names[0]} ..`).trim(),
  );
  if (asked === null) {
    const unbounded = /^\w+ \.\., /.test(header ?? '');
    return unbounded
      ? {
          status: 416,
          message:
            'End range bounds without a start bound are currently not supported. Please specify a start bound.',
        }
      : { status: 400, message: format };
  }
  const [, name = '', exclusive, from = '', to = '', rest = ''] = asked;
  const key = keys[name];
  const parameters = parse(rest);
  if (key === undefined || parameters === null) return { status: 400, message: format };
  const { max, order } = parameters;
  const sign = order === 'desc' ? -1 : 1;
  const compare = (a: string | number, b: string | number): number =>
    sign * (a < b ? -1 : a > b ? 1 : 0);
  const typed = (bound: string, like: string | number) =>
    typeof like === 'number' ? Number(bound) : bound;

  const within = [...all]
    .sort((a, b) => compare(key(a), key(b)))
    .filter((item) => {
      const at = key(item);
      const after = from === '' ? 1 : compare(at, typed(from, at));
      const before = to === '' ? -1 : compare(at, typed(to, at));
      return (exclusive === ']' ? after > 0 : after >= 0) && before <= 0;
    });
  const items = within.slice(0, max);
  const headers: Record<string, string> = { 'accept-ranges': names.join(', ') };
  const [first, last] = [items[0], items.at(-1)];
  if (first === undefined || last === undefined) return { status: 200, items, headers };
  const suffix = `max=${max}${order === 'desc' ? ', order=desc' : ''}`;
  headers['content-range'] = `${name} ${key(first)}..${key(last)}; ${suffix}`;
  if (items.length === within.length) return { status: 200, items, headers };
  headers['next-range'] = `${name} ]${key(last)}..${to}; ${suffix}`;
  return { status: 206, items, headers };
}

function parse(text: string): { max: number; order: 'asc' | 'desc' } | null {
  let max = defaultMax;
  let order: 'asc' | 'desc' = 'asc';
  for (const part of text.replace(/;\s*$/, '').split(',')) {
    const [name, value] = part.trim().split('=');
    if (name === '') continue;
    if (name === 'max' && /^\d+$/.test(value ?? '')) max = Math.min(Number(value), hardMax);
    else if (name === 'order' && (value === 'asc' || value === 'desc')) order = value;
    else return null;
  }
  return { max, order };
}
