/** The chart's documentation leaves nothing out, says where each event leads, and is the committed one. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AnyStateNode } from 'xstate';
import { chart, type StateMeta } from '../../src/machine/chart.ts';
import { chartPicture, documentChart } from '../../src/machine/document.ts';
import {
  type DeployPath,
  deployPaths,
  inWords,
  pathsToTransitions,
} from '../../src/machine/paths.ts';
import { declaredEdges, nameOf } from './edges.ts';

const text = documentChart(chart);
const paths = deployPaths(chart);
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
const endLeaves = states
  .filter(({ meta }) => meta !== undefined)
  .map(pathOf)
  .sort();

describe('the document', () => {
  it('has every state of the chart, once, with what it means and its exit code', () => {
    const rows = tableOf('States');
    expect(rows.map(([name]) => name).sort()).toEqual(states.map(pathOf).sort());
    for (const node of states) {
      const [, meaning, , exit, , next] = rows.find(([name]) => name === pathOf(node)) ?? [];
      expect(meaning).toBe(node.description);
      const meta = node.meta as StateMeta | undefined;
      expect(exit).toBe(String(meta?.exit ?? ''));
      expect(next).toBe(meta?.next ?? '');
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

  it('has every path on which no loop is turned once', () => {
    const body = text.split('\n## Paths')[1]?.split('\n## ')[0] ?? '';
    const sections = body.split('\n### ').slice(1);
    expect(sections).toHaveLength(endLeaves.length);
    const all = sections.flatMap((section) => {
      const [end, ...rest] = section.split('\n');
      const lines = rest.filter((line) => line.startsWith('1. '));
      expect(lines.length).toBeGreaterThan(0);
      return lines.map((line) => `${end}${line}`);
    });
    expect(new Set(all).size).toBe(all.length);
    const direct = paths.filter(
      ({ turn, request }) => turn === null && request.settings.canary === null,
    );
    expect(all).toHaveLength(new Set(direct.map(({ steps }) => steps.map(inWords).join())).size);
  });

  it('has every loop: each transition that leads back to the beginning', () => {
    const body = text.split('\n## Loops')[1] ?? '';
    const back = declaredEdges().filter(({ from, to }) => to === 'queued.waiting' && from !== to);
    for (const { from, event } of back) {
      expect(body).toMatch(new RegExp(`^- \`${event}\` from .*\`${from}\``, 'm'));
    }
    expect(body).toContain(`(${back.length})`);
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
  /** A canary's states are entered again with each share of the traffic. */
  const wayOf = ({ steps }: DeployPath): string[] => {
    const baked = steps.map(({ event }) => (event.type === 'canary.verified' ? '+' : ''));
    return ['queued.waiting', ...steps.map(({ to }, i) => to + baked.slice(0, i + 1).join(''))];
  };

  it('are no fewer than a search by hand found: 35 without a loop', () => {
    const turned = paths.filter(({ turn }) => turn !== null);
    process.stdout.write(
      `chart: ${paths.length} paths to an end, of which ${turned.length} turn a loop\n`,
    );
    expect(paths.length - turned.length).toBeGreaterThanOrEqual(35);
    expect(turned.length).toBeGreaterThan(0);
  });

  it('end in every state that has an exit code, and there only', () => {
    expect([...new Set(paths.map(({ steps }) => steps.at(-1)?.to))].sort()).toEqual(endLeaves);
  });

  it('are all different, turn one loop at most, and pass no state twice between', () => {
    const all = paths.map(({ steps, way }) => [way, ...steps.map(inWords)].join(' '));
    expect(new Set(all).size).toBe(all.length);
    for (const path of paths) {
      const way = wayOf(path);
      const again = way.findIndex((place, i) => i > 0 && place.startsWith('queued.waiting'));
      expect(again > 0).toBe(path.turn !== null);
      const parts = again === -1 ? [way] : [way.slice(0, again), way.slice(again)];
      for (const part of parts) expect(new Set(part).size).toBe(part.length);
    }
  });

  it('take every declared transition that leads elsewhere, and nothing else', () => {
    const found = [...paths, ...pathsToTransitions(chart)];
    const taken = new Set(
      found
        .flatMap(({ steps }) => steps)
        .filter(({ from, to }) => from !== to)
        .map(inWords),
    );
    const declared = declaredEdges().filter(({ from, to }) => from !== to);
    expect([...taken].sort()).toEqual(declared.map(nameOf).sort());
  });

  it('to what production is given are both: the verified artifact, and the commit', () => {
    const given = paths.filter(({ steps }) =>
      steps.some(({ event }) => event.type === 'production.submitted'),
    );
    const of = (way: string): string[] =>
      given
        .filter((path) => path.way === way)
        .map(({ steps }) => steps.map(inWords).join())
        .sort();
    expect(of('artifact')).not.toEqual([]);
    expect(of('artifact')).toEqual(of('commit'));
  });
});
