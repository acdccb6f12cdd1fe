/** `npm run bench [NAME [ARGUMENTS]]`: one bench by its name, or all of them, one after the other. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const names = ['start', 'append', 'hand-over', 'deploy'];
const [name, ...args] = process.argv.slice(2);
if (name !== undefined && !names.includes(name)) {
  process.stderr.write(`there is no bench ${name}; there are ${names.join(', ')}\n`);
  process.exit(2);
}
for (const one of name === undefined ? names : [name]) {
  process.stdout.write(`${one}\n`);
  const file = join(import.meta.dirname, `${one}.ts`);
  const { status } = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
