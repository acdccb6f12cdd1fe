/** Which deploy a person means. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { findDeploy } from '../../../src/cli/workspace/find-deploy.ts';
import { deploysProjection } from '../../../src/runtime/audit/deploys-table.ts';
import { LogFault, type StreamAppend } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';

function requested(deploy: string): StreamAppend {
  const data = { deploy, lane: 'acme', build: { label: deploy.split('-')[0] ?? '' } };
  const event = { id: deploy, type: 'deploy.requested', data, metadata: {} };
  return { stream: `deploy/${deploy}`, expected: 'none', events: [event] };
}

/** What is found by a name, and what is told of it. */
async function find(ids: readonly string[], name: string) {
  const log = await openLog('sqlite::memory:', { projections: [deploysProjection] });
  for (const deploy of ids) await log.append([requested(deploy)]);
  const told: string[] = [];
  try {
    const found = await findDeploy(log, name, (line) => told.push(line)).catch(
      (error: { code: string; message: string }) => ({ deploy: `${error.code} ${error.message}` }),
    );
    return [found.deploy, ...told];
  } finally {
    await log.close();
  }
}

const ids = [
  '42-aaaaaaaa',
  '42-aaaaaaaa.2',
  '421-bbbbbbbb',
  '43-cccccccc',
  '7-dddddddd',
  '7-eeeeeeee',
];

it('a whole id, with or without the number of its attempt, is that one alone', async () => {
  expect(await find(ids, '42-aaaaaaaa')).toEqual(['42-aaaaaaaa']);
  expect(await find(ids, '42-aaaaaaaa.2')).toEqual(['42-aaaaaaaa.2']);
});

it('a label is its newest attempt, told as such, and no label that begins so', async () => {
  const told = '42 is 42-aaaaaaaa.2, the newest attempt; before it: 42-aaaaaaaa';
  expect(await find(ids, '42')).toEqual(['42-aaaaaaaa.2', told]);
  expect(await find(ids, '421')).toEqual(['421-bbbbbbbb']);
});

it('the start of one id is that one', async () => {
  expect(await find(ids, '43-c')).toEqual(['43-cccccccc']);
});

it('the start of several, or a label of several commits, is refused with all of them', async () => {
  const [several] = await find(ids, '4');
  expect(several).toBe(
    'E_DEPLOY_AMBIGUOUS 4 may be any of 43-cccccccc, 421-bbbbbbbb, 42-aaaaaaaa.2, 42-aaaaaaaa',
  );
  expect((await find(ids, '7'))[0]).toContain('7-eeeeeeee, 7-dddddddd');
  expect((await find(ids, '9'))[0]).toContain('E_NO_DEPLOY');
});

it('no name is no deploy’s, also where there is one alone: a variable that is not set orders nothing', async () => {
  expect(await find(['42-aaaaaaaa'], '')).toEqual(['E_NO_DEPLOY the name of a deploy is empty']);
  expect(await find(['42-aaaaaaaa'], ' ')).toEqual(['E_NO_DEPLOY the log has no deploy  ']);
});

it('a label is compared with its deploy’s events, also where another one begins so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-find-'));
  const file = join(folder, 'log.db');
  const log = await openLog(`sqlite:${file}`, { projections: [deploysProjection] });
  for (const deploy of ['7-dddddddd', '71-eeeeeeee']) await log.append([requested(deploy)]);
  const outside = new Database(file);
  outside.exec("update deploys set state = 'production.live' where deploy = '7-dddddddd'");
  outside.close();
  try {
    await expect(findDeploy(log, '7')).rejects.toThrow(LogFault);
  } finally {
    await log.close();
    rmSync(folder, { recursive: true });
  }
});
