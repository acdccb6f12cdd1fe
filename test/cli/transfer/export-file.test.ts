/** The file of an export that is interrupted: nothing of it stays, and the one that was there before does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-export-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const script = `
  import { openOutput } from ${JSON.stringify(new URL('../../../src/cli/transfer/export-file.ts', import.meta.url).href)};
  const output = await openOutput(process.argv[1], {});
  await output.write('half');
  console.log('written');
  setInterval(() => {}, 1_000);
`;

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', async (signal, exit) => {
  const file = join(folder, 'log.jsonl');
  writeFileSync(file, 'the one before');
  const job = spawn(process.execPath, ['--input-type=module', '--eval', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(job, 'exit');
  await once(job.stdout, 'data');
  expect(readdirSync(folder)).toHaveLength(2);
  job.kill(signal);
  expect(await ended).toEqual([exit, null]);
  expect(readdirSync(folder)).toEqual(['log.jsonl']);
  expect(readFileSync(file, 'utf8')).toBe('the one before');
});
