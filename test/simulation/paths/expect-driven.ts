/** What the tests of paths have in common: a path is driven, and was taken as it is. */
import { expect } from 'vitest';
import { type DeployPath, inWords } from '../../../src/machine/paths.ts';
import { drive } from './drive.ts';
import type { PathWorld } from './world.ts';

export const titleOf = ({ request, steps, turn }: DeployPath): string => {
  const [last] = steps.slice(-1).map(inWords);
  const by = turn === null ? '' : `${inWords(turn)}, then `;
  return `${request.settings.production.submits}, ${steps.length} steps: ${by}${last}`;
};

export async function expectDriven(world: PathWorld, path: DeployPath): Promise<void> {
  const driven = await drive(world, path);
  expect(driven.taken).toEqual(path.steps.map(inWords));
  expect(driven.replayed.disagreement).toBeNull();
  expect(driven.replayed.settled).toBe(path.steps.at(-1)?.to !== 'queued.gaveUp');
  const written = path.steps.filter(({ event }) => event.type === 'production.submitted');
  expect(driven.writes).toBe(written.length);
  if (path.steps.at(-1)?.to === 'production.live') expect(driven.running).toBe(world.commits.ours);
}
