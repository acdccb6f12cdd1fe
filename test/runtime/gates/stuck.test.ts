/** An old build, or a lane that ships nothing any more: told by what shipped, what was asked for, and ancestry. */

import { describe, expect, it } from 'vitest';
import type { History } from '../../../src/effects/history/history.ts';
import { emptyLane, foldLane, type Lane, type LaneEvent } from '../../../src/machine/lane.ts';
import { stuckAt } from '../../../src/runtime/gates/stuck.ts';
import { createLoopbackPorts } from '../../effects/loopback-ports.ts';
import { fc } from '../../fast-check.ts';
import { CommitGraph } from '../../simulation/commit-graph.ts';

const ports = createLoopbackPorts();
const app = 'acme-production';
const release = { id: 'release-9', version: 'v9' };

/** A line of commits that all lack what production runs. */
function branch(length: number) {
  const graph = new CommitGraph();
  const line: string[] = [];
  for (let i = 0; i < length; i++) line.push(graph.commit(line.at(-1) ?? null));
  const history = { relation: async (base: string, head: string) => graph.relation(base, head) };
  return { graph, line, history: history as unknown as History };
}

const joined = (commit: string): LaneEvent => ({
  type: 'lane.joined',
  data: { deploy: `d-${commit}`, run: 'run', build: '1', commit },
});
const shipped = (commit: string, id = 'release-1'): LaneEvent => ({
  type: 'lane.shipped',
  data: {
    deploy: `d-${commit}`,
    target: app,
    release: { id, version: 'v1' },
    commit,
    artifact: { kind: 'bundle', id: 's', digest: null, commit },
    settings: null,
  },
});
const refused = (commit: string, { id, version } = release): LaneEvent => ({
  type: 'lane.stuck',
  data: { deploy: `d-${commit}`, target: app, release: { id, version }, commit },
});
const laneOf = (events: readonly LaneEvent[]): Lane =>
  events.reduce((lane, event, i) => foldLane(lane, event, i + 1), emptyLane);

describe('a commit that does not follow on what production runs', () => {
  it('is an old build exactly if a descendant was asked for, whatever the order of asking', async () => {
    const [length, bits] = [8, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })];
    const { line, history } = branch(length);
    const property = fc.asyncProperty(
      bits,
      fc.shuffledSubarray(line, { minLength: length, maxLength: length }),
      fc.nat({ max: length - 1 }),
      fc.boolean(),
      async (isAsked, order, at, viaRefusal) => {
        const commit = line[at] ?? '';
        const asked = order.filter((one) => isAsked[line.indexOf(one)] || one === commit);
        const lane = laneOf(asked.map((one) => (viaRefusal ? refused(one) : joined(one))));
        const stuck = await stuckAt(commit, release, lane, history, ports);
        const isOld = asked.some((one) => line.indexOf(one) > at);
        expect(stuck === null).toBe(isOld);
      },
    );
    await fc.assert(property);
  });

  it('is an old build where it shipped before', async () => {
    const { line, history } = branch(3);
    const [, second = ''] = line;
    const lane = laneOf([joined(second), shipped(second)]);
    expect(await stuckAt(second, release, lane, history, ports)).toBeNull();
  });

  it('is none because the same commit was asked for by another build', async () => {
    const { line, history } = branch(1);
    const [commit = ''] = line;
    const lane = laneOf([joined(commit), joined(commit)]);
    expect(await stuckAt(commit, release, lane, history, ports)).toEqual({ release, first: true });
  });

  it('is none where order cannot be told, and where the other was on another branch', async () => {
    const { graph, line, history } = branch(2);
    const [base = '', commit = ''] = line;
    const lane = laneOf([joined('e'.repeat(40)), joined(graph.commit(base)), joined(commit)]);
    expect(await stuckAt(commit, release, lane, history, ports)).toEqual({ release, first: true });
  });

  it('is told first once for each release of production', async () => {
    const { line, history } = branch(3);
    const [one = '', two = '', three = ''] = line;
    const first = async (commit: string, lane: Lane, of = release) =>
      (await stuckAt(commit, of, lane, history, ports))?.first;
    expect(await first(one, laneOf([joined(one)]))).toBe(true);
    const again = laneOf([joined(one), refused(one), joined(two)]);
    expect(await first(two, again)).toBe(false);
    expect(await first(two, again, { id: 'release-11', version: 'v11' })).toBe(true);
    const shippedSince = laneOf([refused(one), shipped(two, 'release-10'), joined(three)]);
    expect(await first(three, shippedSince, { id: 'release-11', version: 'v11' })).toBe(true);
  });

  it('is compared with the last 20 only', () => {
    const { line } = branch(30);
    const { asked } = laneOf(line.map(joined));
    expect(asked).toEqual(line.slice(-20));
  });

  it('is an old build, too, where others shipped after it', async () => {
    const { line, history } = branch(3);
    const lane = laneOf([...line, 'other'].map((commit) => shipped(commit)));
    for (const commit of line) {
      expect(await stuckAt(commit, release, { ...lane, asked: [] }, history, ports)).toBeNull();
    }
  });
});
