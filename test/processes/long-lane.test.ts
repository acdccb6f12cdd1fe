/** Commands over a long lane: each reads the lane once where nothing ever wrote it down, and as little of a long one as of a short one where a run did. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newEvent } from '../../src/runtime/log/new-event.ts';
import { laneStream } from '../../src/runtime/log/streams.ts';
import { DatabaseLog } from '../../src/store/database-log.ts';
import { openLog } from '../../src/store/open.ts';
import { orderSamples } from '../machine/order-samples.ts';
import { someRun } from '../runtime/standing/standing-world.ts';
import { deployId, Stage } from './stage.ts';

const stream = laneStream('acme-web');
const orders = 300;
/** What of a lane is read beside it as a whole: its last events of a kind, each one alone. */
const beside = 120;

let stage: Stage;
let live: string;
let next: string;
beforeAll(async () => {
  stage = await Stage.set({ within: true });
  const older = stage.commit('older');
  live = stage.commit('newer');
  next = stage.commit('next');
  expect(await stage.advance(501, older)).toMatchObject({ exit: 0 });
  expect(await stage.advance(502, live)).toMatchObject({ exit: 0 });
  const log = await openLog(stage.storeUrl);
  const on = orderSamples.filter(({ type }) => type === 'lane.enabled').slice(0, 1);
  const events = Array.from({ length: orders }, () => on.map((order) => newEvent(order, someRun)));
  await log.append([{ stream, expected: 'any', events: events.flat() }]);
  await log.close();
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => stage.strike());

/** How many of the lane's events the command reads. */
async function readBy(args: readonly string[], exit: number): Promise<number> {
  let read = 0;
  const { readStream } = DatabaseLog.prototype;
  vi.spyOn(DatabaseLog.prototype, 'readStream').mockImplementation(async function (
    this: DatabaseLog,
    ...asked
  ) {
    const events = await readStream.apply(this, asked);
    if (asked[0] === stream) read += events.length;
    return events;
  });
  const ended = await stage.run(args, args.includes('--dry-run') ? {} : { CI: undefined });
  expect(ended.exit, ended.stdout + ended.stderr).toBe(exit);
  return read;
}

const reason = ['--reason', 'a look'];
const commands: readonly (readonly [name: string, args: () => readonly string[], exit: number])[] =
  [
    ['status', () => ['--offline'], 0],
    ['advance', () => ['--dry-run', '--build', '503', '--commit', next, '--branch', 'master'], 0],
    ['doctor', () => [], 0],
    ['enable', () => reason, 0],
    ['unlock', () => reason, 2],
    ['resume', () => [deployId(502, live), ...reason], 2],
    ['explain', () => [live], 0],
  ];

describe('a lane that nothing has written down', () => {
  it.each(commands)('is read once by %s', async (name, args, exit) => {
    expect(await readBy([name, ...args()], exit)).toBeLessThan(orders + beside);
  });

  it('is read once by rollback, which writes it down', async () => {
    const read = await readBy(['rollback', '--yes', ...reason], 0);
    expect(read).toBeGreaterThan(orders);
    expect(read).toBeLessThan(orders + beside);
  });
});

describe('a lane that was written down', () => {
  it.each(commands)('is read from there on by %s', async (name, args, exit) => {
    expect(await readBy([name, ...args()], exit)).toBeLessThan(beside);
  });
});
