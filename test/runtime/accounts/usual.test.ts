/** How long instances usually take to be up, as a lane's last deploys tell it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { usualStartMs } from '../../../src/runtime/accounts/usual.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { wayToLive, writeDeploy } from '../audit/written.ts';

const [staging, production] = ['acme-staging', 'acme-production'].map((name) => ({
  ...{ kind: 'sample', name, settings: {} },
})) as [Target, Target];
type Target = Parameters<typeof usualStartMs>[2];

let log: EventLog;
let label = 0;
beforeEach(async () => {
  log = await openLog('sqlite::memory:', { projections });
});
afterEach(() => log.close());

/** A deploy whose instances took so long to be up. */
async function deploy(stagingMs: number, productionMs: number | null, lane = 'acme-web') {
  const commit = `${++label}`.padEnd(40, 'a');
  const events = wayToLive(commit, null, `v${label}`).map((event): DomainEvent => {
    const waitedMs = event.type.startsWith('staging') ? stagingMs : productionMs;
    return event.type.endsWith('.instancesUp')
      ? ({ ...event, data: { ...event.data, waitedMs } } as DomainEvent)
      : event;
  });
  const end = events.findIndex(({ type }) => type === 'production.instancesUp');
  const told = productionMs === null ? events.slice(0, end) : events;
  await writeDeploy(log, { label: `${label}`, commit, lane }, told);
}

const usual = (target: Target, lane = 'acme-web') => usualStartMs(log, lane, target);

describe('how long instances usually take', () => {
  it('is not known of a lane that has not waited for any', async () => {
    expect(await usual(staging)).toBeNull();
    await deploy(1_000, null);
    expect(await usual(staging)).toBe(1_000);
    expect(await usual(production)).toBeNull();
    expect(await usual(staging, 'acme-api')).toBeNull();
  });

  it('is known by what this version can read: what another one wrote is passed over', async () => {
    await deploy(1_000, null);
    const [up] = (await log.readAll({ after: 0, limit: 100 })).filter(
      ({ type }) => type === 'staging.instancesUp',
    );
    if (up === undefined) throw new Error('they were waited for');
    const { stream, type, data, metadata } = up;
    const newer = { id: '7b9f6f6e-3c1d-4d64-9a3e-0a1b2c3d4e5f', type, schema: 99, data, metadata };
    await log.append([{ stream, expected: 'any', events: [newer] }]);
    expect(await usual(staging)).toBe(1_000);
  });

  it('is not known by a deploy that another version asked for', async () => {
    await deploy(1_000, null);
    const [request] = await log.readAll({ after: 0, limit: 1 });
    if (request === undefined) throw new Error('it was asked for');
    const { type, data, metadata } = request;
    const newer = { id: '7b9f6f6e-3c1d-4d64-9a3e-0a1b2c3d4e5f', type, schema: 99, metadata };
    const other = { ...newer, data: { ...data, deploy: '900-99999999', lane: 'acme-api' } };
    await log.append([{ stream: 'deploy/900-99999999', expected: 'none', events: [other] }]);
    expect(await usual(staging, 'acme-api')).toBeNull();
  });

  it('is the median of the last deploys of the target, in its own lane', async () => {
    await deploy(90_000, 90_000, 'acme-api');
    for (const ms of [600_000, 1_000, 3_000, 2_000, 500_000, 1_500, 2_500, 3_500]) {
      await deploy(ms, 10 * ms);
    }
    expect(await usual(staging)).toBe(2_500);
    expect(await usual(production)).toBe(25_000);
  });
});
