/** The simulation with its log in PostgreSQL: fewer deploys, for each call goes over a real connection. */

import { expect, it } from 'vitest';
import { deploysProjection } from '../../src/runtime/audit/deploys-table.ts';
import { Changes } from '../../src/store/changes.ts';
import type { EventLog } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { fc } from '../fast-check.ts';
import { usePostgres } from '../postgres/use-postgres.ts';
import { isSoak, often } from '../store/attacks/seed.ts';
import { freshSeed } from './deploys.ts';
import { scenario } from './scenario.ts';
import { simulate } from './simulation.ts';
import type { VirtualTime } from './virtual-time.ts';

const { store } = usePostgres();

const deploysMin = often(15, 300);
const fixedSeed = 3_014_007;

it(`${deploysMin} simulated deploys break no invariant`, { timeout: 400_000 }, async () => {
  let builds = 0;
  let live = 0;
  const first = isSoak ? freshSeed() : fixedSeed;
  for (let seed = first; builds < deploysMin; seed++) {
    await fc.assert(
      fc.asyncProperty(scenario, async (drawn) => {
        const { url, remove } = await store();
        try {
          const { violations, figures } = await simulate(drawn, {
            openLog: (time, now) => openIn(time, now, url),
          });
          builds += figures.builds;
          live += figures.live;
          expect(violations).toEqual([]);
        } finally {
          await remove();
        }
      }),
      // Shrinking would take hours; the seed, given to `npm run soak`, shrinks in memory.
      { seed, numRuns: 1, endOnFailure: true },
    );
  }
  process.stdout.write(
    `simulated on PostgreSQL, from seed ${first}: builds ${builds}, live ${live}\n`,
  );
  expect(live).toBeGreaterThan(0);
});

/** Time stands still while the server works, and what waits for a write waits in that time. */
async function openIn(time: VirtualTime, now: () => number, url: string): Promise<EventLog> {
  const real = await openLog(url, { projections: [deploysProjection], now });
  const { sleep } = time;
  const changes = new Changes({ look: null, seen: null, pollMs: () => 0, sleep });
  return new Proxy(real, {
    get: (target, name) => {
      const member = target[name as keyof EventLog];
      if (typeof member !== 'function') return member;
      if (name === 'changed') {
        return ({ timeoutMs, signal }: Parameters<EventLog['changed']>[0]) =>
          changes.wait(timeoutMs, signal);
      }
      const call = member.bind(target) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const result = await time.during(call(...args));
        // A `take` of what somebody holds wrote nothing, and must wake nobody to try the same.
        const isRefused = result === null || result === false;
        if (/^(append|take|renew|release)$/.test(String(name)) && !isRefused) changes.wrote();
        return result;
      };
    },
  });
}
