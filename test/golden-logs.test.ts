/**
 * Golden logs: what earlier versions wrote, one folder a format. Whatever becomes of the program, it imports them,
 * finds them whole, tells what happened, replays it, gives the same bytes back, and goes on with them.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Replay } from '../src/index.ts';
import { chart } from '../src/machine/chart.ts';
import { schemaNumbers } from '../src/machine/event-schemas.ts';
import { statesOf } from '../src/machine/outline.ts';
import type { DeployRow } from '../src/runtime/audit/deploys.ts';
import { deploysProjection } from '../src/runtime/audit/deploys-table.ts';
import { allMarks } from '../src/runtime/audit/lane-marks.ts';
import { projections } from '../src/runtime/audit/projections.ts';
import { chartHash } from '../src/runtime/log/charts.ts';
import { chartStream } from '../src/runtime/log/streams.ts';
import type { RecordedEvent } from '../src/store/log.ts';
import { openLog } from '../src/store/open.ts';
import { projected } from '../src/store/projection.ts';
import { CommandHere, type EndedHere } from './cli/command-here.ts';
import { stories } from './fixtures/logs/stories.ts';
import { ScriptedWorld } from './runtime/loop/scripted-run.ts';

const fixtures = join(import.meta.dirname, 'fixtures/logs');

interface GoldenLog {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly events: readonly RecordedEvent[];
  readonly digest: string | undefined;
}

const formats = readdirSync(fixtures).filter((name) => /^\d+$/.test(name));
const logs = formats.flatMap((format) => {
  const folder = join(fixtures, format);
  const digests = readFileSync(join(folder, 'digests.txt'), 'utf8').trim().split('\n');
  const digestOf = new Map(digests.map((line) => line.split('  ').reverse() as [string, string]));
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name): GoldenLog => {
      const file = join(folder, name);
      const text = readFileSync(file, 'utf8');
      const events = text
        .trim()
        .split('\n')
        .map((line): RecordedEvent => JSON.parse(line));
      const short = name.replace('.jsonl', '');
      return { name: `${format}/${short}`, file, text, events, digest: digestOf.get(short) };
    });
});
const everyEvent = logs.flatMap(({ events }) => events);

/** `from --type--> to`, as it was recorded. */
function edgeOf({ type, metadata }: RecordedEvent): string | null {
  const { from, to } = (metadata.transition ?? {}) as { from?: string | null; to?: string };
  return to === undefined || from === null ? null : `${from} --${type}--> ${to}`;
}

let folder: string;
let pipeline: CommandHere;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-golden-'));
  pipeline = new CommandHere(folder, {});
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: readonly string[]): Promise<EndedHere> {
  const ended = await pipeline.run(args);
  expect(ended.exit, ended.stdout + ended.stderr).toBe(0);
  return ended;
}

describe.each(logs)('$name', ({ name, file, text, events, digest }) => {
  const store = (): string => `sqlite:${join(folder, `${name.replace('/', '-')}.db`)}`;

  it('is imported and found whole, by the head that was told then and by today’s, and is exported as it came', async () => {
    const imported = await run('import', file, '--store', store(), '--json');
    const { headDigest, imported: count } = JSON.parse(imported.stdout);
    expect(count).toBe(events.length);
    const heads = [digest, headDigest].flatMap((one) => ['--head', `${one}@${events.length}`]);
    const verified = await run('verify', '--store', store(), ...heads, '--json');
    const { pinned, head } = JSON.parse(verified.stdout);
    expect(head).toEqual({ digest: headDigest, position: events.length });
    expect(pinned.map(({ isRight }: { isRight: boolean }) => isRight)).toEqual([true, true]);
    const exported = await run('export', '--store', store());
    expect(exported.stdout).toBe(text);
    expect(exported.stderr).toContain(headDigest);
  });

  it('is told as ever, and replayed', async () => {
    const { stdout } = await run('status', '--store', store(), '--json');
    const deploys = (JSON.parse(stdout).deploys as DeployRow[]).reverse();
    const told: string[] = [];
    for (const { deploy, state, reason } of deploys) {
      const story = await run('log', deploy, '--store', store());
      told.push(`${deploy}: ${state}${reason === null ? '' : `, ${reason}`}\n\n${story.stdout}`);
      const replayed = await run('replay', deploy, '--store', store(), '--json');
      const replay = JSON.parse(replayed.stdout) as Replay;
      expect(replay).toMatchObject({ disagreement: null, state });
    }
    expect(deploys).not.toEqual([]);
    await expect(told.join('\n')).toMatchFileSnapshot(file.replace('.jsonl', '.told.txt'));
  });

  it('leaves the same tables, however many events are taken in at once', async () => {
    const tablesAfter = async (atOnce: number) => {
      const log = projected(await openLog('sqlite::memory:', { projections }));
      for (let from = 0; from < events.length; from += atOnce) {
        await log.importEvents(events.slice(from, from + atOnce));
      }
      const deploys = await log.query(deploysProjection, (db) =>
        db.selectFrom('deploys').selectAll().orderBy('deploy'),
      );
      const marks = (await allMarks(log)).map((row) => JSON.stringify(row)).sort();
      await log.close();
      return { deploys, marks };
    };
    const oneByOne = await tablesAfter(1);
    expect(oneByOne.deploys).not.toEqual([]);
    expect(oneByOne.marks).not.toEqual([]);
    for (const atOnce of [2, 3, 7, events.length]) {
      expect(await tablesAfter(atOnce), `${atOnce} at once`).toEqual(oneByOne);
    }
  });

  it('was recorded on the edges of its own chart', () => {
    for (const { stream, metadata, type } of events) {
      if (stream.startsWith('deploy/')) expect(metadata.chart, type).toMatch(/^[0-9a-f]{64}$/);
    }
    const strays = events.filter((event) => {
      const edge = edgeOf(event);
      if (edge === null) return false;
      const edges = readFileSync(join(fixtures, 'charts', `${event.metadata.chart}.txt`), 'utf8');
      return !edges.split('\n').includes(edge);
    });
    expect(strays.map(edgeOf)).toEqual([]);
  });

  it('is gone on with', async () => {
    const log = await openLog('sqlite::memory:');
    await log.importEvents(events);
    const world = ScriptedWorld.over(log);
    try {
      const { deploy, ended } = await world.start({ build: '900' });
      expect(await ended).toMatchObject({ state: 'production.live', exit: 0 });
      const whole = await log.verify();
      expect(whole.fault).toBeNull();
      expect(whole.events).toBeGreaterThan(events.length);
      const [first] = await world.events(deploy);
      // Behind the chart that it runs on, where the log does not have that.
      const isKept = events.some(({ stream }) => stream === chartStream(chartHash));
      expect(first?.position).toBe(events.length + (isKept ? 1 : 2));
    } finally {
      await world.close();
    }
  });
});

describe('golden logs', () => {
  it('are as many as there are stories', () => {
    expect(formats.length).toBeGreaterThan(0);
    const names = new Set(logs.map(({ name }) => name.replace(/^\d+\//, '')));
    expect([...names].sort()).toEqual(Object.keys(stories).sort());
  });

  it('have every end of a deploy that the chart has', () => {
    const ends = statesOf(chart).filter(
      ({ isLeaf, tags }) => isLeaf && (tags.includes('settled') || tags.includes('paused')),
    );
    const reached = new Set(
      logs.flatMap(({ events }) => {
        const streams = Map.groupBy(
          events.filter(({ metadata }) => metadata.transition !== undefined),
          ({ stream }) => stream,
        );
        return [...streams.values()].map(
          (some) => edgeOf(some.at(-1) as RecordedEvent)?.split('> ')[1],
        );
      }),
    );
    expect(ends.length).toBeGreaterThan(4);
    expect(ends.map(({ name }) => name).filter((name) => !reached.has(name))).toEqual([]);
  });

  it('have every event in the schema that is in use', () => {
    const written = new Set(everyEvent.map(({ type, schema }) => `${type}@${schema}`));
    const inUse = [...schemaNumbers].map(([type, schema]) => `${type}@${schema}`);
    expect(inUse.filter((one) => !written.has(one))).toEqual([]);
  });

  it('say nothing of the machine that wrote them', () => {
    const observed = everyEvent.map(
      ({ metadata }) => (metadata.actor as { observed: { system: object } }).observed.system,
    );
    const systems = new Set(observed.map((system) => JSON.stringify(system)));
    expect([...systems]).toEqual(['{"user":"ci","host":"ci-1"}']);
    for (const { name, text } of logs) expect(text, name).not.toMatch(/"[^"]*\/(tmp|home|Users)\//);
  });
});
