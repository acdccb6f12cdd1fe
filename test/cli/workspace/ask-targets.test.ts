/** Whose targets are asked: those of the lane that is configured here. What runs in another lane its own configuration tells. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StatusDocument } from '../../../src/cli/render/status-document.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { openLog } from '../../../src/store/open.ts';
import { startAnsweringServer } from '../../effects/answering-server.ts';
import { wayToLive, writeDeploy } from '../../runtime/audit/written.ts';
import { CommandHere } from '../command-here.ts';
import { leastConfig } from '../config/config-text.ts';

let folder: string;
let store: string;
const commit = 'b'.repeat(40);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-ask-targets-'));
  store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  await writeDeploy(log, { label: '501', commit }, wayToLive(commit, null, 'v1'));
  await writeDeploy(log, { label: '7', commit, lane: 'acme-api' }, wayToLive(commit, null, 'v1'));
  await log.close();
  writeFileSync(join(folder, 'pipeline.yml'), leastConfig);
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each<[string, readonly string[], Readonly<Record<string, string>>, (string | null)[], boolean]>([
  [
    'with a token',
    [],
    { HEROKU_API_KEY: 'HRKU-1' },
    ['pipeline.yml here is of lane acme-web', '401'],
    true,
  ],
  [
    'without one',
    [],
    {},
    ['pipeline.yml here is of lane acme-web', 'HEROKU_API_KEY is not set'],
    false,
  ],
  ['without a configuration', ['--config', 'none.yml'], {}, ['none.yml', 'none.yml'], false],
  ['offline', ['--offline'], { HEROKU_API_KEY: 'HRKU-1' }, [null, null], false],
])('%s', async (_, flags, env, why, isAsked) => {
  const server = await startAnsweringServer(() => ({ status: 401, body: '{}' }));
  const here = new CommandHere(folder, {
    PIPELINE_STORE: store,
    HEROKU_API_URL: server.url,
    ...env,
  });
  const { exit, stdout, stderr } = await here.run(['status', '--json', ...flags]);
  await server.close();
  expect(exit, stderr).toBe(0);
  const { lanes } = JSON.parse(stdout) as StatusDocument;
  const told = Object.fromEntries(
    lanes.map(({ lane, places: [production] }) => [lane, production]),
  );
  for (const [at, lane] of ['acme-api', 'acme-web'].entries()) {
    expect(told[lane]).toMatchObject({ source: 'log', version: 'v1' });
    const words = why[at];
    if (words === null) expect(told[lane]?.untold).toBeNull();
    else expect(told[lane]?.untold).toContain(words);
  }
  expect(server.asked.length > 0).toBe(isAsked);
});
