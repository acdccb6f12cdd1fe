/** What `pipeline verify` looks at besides events, by the command itself, on a log in a file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projections } from '../../src/runtime/audit/projections.ts';
import { openLog } from '../../src/store/open.ts';
import { events } from '../store/events.ts';
import { CommandHere } from './command-here.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-verify-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['as the log has it', (digest: string) => digest, 0],
  ['that is another', () => 'e'.repeat(64), 1],
])('what the next head is computed from: %s', async (_, kept, exit) => {
  const store = `sqlite:${join(folder, 'log.db')}`;
  const log = await openLog(store, { projections });
  const of = async (count: number) => {
    const { events: made } = await log.append([
      { stream: 'a', expected: 'any', events: events(count) },
    ]);
    return { last: made.at(-1)?.hash ?? '', head: await log.headDigest() };
  };
  const { last, head } = await of(256);
  const blocks = { position: 256, digest: kept(digestIn(head)), last };
  await log.saveCheckpoint('heads', { position: 256, state: { blocks } });
  await of(10);
  await log.close();
  const here = new CommandHere(folder, { PIPELINE_STORE: store });
  const ended = await here.run(['verify']);
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit });
});

/** The digits alone. */
const digestIn = (head: { readonly digest: string }): string => head.digest.slice(2);
