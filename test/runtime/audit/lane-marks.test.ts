/** The index of lanes against the lanes’ own events: it is believed only where they say the same. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { samples } from '../../../src/machine/samples.ts';
import {
  allMarks,
  isMarkedAfter,
  laneMarksProjection,
  readLaneMark,
  readLaneMarks,
  readShipped,
} from '../../../src/runtime/audit/lane-marks.ts';
import {
  backsAfter,
  readRollbacks,
  readTakenBack,
} from '../../../src/runtime/audit/rollback-marks.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { failureOf } from '../../effects/lockstep-error.ts';
import { usePostgres } from '../../postgres/use-postgres.ts';
import { sqliteStore } from '../../store/events.ts';
import { storeFixture } from '../../store/fixture.ts';
import { writeLane } from './written.ts';

const { open, store } = storeFixture(sqliteStore);
const postgres = usePostgres();
const projections = [laneMarksProjection];
const lane = 'acme-web';
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'it is mended' };
const target = 'sample acme-production';
const artifact = { ...samples['staging.deployed'].artifact };
const releaseOf = (nth: number) => ({ id: `release-${nth}`, version: `v${nth}` });

const shipped = (nth: number) => ({
  type: 'lane.shipped' as const,
  data: {
    ...{ deploy: `${nth}-a`, target, commit: 'a'.repeat(40), settings: null },
    ...{ release: releaseOf(nth), artifact },
  },
});
const lifted = (nth: number) => ({
  type: 'rollback.lifted' as const,
  data: { target, release: releaseOf(nth).id, ...person },
});
const disabled = { type: 'lane.disabled' as const, data: person };
const failedWith = (nth: number, runs: boolean) => ({
  type: 'rollback.failed' as const,
  data: {
    ...{ rollback: 'rollback-1', target, to: releaseOf(1), ...person },
    ...{ code: 'E_UNHEALTHY', message: 'web.1 crashed' },
    made: { release: releaseOf(nth), commit: 'a'.repeat(40), runs },
  },
});

/** Version 1 to 6 of the lane, after one of another lane. */
async function written(): Promise<EventLog> {
  const log = await open({ projections });
  await writeLane(log, disabled, 'other');
  for (const event of [
    shipped(1),
    shipped(2),
    lifted(1),
    disabled,
    shipped(1),
    failedWith(9, true),
  ]) {
    await writeLane(log, event);
  }
  return log;
}

function outside(sql: string): void {
  const handle = new Database(store().file);
  handle.exec(sql);
  handle.close();
}

describe('a lane’s marks', () => {
  it('are the last event of each type, with its record', async () => {
    const marks = await readLaneMarks(await written(), lane);
    const versions = Object.entries(marks).map(([type, mark]) => [type, mark.record.version]);
    expect(Object.fromEntries(versions)).toEqual({
      ...{ 'lane.shipped': 5, 'rollback.lifted': 3, 'lane.disabled': 4, 'rollback.failed': 6 },
    });
    expect(marks['lane.shipped']?.data.deploy).toBe('1-a');
  });

  it('are of lanes alone', async () => {
    const log = await written();
    const event = { id: 'other', type: 'lane.disabled', data: {}, metadata: {} };
    await log.append([{ stream: 'deploy/1-a', expected: 'any', events: [event] }]);
    const lanes = new Set((await allMarks(log)).map((mark) => mark.lane));
    expect([...lanes].sort()).toEqual([lane, 'other']);
  });

  it('are none of a lane that there is none of', async () => {
    expect(await readLaneMarks(await open({ projections }), lane)).toEqual({});
    expect(await readLaneMarks(await written(), 'nobody’s')).toEqual({});
  });

  it('leave out what a newer version wrote', async () => {
    const log = await written();
    const event = { id: 'newer', type: 'lane.painted', data: { colour: 'red' }, metadata: {} };
    await log.append([{ stream: laneStream(lane), expected: 6, events: [event] }]);
    expect(Object.keys(await readLaneMarks(log, lane)).sort()).toEqual([
      ...['lane.disabled', 'lane.shipped', 'rollback.failed', 'rollback.lifted'],
    ]);
  });

  it('of a release are the last that is about it, of whichever kind it is told', async () => {
    const log = await written();
    const versionOf = async (
      type: 'lane.shipped' | 'rollback.lifted' | 'rollback.failed',
      nth: number,
    ) => (await readLaneMark(log, lane, type, releaseOf(nth).id))?.record.version ?? null;
    expect(await versionOf('lane.shipped', 1)).toBe(5);
    expect(await versionOf('lane.shipped', 2)).toBe(2);
    expect(await versionOf('rollback.lifted', 1)).toBe(3);
    expect(await versionOf('rollback.lifted', 2)).toBeNull();
    // Of what a failed rollback made only what came to run.
    expect(await versionOf('rollback.failed', 9)).toBe(6);
    await writeLane(log, failedWith(10, false));
    expect(await versionOf('rollback.failed', 10)).toBeNull();
    expect(await readLaneMark(log, 'other', 'lane.shipped', releaseOf(1).id)).toBeNull();
  });

  it.each([
    { engine: 'SQLite', create: sqliteStore },
    { engine: 'PostgreSQL', create: postgres.store },
  ])('are found for an id with characters that no engine keeps ($engine)', async ({ create }) => {
    const { url, remove } = await create();
    const log = await openLog(url, { projections });
    const id = 'half of a pair \ud800, and \0';
    await writeLane(log, { type: 'rollback.lifted', data: { target, release: id, ...person } });
    const found = await readLaneMark(log, lane, 'rollback.lifted', id);
    expect(found?.data.release).toBe(id);
    await log.close();
    await remove();
  });

  it('of what shipped have each release once, the last first', async () => {
    const log = await written();
    const deploys = async (limit: number) =>
      (await readShipped(log, lane, limit)).map(({ data }) => data.deploy);
    // Another lane's are not of it.
    await writeLane(log, shipped(7), 'other');
    expect(await deploys(9)).toEqual(['1-a', '2-a']);
    expect(await deploys(1)).toEqual(['1-a']);
  });

  it('of rollbacks have one that failed once, though its release runs', async () => {
    const log = await written();
    await writeLane(log, failedWith(10, false));
    const told = await readRollbacks(log, lane);
    expect(told.map(({ record: { version } }) => version)).toEqual([6, 7]);
    await writeLane(log, failedWith(11, true));
    await writeLane(log, failedWith(12, true), 'other');
    const since = await readRollbacks(log, lane);
    expect(since.map(({ record: { version } }) => version)).toEqual([6, 8]);
    // Of what people left production as, the newest first, and no other lane's.
    const left = await readTakenBack(log, lane);
    expect(left.map(({ release }) => release.id)).toEqual(['release-11', 'release-9']);
    const after = await backsAfter(log, lane, left[1]?.position ?? 0);
    expect(after.map(({ subject }) => subject)).toEqual(['release-11']);
  });

  it('tell whether there is one after a position, in a lane or in any', async () => {
    const log = await written();
    const isThere = (
      position: number,
      of: string | null,
      ...types: ('lane.disabled' | 'lane.enabled')[]
    ) => isMarkedAfter(log, { lane: of, types, after: position });
    expect(await isThere(4, lane, 'lane.disabled')).toBe(true);
    expect(await isThere(5, lane, 'lane.disabled')).toBe(false);
    expect(await isThere(1, 'other', 'lane.disabled')).toBe(false);
    expect(await isThere(0, 'other', 'lane.disabled')).toBe(true);
    expect(await isThere(4, null, 'lane.enabled', 'lane.disabled')).toBe(true);
    expect(await isThere(4, null, 'lane.enabled')).toBe(false);
  });
});

describe('an index that was changed', () => {
  const fault = (version: number, what: string) => ({
    ...{ code: 'E_LOG_FAULT', stream: laneStream(lane), position: 0 },
    reason: `the index of lanes ${what} (version ${version}); the events themselves add up`,
  });
  const last = "lane = 'acme-web' and subject = ''";

  it.each<[string, string, number, string]>([
    [
      'its newest mark taken out',
      `delete from lane_marks where lane = 'acme-web' and version = 6`,
      5,
      'has no mark of its last event',
    ],
    [
      'all of its marks taken out',
      "delete from lane_marks where lane = 'acme-web'",
      0,
      'has no mark of its last event',
    ],
    [
      'a mark that is said of an earlier event',
      `update lane_marks set version = 1 where mark = 'lane.disabled' and ${last}`,
      1,
      'has another event for lane.disabled',
    ],
    [
      'a mark that is said of an event that never was',
      `update lane_marks set version = 99 where mark = 'lane.disabled' and ${last}`,
      99,
      'has another event for lane.disabled',
    ],
    [
      'a mark of another kind',
      `update lane_marks set mark = 'lane.enabled' where mark = 'lane.disabled' and ${last}`,
      4,
      'has another event for lane.enabled',
    ],
  ])('is told of: %s', async (_, sql, version, what) => {
    const log = await written();
    outside(sql);
    expect(await failureOf(readLaneMarks(log, lane))).toMatchObject(fault(version, what));
  });

  it('is told of where it has nothing of a lane of one event', async () => {
    const log = await written();
    outside("delete from lane_marks where lane = 'other'");
    expect(await failureOf(readLaneMarks(log, 'other'))).toMatchObject({
      ...{ code: 'E_LOG_FAULT', stream: laneStream('other') },
      reason: fault(0, 'has no mark of its last event').reason,
    });
  });

  it('is told of where a release is asked for', async () => {
    const log = await written();
    outside(
      "update lane_marks set version = 2 where subject = 'release-1' and mark = 'lane.shipped'",
    );
    const told = fault(2, 'has another event for lane.shipped');
    const asked = readLaneMark(log, lane, 'lane.shipped', 'release-1');
    expect(await failureOf(asked)).toMatchObject(told);
    expect(await failureOf(readShipped(log, lane, 9))).toMatchObject(told);
  });

  it('is no index that was read while somebody wrote: it is read again', async () => {
    const [log, other] = [await written(), await open({ projections })];
    const read = log.readStream.bind(log);
    let wrote = false;
    log.readStream = async (...args) => {
      if (!wrote) {
        wrote = true;
        await writeLane(other, shipped(3));
      }
      return read(...args);
    };
    expect((await readLaneMarks(log, lane))['lane.shipped']?.data.deploy).toBe('3-a');
  });
});
