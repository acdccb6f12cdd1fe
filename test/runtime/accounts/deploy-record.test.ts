/** Deploys and orders of a time, as figures and exports get them: also from a log that this version cannot read all of. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  deploysAsked,
  lastOf,
  ordersMeanwhile,
  readDeployRecord,
  readLaneRecord,
  recentDeploys,
  recentPeriod,
} from '../../../src/runtime/accounts/deploy-record.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { deployStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog, JsonObject } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { sample } from '../../machine/samples.ts';
import { events } from '../../store/events.ts';
import { wayToGates, wayToLive, writeDeploy, writeLane } from '../audit/written.ts';

const lane = 'acme-web';
const commitOf = (n: number): string => `${n}`.padEnd(40, 'a');
const idOf = (n: number): string => `${n}-${commitOf(n).slice(0, 8)}`;
const start = Date.parse('2026-01-05T10:00:00.000Z');
const minute = 60_000;
const at = (minutes: number): string => new Date(start + minutes * minute).toISOString();
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };
const disabled = { type: 'lane.disabled' as const, data: person };
const enabled = { type: 'lane.enabled' as const, data: person };
const about = { rollback: 'rollback-1', target: 'sample acme-production', ...person };
const to = { id: 'release-1', version: 'v1' };
const begun = {
  type: 'rollback.begun' as const,
  data: { ...about, commit: commitOf(1), from: { id: 'release-2', version: 'v2' }, to },
};
const failed = {
  type: 'rollback.failed' as const,
  data: { ...about, to, code: 'E_TEST', message: 'it broke' },
};

let log: EventLog;
let nowMs: number;
beforeEach(async () => {
  nowMs = start;
  log = await openLog('sqlite::memory:', { projections, now: () => nowMs });
});
afterEach(() => log.close());

const pass = (minutes: number): void => {
  nowMs += minutes * minute;
};
const deploy = (n: number, ...then: Parameters<typeof writeDeploy>[2]) =>
  writeDeploy(log, { label: `${n}`, commit: commitOf(n) }, then);
const live = (n: number) => deploy(n, ...wayToLive(commitOf(n), null, `v${n}`));

/** One that this version cannot read. */
async function write(stream: string, type: string, data: JsonObject = {}): Promise<void> {
  const [event] = events(1);
  await log.append([{ stream, expected: 'any', events: [{ ...event, type, data } as never] }]);
}

describe('a deploy', () => {
  it('is its events, with where each led and who wrote it', async () => {
    await live(501);
    const record = await readDeployRecord(log, idOf(501));
    expect(record?.request.lane).toBe(lane);
    expect(record?.steps.map(({ version, to }) => [version, to]).slice(0, 3)).toEqual([
      [1, 'queued.waiting'],
      [2, 'locked'],
      [3, expect.any(String)],
    ]);
    expect(record?.steps.at(-1)).toMatchObject({ to: 'production.live', time: at(0), by: 'ana' });
    expect(lastOf(record as never, 'production.deployed')?.event.data.release.version).toBe('v501');
    expect(lastOf(record as never, 'deploy.failed')).toBeNull();
  });

  it('ends before a time that is given', async () => {
    await deploy(501);
    pass(1);
    await write(deployStream(idOf(501)), 'run.interrupted', { signal: 'SIGTERM' });
    const stepsUntil = async (until?: string) =>
      (await readDeployRecord(log, idOf(501), until))?.steps.length ?? null;
    expect(await stepsUntil(at(0))).toBeNull();
    expect(await stepsUntil(at(1))).toBe(1);
    expect(await stepsUntil(at(2))).toBe(2);
  });

  it('is in the state before where an event says of none', async () => {
    await deploy(501, sample('lock.acquired'));
    await write(deployStream(idOf(501)), 'run.interrupted', { signal: 'SIGTERM' });
    const record = await readDeployRecord(log, idOf(501));
    expect(record?.steps.map(({ to }) => to)).toEqual(['queued.waiting', 'locked', 'locked']);
  });

  it('is none where there is none, or where it begins with something else', async () => {
    expect(await readDeployRecord(log, 'nobody')).toBeNull();
    await write(deployStream('odd'), 'run.interrupted', { signal: 'SIGTERM' });
    expect(await readDeployRecord(log, 'odd')).toBeNull();
  });
});

describe('the deploys that were asked for last', () => {
  it('are given the newest first; what this version cannot read is passed over', async () => {
    for (const n of [501, 502, 503]) await deploy(n);
    await write(deployStream(idOf(502)), 'deploy.teleported');
    const given = async (limit: number) => {
      const ids: string[] = [];
      for await (const { deploy } of recentDeploys(log, limit)) ids.push(deploy);
      return ids;
    };
    expect(await given(9)).toEqual([idOf(503), idOf(501)]);
    expect(await given(1)).toEqual([idOf(503)]);
    await log.close();
    await expect(given(1)).rejects.toMatchObject({ code: 'E_STORE_CLOSED' });
  });

  it('of a time and a lane are their ids, the first first', async () => {
    await deploy(501);
    pass(1);
    await writeDeploy(log, { label: '502', commit: commitOf(502), lane: 'other' }, []);
    pass(1);
    await deploy(503);
    const asked = (since: string | null, until: string | null, of: string | null = null) =>
      deploysAsked(log, { lane: of, since, until });
    expect(await asked(null, null)).toEqual([idOf(501), idOf(502), idOf(503)]);
    expect(await asked(null, null, lane)).toEqual([idOf(501), idOf(503)]);
    expect(await asked(at(1), null)).toEqual([idOf(502), idOf(503)]);
    expect(await asked(at(1), at(2))).toEqual([idOf(502)]);
    expect(await asked(at(1), at(2), lane)).toEqual([]);
  });
});

describe('what was said of the lane meanwhile', () => {
  it('is what stands between a deploy’s first and last event, of its lane alone', async () => {
    await writeLane(log, disabled);
    await deploy(501);
    await writeLane(log, enabled);
    await writeLane(log, disabled, `${lane}-2`);
    await write(deployStream(idOf(501)), 'run.interrupted', { signal: 'SIGTERM' });
    await writeLane(log, disabled);
    const record = await readDeployRecord(log, idOf(501));
    const told = await ordersMeanwhile(log, record as never);
    expect(told).toEqual([{ event: enabled, time: at(0), position: 3 }]);
  });

  it('is found behind more than is read at once, and no more is read than that', async () => {
    await deploy(501);
    for (let n = 0; n < 205; n++) await writeLane(log, n % 2 === 0 ? disabled : enabled);
    await write(deployStream(idOf(501)), 'run.interrupted', { signal: 'SIGTERM' });
    await writeLane(log, disabled);
    const record = await readDeployRecord(log, idOf(501));
    expect(await ordersMeanwhile(log, record as never)).toHaveLength(205);
  });
});

describe('a lane in a period', () => {
  const read = (since: string, until: string) => readLaneRecord(log, lane, { since, until });

  it('has the beginning of a rollback that ended in it, however long ago that was', async () => {
    await writeLane(log, begun);
    await writeLane(log, disabled);
    pass(60);
    await live(501);
    await writeLane(log, failed);
    pass(1);
    await writeLane(log, enabled);
    const { orders, deploys, liveBefore } = await read(at(60), at(61));
    expect(orders.map(({ event: { type }, time }) => [type, time])).toEqual([
      ['rollback.begun', at(0)],
      ['rollback.failed', at(60)],
    ]);
    expect([deploys.map(({ deploy }) => deploy), liveBefore]).toEqual([[idOf(501)], null]);
    // Once, where it is there already; and nothing is made of one that nobody began.
    const whole = await read(at(0), at(61));
    expect(whole.orders.map(({ event: { type } }) => type)).toEqual([
      ...['rollback.begun', 'lane.disabled', 'rollback.failed'],
    ]);
  });

  it('has no beginning of a rollback where the log has none', async () => {
    await writeLane(log, failed);
    expect((await read(at(0), at(1))).orders.map(({ event }) => event.type)).toEqual([
      'rollback.failed',
    ]);
  });

  it('has what was said of the lane since its first deploy was asked for, also before the period', async () => {
    await writeLane(log, disabled);
    await deploy(501, sample('lock.acquired'));
    await writeLane(log, enabled);
    pass(10);
    await writeLane(log, disabled);
    const { orders } = await read(at(5), at(30));
    expect(orders.map(({ event: { type } }) => type)).toEqual(['lane.enabled', 'lane.disabled']);
  });

  it('tells when one was live last before it, and leaves that one out', async () => {
    await live(501);
    pass(10);
    await deploy(502, sample('lock.acquired'));
    pass(10);
    const { deploys, liveBefore } = await read(at(5), at(30));
    expect([deploys.map(({ deploy }) => deploy), liveBefore]).toEqual([[idOf(502)], at(0)]);
    expect((await read(at(0), at(30))).liveBefore).toBeNull();
    // One that is on its way through production is not live.
    await deploy(503, ...wayToLive(commitOf(503), null, 'v503').slice(0, -1));
    pass(10);
    expect((await read(at(25), at(40))).liveBefore).toBe(at(0));
    // Nor is another lane's this one's.
    const elsewhere = { label: '504', commit: commitOf(504), lane: 'other' };
    await writeDeploy(log, elsewhere, wayToLive(commitOf(504), null, 'v504'));
    pass(10);
    expect((await read(at(45), at(60))).liveBefore).toBe(at(0));
    expect((await read(at(0), at(10))).deploys.map(({ deploy }) => deploy)).toEqual([idOf(501)]);
  });
});

describe('a deploy that was held before a period', () => {
  const held = (n: number) =>
    deploy(n, ...wayToGates(commitOf(n), null, `v${n}`), sample('production.held'));
  const readAt = async (since: number, until: number) => {
    const period = { since: at(since), until: at(until) };
    const { deploys, liveBefore } = await readLaneRecord(log, lane, period);
    return [deploys.map(({ deploy }) => deploy), liveBefore];
  };

  it('is of it while no other was live since', async () => {
    await live(501);
    await held(502);
    pass(10);
    expect(await readAt(5, 30)).toEqual([[idOf(502)], at(0)]);
    await live(503);
    pass(10);
    expect(await readAt(15, 30)).toEqual([[], at(10)]);
    // What ended then is over; another lane's is not looked at.
    await writeDeploy(log, { label: '504', commit: commitOf(504), lane: 'other' }, []);
    await deploy(505, sample('lock.acquired'), sample('deploy.failed'));
    pass(10);
    expect(await readAt(25, 60)).toEqual([[], at(10)]);
    expect(await readAt(20, 60)).toEqual([[idOf(505)], at(10)]);
  });

  it('is of it where none was ever live', async () => {
    await held(502);
    pass(10);
    expect(await readAt(5, 30)).toEqual([[idOf(502)], null]);
  });
});

describe('what is recent in a lane', () => {
  it('is nothing where it has no deploy', async () => {
    expect(await recentPeriod(log, lane)).toBeNull();
    await writeLane(log, disabled);
    expect(await recentPeriod(log, lane)).toBeNull();
  });

  it('is the thirty days up to the log’s last event', async () => {
    await deploy(501);
    pass(60);
    await writeLane(log, disabled, 'other');
    const until = start + 60 * minute + 1;
    expect(await recentPeriod(log, lane)).toEqual({
      since: new Date(until - 30 * 24 * 60 * minute).toISOString(),
      until: new Date(until).toISOString(),
    });
  });

  it('is less where there were a hundred deploys since', async () => {
    for (let n = 0; n < 101; n++) {
      await deploy(501 + n);
      // Of another lane it is nothing.
      await writeDeploy(log, { label: `${n}`, commit: commitOf(n), lane: 'other' }, []);
      pass(1);
    }
    expect(await recentPeriod(log, lane)).toMatchObject({ since: at(1) });
  });
});
