/** What an export is asked for, found by indexes: the same events as a look through the whole log finds, whoever touched the tables beside it. */
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Range, selected, type Whose } from '../../../src/cli/transfer/selection.ts';
import { deploysProjection } from '../../../src/runtime/audit/deploys-table.ts';
import type { EventLog, LogFault, RecordedEvent } from '../../../src/store/log.ts';
import { sqliteStore } from '../../store/events.ts';
import { storeFixture } from '../../store/fixture.ts';

const { open, store } = storeFixture(sqliteStore);

const lanes = ['acme', 'other', 'quiet'];
const deploys = 22;
const neverRan = 21;
let now = 0;
let log: EventLog;
let all: readonly RecordedEvent[];

const event = (type: string, data: { deploy?: string; lane?: string } = {}) => ({
  ...{ id: `selection-${now}-${type}`, type, data, metadata: {} },
});

async function append(stream: string, type: string, data: { deploy?: string; lane?: string } = {}) {
  now += 1_000;
  await log.append([{ stream, expected: 'any', events: [event(type, data)] }]);
}

beforeEach(async () => {
  now = 0;
  log = await open({ projections: [deploysProjection], now: () => now });
  for (let n = 0; n < deploys; n++) {
    const lane = lanes[n % 7 === 0 ? 2 : n % 2] ?? '';
    const deploy = `${n}-a`;
    await append(`deploy/${deploy}`, 'deploy.requested', { deploy, lane });
    // One was asked for and never ran: no event of the lane names it.
    if (n !== neverRan) await append(`lane/${lane}`, 'lane.joined', { deploy });
    await append(`deploy/${n === 0 ? '0-a' : `${n - 1}-a`}`, 'thing.happened');
  }
  all = await log.readAll();
});

const nobody: Whose = { deploy: null, lane: null };
const always: Range = { since: null, until: null };

async function read(
  whose: Partial<Whose>,
  range: Partial<Range> = {},
): Promise<{ events: RecordedEvent[]; faults: LogFault[] }> {
  const faults = new Map<number, LogFault>();
  const events: RecordedEvent[] = [];
  const pages = selected(log, { ...nobody, ...whose }, { ...always, ...range }, faults);
  for await (const page of pages) events.push(...page);
  return { events, faults: [...faults.values()] };
}

/** How many events were read by position from now on. */
function counted(): () => number {
  let read = 0;
  const { readAll } = log;
  log.readAll = async (options) => {
    const events = await readAll.call(log, options);
    read += events.length;
    return events;
  };
  return () => read;
}

const tamper = (sql: string) => {
  const handle = new Database(store().file);
  handle.exec(sql);
  handle.close();
};

describe('the events', () => {
  it.each(lanes)('of lane %s are all of them, in order', async (lane) => {
    const own = new Set([`lane/${lane}`]);
    for (const { type, data, stream } of all) {
      if (type === 'deploy.requested' && data.lane === lane) own.add(stream);
    }
    const { events } = await read({ lane });
    expect(events).toEqual(all.filter(({ stream }) => own.has(stream)));
    expect(events.length).toBeGreaterThan(5);
  });

  it('from each time on, and before each, are those of that time', async () => {
    for (const { time } of all) {
      const { events } = await read({}, { since: time });
      expect(events).toEqual(all.filter((one) => one.time >= time));
      const { events: before } = await read({ deploy: '3-a' }, { until: time });
      expect(before).toEqual(all.filter((one) => one.stream === 'deploy/3-a' && one.time < time));
    }
    expect((await read({}, { since: '2999-01-01T00:00:00.000Z' })).events).toEqual([]);
  });

  it.each<Partial<Whose>>([{}, { deploy: '3-a' }, { lane: 'other' }])(
    'are those that there were when it began, whoever writes meanwhile: %j',
    async (whose) => {
      const { events } = await read(whose);
      const { head } = log;
      log.head = async () => {
        const position = await head.call(log);
        await append('deploy/3-a', 'thing.later');
        return position;
      };
      expect((await read(whose)).events).toEqual(events);
    },
  );

  it('are found without a look through the log', async () => {
    const looked = counted();
    for (const whose of [{ deploy: '3-a' }, { lane: 'quiet' }]) {
      expect((await read(whose)).events.length).toBeGreaterThan(0);
      expect(looked()).toBe(0);
    }
    const { events } = await read({}, { since: all.at(-3)?.time ?? '' });
    expect(events).toHaveLength(3);
    expect(looked()).toBeLessThan(3 + 2 * Math.log2(all.length));
  });
});

describe('what was changed behind the log', () => {
  it.each([
    "update deploys set lane = 'other' where deploy = '7-a'",
    "delete from deploys where deploy = '14-a'",
    `update deploys set lane = 'other' where deploy = '${neverRan}-a'`,
    `delete from deploys where deploy = '${neverRan}-a'`,
    "update deploys set lane = 'quiet' where deploy = '1-a'",
  ])(
    'in the table of deploys takes no deploy away from its lane, and gives it none: %s',
    async (sql) => {
      const { events } = await read({ lane: 'quiet' });
      tamper(sql);
      expect((await read({ lane: 'quiet' })).events).toEqual(events);
      // The event that says whose a deploy is may be older than what is asked for.
      for (const { time } of events) {
        const since = events.filter((one) => one.time >= time);
        expect((await read({ lane: 'quiet' }, { since: time })).events).toEqual(since);
      }
    },
  );

  it('in an event is shown as it is stored, and told', async () => {
    tamper(`drop trigger events_no_update; update events set data = '{"x":1}' where position = 24`);
    const [changed] = await log.readAll({ after: 23, limit: 1, onFault: () => {} });
    const deploy = changed?.stream.replace('deploy/', '') ?? '';
    const { events, faults } = await read({ deploy });
    expect(events).toContainEqual(changed);
    expect(faults).toMatchObject([{ position: 24 }]);
  });

  it.each([
    ['later', 10, '2999-01-01T00:00:00.000Z'],
    ['earlier', -10, '1970-01-01T00:00:00.000Z'],
  ])('in a time, which is %s now, misleads no search for one', async (_, offset, time) => {
    const middle = Math.floor((all.length + 1) / 2);
    const changed = `update events set time = '${time}' where position = ${middle}`;
    tamper(`drop trigger events_no_update; ${changed}`);
    const since = all.at(middle + offset)?.time ?? '';
    const { events } = await read({}, { since });
    const asked = all.filter((one) => one.time >= since && one.position !== middle);
    expect(events.filter(({ position }) => position !== middle)).toEqual(asked);
  });
});
