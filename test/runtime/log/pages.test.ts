/** What is read of a lane page by page, and which lane a deploy is of: of its own events alone, however many there are. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { samples } from '../../../src/machine/samples.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { laneOfDeploy, otherLaneOf } from '../../../src/runtime/gates/trust.ts';
import { chartHash, keepChart, keptChart, readChart } from '../../../src/runtime/log/charts.ts';
import { laneEventsAfter } from '../../../src/runtime/log/lane-events-after.ts';
import { chartStream, deployStream, laneStream } from '../../../src/runtime/log/streams.ts';
import { orderNews, ordersBetween } from '../../../src/runtime/notify/order-news.ts';
import { type EventLog, VersionConflict } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { failureOf } from '../../effects/lockstep-error.ts';
import { events } from '../../store/events.ts';
import { run, writeDeploy, writeLane } from '../audit/written.ts';

const lane = 'acme-web';
const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };
const disabled = { type: 'lane.disabled' as const, data: person };
const enabled = { type: 'lane.enabled' as const, data: person };
const newer = { id: 'newer', type: 'lane.painted', data: {}, metadata: {} };

let log: EventLog;
beforeEach(async () => {
  log = await openLog('sqlite::memory:', { projections });
});
afterEach(() => log.close());

describe('the events of a lane', () => {
  it('are its own, after a position; of one that is called alike are none', async () => {
    await writeLane(log, disabled);
    await writeLane(log, disabled, `${lane}-2`);
    await writeLane(log, enabled);
    const positions = async (from: number) =>
      (await laneEventsAfter(log, lane, from)).map(({ position }) => position);
    expect(await positions(0)).toEqual([1, 3]);
    expect(await positions(1)).toEqual([3]);
    expect(await positions(3)).toEqual([]);
  });

  it('are found behind more than is read at once', async () => {
    await log.append([{ stream: laneStream(`${lane}-2`), expected: 0, events: events(1_000) }]);
    await writeLane(log, enabled);
    expect(await laneEventsAfter(log, lane, 0)).toMatchObject([{ event: enabled }]);
  });
});

describe('what people ordered', () => {
  const between = async (after: number, until: number, of: string | null = lane) =>
    (
      await ordersBetween(log, { lane: of, types: ['lane.disabled', 'lane.enabled'], after, until })
    ).map(({ position }) => position);

  it('is what stands between two positions, of a lane or of all', async () => {
    await writeLane(log, disabled);
    await writeLane(log, disabled, `${lane}-2`);
    await writeLane(log, {
      type: 'rollback.lifted',
      data: { target: 'sample acme-production', release: 'r', ...person },
    });
    await writeLane(log, enabled);
    expect(await between(0, 9)).toEqual([1, 4]);
    expect(await between(0, 9, null)).toEqual([1, 2, 4]);
    expect(await between(1, 4)).toEqual([4]);
    expect(await between(1, 3)).toEqual([]);
    expect(await between(4, 4)).toEqual([]);
    expect(await between(4, 9)).toEqual([]);
  });

  it('is found behind more than is read at once', async () => {
    for (let n = 0; n < 201; n++) await writeLane(log, n % 2 === 0 ? disabled : enabled);
    expect(await between(0, 500)).toHaveLength(201);
    expect(await between(0, 200)).toHaveLength(200);
  });

  it('is told of the lane that it is for; what is no order, or cannot be read, is not', async () => {
    await writeLane(log, disabled);
    const batch = { stream: laneStream(lane), expected: 1, events: [newer] };
    await log.append([batch]);
    const [order, unread] = await log.readAll();
    const left: unknown[] = [];
    const news = (event = order) => orderNews(event as never, (error) => left.push(error));
    expect(news()).toMatchObject({ lane, position: 1, version: 1, order: disabled });
    expect(left).toEqual([]);
    expect(news(unread)).toBeNull();
    expect(left).toMatchObject([{ message: expect.stringContaining('lane.painted') }]);
    const granted = { ...order, type: 'lock.released', data: { deploy: 'd', token: 1, why: 'x' } };
    expect(news(granted as never)).toBeNull();
    expect(left).toHaveLength(1);
  });
});

describe('the lane of a deploy', () => {
  it('is the one that it was asked for in; none where there is no such deploy', async () => {
    const deploy = await writeDeploy(log, { label: '1', commit: 'c'.repeat(40), lane: 'web' }, []);
    expect(await laneOfDeploy(log, deploy)).toBe('web');
    expect(await laneOfDeploy(log, 'nobody')).toBeNull();
    const [event] = events(1);
    const odd = { ...event, type: 'run.interrupted', data: { signal: 'SIGTERM' } } as never;
    await log.append([{ stream: deployStream('odd'), expected: 0, events: [odd] }]);
    expect(await laneOfDeploy(log, 'odd')).toBeNull();
  });

  it('that deploys to the same place is found, and no other', async () => {
    const { production } = samples['deploy.requested'].settings;
    const elsewhere = { ...production.target, name: 'elsewhere' };
    expect(await otherLaneOf(log, lane, production.target)).toBeNull();
    await writeDeploy(log, { label: '1', commit: 'c'.repeat(40) }, []);
    expect(await otherLaneOf(log, lane, production.target)).toBeNull();
    const [event] = events(1);
    const odd = { ...event, type: 'run.interrupted', data: { signal: 'SIGTERM' } } as never;
    await log.append([{ stream: deployStream('0-odd'), expected: 0, events: [odd] }]);
    await writeDeploy(log, { label: '2', commit: 'd'.repeat(40), lane: 'web' }, []);
    expect(await otherLaneOf(log, lane, production.target)).toBe('web');
    expect(await otherLaneOf(log, lane, elsewhere)).toBeNull();
    expect(await otherLaneOf(log, 'web', production.target)).toBe(lane);
  });
});

it('another lane is found behind more deploys than are read at once', async () => {
  const { production } = samples['deploy.requested'].settings;
  const first = await writeDeploy(log, { label: '1', commit: 'c'.repeat(40) }, []);
  const [requested] = await log.readStream(deployStream(first));
  if (requested === undefined) throw new Error('the deploy has no event');
  const [{ type, schema, data, metadata }, event] = [requested, { ...events(1)[0] }];
  await log.append(
    Array.from({ length: 1_000 }, (_, n) => ({
      stream: deployStream(`2-${n}`),
      expected: 'none' as const,
      events: [{ ...event, id: `of-2-${n}`, type, schema, data, metadata }],
    })),
  );
  await writeDeploy(log, { label: '3', commit: 'd'.repeat(40), lane: 'web' }, []);
  expect(await otherLaneOf(log, lane, production.target)).toBe('web');
});

describe('the chart in the log', () => {
  const stream = chartStream(chartHash);

  it('is kept once, and read by its name', async () => {
    expect(await readChart(log, chartHash)).toBeNull();
    await keepChart(log, run);
    await keepChart(log, run);
    expect(await log.readStream(stream)).toHaveLength(1);
    expect((await readChart(log, chartHash))?.definition.states.length).toBeGreaterThan(10);
  });

  it('is not kept as another one, where a secret is a word of it', async () => {
    await keepChart(log, run, () => ({ definition: 'masked' }) as never);
    expect(await log.head()).toBe(0);
  });

  it('may be kept by another run meanwhile, and by no other fault', async () => {
    const failing = (error: Error) =>
      ({ streams: async () => [], append: () => Promise.reject(error) }) as unknown as EventLog;
    await keepChart(failing(new VersionConflict(stream, 'none', 1)), run);
    await expect(keepChart(failing(new Error('no space')), run)).rejects.toThrow('no space');
  });

  it('is told of where it is not what it should be', async () => {
    await keepChart(log, run);
    const [record] = await log.readStream(stream);
    const of = (more: object) => keptChart({ ...record, ...more } as never);
    expect(of({ version: 2 })).toBe('a chart is kept once, and this is one event more');
    expect(of({ type: 'lane.enabled' })).toBe('no chart is kept by lane.enabled');
    const other = 'it is not the chart that its name is the SHA-256 of';
    expect(of({ data: {} })).toBe(other);
    expect(of({ data: { definition: { states: [] } } })).toBe(other);
    expect(of({ stream: chartStream('a'.repeat(64)) })).toBe(other);
    const [event] = events(1);
    const wrong = { ...event, type: 'chart.kept', data: { definition: {} } } as never;
    await log.append([{ stream: chartStream('b'.repeat(64)), expected: 0, events: [wrong] }]);
    expect(await failureOf(readChart(log, 'b'.repeat(64)))).toMatchObject({
      code: 'E_LOG_FAULT',
      reason: other,
    });
  });
});
