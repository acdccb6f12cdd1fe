/**
 * Where each part of a chart stands that nobody laid out: one of another version, as a log keeps it. Its states stand below each
 * other, and each arrow goes round by a line of its own at their right. Pure.
 */
import type { ChartGraph, GraphState } from './chart-graph.ts';
import { type ChartLayout, type PlacedState, type } from './chart-layout.ts';

const [gap, laneWidth, textWidth] = [24, 14, 0.62];

export function plainLayout({ states, arrows }: ChartGraph): ChartLayout {
  const longest = Math.max(0, ...states.map(widthOf));
  const labels = arrows.flatMap(({ events }) => events);
  const lanesAt =
    longest + 20 + Math.max(0, ...labels.map((text) => textOf(text, type.label.size)));
  const ends = (name: string) => ({
    out: arrows.filter(({ from }) => from === name),
    in: arrows.filter(({ to }) => to === name),
  });
  let below = 0;
  const placed = new Map<string, PlacedState>();
  const inAt = new Map<string, number>();
  const outAt = new Map<string, number>();
  for (const state of states) {
    const own = ends(state.name);
    let y = below + type.name.line;
    for (const arrow of own.in) {
      inAt.set(keyOf(arrow), y);
      y += type.label.line;
    }
    for (const arrow of own.out) {
      outAt.set(keyOf(arrow), y + (arrow.events.length - 1) * type.label.line);
      y += arrow.events.length * type.label.line + 4;
    }
    const height = Math.max(y - below, heightOf(state));
    placed.set(state.name, { ...state, x: 0, y: below, width: longest, height });
    below += height + gap;
  }
  return {
    width: lanesAt + arrows.length * laneWidth + 10,
    height: below,
    states: [...placed.values()],
    arrows: arrows.map((arrow, i) => {
      const x = lanesAt + (i + 1) * laneWidth;
      const [from, to] = [outAt.get(keyOf(arrow)) ?? 0, inAt.get(keyOf(arrow)) ?? 0];
      const above = from - (arrow.events.length - 1) * type.label.line;
      return {
        ...arrow,
        points: [
          [longest, from] as const,
          [x, from] as const,
          [x, to] as const,
          [longest, to] as const,
        ],
        labels: arrow.events.map((event, n) => ({
          ...{ event, x: longest + 8 },
          y: above + n * type.label.line - type.label.line,
        })),
      };
    }),
  };
}

const keyOf = ({ from, to }: { from: string; to: string }): string => `${from} ${to}`;

/** Wide enough for the usual fonts. */
const textOf = (text: string, size: number): number => Math.ceil(text.length * size * textWidth);

const widthOf = ({ name, leaves }: GraphState): number =>
  Math.max(
    textOf(name, type.name.size) + 30,
    ...leaves.map((leaf) => textOf(leaf, type.leaf.size) + 28),
  );

const heightOf = ({ leaves }: GraphState): number =>
  type.name.line + leaves.length * type.leaf.line + (leaves.length > 0 ? 8 : 0);
