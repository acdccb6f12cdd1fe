/**
 * Resolves an `import()` that runs again as it was resolved before. The program loads kinds, commands and engines where it
 * needs them, which the tests come to thousands of times, and Vitest's hook tells the process of the run of each.
 */
import { type ResolveFnOutput, registerHooks } from 'node:module';

const resolved = new Map<string, ResolveFnOutput>();

registerHooks({
  resolve(specifier, context, next) {
    const key = [context.parentURL, specifier, ...context.conditions].join(' ');
    const known = resolved.get(key);
    if (known !== undefined) return { ...known, shortCircuit: true };
    const found = next(specifier, context);
    // What Vitest loads anew or in a module's place has a query.
    if (!found.url.includes('?')) resolved.set(key, found);
    return found;
  },
});
