/** Where each part of the chart stands in its picture, in CSS pixels; written by `npm run docs`. */
import layout from './chart-layout.json' with { type: 'json' };

export interface ChartLayout {
  readonly width: number;
  readonly height: number;
  readonly states: readonly PlacedState[];
  readonly arrows: readonly PlacedArrow[];
}

export interface PlacedState {
  readonly name: string;
  readonly leaves: readonly string[];
  /** Of its left upper corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedArrow {
  readonly from: string;
  readonly to: string;
  readonly events: readonly string[];
  /** From end to end, with every bend: x and y. */
  readonly points: readonly (readonly [number, number])[];
  /** Where its events are written; none where the picture has no room for them. */
  readonly labels: readonly { readonly event: string; readonly x: number; readonly y: number }[];
}

/** How text is set: the layout has room for it, and the picture is drawn so. */
export const type = {
  name: { size: 15, line: 30 },
  leaf: { size: 13, line: 18 },
  label: { size: 11, line: 14 },
} as const;

// JSON has lists where the type has pairs.
export const chartLayout = layout as unknown as ChartLayout;
