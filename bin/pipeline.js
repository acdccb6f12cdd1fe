#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';

const program = new URL('../dist/program/main.js', import.meta.url);
// Says so in one line where Node is too old for what is loaded next (the native module crashes there).
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `error[E_NODE]: pipeline needs Node.js 22.19 or newer; this is ${process.versions.node}
  Install Node.js 24. In a clone of Lockstep, npx --no lockstep uses the one that npm ci brought.\n`,
  );
  process.exitCode = 2;
} else if (!existsSync(program)) {
  process.stderr.write(
    'error[E_NOT_BUILT]: this clone of Lockstep is not built yet\n  Run npm run build in it.\n',
  );
  process.exitCode = 2;
} else if (process.argv.length === 3 && /^(--version|-V|version)$/.test(process.argv[2])) {
  // What the program would say, without loading it.
  const about = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  process.stdout.write(`${JSON.parse(about).version}\n`);
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache?.();
  const { main } = await import(program);
  process.exitCode = await main(process.argv.slice(2));
}
