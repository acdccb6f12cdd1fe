/**
 * How a zod schema reads a value: as it is, rather than by a function that zod first makes of it. Making
 * one takes longer than what a command reads with it, and reading with it is no faster (20 ms for the schemas of
 * all events, on what reads each in 4 µs both ways).
 */
export const uncompiled = { jitless: true } as const;
