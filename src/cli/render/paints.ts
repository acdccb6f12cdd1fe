/** The colours at a terminal of what became of deploys. */
import type { Tone } from '../../runtime/standing/became-mark.ts';

export const paints: { readonly [T in Tone]: 'green' | 'red' | 'yellow' | 'cyan' | 'dim' } = {
  good: 'green',
  bad: 'red',
  waiting: 'yellow',
  moving: 'cyan',
  soft: 'dim',
};
