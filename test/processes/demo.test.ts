/** The demo, as README's first command runs it. */
import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

it('tells its five stories, names who resumed, shows a Slack message as it is sent, and takes a bad canary back', {
  timeout: 240_000,
}, async () => {
  const demo = resolve(import.meta.dirname, '../../demo/demo.ts');
  const child = spawn(process.execPath, [demo], { stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  expect(await new Promise((done) => child.on('close', done)), told).toBe(0);

  const [, third = '', fourth = '', fifth = ''] = told.split(/^(?=[345]\. )/m);
  expect(third).toContain('resumed by Bo Berg <bo@acme.test>');
  expect(third).toMatch(/505-[0-9a-f]{8}: production\.live/);
  const [, shown = ''] = third.split('What Slack was sent of that, as it was sent:\n');
  const { text, blocks } = JSON.parse(shown.replace(/^ {3}/gm, ''));
  expect(text).toContain('resumed by Bo Berg &lt;bo@acme.test&gt;');
  expect(blocks.length).toBeGreaterThan(0);
  expect(fourth).toContain('(killed)');
  expect(told).toMatch(/506-[0-9a-f]{8}(: production\.live|\s+live)/);

  const [good = '', bad = ''] = fifth.split('The next commit');
  expect(good).toContain('for 10% of the traffic');
  expect(good).toContain('for 50% of the traffic');
  const [, live = ''] = good.match(/601-([0-9a-f]{8}): production\.live/) ?? [];
  expect(bad).toMatch(/status 503/);
  expect(bad).toContain('failed while baking on the canary: E_ENDPOINT');
  expect(bad).toContain('the canary was taken back');
  expect(bad).toMatch(/602-[0-9a-f]{8}: failed/);
  expect(bad).not.toMatch(/production release \d+ requested/);
  // Whom production's users are answered by, once all is over.
  expect([...bad.matchAll(/answered: (.*)\)/g)].at(-1)?.[1]).toBe(`20 by ${live}`);

  expect(told.trimEnd().split('\n').at(-1)).toMatch(/pipeline\.js serve$/);

  const [, root = ''] = told.match(/cd (.*lockstep-demo-[^/]+)\//) ?? [];
  onTestFinished(() => rmSync(root, { recursive: true }));
  expect(readdirSync(root)).toContain('log.db');
  expect(readdirSync(root)).not.toContain('folders');
});
