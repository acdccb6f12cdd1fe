/** A deploy of an earlier chart: kept in the log, it is what the deploy's transitions are held against. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { verifyView } from '../../../src/cli/render/verify-view.ts';
import { chart } from '../../../src/machine/chart.ts';
import { canonicalText, definitionOf } from '../../../src/machine/definition.ts';
import { samples } from '../../../src/machine/samples.ts';
import { chartGraph } from '../../../src/page/chart-graph.ts';
import { deployReport } from '../../../src/page/deploy-report.ts';
import { plainLayout } from '../../../src/page/plain-layout.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { replay } from '../../../src/runtime/audit/replay.ts';
import { LogVerifier } from '../../../src/runtime/audit/verify.ts';
import { chartHash, keepChart } from '../../../src/runtime/log/charts.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { chartStream, deployStream } from '../../../src/runtime/log/streams.ts';
import { readToldDeploy } from '../../../src/serve/read.ts';
import type { EventLog, JsonObject } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { sample } from '../../machine/samples.ts';
import { deployEvents, run, wayToGates } from './written.ts';

const same = (text: string): string => text;
const noColor = {
  color: { green: same, red: same, yellow: same, dim: same, bold: same },
} as unknown as Parameters<typeof verifyView>[1];

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
async function write(told: readonly Told[], on = hashOf(earlier), id = deploy): Promise<void> {
  const events = told.map(([type, from, to, settled = false]) =>
    newEvent({ type, data: samples[type] }, run, {
      transition: { from, to, settled, reason: null },
      chart: on,
    }),
  );
  await log.append([{ stream: deployStream(id), expected: 'any', events }]);
}

async function audit() {
  const verifier = new LogVerifier();
  for await (const page of log.stored()) for (const row of page) verifier.take(row);
  return verifier.finish();
}

const findings = async () => (await audit()).findings.map(({ kind, position }) => [kind, position]);

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

  it('may go on where it was held: it is not over', async () => {
    await keep(earlier);
    const commit = 'c'.repeat(40);
    const held = sample('production.held', { step: 'readGates' });
    const toHeld = [...wayToGates(commit, null, 'v1'), held, sample('deploy.resumed')];
    const events = deployEvents({ label: '501', commit }, toHeld).map(({ metadata, ...event }) => ({
      ...event,
      metadata: {
        ...JSON.parse(JSON.stringify(metadata).replaceAll('"locked"', '"underway"')),
        chart: hashOf(earlier),
      },
    }));
    await log.append([{ stream: deployStream('501-cccccccc'), expected: 'none', events }]);
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
    ['goes on with a deploy that nobody began', 1, ['lock.acquired', 'queued.waiting', 'underway']],
  ])('disagrees at the event that %s', async (_, version, told) => {
    await keep(earlier);
    await write(way.map((one, i) => (i === version - 1 ? told : one)));
    const { disagreement } = await replay(log, deploy);
    expect(disagreement).toMatchObject({ version, type: told[0] });
    expect(`${disagreement?.recorded}; ${disagreement?.recomputed}`).toMatchSnapshot();
    // Behind the chart itself.
    expect(await findings()).toEqual([['transition', version + 1]]);
  });

  it('is what a chart is read for: one of the present chart is derived by what the program has itself', async () => {
    await keep(earlier);
    await write(way);
    await keep(definitionOf(chart) as unknown as JsonObject);
    await write([['deploy.requested', null, 'queued.waiting']], chartHash, 'present');
    const readStream = vi.spyOn(log, 'readStream');
    await replay(log, deploy);
    expect(readStream.mock.calls.map(([stream]) => stream)).toContain(chartStream(hashOf(earlier)));
    readStream.mockClear();
    expect(await replay(log, 'present')).toMatchObject({ disagreement: null, sameChart: true });
    expect(readStream.mock.calls.map(([stream]) => stream)).toEqual([deployStream('present')]);
  });

  it('goes on to the present chart, and is then derived in full', async () => {
    await keep(earlier);
    await write([way[0] as Told]);
    await write([['lock.acquired', 'queued.waiting', 'locked']], chartHash);
    expect(await replay(log, deploy)).toMatchObject({
      disagreement: null,
      ...{ ranOn: ['earlier', 'present'], sameChart: false },
    });
    await write([['deploy.failed', 'locked', 'superseded', true]], chartHash);
    expect((await replay(log, deploy)).disagreement).toMatchObject({ version: 3 });
  });
});

describe('verify names the charts', () => {
  it('by which it judged, each with how many deploys, and where the log has it', async () => {
    await keep(earlier);
    await write(way);
    await write([['deploy.requested', null, 'queued.waiting']], chartHash, 'other');
    await write([['deploy.requested', null, 'queued.waiting']], 'f'.repeat(64), 'third');
    const told = await audit();
    expect(told.charts).toEqual([
      { chart: hashOf(earlier), ranOn: 'earlier', deploys: 1, keptAt: 1 },
      { chart: chartHash, ranOn: 'present', deploys: 1, keptAt: null },
      { chart: 'f'.repeat(64), ranOn: 'unknown', deploys: 1, keptAt: null },
    ]);
    const lines = verifyView({ ...told, source: 'log', isFile: false }, noColor).join('\n');
    expect(lines).toContain('1 deploy by this program’s own chart');
    expect(lines).toContain(
      `1 deploy by the chart ${hashOf(earlier)} of another version, as the log keeps it (position 1): which transitions there were is believed`,
    );
    expect(lines).toContain(
      `1 deploy by the nine states alone: the log does not keep the chart ${'f'.repeat(64)}`,
    );
  });

  it('and calls a log without a signed head unproven, not changed', async () => {
    await keep(earlier);
    const none = { kind: 'signature', position: 0, stream: '', reason: 'there is none' } as const;
    const chain = { ...none, kind: 'chain', position: 1 } as const;
    const shown = async (...findings: (typeof none | typeof chain)[]) => {
      const all = { ...(await audit()), findings, found: findings.length };
      return verifyView({ ...all, source: 'log', isFile: true }, noColor).at(-1);
    };
    expect(await shown(none)).toMatch(/^1 finding: nothing in it is wrong, and no head/);
    expect(await shown(none, chain)).toBe('2 findings: this log is not what was recorded.');
  });

  it('and counts a deploy with each that it ran on', async () => {
    await keep(earlier);
    await write([way[0] as Told]);
    await write([['lock.acquired', 'queued.waiting', 'locked']], chartHash);
    await write([['deploy.failed', 'locked', 'failed', true]], chartHash);
    const { charts } = await audit();
    expect(charts.map(({ ranOn, deploys }) => [ranOn, deploys])).toEqual([
      ['earlier', 1],
      ['present', 1],
    ]);
  });
});

describe('the page of a deploy', () => {
  const shown = async () => {
    const log2 = await openLog('sqlite::memory:', { projections });
    try {
      await log2.importEvents(await log.readAll({ after: 0, limit: 100 }));
      const told = await readToldDeploy(log2, deploy);
      if (told === null) throw new Error('there is none');
      const more = { said: [], checks: [], killSwitch: null, head: '', madeAt: '' };
      return deployReport({ ...told, ...more });
    } finally {
      await log2.close();
    }
  };

  it('draws the chart that it ran on, and says which', async () => {
    await keep(earlier);
    await write(way);
    const page = await shown();
    expect(page).toMatch(/class="state passed" data-state="underway"/);
    expect(page).not.toContain('data-state="locked"');
    expect(page.replaceAll(/<\/?code>/g, '')).toContain(
      `another version’s chart, ${hashOf(earlier)}, as the log keeps it`,
    );
  });

  it('says that the present one is drawn where the log does not have it', async () => {
    await write(way);
    const page = await shown();
    expect(page).toContain('data-state="locked"');
    expect(page).toContain('the log does not keep it: the present one is drawn');
  });

  it('draws the present chart as ever', async () => {
    await write([['deploy.requested', null, 'queued.waiting']], chartHash);
    expect(await shown()).not.toContain('another version’s chart');
  });

  it('an earlier chart is drawn with all that it has, and nothing lies on another state', () => {
    const graph = chartGraph(earlier as never);
    const { states, arrows, width, height } = plainLayout(graph);
    expect(states.map(({ name, leaves }) => ({ name, leaves }))).toEqual(graph.states);
    expect(
      arrows.map(({ from, to, labels }) => ({
        from,
        to,
        events: labels.map(({ event }) => event),
      })),
    ).toEqual(graph.arrows);
    for (const [i, a] of states.entries()) {
      expect(a.x + a.width).toBeLessThanOrEqual(width);
      expect(a.y + a.height).toBeLessThanOrEqual(height);
      const below = states[i + 1];
      if (below !== undefined) expect(below.y).toBeGreaterThan(a.y + a.height);
    }
    const labels = arrows.flatMap((arrow) => arrow.labels.map(({ y }) => y));
    expect(new Set(labels).size).toBe(labels.length);
    const points = arrows.flatMap((arrow) => arrow.points);
    expect(points.every(([x, y]) => x >= 0 && y >= 0 && x <= width && y <= height)).toBe(true);
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
