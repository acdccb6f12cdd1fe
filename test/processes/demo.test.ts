/** The demo, as README's first command runs it. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

it('tells its four stories, names who resumed, and shows a Slack message as it is sent', {
  timeout: 240_000,
}, async () => {
  const demo = resolve(import.meta.dirname, '../../demo/demo.ts');
  const child = spawn(process.execPath, [demo], { stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  expect(await new Promise((done) => child.on('close', done)), told).toBe(0);

  const [, third = '', fourth = ''] = told.split(/^(?=[34]\. )/m);
  expect(third).toContain('resumed by Bo Berg <bo@acme.test>');
  expect(third).toMatch(/505-[0-9a-f]{8}: production\.live/);
  const [, shown = ''] = third.split('What Slack was sent of that, as it was sent:\n');
  const { text, blocks } = JSON.parse(shown.replace(/^ {3}/gm, ''));
  expect(text).toContain('resumed by Bo Berg &lt;bo@acme.test&gt;');
  expect(blocks.length).toBeGreaterThan(0);
  expect(fourth).toContain('(killed)');
  expect(fourth).toMatch(/506-[0-9a-f]{8} +production\.live/);
});
