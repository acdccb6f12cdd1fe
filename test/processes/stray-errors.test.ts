/** An error that nobody catches is told as any other is: once, without secrets, and the process ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { shell } from './run-pipeline.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-stray-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['thrown in a timer', 'throw new Error(t)'],
  ['a rejection', 'Promise.reject(new Error(t))'],
  ['no error at all', 'Promise.reject(t)'],
])(
  '%s',
  async (_, code) => {
    const preload = encodeURIComponent(
      `setTimeout(() => { const t = "it was " + process.env.NPM_TOKEN; ${code} }, 3000)`,
    );
    const ended = await shell(
      folder,
      `NPM_TOKEN=npm_stray0123 NODE_OPTIONS='--import=data:text/javascript,${preload}' pipeline import <(sleep 8 2>&-) --json --store sqlite:log.db`,
    );
    expect(ended.exit).toBe(1);
    expect(ended.stderr).toMatch(/^error\[E_INTERNAL\]: .*it was \[secret\]/m);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: 'E_INTERNAL', exit: 1 } });
    expect(ended.stdout + ended.stderr).not.toContain('npm_stray0123');
  },
  30_000,
);

it('a program that waits for what never comes has not done what it was started for', async () => {
  const preload = encodeURIComponent(`import Module from "node:module";
const load = Module._load;
Module._load = (name, ...more) =>
  name.endsWith("main.cjs") ? { main: () => new Promise(() => {}) } : load(name, ...more);`);
  const ended = await shell(
    folder,
    `NODE_OPTIONS='--import=data:text/javascript,${preload}' pipeline help`,
  );
  expect(ended.exit).toBe(13);
});
