/** Who is next in a lane: decided from who really waits, by git ancestry, without a deadlock. */

import { describe, expect, it } from 'vitest';
import {
  emptyLane,
  foldLane,
  type Lane,
  type LaneEvent,
  type Relation,
  type Shipped,
  type Waiter,
} from '../../src/machine/lane.ts';
import { decideTurn, type Turn } from '../../src/machine/lane-turn.ts';
import { protectedOf } from '../../src/machine/protected-settings.ts';
import { samples } from '../../src/machine/samples.ts';
import { fc } from '../fast-check.ts';

const waiter = (deploy: string, yieldsTo: string[] = []): Waiter => ({
  deploy,
  run: `run-${deploy}`,
  build: deploy,
  commit: deploy,
  yieldsTo: new Set(yieldsTo),
});

/** Commits on one line: c0 is the oldest. */
const onOneLine =
  (me: string) =>
  (other: Waiter): Relation => {
    const [mine, theirs] = [Number(me.slice(1)), Number(other.deploy.slice(1))];
    return theirs > mine ? 'ahead' : theirs < mine ? 'behind' : 'same';
  };

const lane = (events: readonly LaneEvent[]): Lane =>
  events.reduce((state, event, index) => foldLane(state, event, index + 1), emptyLane);

const joined = (deploy: string): LaneEvent => ({
  type: 'lane.joined',
  data: { deploy, run: `run-${deploy}`, build: deploy, commit: deploy },
});
const granted = (deploy: string, supersedes: string[] = []): LaneEvent => ({
  type: 'lock.granted',
  data: {
    deploy,
    run: `run-${deploy}`,
    build: deploy,
    commit: deploy,
    supersedes,
    takenOver: null,
  },
});

describe('of those who wait on one line of history', () => {
  const anyOrder = fc.shuffledSubarray(['c0', 'c1', 'c2', 'c3', 'c4'], { minLength: 1 });

  it('skip: only the newest goes, and it supersedes all the others', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const waiting = order.map((name) => waiter(name));
        const newest = [...order].sort().at(-1);
        for (const me of order) {
          const turn = decideTurn({ me, waiting, relationTo: onOneLine(me), stacking: 'skip' });
          expect(turn.kind).toBe(me === newest ? 'go' : 'wait');
          if (turn.kind === 'go') {
            expect([...turn.supersedes].sort()).toEqual(order.filter((c) => c !== me).sort());
          }
        }
      }),
    );
  });

  it('every: only the oldest goes, and it supersedes nobody', () => {
    fc.assert(
      fc.property(anyOrder, fc.boolean(), (order, told) => {
        // `told`: each waiter has said in the stream which older ones it waits for. That supersedes nobody either.
        const older = (name: string) => order.filter((other) => told && other < name);
        const waiting = order.map((name) => waiter(name, older(name)));
        const oldest = [...order].sort()[0];
        for (const me of order) {
          const turn = decideTurn({ me, waiting, relationTo: onOneLine(me), stacking: 'every' });
          expect(turn).toEqual(
            me === oldest
              ? { kind: 'go', supersedes: [] }
              : expect.objectContaining({ kind: 'wait' }),
          );
        }
      }),
    );
  });
});

it('of several rollbacks the one that was ordered first goes, and all deploys wait for it', () => {
  const names = ['c0', 'c1', 'c2', 'c3', 'c4'];
  const order = fc.shuffledSubarray(names, { minLength: 1 });
  fc.assert(
    fc.property(order, fc.subarray(names, { minLength: 1 }), (joined, rollbacks) => {
      const isFirst = (name: string) => rollbacks.includes(name);
      const waiting = joined.map((name) => ({ ...waiter(name), first: isFirst(name) }));
      const next = joined.find(isFirst);
      if (next === undefined) return;
      for (const me of joined) {
        const turn = decideTurn({ me, waiting, relationTo: onOneLine(me), stacking: 'skip' });
        const waits = { kind: 'wait', behind: { deploy: next }, yields: false };
        expect(turn).toMatchObject(me === next ? { kind: 'go', supersedes: [] } : waits);
      }
    }),
  );
});

it('of several that go first, the newest build is waited for, in whatever order they joined', () => {
  const builds = ['9', '10', '501', '502', '502', '1000'];
  fc.assert(
    fc.property(fc.shuffledSubarray(builds, { minLength: 1 }), (order) => {
      const others = order.map((build, at) => ({ ...waiter(`c${at}`), build }));
      const turn = decideTurn({
        me: 'me',
        waiting: [waiter('me'), ...others],
        relationTo: () => 'ahead',
        stacking: 'skip',
      });
      const newest = String(Math.max(...order.map(Number)));
      expect(turn).toMatchObject({ kind: 'wait', behind: { build: newest } });
    }),
  );
});

describe('where git cannot tell', () => {
  it('who joined first goes first', () => {
    const waiting = [waiter('x'), waiter('y')];
    const turnOf = (me: string): Turn =>
      decideTurn({ me, waiting, relationTo: () => 'diverged', stacking: 'skip' });
    expect(turnOf('x')).toEqual({ kind: 'go', supersedes: [] });
    expect(turnOf('y')).toMatchObject({ kind: 'wait', behind: { deploy: 'x' }, yields: false });
  });

  it('one that knows itself to be older says so, and the newer one goes though it cannot see why', () => {
    // The older clone has fetched the newer commit; the newer one is shallow and sees nothing.
    const before = [waiter('old'), waiter('new')];
    const old = decideTurn({
      me: 'old',
      waiting: before,
      relationTo: () => 'ahead',
      stacking: 'skip',
    });
    expect(old).toMatchObject({ kind: 'wait', yields: true });
    const after = [waiter('old', ['new']), waiter('new')];
    const relationTo = (): Relation => 'unknown';
    expect(decideTurn({ me: 'new', waiting: after, relationTo, stacking: 'skip' })).toEqual({
      kind: 'go',
      supersedes: ['old'],
    });
  });

  it('one that let another go first has its own place again once that one’s run is over', () => {
    const waiting = [waiter('first', ['dead']), waiter('second')];
    const turnOf = (me: string, of: readonly Waiter[]): Turn =>
      decideTurn({ me, waiting: of, relationTo: () => 'unknown', stacking: 'skip' });
    expect(turnOf('first', waiting)).toMatchObject({ kind: 'go' });
    expect(turnOf('second', waiting)).toMatchObject({ kind: 'wait', behind: { deploy: 'first' } });
    expect(turnOf('second', [...waiting, waiter('dead')])).toMatchObject({ kind: 'go' });
  });

  it('two waiters never wait for each other, whatever each can see', () => {
    const sees = fc.boolean();
    fc.assert(
      fc.property(
        fc.constantFrom('skip' as const, 'every' as const),
        fc.boolean(),
        sees,
        sees,
        (stacking, olderFirst, olderSees, newerSees) => {
          const order = olderFirst ? ['c0', 'c1'] : ['c1', 'c0'];
          let waiting = order.map((name) => waiter(name));
          const turnOf = (me: string): Turn => {
            const canSee = me === 'c0' ? olderSees : newerSees;
            const relationTo = canSee ? onOneLine(me) : (): Relation => 'unknown';
            return decideTurn({ me, waiting, relationTo, stacking });
          };
          for (const me of order) {
            const turn = turnOf(me);
            if (turn.kind !== 'wait' || !turn.yields) continue;
            const { deploy } = turn.behind;
            waiting = waiting.map((w) => (w.deploy === me ? waiter(me, [deploy]) : w));
          }
          expect(order.map((me) => turnOf(me).kind)).toContain('go');
        },
      ),
    );
  });

  it('three do not wait for one another in a ring: who lets another go first holds nobody back', () => {
    // By git x lets z go first; z came after y, and y after x: of neither git tells more.
    const relationTo =
      (me: string) =>
      (other: Waiter): Relation =>
        me === 'x' && other.deploy === 'z' ? 'ahead' : 'unknown';
    expect(settle(['x', 'y', 'z'], relationTo, 'skip')).toEqual(['y']);
  });

  it('three of which each let another go first, as the stream has it, hold nobody back', () => {
    const waiting = [waiter('x', ['y']), waiter('y', ['z']), waiter('z', ['x'])];
    const relationTo = (): Relation => 'unknown';
    const kinds = waiting.map(
      ({ deploy: me }) => decideTurn({ me, waiting, relationTo, stacking: 'skip' }).kind,
    );
    expect(kinds).toEqual(['go', 'go', 'go']);
  });

  it('some waiter goes, whatever the history, and however little of it each of them sees', () => {
    const size = 5;
    const some = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
      fc.array(one, { minLength: size * size, maxLength: size * size });
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 1 }),
        fc.constantFrom('skip' as const, 'every' as const),
        some(fc.boolean()),
        some(fc.constantFrom('truth' as const, 'unknown' as const, 'diverged' as const)),
        (order, stacking, parents, sights) => {
          const isAncestor = (old: number, young: number): boolean =>
            parents
              .slice(size * young, size * young + young)
              .some((is, parent) => is && (parent === old || isAncestor(old, parent)));
          const truth = (me: number, other: number): Relation =>
            isAncestor(me, other) ? 'ahead' : isAncestor(other, me) ? 'behind' : 'diverged';
          const relationTo =
            (me: string) =>
            ({ deploy }: Waiter): Relation => {
              const [mine, theirs] = [Number(me.slice(1)), Number(deploy.slice(1))];
              const sight = sights[size * mine + theirs] ?? 'unknown';
              return sight === 'truth' ? truth(mine, theirs) : sight;
            };
          const names = order.map((commit) => `c${commit}`);
          expect(settle(names, relationTo, stacking)).not.toEqual([]);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

/** Who may go once everybody has said whom they let go first. */
function settle(
  order: readonly string[],
  relationTo: (me: string) => (other: Waiter) => Relation,
  stacking: 'skip' | 'every',
): string[] {
  let waiting = order.map((name) => waiter(name));
  const turnOf = (me: string): Turn =>
    decideTurn({ me, waiting, relationTo: relationTo(me), stacking });
  for (let said = true; said; ) {
    said = false;
    for (const me of order) {
      const turn = turnOf(me);
      if (turn.kind !== 'wait' || !turn.yields) continue;
      said = true;
      const to = turn.behind.deploy;
      waiting = waiting.map((w) => (w.deploy === me ? waiter(me, [...w.yieldsTo, to]) : w));
    }
  }
  return order.filter((me) => turnOf(me).kind === 'go');
}

describe('the lane’s fold', () => {
  it('keeps the order of joining; to join again is to stand at the end', () => {
    const { waiting } = lane([joined('a'), joined('b'), joined('a')]);
    expect(waiting.map(({ deploy }) => deploy)).toEqual(['b', 'a']);
  });

  it('a grant has its version as its token and takes the superseded out of the queue', () => {
    const state = lane([joined('a'), joined('b'), joined('c'), granted('c', ['b'])]);
    expect(state.grant).toMatchObject({ deploy: 'c', token: 4, released: false });
    expect(state.waiting.map(({ deploy }) => deploy)).toEqual(['a']);
    expect(state.superseded.get('b')?.deploy).toBe('c');
  });

  it('only the current token releases', () => {
    const release = (token: number): LaneEvent => ({
      type: 'lock.released',
      data: { deploy: 'a', token, why: '' },
    });
    expect(lane([granted('a'), granted('b'), release(1)]).grant?.released).toBe(false);
    expect(lane([granted('a'), granted('b'), release(2)]).grant?.released).toBe(true);
  });

  it('keeps the switch and the lifted rollbacks', () => {
    const off: LaneEvent = { type: 'lane.disabled', data: person };
    const on: LaneEvent = { type: 'lane.enabled', data: person };
    expect(lane([off]).disabled).toEqual(person);
    expect(lane([off, on]).disabled).toBeNull();
    const lifted: LaneEvent = {
      type: 'rollback.lifted',
      data: { target: 'heroku p', release: 'r', ...person },
    };
    expect(lane([lifted]).lifted.has('r')).toBe(true);
  });

  it('of the superseded keeps the last 500, and all of the last grant', () => {
    const names = (count: number, of: string) =>
      Array.from({ length: count }, (_, n) => `${of}${n}`);
    const oneByOne = names(700, 'a').map((name) => granted(`after-${name}`, [name]));
    const kept = [...lane(oneByOne).superseded.keys()];
    expect(kept).toEqual(names(700, 'a').slice(-500));
    const atOnce = names(700, 'b');
    expect([...lane([...oneByOne, granted('c', atOnce)]).superseded.keys()]).toEqual(atOnce);
    // What was superseded twice is the younger for it.
    const twice = lane([...oneByOne, granted('c', ['a200']), granted('d', names(499, 'b'))]);
    expect(twice.superseded.get('a200')?.deploy).toBe('c');
    expect(twice.superseded.size).toBe(500);
  });

  it('a deploy that joins again is superseded no more, nor one that was granted', () => {
    const superseded = [joined('a'), joined('b'), granted('b', ['a'])];
    expect([...lane(superseded).superseded.keys()]).toEqual(['a']);
    expect([...lane([...superseded, joined('a')]).superseded.keys()]).toEqual([]);
    expect([...lane([...superseded, granted('a')]).superseded.keys()]).toEqual([]);
  });

  const artifact = { kind: 'bundle', id: 's', digest: null, commit: 'c'.repeat(40) };
  const ofCommit = (commit: string): LaneEvent => {
    const { type, data } = shipped(null) as Extract<LaneEvent, { type: 'lane.shipped' }>;
    return { type, data: { ...data, commit } };
  };
  const shipped = (settings: Shipped['settings'], id = 'release-1'): LaneEvent => ({
    type: 'lane.shipped',
    data: {
      deploy: 'a',
      target: 'heroku p',
      release: { id, version: 'v1' },
      commit: 'c',
      artifact,
      settings,
    },
  });

  it('keeps the settings of the last live deploy that passed the gates', () => {
    const settings = protectedOf(samples['deploy.requested']);
    const other = { ...settings, branch: 'other' };
    expect(lane([shipped(settings), shipped(null)]).settings).toEqual(settings);
    expect(lane([shipped(settings), shipped(other)]).settings).toEqual(other);
  });

  it('is stuck no more once something shipped', () => {
    const refused: LaneEvent = {
      type: 'lane.stuck',
      data: {
        deploy: 'b',
        target: 'heroku p',
        release: { id: 'release-1', version: 'v1' },
        commit: 'c',
      },
    };
    expect(lane([refused]).stuck).toBe('release-1');
    expect(lane([refused, shipped(null, 'release-2')]).stuck).toBeNull();
  });

  const person = { actor: 'ana', observed: 'claimed; ana on ws-7', reason: 'incident over' };
  const to = { id: 'release-1', version: 'v1' };
  const ordered = { rollback: 'rollback-1', target: 'heroku p', to, ...person };

  it.each<[keyof Lane, number, (one: string) => LaneEvent]>([
    ['asked', 20, joined],
    [
      'asked',
      20,
      (commit) => ({
        type: 'lane.stuck',
        data: { deploy: 'a', target: 'heroku p', release: to, commit },
      }),
    ],
    ['asked', 20, (commit) => ofCommit(commit)],
    ['live', 100, (commit) => ofCommit(commit)],
    [
      'lifted',
      100,
      (release) => ({ type: 'rollback.lifted', data: { target: 'heroku p', release, ...person } }),
    ],
    [
      'trusted',
      100,
      (digest) => ({
        type: 'trust.given',
        data: { deploy: 'a', about: 'settings', digest, ...person },
      }),
    ],
  ])('knows the last of what it %s, %d of them, the newest last, each once', (list, max, make) => {
    const names = Array.from({ length: max + 30 }, (_, n) => `one-${n}`);
    const again = `one-${max}`;
    const kept = [...(lane([...names, again].map(make))[list] as Iterable<string>)];
    expect(kept).toEqual([...names.filter((name) => name !== again), again].slice(-max));
  });

  it('was asked for no commit by a rollback that waits', () => {
    const { data } = joined('r') as Extract<LaneEvent, { type: 'lane.joined' }>;
    const rollback: LaneEvent = { type: 'lane.joined', data: { ...data, first: true } };
    const { asked, waiting } = lane([joined('a'), rollback]);
    expect(asked).toEqual(['a']);
    expect(waiting.map(({ deploy, first }) => [deploy, first])).toEqual([
      ['a', undefined],
      ['r', true],
    ]);
  });

  it.each<[string, LaneEvent]>([
    ['was done', { type: 'rollback.done', data: { ...ordered, release: to, commit: null } }],
    ['failed', { type: 'rollback.failed', data: { ...ordered, code: 'E_X', message: 'no' } }],
  ])('has the rollback that a person began until it %s', (_, end) => {
    const data = { ...ordered, from: to, commit: null };
    const begun: LaneEvent = { type: 'rollback.begun', data };
    expect(lane([begun]).rollback).toEqual(data);
    expect(lane([begun, end]).rollback).toBeNull();
  });

  it('tells a lock that a person took away from one that was given back, by its token', () => {
    const ended = (type: 'lock.broken' | 'lock.released', token: number) =>
      lane([granted('a'), { type, data: { deploy: 'a', token, why: '', ...person } } as LaneEvent])
        .grant;
    expect(ended('lock.broken', 1)).toMatchObject({ released: true, broken: true });
    expect(ended('lock.released', 1)).toMatchObject({ released: true, broken: false });
    expect(ended('lock.broken', 7)).toMatchObject({ released: false, broken: false });
  });

  it('knows the last hundred releases that deploys made, the newest last, each once', () => {
    const made = (n: number): LaneEvent => ({
      type: 'lane.deployed',
      data: { deploy: 'a', target: 'heroku p', release: `release-${n}` },
    });
    const many = Array.from({ length: 130 }, (_, n) => made(n));
    const { deployed } = lane([...many, made(60), shipped(null, 'release-130')]);
    expect(deployed).toHaveLength(100);
    expect(deployed.slice(-3)).toEqual(['release-129', 'release-60', 'release-130']);
  });
});
