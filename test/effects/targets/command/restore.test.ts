/** Taking a release back by a program: whatever it says and however it ends, what counts is what `current` tells. */
import { beforeEach, describe, expect, it } from 'vitest';
import { restoreKey } from '../../../../src/effects/targets/command/keys.ts';
import type { RollBackInput } from '../../../../src/effects/targets/target.ts';
import type { Artifact, Release } from '../../../../src/machine/events.ts';
import { failureOf, toldFailureOf } from '../../lockstep-error.ts';
import { commit, PlayedHost, type Run, release } from './played-host.ts';

const key = '502-11111111';
const timeoutMs = 30_000;
const before = '2'.repeat(40);
const of = (wanted: string | null): Artifact => ({
  kind: 'image',
  id: 'wanted',
  digest: null,
  commit: wanted,
});

/** The code that runs. */
const same = { artifact: { kind: 'image', id: 'image-2', commit } };

let host: PlayedHost;
/** The releases that a rollback told of before they ran. */
let made: Release[];
beforeEach(() => {
  host = new PlayedHost();
  made = [];
  host.releases = [release(2, 'running', { key }), release(1, 'earlier', { commit: before })];
});

/** The two ways to go back; a person's has a key of its own. */
const ways = {
  restore: {
    told: restoreKey(key),
    run: () => host.open().restore({ key, to: [of(before)], timeoutMs }, host.ports()),
  },
  rollBack: { told: restoreKey('rollback-1a2b3c4d'), run: () => rollBack() },
};

const rollBack = (over: Partial<RollBackInput> = {}) =>
  host.open().rollBack(
    {
      from: { id: 'r2', version: 'r2' },
      to: { id: 'r1', version: 'r1' },
      key: 'rollback-1a2b3c4d',
      timeoutMs,
      onMade: (one) => made.push(one),
      ...over,
    },
    host.ports(),
  );

describe.each(Object.entries(ways))('%s', (name, { told, run }) => {
  const isTold = name === 'rollBack';
  const back = (state: 'running' | 'failed' | 'pending' | 'earlier') =>
    release(3, state, { key: told, commit: before, rollback: true });
  /** The program's release is listed, and it ends so. */
  const comesTo = (
    state: Parameters<typeof back>[0] | null,
    how: number | string,
    says: (one: Run) => void = () => {},
  ) => {
    host.plays = {
      restore: (one) => {
        const [ours, earlier] = [release(2, 'running', { key }), host.releases.at(-1)];
        if (earlier === undefined) throw new Error('nothing ran before');
        const over = { ...ours, state: 'earlier' as const };
        if (state === 'running') host.releases = [back(state), over, earlier];
        else if (state === 'earlier')
          host.releases = [release(4, 'running'), back(state), over, earlier];
        else if (state !== null) host.releases = [back(state), ours, earlier];
        says(one);
        one.end(how);
      },
    };
  };
  const whatIsMade = isTold ? [{ id: 'r3', version: 'r3' }] : [];

  it('tells its program what to take back, what is to run, and the key of that', async () => {
    let said: object = {};
    comesTo('running', 0, (one) => {
      said = one.told;
      one.say({ type: 'progress', text: 'going back' });
      one.say({ type: 'release', id: 'r3' });
    });
    expect(await run()).toEqual({
      kind: 'restored',
      release: { id: 'r3', version: 'r3' },
      artifact: { kind: 'image', id: 'image-3', digest: null, commit: before },
    });
    expect(said).toEqual({
      LOCKSTEP_PROTOCOL: '1',
      LOCKSTEP_OPERATION: 'restore',
      LOCKSTEP_ENVIRONMENT: 'production',
      LOCKSTEP_NAME: 'acme-production',
      LOCKSTEP_KEY: told,
      LOCKSTEP_RELEASE: 'r2',
      LOCKSTEP_RESTORE: 'r1',
    });
    expect(host.progress).toEqual(['going back']);
  });

  it('is wrong where its program told another release than is listed', async () => {
    comesTo('running', 0, (one) => one.say({ type: 'release', id: 'r7' }));
    expect((await toldFailureOf(run())).code).toBe('E_PROGRAM_ANSWER');
    expect(made).toEqual(whatIsMade);
  });

  it('E_PROGRAM_FORGETS: its program ended well, and no release has the key', async () => {
    comesTo(null, 0);
    const error = await toldFailureOf(run());
    expect(error).toMatchObject({ code: 'E_PROGRAM_FORGETS', details: { key: told } });
    expect(host.asked.filter((one) => one === 'restore')).toHaveLength(1);
  });

  it('E_PROGRAM_FORGETS: what its program made, other code was released over', async () => {
    comesTo('earlier', 0);
    expect((await toldFailureOf(run())).code).toBe('E_PROGRAM_FORGETS');
  });

  it('is found though `current` tells of it late', async () => {
    const from = host.clock.now() + 6_000;
    comesTo(null, 0);
    host.plays = {
      ...host.plays,
      current: (one) => {
        const [ours, earlier] = [release(2, 'earlier', { key }), release(1, 'earlier')];
        if (host.clock.now() >= from) host.releases = [back('running'), ours, earlier];
        host.tell(one);
      },
    };
    expect(await run()).toMatchObject({ kind: 'restored', release: { id: 'r3' } });
  });

  it('E_RELEASE_FAILED: its program ended well, but what it made failed', async () => {
    comesTo('failed', 0);
    expect((await toldFailureOf(run())).code).toBe('E_RELEASE_FAILED');
    expect(made).toEqual(whatIsMade);
  });

  it('E_RELEASE_FAILED: its program failed with what it made, in its own last words', async () => {
    comesTo('failed', 1, (one) => one.say('no space left', 'stderr'));
    const error = await toldFailureOf(run());
    expect(error).toMatchObject({ code: 'E_RELEASE_FAILED', hint: 'no space left' });
    expect(made).toEqual(whatIsMade);
  });

  it.each(['running', 'pending'] as const)(
    'E_PROGRAM_FAILED: its program failed once what it made was %s, which is told and not called failed',
    async (state) => {
      comesTo(state, 1, (one) => one.say('nobody could be told', 'stderr'));
      const error = await toldFailureOf(run());
      expect(error).toMatchObject({ code: 'E_PROGRAM_FAILED', hint: 'nobody could be told' });
      expect(made).toEqual(whatIsMade);
    },
  );

  it.each([1, 10])('E_PROGRAM_FAILED: its program made nothing (exit code %d)', async (code) => {
    comesTo(null, code, (one) => one.say('no such release', 'stderr'));
    const error = await toldFailureOf(run());
    expect(error).toMatchObject({
      code: 'E_PROGRAM_FAILED',
      hint: 'no such release',
      details: { operation: 'restore', exitCode: code },
    });
    expect(made).toEqual([]);
  });

  it.each([
    ['what it made is told', 'pending', false],
    ['nothing is told of it where it made none', null, false],
    ['nothing is told of it where that cannot be seen', 'pending', true],
  ] as const)('E_PROGRAM_TIMEOUT: %s', async (_, state, isBlind) => {
    host.plays = {
      restore: (one) => {
        if (state !== null) host.releases = [back(state), ...host.releases];
        if (isBlind) host.plays = { current: (current) => current.end(1) };
        one.onStop = () => one.end('SIGTERM');
        host.clock.advance(timeoutMs);
      },
    };
    expect((await toldFailureOf(run())).code).toBe('E_PROGRAM_TIMEOUT');
    expect(made).toEqual(isBlind || state === null ? [] : whatIsMade);
  });

  it.each<[string, (one: Run) => void]>([
    ['it fails', (one) => one.end(1)],
    ['it is too late', () => host.clock.advance(timeoutMs)],
  ])('its program is named with all its words where %s', async (_, play) => {
    const open = host.open.bind(host);
    host.open = () => open({ restore: ['restore', '--now'] });
    host.plays = { restore: play };
    expect((await failureOf(run())).details).toMatchObject({ program: 'restore --now' });
  });

  it('is stopped with the run, and that is why it ended', async () => {
    const stop = new AbortController();
    const lost = new Error('the lane is lost');
    host.plays = { restore: () => stop.abort(lost) };
    const ports = host.ports;
    host.ports = (over) => ports.call(host, { signal: stop.signal, ...over });
    await expect(run()).rejects.toBe(lost);
  });

  it.each([75, 'SIGKILL'])('is looked for after %s, and asked for once more', async (how) => {
    let runs = 0;
    comesTo('running', 0);
    const { restore } = host.plays;
    host.plays = {
      restore: (one) => {
        runs += 1;
        if (runs === 1) one.end(how);
        else restore?.(one);
      },
    };
    expect(await run()).toMatchObject({ kind: 'restored' });
    expect(host.progress).toEqual([
      'the reply to taking acme-production back was lost; looking whether it was made',
      'there is no sign of taking acme-production back; asking for it once more',
    ]);
  });

  it.each(['running', 'pending'] as const)(
    'is what an earlier try made of it, which is %s, and is not asked for again',
    async (state) => {
      const [ours, earlier] = host.releases;
      if (ours === undefined || earlier === undefined) throw new Error('nothing ran before');
      host.releases =
        state === 'running'
          ? [back('running'), { ...ours, state: 'earlier' }, earlier]
          : [back('pending'), ours, earlier];
      host.plays = {
        current: (one) => {
          if (host.asked.length > 9)
            host.releases = [back('running'), { ...ours, state: 'earlier' }, earlier];
          host.tell(one);
        },
      };
      expect(await run()).toMatchObject({ kind: 'restored', release: { id: 'r3' } });
      expect(made).toEqual(whatIsMade);
      expect(host.asked).not.toContain('restore');
    },
  );

  it.each<[string, ReturnType<typeof release>[], string]>([
    ['of what runs is under way', [release(3, 'pending', same)], 'restored'],
    [
      'of other code is under way, below one of what runs',
      [release(4, 'pending', same), release(3, 'pending')],
      'untouched',
    ],
  ])('looks at all that is pending: a release %s', async (_, pending, kind) => {
    comesTo('running', 0);
    host.releases.unshift(...pending);
    expect(await run()).toMatchObject({ kind });
  });

  it('takes back what was configured anew since', async () => {
    comesTo('running', 0);
    const [ours, earlier] = host.releases;
    if (ours === undefined || earlier === undefined) throw new Error('nothing ran before');
    host.releases = [release(3, 'running', same), { ...ours, state: 'earlier' }, earlier];
    expect(await run()).toMatchObject({ kind: 'restored' });
  });

  it('E_NO_RESTORE: no program takes a deploy back there', async () => {
    const open = host.open.bind(host);
    host.open = () => open({ restore: null });
    const error = await toldFailureOf(run());
    expect(error).toMatchObject({ code: 'E_NO_RESTORE', details: { target: 'acme-production' } });
    expect(host.asked).toEqual([]);
  });
});

describe('restore', () => {
  const restore = (to: readonly Artifact[]) =>
    host.open().restore({ key, to, timeoutMs }, host.ports());

  it.each<[string, readonly Artifact[], string | null]>([
    ['nothing was verified', [], null],
    ['of what was, no commit is known', [of(null)], null],
    ['its commit never ran there', [of('3'.repeat(40))], '3'.repeat(40)],
  ])('E_NOTHING_TO_RESTORE: %s', async (_, to, wanted) => {
    const error = await toldFailureOf(restore(to));
    expect(error).toMatchObject({
      code: 'E_NOTHING_TO_RESTORE',
      details: { target: 'acme-production', release: 'r2', wanted },
    });
  });

  it('E_NOTHING_TO_RESTORE: nothing tells of which commit what ran before is, either', async () => {
    const artifact = { kind: 'image', id: 'image-1', commit: null };
    host.releases[1] = release(1, 'earlier', { commit: null, artifact });
    expect((await failureOf(restore([of(null)]))).code).toBe('E_NOTHING_TO_RESTORE');
  });

  it('says of a list that is not whole that it does not tell, of whichever artifact', async () => {
    host.whole = false;
    expect((await toldFailureOf(restore([of(null)]))).code).toBe('E_PROGRAM_SHORT');
  });

  it('E_RESTORE_GONE: what is to run again is not kept any more', async () => {
    host.releases[1] = release(1, 'earlier', { commit: before, gone: true });
    const error = await toldFailureOf(restore([of(before)]));
    expect(error).toMatchObject({
      code: 'E_RESTORE_GONE',
      details: { target: 'acme-production', release: 'r2', to: 'r1' },
    });
  });
});

describe('rollBack', () => {
  it('asks once more for what failed when it was asked for before', async () => {
    const told = restoreKey('rollback-1a2b3c4d');
    const failed = release(3, 'failed', { key: told, commit: before, rollback: true });
    host.releases.unshift(failed);
    host.plays = {
      restore: (one) => {
        const [, ours, earlier] = host.releases;
        if (ours === undefined || earlier === undefined) throw new Error('nothing ran before');
        const again = release(4, 'running', { key: told, commit: before, rollback: true });
        host.releases = [again, failed, { ...ours, state: 'earlier' }, earlier];
        one.end(0);
      },
    };
    expect(await rollBack()).toMatchObject({ kind: 'restored', release: { id: 'r4' } });
  });

  it('touches nothing where what it goes back from is not listed', async () => {
    const untouched = { kind: 'untouched', runsIt: false };
    expect(await rollBack({ from: { id: 'r9', version: 'r9' } })).toEqual(untouched);
  });

  it('E_RESTORE_GONE: what it goes back to is not listed', async () => {
    const error = await toldFailureOf(rollBack({ to: { id: 'r9', version: 'r9' } }));
    expect(error).toMatchObject({ code: 'E_RESTORE_GONE', details: { to: 'r9' } });
  });
});
