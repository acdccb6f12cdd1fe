/** What a deploy may have left under way, told by its events, wherever its run ends. */
import { expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { type DomainEvent, environmentNames } from '../../src/machine/events.ts';
import { begin, next, stateOf } from '../../src/machine/interpret.ts';
import { leftBehind } from '../../src/machine/left-behind.ts';
import { deployPaths } from '../../src/machine/paths.ts';

const direct = deployPaths(chart).filter(({ turn }) => turn === null);
/** Its write may be on the wire there, and no event names what was asked for. */
const writing = {
  staging: /^deployingStaging\.submitting/,
  canary: /^(deployingStaging|production)\.canary\.submitting|[Rr]estoring$/,
  production: /^production\.deploying\.submitting/,
} as const;

/** By hand, of the events alone: what was submitted to each environment and has not been called deployed. */
function askedFor(events: readonly DomainEvent[]): readonly unknown[] {
  return environmentNames.flatMap((name) => {
    const of = (word: string) =>
      events.findLast(({ type }) => type === `${name}.${word}`)?.data as never;
    const at = (word: string) => events.findLastIndex(({ type }) => type === `${name}.${word}`);
    if (at('submitted') <= at('deployed')) return [];
    const { work } = of('submitted') as { work: object };
    const { release } =
      at('released') > at('submitted')
        ? (of('released') as { release: string })
        : { release: null };
    return [{ name, work, release }];
  });
}

it('is what was submitted and is not called deployed yet; and wherever it may be writing, something that has no name', () => {
  const met = new Set<string>();
  for (const { request, steps } of direct) {
    const named = (target: object) =>
      environmentNames.find((name) => request.settings[name]?.target === target);
    const events: DomainEvent[] = [];
    let folded = begin(request, 0);
    for (const { event } of steps) {
      const after = next(folded, event, 0);
      if (after === null) throw new Error(`the chart refuses ${event.type}`);
      folded = after;
      events.push(event);
      const { asked, unnamed } = leftBehind(folded);
      const told = asked.map(({ target, ...one }) => ({ name: named(target), ...one }));
      const state = stateOf(folded);
      expect(told, state).toEqual(askedFor(events));
      const wanted = environmentNames.filter((name) => writing[name].test(state));
      expect(unnamed.map(named), state).toEqual(wanted);
      for (const name of [...wanted, ...told.map((one) => one.name)]) met.add(`${name}`);
    }
  }
  expect([...met].sort()).toEqual([...environmentNames].sort());
});
