/** A deploy of an earlier chart: kept in the log, it is what the deploy's transitions are held against. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chart } from '../../../src/machine/chart.ts';
import { canonicalText, definitionOf } from '../../../src/machine/definition.ts';
import { samples } from '../../../src/machine/samples.ts';
import { replay } from '../../../src/runtime/audit/replay.ts';
import { LogVerifier } from '../../../src/runtime/audit/verify.ts';
import { chartHash, keepChart } from '../../../src/runtime/log/charts.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { chartStream, deployStream } from '../../../src/runtime/log/streams.ts';
import type { EventLog, JsonObject } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { run } from './written.ts';

let log: EventLog;
beforeEach(async () => {
  log = await openLog('sqlite::memory:');
});
afterEach(() => log.close());

const deploy = samples['deploy.requested'].deploy;

/** The present chart, but that the lane's holder is `underway`, a state that there is no more. */
const earlier = JSON.parse(
  JSON.stringify(definitionOf(chart)).replaceAll('"locked"', '"underway"'),
) as JsonObject;
const hashOf = (definition: object) =>
  createHash('sha256').update(canonicalText(definition)).digest('hex');

async function keep(definition: JsonObject, name = hashOf(definition)): Promise<void> {
  const event = newEvent({ type: 'chart.kept', data: { definition } }, run);
  await log.append([{ stream: chartStream(name), expected: 'any', events: [event] }]);
}

type Told = readonly [type: keyof typeof samples, from: string | null, to: string, settled?: true];
const way: readonly Told[] = [
  ['deploy.requested', null, 'queued.waiting'],
  ['lock.acquired', 'queued.waiting', 'underway'],
  ['deploy.failed', 'underway', 'failed', true],
];

/** A deploy as a run on that chart would have written it. */
async function write(told: readonly Told[], on = hashOf(earlier)): Promise<void> {
  const events = told.map(([type, from, to, settled = false]) =>
    newEvent({ type, data: samples[type] }, run, {
      transition: { from, to, settled, reason: null },
      chart: on,
    }),
  );
  await log.append([{ stream: deployStream(deploy), expected: 'any', events }]);
}

async function findings() {
  const verifier = new LogVerifier();
  for await (const page of log.stored()) for (const row of page) verifier.take(row);
  return verifier.finish().findings.map(({ kind, position }) => [kind, position]);
}

describe('a deploy that ran on an earlier chart', () => {
  it('agrees where its transitions are of that chart, though the present one has no such state', async () => {
    await keep(earlier);
    await write(way);
    const { disagreement, state, settled, ranOn, sameChart, steps } = await replay(log, deploy);
    expect({ disagreement, state, settled, ranOn, sameChart }).toEqual({
      ...{ disagreement: null, state: 'failed', settled: true },
      ...{ ranOn: ['earlier'], sameChart: false },
    });
    expect(steps.map(({ to }) => to)).toEqual(['queued.waiting', 'underway', 'failed']);
    expect(await findings()).toEqual([]);
  });

  it('of which the log does not have the chart is compared by the nine states, as ever', async () => {
    await write(way);
    expect((await replay(log, deploy)).disagreement).toMatchObject({ version: 2 });
    expect(await findings()).toEqual([['transition', 2]]);
  });

  it.each<[string, number, Told]>([
    ['leads where its chart does not', 3, ['deploy.failed', 'underway', 'superseded', true]],
    ['leads to a state that its chart has not', 3, ['deploy.failed', 'underway', 'gone', true]],
    [
      'is settled where its chart goes on',
      2,
      ['lock.acquired', 'queued.waiting', 'underway', true],
    ],
    ['goes on where its chart is settled', 3, ['deploy.failed', 'underway', 'failed']],
    [
      'begins elsewhere than the event before it led',
      3,
      ['deploy.failed', 'verifying.starting', 'failed', true],
    ],
    ['begins where no deploy does', 1, ['deploy.requested', null, 'underway']],
  ])('disagrees at the event that %s', async (_, version, told) => {
    await keep(earlier);
    await write(way.map((one, i) => (i === version - 1 ? told : one)));
    expect((await replay(log, deploy)).disagreement).toMatchObject({ version, type: told[0] });
    // Behind the chart itself.
    expect(await findings()).toEqual([['transition', version + 1]]);
  });

  it('goes on to the present chart, and is then derived in full', async () => {
    await keep(earlier);
    await write([way[0] as Told]);
    await write([['lock.acquired', 'queued.waiting', 'locked']], chartHash);
    expect(await replay(log, deploy)).toMatchObject({
      disagreement: null,
      ranOn: ['earlier', 'present'],
    });
    await write([['deploy.failed', 'locked', 'superseded', true]], chartHash);
    expect((await replay(log, deploy)).disagreement).toMatchObject({ version: 3 });
  });
});

describe('a chart in the log', () => {
  it('is kept once, whoever is first', async () => {
    await Promise.all([1, 2, 3].map(() => keepChart(log, run)));
    await keepChart(log, run);
    const kept = await log.readStream(chartStream(chartHash));
    expect(kept).toHaveLength(1);
    expect(hashOf(kept[0]?.data.definition as object)).toBe(chartHash);
    expect(await findings()).toEqual([]);
  });

  it('that is not what its name says is found to be so, and nothing is held against it', async () => {
    await keep(earlier, 'a'.repeat(64));
    await write(way, 'a'.repeat(64));
    expect(await findings()).toEqual([
      ['chart', 1],
      ['transition', 3],
    ]);
    await expect(replay(log, deploy)).rejects.toMatchObject({ code: 'E_LOG_FAULT' });
  });

  it('is one event: a second one is found', async () => {
    await keep(earlier);
    await keep(earlier);
    expect(await findings()).toEqual([['chart', 2]]);
  });

  it('is not kept where a secret is one of its words: masked, it would be another one', async () => {
    const masked = <T>(value: T): T =>
      JSON.parse(JSON.stringify(value).replaceAll('deployingStaging', '[secret]'));
    await keepChart(log, run, masked);
    expect(await log.head()).toBe(0);
  });
});
