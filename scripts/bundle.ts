/**
 * Bundles the program that the bin starts: dist/program/main.cjs, and a chunk for each command. A run
 * opens a dozen files then instead of hundreds, which is most of its start-up. The library in dist/ is
 * not bundled. Native modules cannot be. Beside it stand the licences of the packages that it took in.
 *
 * It is CommonJS, which Node loads sooner: an import of one of Node's own modules reads all that it exports, and so has Node
 * load what half of them stand for (streams for `node:fs`, workers for `node:util`).
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type InputOptions, type Plugin, rolldown } from 'rolldown';

/** In place of what a package has the program load, and the program has no use for. */
const lighter: Readonly<Record<string, { readonly only?: RegExp; readonly text: string }>> = {
  // As its index puts it together, without fetch, web sockets, caches and mocks. Proxies are asked by `connect`.
  undici: {
    text: `import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import connect from 'undici/lib/api/api-connect.js';
import request from 'undici/lib/api/api-request.js';
Object.assign(Dispatcher.prototype, { connect, request });
export { Agent, EnvHttpProxyAgent };`,
  },
  // Undici's second parser of HTTP/1, which is an experiment and off (`Agent`'s option `useMilo`).
  './parser-h1.js': {
    only: /\/undici\//,
    text: 'export const H1Parser = null; export const getMiloEnabled = () => false;',
  },
  // For commands that are programs of their own: there are none.
  'node:child_process': { only: /\/node_modules\/commander\//, text: 'export default {};' },
};
const lighterPackages: Plugin = {
  name: 'lighter-packages',
  resolveId(source, importer = '') {
    const { only = /(?:)/, text } = lighter[source] ?? {};
    return text !== undefined && only.test(importer) ? `\0lighter:${source}` : null;
  },
  load(id) {
    return id.startsWith('\0lighter:')
      ? (lighter[id.slice('\0lighter:'.length)]?.text ?? null)
      : null;
  },
};

/**
 * V8 keeps a text in two bytes a character where one of them needs it: a single typographic quote doubles what a file takes.
 * Every other place that may have such a character has it as an escape as well: strings, templates, patterns and names.
 */
const inAscii: Plugin = {
  name: 'in-ascii',
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk') continue;
      const found = asWritten.exec(file.code);
      if (found !== null) throw new Error(`${file.fileName} needs it as it is: ${found[0]}`);
      file.code = file.code.replace(/[^\0-\x7f]/g, escaped);
    }
  },
};
/** There an escape is another text than the character: behind a backslash, which would be its own, and in what is not unescaped. */
const asWritten = /\\[^\0-\x7f]|\.raw`[^`]*[^\0-\x7f]/;
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const options: InputOptions = {
  input: {
    main: 'dist/cli/main.js',
    // A thread begins with a file of its own.
    'file-check-thread': 'dist/store/sqlite/file-check-thread.js',
  },
  platform: 'node',
  external: ['better-sqlite3', 'pg-native'],
  plugins: [lighterPackages, inAscii],
};
const imports = await importsOf(options);
const entry = resolve('dist/cli/main.js');
// Each file that is opened takes its time. What a command loads anyway is one file: what every command has, and
// what every command over a log has besides. Whatever one of these files imports is in it, or in the one before.
const always = closure(entry);
const overLogs = ['status', 'log', 'export', 'verify'].map((name) =>
  closure(resolve(`dist/cli/commands/${name}.js`)),
);
const bundle = await rolldown(options);
const { output } = await bundle.write({
  dir: 'dist/program',
  format: 'cjs',
  // Modules are strict without saying so.
  intro: "'use strict';",
  cleanDir: true,
  // What is read at each start is what runs; the sources have the comments, and LICENSES.txt the licences.
  comments: false,
  // Names without a hash: what is published is the same for the same source.
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  codeSplitting: {
    groups: [
      { name: 'every', priority: 2, test: (id) => id !== entry && always.has(id) },
      { name: 'over-logs', priority: 1, test: (id) => overLogs.every((all) => all.has(id)) },
    ],
  },
});
await bundle.close();

const modules = output.flatMap((one) => (one.type === 'chunk' ? one.moduleIds : []));
const packages = new Set(modules.filter((id) => id.includes('/node_modules/')).map(packageOf));
writeFileSync('dist/program/LICENSES.txt', [...packages].sort().map(licenceOf).join('\n'));

/** What each module imports when it is loaded, by their paths. */
async function importsOf(input: InputOptions): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  const graph = await rolldown({
    ...input,
    plugins: [
      lighterPackages,
      { name: 'imports', moduleParsed: ({ id, importedIds }) => void found.set(id, importedIds) },
    ],
  });
  await graph.generate();
  await graph.close();
  return found;
}

/** The module and all that is loaded for it. */
function closure(id: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(id)) return seen;
  seen.add(id);
  for (const imported of imports.get(id) ?? []) closure(imported, seen);
  return seen;
}

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
