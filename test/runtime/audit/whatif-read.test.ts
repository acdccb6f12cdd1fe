/** A log as `whatif` reads it: the orders of each lane, and deploys that cannot be followed, told as such. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { begin, next } from '../../../src/machine/interpret.ts';
import type { LaneEventType } from '../../../src/machine/lane.ts';
import { laneMoves, laneOf, readWhatIf } from '../../../src/runtime/audit/whatif-read.ts';
import { deployStream, laneStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog, JsonObject } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { events } from '../../store/events.ts';
import { wayToLive, writeDeploy } from './written.ts';

const commit = 'c'.repeat(40);
const present = { begin, next };
const change = { chart: present, settings: (same: never) => same };

let log: EventLog;
beforeEach(async () => {
  log = await openLog('sqlite::memory:');
});
afterEach(() => log.close());

/** @returns its position */
async function write(stream: string, type: string, data: JsonObject = {}): Promise<number> {
  const [event] = events(1);
  const batch = [{ stream, expected: 'any' as const, events: [{ ...event, type, data } as never] }];
  return (await log.append(batch)).events[0]?.position ?? 0;
}

describe('the orders of a lane', () => {
  it('are those that gates go by, of each lane its own, after a position', async () => {
    const moving: readonly LaneEventType[] = [
      ...([
        'lane.disabled',
        'lane.enabled',
        'rollback.lifted',
        'rollback.done',
        'trust.given',
      ] as const),
    ];
    const positions: number[] = [];
    for (const type of moving) positions.push(await write(laneStream('a'), type));
    await write(laneStream('a'), 'lane.shipped');
    await write(laneStream('a'), 'rollback.failed', { made: null });
    positions.push(await write(laneStream('a'), 'rollback.failed', { made: { runs: true } }));
    // Nobody looked what that one had made.
    positions.push(await write(laneStream('a'), 'rollback.failed'));
    const other = await write(laneStream('b/c'), 'lane.disabled');
    await write('deploy/1', 'lane.disabled');
    expect(await laneMoves(log, 0)).toEqual(
      new Map([
        ['a', positions],
        ['b/c', [other]],
      ]),
    );
    expect(await laneMoves(log, positions[1] ?? 0)).toEqual(
      new Map([
        ['a', positions.slice(2)],
        ['b/c', [other]],
      ]),
    );
    expect(await laneMoves(log, other)).toEqual(new Map());
  });

  it('are found behind more of its events than are read at once', async () => {
    const many = { stream: laneStream('a'), expected: 'any', events: events(1_000) } as const;
    await log.append([many]);
    const position = await write(laneStream('a'), 'lane.enabled');
    expect(await laneMoves(log, 0)).toEqual(new Map([['a', [position]]]));
  });
});

describe('a deploy', () => {
  const read = async (deploy: string) => log.readStream(deployStream(deploy));

  it('is of the lane that it says', async () => {
    const deploy = await writeDeploy(log, { label: '1', commit, lane: 'web' }, []);
    expect(laneOf(await read(deploy))).toBe('web');
    await write('deploy/odd', 'deploy.requested', { lane: 7 });
    expect(laneOf(await read('odd'))).toBe('');
    expect(laneOf([])).toBe('');
  });

  it('is followed where the chart takes what was recorded', async () => {
    const deploy = await writeDeploy(log, { label: '1', commit }, wayToLive(commit, null, 'v2'));
    expect(readWhatIf(await read(deploy), change as never, [], present)).toMatchObject({
      ...{ verdict: 'same', why: null, recorded: { state: 'production.live', exit: 0 } },
    });
  });

  const unknown = (state: string, why: string) => ({
    ...{ verdict: 'unknown', recorded: { state, exit: null }, changed: null, at: null, why },
  });
  const noWay = 'what was recorded does not lead through the chart that it ran on';

  it('is not known where the chart does not take it, or it does not begin as one', async () => {
    const way = wayToLive(commit, null, 'v2');
    const deploy = await writeDeploy(log, { label: '1', commit }, way);
    const records = await read(deploy);
    const broken = records.filter((_, at) => at !== 2);
    const state = 'production.live';
    expect(readWhatIf(broken, change as never, [], present)).toEqual(unknown(state, noWay));
    const headless = records.slice(1);
    expect(readWhatIf(headless, change as never, [], present)).toEqual(unknown(state, noWay));
    expect(readWhatIf([], change as never, [], present)).toEqual(unknown('', noWay));
  });

  it('is not known where this version cannot read what it recorded', async () => {
    const deploy = await writeDeploy(log, { label: '1', commit }, []);
    await write(deployStream(deploy), 'deploy.teleported');
    const told = readWhatIf(await read(deploy), change as never, [], present);
    expect(told).toEqual(unknown('', expect.stringContaining('deploy.teleported') as never));
  });

  it('of which the program itself cannot tell is no question of the log', () => {
    const broken = { begin, next: () => expect.unreachable('as a fault of the chart would') };
    const records = [{ type: 'deploy.requested' }] as never;
    expect(() => readWhatIf(records, change as never, [], broken as never)).toThrow();
  });
});
