/** What the tests of paths have in common: a path is driven, and was taken as it is. */
import { expect } from 'vitest';
import { type DeployPath, inWords } from '../../../src/machine/paths.ts';
import { drive } from './drive.ts';
import type { PathWorld } from './world.ts';

export const titleOf = ({ way, steps, turn }: DeployPath): string => {
  const [last] = steps.slice(-1).map(inWords);
  const by = turn === null ? '' : `${inWords(turn)}, then `;
  return `${way}, ${steps.length} steps: ${by}${last}`;
};

export async function expectDriven(world: PathWorld, path: DeployPath): Promise<void> {
  const driven = await drive(world, path);
  expect(driven.taken).toEqual(path.steps.map(inWords));
  expect(driven.replayed.disagreement).toBeNull();
  expect(driven.replayed.settled).toBe(path.steps.at(-1)?.to !== 'queued.gaveUp');
  const written = path.steps.filter(({ event }) => event.type === 'production.submitted');
  expect(driven.writes).toBe(written.length);
  const [last] = path.steps.slice(-1);
  if (last?.to === 'production.live') expect(driven.running).toBe(world.commits.ours);
  const isGiven = path.steps.some(({ event }) => event.type === 'canary.submitted');
  if (last?.event.type === 'canary.restored' || !isGiven) {
    const { base, ours } = world.commits;
    expect(driven.onCanary).toBe(isGiven && driven.running === ours ? ours : base);
  }
}
