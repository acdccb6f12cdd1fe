/**
 * Bundles the program that the bin starts: dist/program/main.js, and a chunk for each command. A run
 * opens a dozen files then instead of hundreds, which is most of its start-up. The library in dist/ is
 * not bundled. Native modules cannot be.
 */
import { rolldown } from 'rolldown';

const bundle = await rolldown({
  input: { main: 'dist/cli/main.js' },
  platform: 'node',
  external: ['better-sqlite3', 'pg-native'],
});
await bundle.write({
  dir: 'dist/program',
  format: 'esm',
  cleanDir: true,
  // Names without a hash: what is published is the same for the same source.
  chunkFileNames: '[name].js',
});
await bundle.close();
