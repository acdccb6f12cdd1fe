/** The chart's documentation leaves nothing out, says where each event leads, and is the committed one. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AnyStateNode } from 'xstate';
import { chart } from '../../src/machine/chart.ts';
import { chartPicture, documentChart } from '../../src/machine/document.ts';
import { deployPaths } from '../../src/machine/paths.ts';
import { declaredEdges, nameOf, reachedPaths } from './edges.ts';

const text = documentChart(chart);
const committed = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The cells of a section's table, without the backticks and the two head rows. */
function tableOf(section: string): string[][] {
  const body = text.split(`\n## ${section} (`)[1]?.split('\n## ')[0] ?? '';
  return body
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
    );
}

const nodes = (node: AnyStateNode): AnyStateNode[] =>
  Object.values(node.states).flatMap((child) => [child, ...nodes(child)]);
const pathOf = (node: AnyStateNode): string => node.path.join('.');
const states = nodes(chart.root);
const leaves = states.filter((node) => Object.keys(node.states).length === 0);

describe('the document', () => {
  it('has every state of the chart, once, with what it means and its exit code', () => {
    const rows = tableOf('States');
    expect(rows.map(([name]) => name).sort()).toEqual(states.map(pathOf).sort());
    for (const node of states) {
      const [, meaning, , exit] = rows.find(([name]) => name === pathOf(node)) ?? [];
      expect(meaning).toBe(node.description);
      expect(exit).toBe(String((node.meta as { exit?: number } | undefined)?.exit ?? ''));
    }
  });

  it('has every transition of every state, at once ones included', () => {
    const rows = tableOf('Transitions').map(([from, event]) => `${from} ${event}`);
    const expected = states.flatMap((node) => [
      ...[...node.transitions]
        .filter(([event]) => event !== '')
        .flatMap(([event, all]) => all.map(() => `${pathOf(node)} ${event}`)),
      ...(node.always ?? []).map(() => `${pathOf(node)} at once`),
    ]);
    expect(rows.sort()).toEqual(expected.sort());
  });

  it('says of an event that moves nothing that the state stays as it is', () => {
    const staying = states.flatMap((node) =>
      [...node.transitions].flatMap(([event, all]) =>
        all.filter(({ target }) => target === undefined).map(() => [pathOf(node), event]),
      ),
    );
    expect(staying.length).toBeGreaterThan(0);
    const wrong = tableOf('Transitions').filter(
      ([from, event, to]) =>
        to !== from && staying.some(([state, name]) => state === from && name === event),
    );
    expect(wrong.map((row) => row.slice(0, 3).join(' '))).toEqual([]);
  });

  it('draws every state, and an arrow for every event that leads elsewhere', () => {
    const diagram = text.split('```mermaid\n')[1]?.split('```')[0] ?? '';
    const id = (node: AnyStateNode): string => pathOf(node).replaceAll('.', '_');
    for (const node of states) {
      expect(diagram).toMatch(new RegExp(`(^\\s*${id(node)} : | as ${id(node)} \\{$)`, 'm'));
    }
    for (const node of states) {
      for (const [event, all] of node.transitions) {
        const target = all[0]?.target?.[0];
        if (event === '' || target === undefined || target === node) continue;
        expect(diagram).toContain(`  ${id(node)} --> ${id(target)} : ${event}\n`);
      }
    }
  });

  it('has every path of an end once: what a step without an event chose is shown', () => {
    const sections = (text.split('\n## Paths')[1] ?? '').split('\n### ').slice(1);
    expect(sections).toHaveLength(deployPaths(chart).size);
    for (const section of sections) {
      const lines = section.split('\n').filter((line) => line.startsWith('1. '));
      expect(lines.length).toBeGreaterThan(0);
      expect(new Set(lines).size, section).toBe(lines.length);
    }
  });

  it('is what docs/statechart.md holds, and its picture what README.md shows', () => {
    expect(committed('docs/statechart.md')).toBe(text);
    const shown = /<!-- chart:begin -->\n([\s\S]*?)\n<!-- chart:end -->/.exec(
      committed('README.md'),
    );
    expect(shown?.[1]).toBe(chartPicture(chart));
  });
});

describe('the paths', () => {
  const paths = deployPaths(chart);
  const all = [...paths.values()].flat();

  it('end in every state that has an exit code, and there only', () => {
    const ends = leaves.filter(({ meta }) => meta !== undefined).map(pathOf);
    expect([...paths.keys()].sort()).toEqual(ends.sort());
    for (const [end, some] of paths) {
      expect(some.length).toBeGreaterThan(0);
      for (const { states: way } of some) expect(way.at(-1)).toBe(end);
    }
  });

  it('are all different, and none passes a state twice', () => {
    const ways = all.map(({ states: way }) => way.join(' '));
    expect(new Set(ways).size).toBe(ways.length);
    for (const { states: way } of all) expect(new Set(way).size).toBe(way.length);
  });

  it('take steps that the running chart takes, too', () => {
    const run = new Set(reachedPaths().map(({ edge }) => nameOf(edge)));
    const passing = new Set(leaves.filter(({ always }) => (always?.length ?? 0) > 0).map(pathOf));
    for (const { states: way, events } of all) {
      for (const [i, event] of events.entries()) {
        const from = way[i] ?? '';
        const first = way[i + 1] ?? '';
        if (passing.has(from)) continue;
        const to = passing.has(first) ? (way[i + 2] ?? '') : first;
        expect(run).toContain(`${from} --${event}--> ${to}`);
      }
    }
  });

  it('take every step that leads on to an end', () => {
    const taken = new Set(
      all.flatMap(({ states: way, events }) => events.map((e, i) => `${way[i]} ${e}`)),
    );
    const loops = new Set(['run.resumed', 'run.interrupted', 'lock.reacquired', 'lock.lost']);
    const ends = new Set(paths.keys());
    for (const { from, event } of declaredEdges()) {
      if (loops.has(event) || ends.has(from)) continue;
      expect(taken).toContain(`${from} ${event}`);
    }
  });
});
