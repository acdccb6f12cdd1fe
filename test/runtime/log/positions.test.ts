/** Where a time begins in the log, as every question about a period asks it. */
import { expect, it } from 'vitest';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { positionBefore } from '../../../src/runtime/log/positions.ts';
import { openLog } from '../../../src/store/open.ts';
import { someRun } from '../standing/standing-world.ts';

it.each([0, 1, 2, 7, 8])(
  'is behind all that is older, and before what is of that very time: %i events',
  async (count) => {
    const start = Date.parse('2026-01-05T10:00:00Z');
    let now = start;
    const log = await openLog('sqlite::memory:', { now: () => now });
    // Two at a time are of one time.
    const timeOf = (place: number) => start + Math.floor(place / 2) * 1_000;
    for (let place = 0; place < count; place++) {
      now = timeOf(place);
      const event = newEvent({ type: 'lock.released', data: {} }, someRun);
      await log.append([{ stream: 'lane/acme', expected: 'any', events: [event] }]);
    }
    const places = Array.from({ length: count }, (_, place) => place);
    for (const ms of [-1, 0, 1, 1_000, 2_999, 3_000, 60_000]) {
      const since = new Date(start + ms).toISOString();
      const older = places.filter((place) => timeOf(place) < start + ms).length;
      expect([ms, await positionBefore(log, since, await log.head())]).toEqual([ms, older]);
    }
    await log.close();
  },
);
