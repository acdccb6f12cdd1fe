import { expect, it } from 'vitest';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { beginningOfRollback } from '../../../src/runtime/log/rollback-beginning.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import { openLog } from '../../../src/store/open.ts';
import { lane } from '../loop/scripted-run.ts';
import { someRun } from '../standing/standing-world.ts';

const person = { actor: 'mia', observed: 'mia on ws-7', reason: 'errors' };
const back = (rollback: string) => ({
  rollback,
  target: 'sample acme-production',
  to: { id: 'release-1', version: 'v1' },
  ...person,
});
const begun = (rollback: string) => ({
  type: 'rollback.begun' as const,
  data: { ...back(rollback), from: { id: 'release-2', version: 'v2' }, commit: null },
});
const failed = (rollback: string) => ({
  type: 'rollback.failed' as const,
  data: { ...back(rollback), code: 'E_UNHEALTHY', message: 'down', made: null },
});

it.each([0, 1, 48, 49, 50, 99, 100, 130])(
  'a rollback’s beginning is found with %i events before its end',
  async (between) => {
    const log = await openLog('sqlite::memory:');
    try {
      const other = Array.from({ length: between }, () => failed('another'));
      const all = [begun('another'), begun('this'), ...other, failed('this')];
      const events = all.map((event) => newEvent(event, someRun));
      await log.append([{ stream: laneStream(lane), expected: 'none', events }]);
      const found = async (rollback: string) =>
        (await beginningOfRollback(log, lane, { rollback, end: all.length }))?.version ?? null;
      expect([await found('this'), await found('another'), await found('no such one')]).toEqual([
        2,
        1,
        null,
      ]);
    } finally {
      await log.close();
    }
  },
);
