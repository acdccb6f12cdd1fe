/** The chart's picture: it has what the chart has, and the way of a deploy on it. */
import { describe, expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { definitionOf } from '../../src/machine/definition.ts';
import { declaredTransitions, statesOf } from '../../src/machine/outline.ts';
import { topOf } from '../../src/machine/state-facts.ts';
import { drawChart, margin, passageNumbers, type Way } from '../../src/page/chart-drawing.ts';
import { chartGraph } from '../../src/page/chart-graph.ts';
import { chartLayout, type } from '../../src/page/chart-layout.ts';

const graph = chartGraph(definitionOf(chart));

describe('the layout', () => {
  it('has the chart’s states and arrows, and no others', () => {
    const { states, arrows } = chartLayout;
    expect(states.map(({ name, leaves }) => ({ name, leaves }))).toEqual(graph.states);
    const drawn = arrows.map(({ from, to, events }) => ({ from, to, events }));
    expect(drawn).toEqual(graph.arrows);
  });

  it('has room for each: nothing lies on another state, and all of it in the picture', () => {
    for (const [i, a] of chartLayout.states.entries()) {
      expect(a.x + a.width).toBeLessThanOrEqual(chartLayout.width);
      expect(a.y + a.height).toBeLessThanOrEqual(chartLayout.height);
      for (const b of chartLayout.states.slice(i + 1)) {
        const isApart =
          a.x + a.width < b.x ||
          b.x + b.width < a.x ||
          a.y + a.height < b.y ||
          b.y + b.height < a.y;
        expect(isApart, `${a.name} and ${b.name}`).toBe(true);
      }
    }
  });
});

it('is so small that its text is read as it is meant on a screen of 1280 pixels', () => {
  // As it stands in its page, whose margins are 32 pixels; nobody reads letters of less than 12.
  const scale = (1_280 - 2 * 32) / (chartLayout.width + 2 * margin);
  const sizes = [type.name.size, type.leaf.size].map((size) => size * scale);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
  expect(chartLayout.height * scale).toBeLessThan(0.9 * 900);
});

/** The first leaf of a state; the state itself where it is one. */
const leafIn = (state: string): string => {
  const leaves = statesOf(chart).filter(({ isLeaf }) => isLeaf);
  const found = leaves.find(({ name }) => name === state || name.startsWith(`${state}.`));
  return found?.name ?? state;
};

const marked = (svg: string, kind: string): string[] =>
  [...svg.matchAll(/class="(?:leaf|state)([^"]*)"[^>]*data-state="([^"]*)"/g)]
    .filter(([, classes = '']) => classes.split(' ').includes(kind))
    .map(([, , state = '']) => state);

describe('the way of a deploy', () => {
  it('is the states that it was in, the arrows between them, and where it is now', async () => {
    for (const { from, event, to } of declaredTransitions(chart)) {
      const way: Way = {
        steps: [
          { event: 'deploy.requested', to: leafIn(from) },
          { event: event ?? '', to: leafIn(to) },
        ],
        isUnderWay: false,
      };
      const svg = String(await drawChart(chartLayout, way));
      const states = new Set(way.steps.map(({ to }) => to));
      const leaves = statesOf(chart).filter(({ name, depth }) => depth > 1 && states.has(name));
      expect(new Set(marked(svg, 'passed'))).toEqual(
        new Set([...leaves.map(({ name }) => name), ...[...states].map(topOf)]),
      );
      const tops = way.steps.map(({ to }) => topOf(to));
      const moves = tops.flatMap((to, i) => {
        const from = tops[i - 1];
        return from === undefined || from === to ? [] : [`${from} ${to}`];
      });
      const arrows = [...svg.matchAll(/class="way passed" data-from="(\w+)" data-to="(\w+)"/g)];
      expect(new Set(arrows.map(([, from, to]) => `${from} ${to}`))).toEqual(new Set(moves));
      const numbers = [...svg.matchAll(/class="number"[^>]*>([\d, ]+)</g)];
      expect(numbers.flatMap(([, text = '']) => text.split(', ').map(Number))).toEqual(
        passageNumbers(way.steps.map(({ to }) => to)).filter((number) => number !== null),
      );
    }
  });

  it('is in one state while it is under way', async () => {
    const steps = [
      { event: 'deploy.requested', to: 'queued.waiting' },
      { event: 'lock.acquired', to: 'locked' },
      { event: 'deploy.observed', to: 'deployingStaging.submitting' },
    ];
    const svg = String(await drawChart(chartLayout, { steps, isUnderWay: true }));
    expect(marked(svg, 'now')).toEqual(['deployingStaging', 'deployingStaging.submitting']);
    expect(
      marked(String(await drawChart(chartLayout, { steps, isUnderWay: false })), 'now'),
    ).toEqual([]);
  });
});
