/**
 * What a chart would have done whose gates come before staging, held against the simulation: whenever a deploy looks at
 * production, the gates are asked then and there, too, which no record has. Of what is said of a deploy nothing may be wrong. The
 * comparison can fail: with the rule taken away by which the gates may be read at another time, some of it is.
 */
import { expect, it, vi } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { chartOf } from '../../src/machine/chart-of-definition.ts';
import { definitionOf } from '../../src/machine/definition.ts';
import { gatesInput } from '../../src/machine/environment-block.ts';
import { begin, interpreterOf, next } from '../../src/machine/interpret.ts';
import type { ServiceOutput } from '../../src/machine/services.ts';
import { topOf } from '../../src/machine/state-facts.ts';
import { projections } from '../../src/runtime/audit/projections.ts';
import type { WhatIf } from '../../src/runtime/audit/whatif.ts';
import type * as Applies from '../../src/runtime/audit/whatif-applies.ts';
import { laneMoves, laneOf, readWhatIf } from '../../src/runtime/audit/whatif-read.ts';
import { foldStream } from '../../src/runtime/log/recorded.ts';
import { deployStream } from '../../src/runtime/log/streams.ts';
import type { ServiceTable } from '../../src/runtime/loop/run.ts';
import type { EventLog, RecordedEvent } from '../../src/store/log.ts';
import { openLog } from '../../src/store/open.ts';
import { fc } from '../fast-check.ts';
import { gatesFirst } from '../machine/gates-first.ts';
import { isSoak } from '../store/attacks/seed.ts';
import { scenario } from './scenario.ts';
import { simulate } from './simulation.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Whether that rule is taken away. */
const rules = vi.hoisted(() => ({ areBroken: false }));
vi.mock('../../src/runtime/audit/whatif-applies.ts', async (real) => {
  const { doubt } = await real<typeof Applies>();
  const broken: typeof doubt = (asked, ...rest) =>
    rules.areBroken && asked.step === 'readGates' ? null : doubt(asked, ...rest);
  return { doubt: broken };
});

const seed = isSoak ? undefined : 6;
/** By day a few, in some of which the rule decides: `wrongWithout` tells that. */
const byDay = [0, 1, 4, 11];
const histories = isSoak ? 600 : 12;
const moved = interpreterOf(chartOf(gatesFirst(definitionOf(chart))));

type Gates = ServiceOutput<'readGates'>;

/** What the gates said when a deploy looked at production, by the place of the event that it became. */
class Truth {
  readonly #gates = new Map<string, Gates>();

  readonly watch = (
    services: ServiceTable,
    { deploy, log }: { deploy: string; log: EventLog },
  ): ServiceTable => ({
    ...services,
    observe: async (input, ports) => {
      const answer = await services.observe(input, ports);
      const folded = await foldStream(log, deploy);
      if (folded === null || answer.kind !== 'observed') return answer;
      const place = `${deploy}@${folded.version + 1}`;
      this.#gates.delete(place);
      const asked = gatesInput(folded.snapshot.context);
      const gates = await services.readGates(asked, ports).catch(() => null);
      if (gates !== null) this.#gates.set(place, gates);
      return answer;
    },
  });

  /**
   * The state that the deploy would have ended in, had those gates stopped it. Null: that is not known.
   *
   * No process sees another kill switch than the one that it was started with; in the simulation people turn it meanwhile.
   */
  endOf(deploy: string, records: readonly RecordedEvent[]): string | null {
    let stopped: string | null = null;
    for (const { type, version, data } of records) {
      if (type === 'deploy.resumed') stopped = null;
      if (stopped !== null || type !== 'deploy.observed') continue;
      const gates = this.#gates.get(`${deploy}@${version}`);
      if (gates === undefined) return null;
      if (gates.kind === 'disabled' && gates.switch === 'environment') return null;
      // A look that came between the two: the world moved on under them.
      if (isOther(gates, data.production)) return null;
      if (gates.kind === 'held') stopped = 'blockedByRollback';
      if (gates.kind === 'disabled') stopped = 'disabled';
      if (gates.kind === 'superseded') stopped = 'superseded';
      if (gates.kind === 'found') return null;
    }
    const { to } = (records.at(-1)?.metadata.transition ?? {}) as { to?: string };
    return stopped ?? topOf(to ?? '');
  }
}

/** What is said is not so; of what is unknown nothing is said. */
const isWrong = ({ verdict, changed }: WhatIf, right: string | null): boolean =>
  verdict !== 'unknown' && right !== null && topOf(changed?.state ?? '') !== right;

const isOther = (gates: Gates, seen: unknown): boolean =>
  gates.kind === 'clear' && JSON.stringify(gates.production) !== JSON.stringify(seen);

async function simulated(drawn: Parameters<typeof simulate>[0], truth: Truth): Promise<EventLog> {
  let kept: EventLog | undefined;
  await simulate(drawn, {
    watch: truth.watch,
    openLog: async ({ sleep }: VirtualTime, now: () => number) => {
      kept = await openLog('sqlite::memory:', { projections, now, sleep });
      return new Proxy(kept, {
        get: (log, name) => {
          if (name === 'close') return async () => {};
          const member = Reflect.get(log, name);
          return typeof member === 'function' ? member.bind(log) : member;
        },
      });
    },
  });
  if (kept === undefined) throw new Error('the simulation opened no log');
  return kept;
}

it('of each simulated deploy alone, a chart whose gates come first is told of rightly, or not at all', {
  timeout: 400_000,
}, async () => {
  const counts = {
    deploys: 0,
    same: 0,
    other: 0,
    unknown: 0,
    untold: 0,
    stopped: 0,
    wrongWithout: 0,
  };
  const wrong: string[] = [];
  const why = new Map<string, number>();
  const drawings = fc.sample(scenario, { seed: seed as number, numRuns: histories });
  for (const drawn of isSoak ? drawings : drawings.filter((_, at) => byDay.includes(at))) {
    const truth = new Truth();
    const log = await simulated(drawn, truth);
    const change = { chart: moved, settings: <T>(same: T) => same };
    for (const { stream } of await log.streams({ prefix: deployStream(''), limit: 10_000 })) {
      const deploy = stream.slice(deployStream('').length);
      const records = await log.readStream(stream);
      const moves = (await laneMoves(log, 0)).get(laneOf(records)) ?? [];
      const ask = () => readWhatIf(records, change, moves, { begin, next });
      const right = truth.endOf(deploy, records);
      rules.areBroken = true;
      if (isWrong(ask(), right)) counts.wrongWithout += 1;
      rules.areBroken = false;
      const told = ask();
      counts.deploys += 1;
      counts[told.verdict] += 1;
      if (told.verdict === 'unknown') {
        const reason = String(told.why).replaceAll(/\(.*?\)/g, '');
        why.set(reason, (why.get(reason) ?? 0) + 1);
        continue;
      }
      if (right === 'blockedByRollback') counts.stopped += 1;
      if (right === null) counts.untold += 1;
      if (isWrong(told, right)) {
        wrong.push(
          `${deploy}: ${JSON.stringify(told)}, and it is ${right}: ${records.map(({ type, metadata }) => `${type} → ${(metadata.transition as { to: string }).to}`).join(', ')}`,
        );
      }
    }
    await log.close();
  }
  const share = ((100 * counts.unknown) / counts.deploys).toFixed(0);
  process.stdout.write(
    `what if the gates came first: ${JSON.stringify(counts)}, unknown ${share} %, wrong ${wrong.length}\n${[...why].map(([reason, n]) => `  ${n} × ${reason}`).join('\n')}\n`,
  );
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(counts.stopped).toBeGreaterThan(0);
  expect(counts.wrongWithout).toBeGreaterThan(0);
  expect(counts.unknown).toBeLessThan(counts.deploys / 2);
});
