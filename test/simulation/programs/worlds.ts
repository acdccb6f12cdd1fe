/** The worlds in which answers of programs are spoilt: what ran, who acts, and how the deploy ends when every answer is true. */
import type { FolderWorld } from '../../targets/command-world.ts';
import { CommitGraph } from '../commit-graph.ts';

const graph = new CommitGraph();
const first = graph.commit(null);
const older = graph.commit(first);
const running = graph.commit(older);
const ours = graph.commit(running);
const newer = graph.commit(ours);
const other = graph.commit(running);

export const commits = { graph, first, older, running, ours, newer, other };

export interface ProgramWorld {
  readonly name: string;
  readonly ends: string;
  readonly ships: boolean;
  readonly past: (world: FolderWorld) => void;
}

const serving = (world: FolderWorld, commitsOfProduction: readonly string[]): void => {
  for (const place of ['staging', 'production'] as const) world.serves(place, 'up', 'up');
  for (const commit of commitsOfProduction) world.release('production', commit);
};

export const worlds: readonly ProgramWorld[] = [
  {
    name: 'production runs an ancestor',
    ends: 'production.live',
    ships: true,
    past: (world) => serving(world, [first, older, running]),
  },
  {
    name: 'nothing ever ran',
    ends: 'production.live',
    ships: true,
    past: (world) => serving(world, []),
  },
  {
    name: 'somebody went back',
    ends: 'blockedByRollback',
    ships: false,
    past(world) {
      serving(world, [first, older, running]);
      world.goBack('production');
    },
  },
  {
    name: 'somebody released older code by hand',
    ends: 'blockedByRollback',
    ships: false,
    past: (world) => serving(world, [older, running, older]),
  },
  {
    name: 'production has the commit already',
    ends: 'superseded',
    ships: false,
    past: (world) => serving(world, [older, running, newer]),
  },
  {
    name: 'production runs another branch',
    ends: 'superseded',
    ships: false,
    past: (world) => serving(world, [older, other]),
  },
  {
    name: 'an instance of staging crashes',
    ends: 'failed',
    ships: false,
    past(world) {
      serving(world, [older, running]);
      world.serves('staging', 'up', 'crashed');
    },
  },
  {
    name: 'an instance of production only starts',
    ends: 'failed',
    ships: true,
    past(world) {
      serving(world, [older, running]);
      world.serves('production', 'up', 'starting');
    },
  },
];
