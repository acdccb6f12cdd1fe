/** What is told of an order that was given: it names the line that undoes it, whole, so that it can be typed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { CommandHere } from './command-here.ts';

const config = `app: acme-web
staging: { heroku: { app: acme-staging } }
production: { heroku: { app: acme-production } }
`;

let folder: string;
let here: CommandHere;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-orders-'));
  const store = `sqlite:${join(folder, 'log.db')}`;
  await (await openLog(store, { projections })).close();
  writeFileSync(join(folder, 'pipeline.yml'), config);
  execFileSync('git', ['init', '-q', folder]);
  writeFileSync(join(folder, '.gitconfig'), '[user]\nname = Ada\nemail = ada@example.com\n');
  here = new CommandHere(folder, { PIPELINE_STORE: store });
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['disable', /nothing goes to production until pipeline enable --reason "…"$/m],
  ['enable', /goes on by pipeline resume DEPLOY --reason "…"/],
])('%s', async (order, told) => {
  const { exit, stdout } = await here.run([order, '--reason', 'incident 4711']);
  expect(exit).toBe(0);
  expect(stdout).toMatch(told);
});
