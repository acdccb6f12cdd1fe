/**
 * Bundles the program that the bin starts: dist/program/main.js, and a chunk for each command. A run
 * opens a dozen files then instead of hundreds, which is most of its start-up. The library in dist/ is
 * not bundled. Native modules cannot be. Beside it stand the licences of the packages that it took in.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';

const bundle = await rolldown({
  input: { main: 'dist/cli/main.js' },
  platform: 'node',
  external: ['better-sqlite3', 'pg-native'],
});
const { output } = await bundle.write({
  dir: 'dist/program',
  format: 'esm',
  cleanDir: true,
  // Names without a hash: what is published is the same for the same source.
  chunkFileNames: '[name].js',
});
await bundle.close();

const modules = output.flatMap((one) => (one.type === 'chunk' ? one.moduleIds : []));
const packages = new Set(modules.filter((id) => id.includes('/node_modules/')).map(packageOf));
writeFileSync('dist/program/LICENSES.txt', [...packages].sort().map(licenceOf).join('\n'));

/** The folder of the package that a module is in. */
function packageOf(id: string): string {
  let folder = dirname(id);
  while (!isPackage(folder)) folder = dirname(folder);
  return folder;
}

/** Not every package.json is a package's: some only say which kind of modules a folder has. */
function isPackage(folder: string): boolean {
  const file = join(folder, 'package.json');
  return existsSync(file) && 'version' in JSON.parse(readFileSync(file, 'utf8'));
}

/** The licence's text; of a package without one, what its package.json says. */
function licenceOf(folder: string): string {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? about.license : readFileSync(join(folder, file), 'utf8').trim();
  if (text === undefined) throw new Error(`${about.name} does not say how it is licensed`);
  return `${about.name} ${about.version}\n\n${text}\n`;
}
