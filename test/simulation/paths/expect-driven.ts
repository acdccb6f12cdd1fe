/** What the tests of paths have in common: a path is driven, and was taken as it is. */
import { expect } from 'vitest';
import { type DeployPath, inWords } from '../../../src/machine/paths.ts';
import { drive } from './drive.ts';
import { findingsOf } from './findings.ts';
import type { PathWorld } from './world.ts';

export const titleOf = ({ way, steps, turn }: DeployPath): string => {
  const [last] = steps.slice(-1).map(inWords);
  const by = turn === null ? '' : `${inWords(turn)}, then `;
  return `${way}, ${steps.length} steps: ${by}${last}`;
};

export async function expectDriven(world: PathWorld, path: DeployPath): Promise<void> {
  expect(findingsOf(world, path, await drive(world, path))).toEqual([]);
}
