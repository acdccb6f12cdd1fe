#!/usr/bin/env node
// CommonJS, as the program is.
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const program = join(__dirname, '../dist/program/main.cjs');
// Says so in one line where Node is too old for what is loaded next (the native module crashes there).
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  refuse(
    'E_NODE',
    `pipeline needs Node.js 22.19 or newer; this is ${process.versions.node}`,
    'Install Node.js 24. In a clone of Lockstep, npx --no lockstep uses the one that npm ci brought.',
  );
} else if (!existsSync(program)) {
  refuse('E_NOT_BUILT', 'this clone of Lockstep is not built yet', 'Run npm run build in it.');
} else if (process.argv.length === 3 && /^(--version|-V|version)$/.test(process.argv[2])) {
  // What the program would say, without loading it.
  const about = readFileSync(join(__dirname, '../package.json'), 'utf8');
  process.stdout.write(`${JSON.parse(about).version}\n`);
} else {
  require('node:module').enableCompileCache?.();
  // Node's own code for a program that waits for what never comes: it has not done what it was started for.
  process.on('exit', () => {
    process.exitCode ??= 13;
  });
  require(program)
    .main(process.argv.slice(2))
    .then((exit) => {
      process.exitCode = exit;
    });
}

/** As the program says its errors: in words, and with --json as a document. */
function refuse(code, message, hint) {
  process.stderr.write(`error[${code}]: ${message}\n  ${hint}\n`);
  if (process.argv.includes('--json')) {
    const error = { code, message, hint, details: {}, exit: 2 };
    process.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
  }
  process.exitCode = 2;
}
