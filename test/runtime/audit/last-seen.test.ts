/** What production ran when anybody looked last: each event that says so, and whichever of several was the last. */
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/machine/events.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { lastSeen, seenWords } from '../../../src/runtime/audit/last-seen.ts';
import { ordered, sample } from '../../machine/samples.ts';

const commit = 'c'.repeat(40);
const production = { version: 'v7', commit };
const at = (position: number): string =>
  new Date(Date.parse('2026-01-05T10:00:00.000Z') + position * 60_000).toISOString();

/** An event of a deploy, or of the lane, at a position. */
type Placed = readonly [position: number, deploy: string, event: DomainEvent];
type Back = readonly [position: number, event: Extract<LaneEvent, { type: `rollback.${string}` }>];

function see(placed: readonly Placed[], backs: readonly Back[] = []) {
  const deploys = [...new Set(placed.map(([, deploy]) => deploy))].map((deploy) => ({
    ...{ deploy, lane: 'acme', commit, state: '', settled: true, requestedPosition: 1 },
    position: Math.max(...placed.filter(([, one]) => one === deploy).map(([place]) => place)),
  }));
  const asked: string[] = [];
  const facts: Parameters<typeof lastSeen>[1] = {
    moved: async (_, before, limit) =>
      deploys
        .filter(({ position }) => position < before)
        .sort((a, b) => b.position - a.position)
        .slice(0, limit),
    events: async (deploy) => {
      asked.push(deploy);
      return placed
        .filter(([, one]) => one === deploy)
        .map(([position, , event]) => ({ event, time: at(position), position }));
    },
    rollbacks: async () =>
      backs.map(([position, event]) => ({ event: event as never, time: at(position), position })),
  };
  return lastSeen('acme', facts).then((last) => ({ seen: last?.seen ?? null, asked }));
}

describe('production is seen by', () => {
  const { rollback } = samples['production.held'];
  const held = (more: object): DomainEvent =>
    sample('production.held', {
      rollback: {
        ...rollback,
        kind: 'rollback',
        release: { id: 'r', version: 'v7' },
        commit,
        ...more,
      },
    } as never);
  const superseded = (more: object): DomainEvent => ({
    type: 'deploy.superseded',
    data: {
      ...{ cause: 'contained', step: 'observe', production, verified: true },
      ...more,
    } as never,
  });
  const release = { id: 'r', version: 'v7' };
  const artifact = { ...samples['staging.deployed'].artifact, commit };

  it.each<[string, DomainEvent, string | null, string | null]>([
    ['a deploy that looks', sample('deploy.observed', { production }), 'v7', commit],
    ['gates that are read', sample('gates.passed', { production }), 'v7', commit],
    ['a deploy that production had already', superseded({}), 'v7', commit],
    ['what was found there', sample('production.found', { release, artifact }), 'v7', commit],
    ['what was deployed there', sample('production.deployed', { release, artifact }), 'v7', commit],
    ['a rollback that is met', held({}), 'v7', commit],
    ['a rollback that is met, by the start of its commit', held({ commit: 'abc1234' }), 'v7', null],
    ['a rollback that is met, of no commit', held({ commit: null }), 'v7', null],
    [
      'a rollback that failed: by its commit alone',
      held({ kind: 'failed-rollback' }),
      null,
      commit,
    ],
  ])('%s', async (_, event, version, seen) => {
    const told = { deploy: '501', isTakenBack: false, at: at(3), version, commit: seen };
    expect((await see([[3, '501', event]])).seen).toEqual(told);
  });

  it.each<[string, DomainEvent]>([
    ['a deploy that nothing told', sample('deploy.observed', { production, order: 'waived' })],
    ['gates that nothing told', sample('gates.passed', { production, cursor: '' })],
    [
      'a deploy that a newer one carries',
      superseded({ cause: 'newer-build', by: { deploy: '502', build: '502', commit } }),
    ],
    ['a rollback that is still to come', sample('production.held', { rollback: ordered })],
    ['a deploy of staging', sample('staging.deployed')],
  ])('not by %s', async (_, event) => {
    expect((await see([[3, '501', event]])).seen).toBeNull();
  });
});

describe('of several', () => {
  const looked = (version: string): DomainEvent =>
    sample('deploy.observed', { production: { version, commit } });
  const nothing = sample('staging.submitted');
  const person = { actor: 'ana', observed: 'ana on ws-7', reason: 'errors' };
  const done = (version: string) => ({
    type: 'rollback.done' as const,
    data: {
      ...{ rollback: 'rollback-1', target: 'sample acme-production', commit },
      ...{ release: { id: 'r', version }, to: { id: 'r1', version: 'v1' }, ...person },
    },
  });

  it('the last look counts, whichever deploy moved last', async () => {
    const { seen } = await see([
      [1, '501', looked('v1')],
      [2, '502', looked('v2')],
      [9, '501', nothing],
    ]);
    expect(seen).toMatchObject({ deploy: '502', version: 'v2', at: at(2) });
  });

  it('the last look counts, also where the one before it moved since', async () => {
    const { seen } = await see([
      [1, '501', looked('v1')],
      [5, '502', looked('v2')],
      [7, '501', nothing],
      [9, '502', nothing],
    ]);
    expect(seen).toMatchObject({ deploy: '502', version: 'v2', at: at(5) });
  });

  it('of one deploy the last look counts', async () => {
    const { seen } = await see([
      [1, '501', looked('v1')],
      [5, '501', looked('v2')],
    ]);
    expect(seen).toMatchObject({ version: 'v2', at: at(5) });
  });

  it('no deploy is read that cannot tell anything later', async () => {
    const { asked } = await see([
      [1, '501', looked('v1')],
      [2, '502', looked('v2')],
    ]);
    expect(asked).toEqual(['502']);
  });

  it('is found behind more deploys that tell nothing than are read at once', async () => {
    const silent = Array.from({ length: 45 }, (_, n): Placed => [n + 2, `5${n}`, nothing]);
    const { seen } = await see([[1, '501', looked('v1')], ...silent]);
    expect(seen).toMatchObject({ deploy: '501', version: 'v1' });
  });

  it('a rollback of a person counts where nobody looked since', async () => {
    const { seen, asked } = await see([[1, '501', looked('v1')]], [[5, done('v9')]]);
    expect(seen).toEqual({
      ...{ deploy: 'rollback-1', isTakenBack: true, at: at(5), version: 'v9', commit },
    });
    expect(asked).toEqual([]);
    const since = await see([[6, '501', looked('v10')]], [[5, done('v9')]]);
    expect(since.seen).toMatchObject({ isTakenBack: false, version: 'v10' });
  });

  it('nobody has looked at all', async () => {
    expect((await see([])).seen).toBeNull();
    expect((await see([[1, '501', nothing]])).seen).toBeNull();
  });
});

it.each([
  [{}, 'production ran v7, cccccccc when 501 looked (2026-01-05 10:03 UTC)'],
  [{ version: null }, 'production ran cccccccc when 501 looked (2026-01-05 10:03 UTC)'],
  [
    { commit: null },
    'production ran v7, of an unknown commit when 501 looked (2026-01-05 10:03 UTC)',
  ],
  [
    { isTakenBack: true },
    'production ran v7, cccccccc once 501 had taken it back (2026-01-05 10:03 UTC)',
  ],
])('is told in a sentence: %j', (more, words) => {
  const seen = { deploy: '501', isTakenBack: false, at: at(3), version: 'v7', commit, ...more };
  expect(seenWords(seen)).toBe(words);
});
