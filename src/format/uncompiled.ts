/**
 * How a zod schema reads a value: as it is, rather than by a function that zod first makes of it. Making
 * one takes longer than what a command reads with it (20 ms for the schemas of all events, each of which is read in 3 µs
 * without).
 */
export const uncompiled = { jitless: true } as const;

/** By the function, which takes half as long. */
const compiled = { jitless: false } as const;
/** So often a schema is used before its function is made: by then, making it would have been paid for by what it saves. */
const oftenMin = 500;
const uses = new WeakMap<object, number>();

/** How a schema reads that may be used a few times or a million times. */
export function asOftenAs(schema: object): typeof uncompiled | typeof compiled {
  const before = uses.get(schema) ?? 0;
  if (before >= oftenMin) return compiled;
  uses.set(schema, before + 1);
  return uncompiled;
}
