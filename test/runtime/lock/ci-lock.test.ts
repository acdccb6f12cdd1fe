/** The lock by the CI's list of builds: it asks again until it is this run's turn. */
import { describe, expect, it } from 'vitest';
import type { CiBuild } from '../../../src/machine/ci-queue.ts';
import type { ServiceInput } from '../../../src/machine/services.ts';
import { createCiLock } from '../../../src/runtime/lock/ci-lock.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';

const project = 'gh/acme/web';
const commit = (order: number): string => String(order).repeat(40);
const build = (order: number, state: CiBuild['state'] = 'running'): CiBuild => ({
  order,
  id: String(order),
  label: String(500 + order),
  commit: commit(order),
  state,
});
const input: ServiceInput<'acquireLock'> = {
  deploy: '502-22222222',
  lane: 'acme',
  commit: commit(2),
  branch: 'main',
  build: { provider: 'circleci', label: '502', attempt: 1, job: null, workflow: null, url: null },
  stacking: 'skip',
  purpose: 'deploy',
  lock: { provider: 'circleci', timeoutMs: 3_600_000, leaseMs: 60_000 },
};

/** The lists in the order in which they are given; the last one stays. */
function lockOver(...lists: CiBuild[][]) {
  return lockAt({ provider: 'circleci', project }, ...lists);
}

function lockAt(
  at: Pick<Parameters<typeof createCiLock>[0], 'provider' | 'project'>,
  ...lists: CiBuild[][]
) {
  const clock = createVirtualClock();
  const told: string[] = [];
  const stop = new AbortController();
  let asked = 0;
  const lock = createCiLock({
    ...at,
    clock,
    builds: async () => {
      const builds = lists[Math.min(asked, lists.length - 1)] ?? [];
      asked += 1;
      return { me: builds.find(({ order }) => order === 2) ?? null, builds };
    },
  });
  const acquire = (over: Partial<typeof input> = {}) =>
    lock.acquire({ ...input, ...over }, stop.signal, (line) => told.push(line));
  return { clock, told, stop, lock, acquire, asked: () => asked };
}

describe('createCiLock', () => {
  it('waits for the older build, asking every 5 s and saying so once, and is granted without a token', async () => {
    const both = [build(2), build(1)];
    const { acquire, clock, told } = lockOver(both, both, [build(2), build(1, 'over')]);
    expect(await acquire()).toEqual({
      kind: 'granted',
      provider: 'circleci',
      token: null,
      waitedMs: 11_000,
      takenOver: null,
    });
    expect(clock.slept).toEqual([5_000, 5_000, 1_000]);
    expect(told).toEqual(['build 501 runs; waiting for it to end']);
  });

  it('takes no lane by a list that does not show its own build, or that is short once', async () => {
    const { acquire, clock, told } = lockOver(
      [],
      [build(1)],
      [build(2)],
      [build(2), build(1)],
      [build(2)],
    );
    expect(await acquire()).toMatchObject({ kind: 'granted' });
    expect(clock.slept).toEqual([5_000, 5_000, 1_000, 5_000, 1_000]);
    expect(told).toEqual([
      'the CI’s list does not show this build yet; waiting until it does',
      'build 501 runs; waiting for it to end',
    ]);
  });

  it('takes no lane by two lists with one in between that does not show its own build', async () => {
    const alone = [build(2)];
    const { acquire, clock } = lockOver(alone, [build(1)], alone, [build(2), build(1)], alone);
    expect(await acquire()).toMatchObject({ kind: 'granted' });
    expect(clock.slept).toEqual([1_000, 5_000, 1_000, 5_000, 1_000]);
  });

  it('holds the lane again for a run that goes on only where its job is first', async () => {
    const resumed = async (...lists: CiBuild[][]) => {
      const { lock, stop } = lockOver(...lists);
      return lock.reacquire('502-22222222', 'acme', stop.signal, () => {});
    };
    expect(await resumed([build(2), build(1, 'over')])).toBeNull();
    const lost = { kind: 'lost', to: '501-11111111' };
    expect(await resumed([build(2), build(1)])).toEqual(lost);
    expect(await resumed([build(2)], [build(2), build(1)])).toEqual(lost);
    // Who has it is who is first: whether a newer one takes its place is decided once it queues again.
    expect(await resumed([build(3), build(2), build(1)])).toEqual(lost);
    const unseen = { kind: 'lost', to: 'a build that the CI does not show yet' };
    expect(await resumed([build(1)])).toEqual(unseen);
    const { signal } = new AbortController();
    const clock = createVirtualClock();
    const builds = () => Promise.reject(new Error('the CI does not answer'));
    const deaf = createCiLock({ provider: 'circleci', project, clock, builds });
    const lines: string[] = [];
    const tell = (line: string) => void lines.push(line);
    expect(await deaf.reacquire('502-22222222', 'acme', signal, tell)).toEqual({
      ...{ kind: 'lost', to: 'nobody: the CI’s list cannot be read' },
    });
    expect(lines).toEqual(['the CI does not answer']);
    const ended = AbortSignal.abort(new Error('stopped'));
    await expect(deaf.reacquire('502-22222222', 'acme', ended, tell)).rejects.toThrow('stopped');
  });

  it('gives way to nobody for good where it only takes its canary back', async () => {
    const three = [build(3), build(2), build(1)];
    const { acquire } = lockOver(three, three, [build(3), build(2), build(1, 'over')]);
    expect(await acquire({ purpose: 'restore' })).toMatchObject({ kind: 'granted' });
  });

  const really = { deploy: '503-33333333', build: '503', commit: commit(3) };
  it.each<[string, CiBuild, CiBuild[], object]>([
    ['names it otherwise', { ...build(3), label: '9' }, [build(3), build(1)], { by: really }],
    [
      'has another commit',
      { ...build(3), commit: commit(7) },
      [build(3), build(1)],
      { by: really },
    ],
    ['has one where there is none', build(3), [], { kind: 'granted' }],
  ])('gives way to no newer build by a list that once %s', async (_, odd, others, turn) => {
    const { acquire } = lockOver([odd, build(2), build(1)], [build(2), ...others]);
    expect(await acquire()).toMatchObject(turn);
  });

  it('gives way to a newer build that comes while it waits, and names it', async () => {
    const { acquire } = lockOver([build(2), build(1)], [build(3), build(2), build(1)]);
    expect(await acquire()).toEqual({
      kind: 'superseded',
      cause: 'newer-build',
      by: { deploy: '503-33333333', build: '503', commit: commit(3) },
    });
  });

  it('stops waiting as soon as the run is stopped', async () => {
    const { acquire, stop, asked } = lockOver([build(2), build(1)]);
    stop.abort(new Error('stopped'));
    await expect(acquire()).rejects.toThrow('stopped');
    expect(asked()).toBe(1);
  });

  describe('of a run in another job, whether it waits for this one', () => {
    const jobOf = (order: number, of = project) =>
      ({ ci: 'circleci', project: of, number: String(order) }) as const;

    it('is told by who started first, and is asked once', async () => {
      const { lock, stop, clock, asked } = lockOver([build(3), build(2), build(1)]);
      const awaits = (order: number) => lock.isAwaitedBy?.(jobOf(order), stop.signal, () => {});
      expect(await awaits(3)).toBe(true);
      clock.advance(30_000);
      expect(await awaits(1)).toBe(false);
      clock.advance(600_000);
      expect([await awaits(3), await awaits(1)]).toEqual([true, false]);
      expect(asked()).toBe(2);
    });

    it.each([
      ['acme/web', true],
      ['ACME/Web', true],
      ['acme/api', false],
    ])(
      'is asked of a run of GitHub’s by its repository, however that is written: %s',
      async (repository, isAsked) => {
        const { lock, stop, asked } = lockAt({ provider: 'github', project: 'acme/web' }, [
          build(3),
          build(2),
        ]);
        const job = { ci: 'github', repository, run: '3', attempt: 1 } as const;
        expect(await lock.isAwaitedBy?.(job, stop.signal, () => {})).toBe(isAsked);
        const elsewhere = await lock.isAwaitedBy?.(jobOf(3, 'acme/web'), stop.signal, () => {});
        expect(elsewhere).toBe(false);
        expect(asked()).toBe(isAsked ? 1 : 0);
      },
    );

    it('is not told of a job of another project that has the same number, and nothing is asked', async () => {
      const { lock, stop, asked } = lockOver([build(3), build(2)]);
      const awaits = lock.isAwaitedBy?.(jobOf(3, 'gh/acme/api'), stop.signal, () => {});
      expect(await awaits).toBe(false);
      expect(asked()).toBe(0);
    });

    it('is asked anew of a run of GitHub’s that is run again: it starts behind who was behind it', async () => {
      const first = { ...build(1), startedAt: 100 };
      const me = { ...build(2), startedAt: 200 };
      const at = { provider: 'github', project: 'acme/web' } as const;
      const { lock, stop, clock } = lockAt(at, [me, first], [me, { ...first, startedAt: 300 }]);
      const awaits = (attempt: number) => {
        const job = { ci: 'github', repository: 'acme/web', run: '1', attempt } as const;
        return lock.isAwaitedBy?.(job, stop.signal, () => {});
      };
      expect(await awaits(1)).toBe(false);
      clock.advance(30_000);
      expect([await awaits(1), await awaits(2)]).toEqual([false, true]);
    });

    it('is asked again after half a minute where the list does not show both', async () => {
      const { lock, stop, clock, asked } = lockOver([build(3)], [build(2)], [build(3), build(2)]);
      const awaits = () => lock.isAwaitedBy?.(jobOf(3), stop.signal, () => {});
      for (const times of [1, 2]) {
        expect(await awaits()).toBe(false);
        clock.advance(29_999);
        expect(await awaits()).toBe(false);
        expect(asked()).toBe(times);
        clock.advance(1);
      }
      expect(await awaits()).toBe(true);
    });
  });
});
