/** Who goes on where a deploy has ended, by the lane's stream and the leases of runs. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { followerOf } from '../../../src/runtime/lock/follower.ts';
import { laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';

let folder: string;
let log: EventLog;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-follower-'));
  log = await openLog(`sqlite:${join(folder, 'log.db')}`);
});
afterEach(async () => {
  await log.close();
  rmSync(folder, { recursive: true, force: true });
});

const commit = 'a'.repeat(40);
const write = (type: string, data: Record<string, string | string[] | number | null>) =>
  log.append([
    {
      stream: laneStream('acme-web'),
      expected: 'any',
      events: [{ id: randomUUID(), type, schema: 1, data, metadata: {} }],
    },
  ]);
const owner = { host: 'elsewhere', run: 'r' };
async function joins(build: string, isAlive = true): Promise<void> {
  const deploy = `${build}-aaaaaaaa`;
  await write('lane.joined', { deploy, run: 'r', build, commit });
  if (isAlive) await log.take(runResource(deploy), owner, 60_000);
}
const grant = (build: string) =>
  write('lock.granted', {
    ...{ deploy: `${build}-aaaaaaaa`, run: 'r', build, commit },
    ...{ supersedes: [], takenOver: null },
  });
const follower = async (stacking: 'skip' | 'every' = 'skip') =>
  (await followerOf(log, { lane: 'acme-web', deploy: '502-aaaaaaaa', stacking }))?.build ?? null;

it('is nobody where none waits, or only those do whose runs have ended', async () => {
  expect(await follower()).toBeNull();
  await joins('502');
  await grant('502');
  expect(await follower()).toBeNull();
  await joins('503', false);
  expect(await follower()).toBeNull();
});

it('is the newest that waits, or with every merge a deploy the oldest', async () => {
  for (const build of ['502', '510', '511', '512']) await joins(build);
  await grant('502');
  expect(await follower('skip')).toBe('512');
  expect(await follower('every')).toBe('510');
});

it('is the one that has the lane by now', async () => {
  for (const build of ['502', '510', '512']) await joins(build);
  await grant('502');
  await grant('510');
  expect(await follower()).toBe('510');
});

it('is none that had the lane and died, or gave it back, though that one waits for something else', async () => {
  await joins('510');
  await joins('503', false);
  await grant('503');
  expect(await follower()).toBe('510');
  await joins('511');
  await grant('511');
  expect(await follower()).toBe('511');
  const [token, why] = [(await log.readStream(laneStream('acme-web'))).length, 'failed'];
  await write('lock.released', { deploy: '511-aaaaaaaa', token, why });
  expect(await follower()).toBe('510');
});

it('is never the deploy itself, though it waits again', async () => {
  await joins('502');
  expect(await follower('skip')).toBeNull();
  await joins('501');
  await joins('502');
  expect([await follower('skip'), await follower('every')]).toEqual(['501', '501']);
});

it('is not known where a newer version wrote to the lane', async () => {
  await joins('503');
  await write('lane.painted', {});
  expect(await follower()).toBeNull();
});
