/** Whose turn it is by the CI's own list of builds. */
import { describe, expect, it } from 'vitest';
import { type CiBuild, type CiTurn, decideCiTurn } from '../../src/machine/ci-queue.ts';

const build = (order: number, state: CiBuild['state'] = 'running'): CiBuild => ({
  order,
  id: String(order),
  label: String(500 + order),
  commit: String(order).repeat(40),
  state,
});
const running = [build(3), build(1), build(2)];

function turnOf(order: number, builds: readonly CiBuild[], stacking: 'skip' | 'every'): string {
  const turn: CiTurn = decideCiTurn({ me: build(order), builds, stacking });
  if (turn.kind === 'wait') return `wait ${turn.behind.order}`;
  return turn.kind === 'superseded' ? `superseded ${turn.by.order}` : 'go';
}

describe('decideCiTurn', () => {
  it('skip: of three that run the first goes, the middle one gives way, the newest waits', () => {
    expect([1, 2, 3].map((order) => turnOf(order, running, 'skip'))).toEqual([
      'go',
      'superseded 3',
      'wait 1',
    ]);
  });

  it('every: all of them wait in order, and none gives way', () => {
    expect([1, 2, 3].map((order) => turnOf(order, running, 'every'))).toEqual([
      'go',
      'wait 1',
      'wait 1',
    ]);
  });

  it('every: of those that started at the same instant the older one goes', () => {
    const at = (order: number): CiBuild => ({ ...build(order), startedAt: 1_000 });
    const turn = (order: number) =>
      decideCiTurn({ me: at(order), builds: [at(2), at(1)], stacking: 'every' });
    expect([turn(1), turn(2)]).toEqual([{ kind: 'go' }, { kind: 'wait', behind: at(1) }]);
  });

  it('skip: whose turn it is goes, although newer ones wait', () => {
    expect(turnOf(2, [build(1, 'over'), build(2), build(3)], 'skip')).toBe('go');
  });

  it.each(['held', 'over', 'pending'] as const)(
    'a build that is %s neither blocks nor supersedes',
    (state) => {
      expect(turnOf(2, [build(1, state), build(2)], 'skip')).toBe('go');
      expect(turnOf(2, [build(1), build(2), build(3, state)], 'skip')).toBe('wait 1');
    },
  );

  it('goes when nothing is listed: the list lags', () => {
    expect(turnOf(1, [], 'skip')).toBe('go');
  });

  it('lets exactly one of any number that run go', () => {
    for (const stacking of ['skip', 'every'] as const) {
      for (let count = 1; count <= 6; count++) {
        const builds = Array.from({ length: count }, (_, place) => build(place + 1));
        const going = builds.filter(({ order }) => turnOf(order, builds, stacking) === 'go');
        expect(going.map(({ order }) => order)).toEqual([1]);
      }
    }
  });
});
