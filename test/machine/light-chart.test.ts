/** The chart’s table leads where XState leads, with the same memory, on every way to every transition. */
import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { chart, type Tag } from '../../src/machine/chart.ts';
import type { DomainEvent } from '../../src/machine/events.ts';
import { begin, type FoldedDeploy, has, next, stateOf } from '../../src/machine/interpret.ts';
import { type LightDeploy, lightChart } from '../../src/machine/light-chart.ts';
import { pathsToTransitions } from '../../src/machine/paths.ts';
import { samples } from '../../src/machine/samples.ts';

const tags: readonly Tag[] = ['holdsLock', 'idle', 'settled', 'live', 'failed', 'held', 'paused'];
const everything = Object.entries(samples).map(([type, data]) => ({ type, data }) as DomainEvent);

function isSame(folded: FoldedDeploy | null, light: LightDeploy | null): boolean {
  if (folded === null || light === null) return folded === light;
  return (
    stateOf(folded) === light.state &&
    tags.every((tag) => has(folded, tag) === lightChart.has(light, tag)) &&
    isDeepStrictEqual(folded.snapshot.context, light.context)
  );
}

it('after each event of each way, and for each event in each state, taken or not', () => {
  const wrong: string[] = [];
  const tried = new Set<string>();
  let steps = 0;
  for (const path of pathsToTransitions(chart)) {
    let folded: FoldedDeploy | null = begin(path.request, 0);
    let light: LightDeploy | null = lightChart.begin(path.request);
    for (const { event } of path.steps) {
      if (folded === null || light === null) break;
      folded = next(folded, event, 0);
      light = lightChart.next(light, event);
      steps += 1;
      if (!isSame(folded, light)) wrong.push(`${event.type} → ${light?.state}`);
    }
    const state = light?.state ?? '';
    if (folded === null || light === null || tried.has(state)) continue;
    tried.add(state);
    for (const event of everything) {
      if (isSame(next(folded, event, 0), lightChart.next(light, event))) continue;
      wrong.push(`in ${state}: ${event.type}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(steps).toBeGreaterThan(10_000);
  expect(tried.size).toBeGreaterThan(30);
});
