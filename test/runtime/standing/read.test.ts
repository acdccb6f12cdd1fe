/** What is read of a log's lanes: which of many are listed, what of a lane that is quiet, and what a log that cannot be read all of tells. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDeployStory } from '../../../src/runtime/audit/deploys.ts';
import { laneStream } from '../../../src/runtime/log/streams.ts';
import { laneNames, readLanes, standsAlone } from '../../../src/runtime/standing/read.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { sample } from '../../machine/samples.ts';
import { writeDeploy, writeLane } from '../audit/written.ts';
import { lane } from '../loop/scripted-run.ts';
import { commitOf, idOf, StandingWorld } from './standing-world.ts';

let world: StandingWorld;
beforeEach(async () => {
  world = await StandingWorld.open();
});
afterEach(() => world.close());

const person = { actor: 'mia', observed: 'mia on ws-7', reason: 'errors' };
const asked = (build: number, name: string) =>
  writeDeploy(world.log, { label: `${build}`, commit: commitOf(build), lane: name }, []);
const all = (limit = 20) => readLanes(world.log, { limit, lane: undefined });

describe('of more lanes than are listed', () => {
  it('those of the newest deploys come first, then those that were spoken of last; how many there are besides is told', async () => {
    for (let n = 1; n <= 3; n++) {
      await writeLane(world.log, { type: 'lane.disabled', data: person }, `quiet-${n}`);
    }
    for (let build = 501; build <= 519; build++) await asked(build, `lane-${build}`);
    const newest = Array.from({ length: 19 }, (_, i) => `lane-${519 - i}`);
    const { lanes, more } = await all();
    expect([lanes.map((one) => one.lane), more]).toEqual([[...newest, 'quiet-3'], 2]);
    expect(await laneNames(world.log)).toEqual([...newest, 'quiet-3']);
  });

  it('none is left out where there are twenty', async () => {
    for (let build = 501; build <= 520; build++) await asked(build, `lane-${build}`);
    const { lanes, more } = await all();
    expect([lanes.length, more]).toEqual([20, 0]);
    expect(await laneNames(world.log)).toHaveLength(20);
  });
});

it('of a lane whose deploys are older than all the newest ones, its own are read', async () => {
  await world.live(501);
  await asked(502, 'acme-api');
  await asked(503, lane);
  for (let build = 511; build <= 529; build++) await asked(build, 'acme-busy');
  const { lanes, more } = await all(1);
  expect(more).toBe(0);
  expect(lanes.map((one) => [one.lane, one.deploys.length])).toEqual([
    ['acme-busy', 19],
    [lane, 2],
  ]);
  expect(lanes[1]?.deploys.map(({ row }) => row.deploy)).toEqual([idOf(503), idOf(501)]);
  const whole = await all(30);
  expect(whole.lanes.map((one) => [one.lane, one.deploys.length])).toEqual([
    ['acme-busy', 19],
    [lane, 2],
    ['acme-api', 1],
  ]);
});

it('of one lane as many deploys as are asked for, and no fewer than tell how it stands', async () => {
  for (let build = 501; build <= 525; build++) await asked(build, lane);
  const deploysOf = async (limit: number) =>
    (await readLanes(world.log, { limit, lane })).lanes[0]?.deploys.length;
  expect([await deploysOf(1), await deploysOf(22), await deploysOf(99)]).toEqual([20, 22, 25]);
});

describe('rollbacks that wait for the lane', () => {
  const waiting = async (log: EventLog = world.log) =>
    (await readLanes(log, { limit: 20, lane })).lanes[0]?.ordered.map(({ rollback }) => rollback);
  const ordered = {
    ...{ from: { id: 'r2', version: 'v2' }, to: { id: 'r1', version: 'v1' }, ...person },
    at: '2026-01-05T13:04:00.000Z',
  };
  const orders = (rollback: string) =>
    world.ofLane({
      type: 'lane.joined',
      data: {
        ...{ deploy: rollback, run: rollback, build: 'rollback', commit: '0'.repeat(40) },
        ...{ first: true, rollback: ordered },
      },
    });

  it('are those whose run is alive', async () => {
    await orders('rollback-1');
    await orders('rollback-2');
    expect(await waiting()).toEqual([]);
    await world.carries('rollback-2');
    expect(await waiting()).toEqual(['rollback-2']);
  });

  it('are not known of a lane that a newer version wrote to; what is wrong with the log is told', async () => {
    await orders('rollback-1');
    await world.carries('rollback-1');
    await world.log.append([
      {
        ...{ stream: laneStream(lane), expected: 'any' },
        events: [
          {
            id: '7b9f6f6e-3c1d-4d64-9a3e-0a1b2c3d4e5f',
            type: 'lane.teleported',
            data: {},
            metadata: {},
          },
        ],
      },
    ]);
    expect(await waiting()).toEqual([]);
    const broken = new Proxy(world.log, {
      get(target, name) {
        const member = target[name as keyof EventLog];
        if (typeof member !== 'function') return member;
        if (name !== 'readStream') return member.bind(target);
        return (...of: Parameters<EventLog['readStream']>) =>
          of[0] === laneStream(lane) && of[1]?.limit === undefined
            ? Promise.reject(new Error('the disk is gone'))
            : target.readStream(...of);
      },
    });
    await expect(waiting(broken)).rejects.toThrow('the disk is gone');
  });
});

it('a deploy beside which the log does not add up is told by itself, and whether a run carries it on', async () => {
  const alone = async (build: number) => {
    const story = await readDeployStory(world.log, idOf(build));
    if (story === null) throw new Error('it is there');
    const { row, ...told } = await standsAlone(world.log, story);
    return [row.deploy, told];
  };
  const became = {
    ...{ kind: 'unknown', what: 'not known: the log does not add up beside it' },
    ...{ by: null, at: null },
  };
  await world.writes(501, sample('lock.acquired'));
  expect(await alone(501)).toEqual([idOf(501), { by: 'ana', running: false, became }]);
  await world.carries(idOf(501));
  expect(await alone(501)).toEqual([idOf(501), { by: 'ana', running: true, became }]);
  await world.writes(502, sample('lock.acquired'), sample('deploy.failed'));
  await world.carries(idOf(502));
  expect(await alone(502)).toEqual([idOf(502), { by: 'ana', running: false, became }]);
});
