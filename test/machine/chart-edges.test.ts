/** The chart as the log keeps it leads where the chart leads, and nowhere else. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { ChartEdges } from '../../src/machine/chart-edges.ts';
import { canonicalText, definitionOf, definitionSchema } from '../../src/machine/definition.ts';
import { type EventType, eventSchemas } from '../../src/machine/events.ts';
import { statesOf } from '../../src/machine/outline.ts';
import { chartHash } from '../../src/runtime/log/charts.ts';
import { declaredEdges, nameOf } from './edges.ts';

const definition = definitionOf(chart);
const edges = new ChartEdges(definition);

describe('the chart’s definition', () => {
  it('fits its schema, comes back from JSON as it was, and is what the chart’s name is the SHA-256 of', () => {
    const again = definitionSchema.parse(JSON.parse(JSON.stringify(definition)));
    const shuffled = Object.fromEntries(Object.entries(again).reverse());
    for (const one of [definition, again, shuffled]) {
      const text = canonicalText(one);
      expect(text).toBe(JSON.stringify(definition));
      expect(createHash('sha256').update(text).digest('hex')).toBe(chartHash);
    }
  });

  it('names every state, guard, action and service', () => {
    const outlined = statesOf(chart);
    expect(definition.states.map(({ name }) => name)).toEqual(outlined.map(({ name }) => name));
    for (const [i, { service, step, next, exit, description, tags }] of outlined.entries()) {
      const state = definition.states[i];
      const invokes = service === null ? null : { service, step };
      expect(state).toMatchObject({ invokes, next, exit, description });
      expect([...(edges.tagsOf(state?.name ?? '') ?? [])].sort()).toEqual([...tags].sort());
    }
    expect(canonicalText(definition)).not.toMatch(/unnamed|\[object|=>|undefined/);
    expect(edges.tagsOf('verifying.nowhere')).toBeNull();
  });

  it('leads from each state by each event to where the chart declares it, and to no other', () => {
    const leaves = statesOf(chart).filter(({ isLeaf }) => isLeaf);
    const declared = new Set(declaredEdges().map(nameOf));
    const wrong: string[] = [];
    for (const { name: from } of leaves) {
      for (const event of Object.keys(eventSchemas) as EventType[]) {
        for (const { name: to } of leaves) {
          const name = nameOf({ from, event, to });
          // An inner state's own transition hides the same event's of a state around it; the edges have both.
          if (declared.has(name) && !edges.leads(from, event, to)) wrong.push(`not ${name}`);
          if (!declared.has(name) && edges.leads(from, event, to) && !isHidden(from, event)) {
            wrong.push(name);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(edges.leads(null, 'deploy.requested', 'queued.waiting')).toBe(true);
    expect(edges.leads(null, 'deploy.requested', 'locked')).toBe(false);
  });
});

it('of an earlier chart leads on where a transition waits for no event, and comes back where two lead to one another', () => {
  const state = (name: string, initial: string | null = null) => ({
    ...{ name, initial, description: '', entry: [], exit: null, exits: [] },
    ...{ invokes: null, next: null, tags: [] },
  });
  const way = (from: string, event: string | null, target: string | null) => ({
    ...{ from, event, target, actions: [], description: '', guard: null, reenter: false },
  });
  const earlier = new ChartEdges({
    version: 1,
    initial: 'begun',
    states: [
      state('begun'),
      state('at', 'at.first'),
      state('at.first'),
      state('at.next'),
      state('over'),
    ],
    transitions: [
      way('begun', 'production.held', 'at'),
      way('begun', 'deploy.failed', null),
      way('at.first', null, 'at.next'),
      way('at.first', null, null),
      way('at', null, 'over'),
      way('at.next', null, 'at.first'),
    ],
  });
  const leadsTo = (event: string) =>
    ['begun', 'at', 'at.first', 'at.next', 'over'].filter((to) =>
      earlier.leads('begun', event, to),
    );
  expect(leadsTo('production.held')).toEqual(['at.first', 'at.next', 'over']);
  expect(leadsTo('deploy.failed')).toEqual(['begun']);
  expect(leadsTo('deploy.resumed')).toEqual([]);
});

/** Whether the state, or one in between, has the event itself, and one around that, too. */
function isHidden(from: string, event: string): boolean {
  const parts = from.split('.');
  const around = parts.map((_, i) => parts.slice(0, i + 1).join('.'));
  return (
    around.filter((name) =>
      definition.transitions.some((one) => one.from === name && one.event === event),
    ).length > 1
  );
}
