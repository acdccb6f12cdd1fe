/** A run that has started PostgreSQL ends with the exit code that it was given: one whose tests failed does not pass. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('is left alone by the package that starts the server', () => {
  const module = join(import.meta.dirname, 'server.ts');
  const script = `process.exitCode = 3; await import(${JSON.stringify(module)});`;
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect(ended.status, ended.stderr.toString()).toBe(3);
});
