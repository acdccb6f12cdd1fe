/** A log with as many events as are asked for: deploys of two lanes, one after the other, a few of each at a time. */
import { randomUUID } from 'node:crypto';
import { deploysProjection } from '../../src/runtime/audit/deploys-table.ts';
import type { JsonObject, NewEvent } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';

const lanes = ['acme-web', 'acme-api'];
const eventsPerDeploy = 20;

export async function writeLargeLog(url: string, events: number): Promise<void> {
  const log = await openLog(url, { projections: [deploysProjection] });
  for (let written = 0, n = 1; written < events; n++) {
    const count = Math.min(eventsPerDeploy, events - written);
    const lane = lanes[n % lanes.length] ?? '';
    const deploy = `${n}-1a5f89db`;
    const all = Array.from({ length: count }, (_, step) => anEvent(deploy, lane, step));
    const own = [{ stream: `deploy/${deploy}`, expected: 0, events: all.slice(0, -1) }];
    const order = all.slice(-1).map((event) => ({ ...event, type: 'lock.released' }));
    // The lane's stream grows with the log; the others stay as short as a deploy.
    await log.append([...own, { stream: `lane/${lane}`, expected: 'any', events: order }]);
    written += count;
  }
  await log.close();
}

function anEvent(deploy: string, lane: string, step: number): NewEvent {
  const request: JsonObject = {
    deploy,
    lane,
    branch: 'master',
    commit: { sha: '1a5f89db'.repeat(5), title: 'Grüße – \u2028 “everybody”', author: 'Ana Lima' },
    build: { label: '502', attempt: 1 },
  };
  const slug = randomUUID();
  return {
    id: randomUUID(),
    type: step === 0 ? 'deploy.requested' : 'staging.deployed',
    data: step === 0 ? request : { release: { id: slug, version: step }, notes: 'x'.repeat(150) },
    metadata: {
      actor: 'ana',
      run: 'r-1',
      transition: { from: `s${step - 1}`, to: `s${step}`, settled: false, reason: null },
    },
  };
}
