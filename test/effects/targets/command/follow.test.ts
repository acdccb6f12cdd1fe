/** What becomes of a deploy that was begun: who says so, how long it is waited for, and what is left behind. */
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Submission } from '../../../../src/effects/targets/target.ts';
import { refusal } from '../../../targets/fixture.ts';
import { failureOf, toldFailureOf } from '../../lockstep-error.ts';
import { commit, PlayedHost, type Run, release } from './played-host.ts';

const key = '502-11111111';
const timeoutMs = 60_000;
const submission: Submission = {
  environment: 'production',
  share: null,
  commit,
  verified: null,
  cursor: null,
  key,
  timeoutMs,
  archive: async () => new Uint8Array(),
  clear: async () => null,
};

let host: PlayedHost;
beforeEach(() => {
  host = new PlayedHost();
});

const submit = (over: Partial<Submission> = {}) =>
  host.open().submit({ ...submission, ...over }, host.ports());
const follow = (id: string, kind: 'work' | 'release' = 'work') =>
  host.open().follow({ work: { kind, id }, timeoutMs }, host.ports());

describe('a deploy that goes on after its program', () => {
  it('is its release as soon as one is listed of its work', async () => {
    host.plays = { deploy: (run) => run.end(0) };
    host.work = [{ id: 'w1', key }];
    expect(await submit()).toMatchObject({ work: { kind: 'work', id: 'w1' }, adopted: true });
    host.plays = {
      current: (run) => {
        if (host.asked.length > 4) {
          host.work = [];
          host.releases = [release(1, 'running', { key, work: 'w1' })];
        }
        host.tell(run);
      },
    };
    const artifact = { kind: 'image', id: 'image-1', digest: null, commit };
    expect(await follow('w1')).toEqual({ kind: 'released', release: 'r1', artifact });
  });

  it('E_RELEASE_TIMEOUT: its work is under way for longer than it may', async () => {
    host.work = [{ id: 'w1', key }];
    const begun = host.clock.now();
    const error = await toldFailureOf(follow('w1'));
    expect(error).toMatchObject({
      code: 'E_RELEASE_TIMEOUT',
      details: { target: 'acme-production', timeoutMs },
    });
    expect(host.clock.now() - begun).toBe(timeoutMs);
  });

  it('E_WORK_LOST: nothing was seen of it for half a minute, and not sooner', async () => {
    host.work = [{ id: 'w1', key }];
    const begun = host.clock.now();
    host.plays = {
      current: (run) => {
        if (host.clock.now() >= begun + 10_000) host.work = [];
        host.tell(run);
      },
    };
    const error = await toldFailureOf(follow('w1'));
    expect(error).toMatchObject({
      code: 'E_WORK_LOST',
      details: { target: 'acme-production', work: 'w1' },
    });
    const sinceSeenMs = host.clock.now() - begun - 10_000;
    expect(sinceSeenMs).toBeGreaterThanOrEqual(25_000);
    expect(sinceSeenMs).toBeLessThan(40_000);
  });
});

describe('a deploy whose program still runs', () => {
  /** It says what it works on, and goes on until the test ends it. */
  async function begun(): Promise<Run> {
    const { promise, resolve } = Promise.withResolvers<Run>();
    host.plays = {
      deploy: (run) => {
        host.work = [{ id: 'w1', key }];
        run.say({ type: 'work', id: 'w1' });
        resolve(run);
      },
    };
    expect(await submit()).toMatchObject({ work: { kind: 'work', id: 'w1' }, adopted: false });
    return promise;
  }

  it('is waited for before anything is looked at, and what it says goes to whoever follows', async () => {
    const run = await begun();
    const before = host.asked.length;
    const following = follow('w1');
    await turn();
    run.say({ type: 'progress', text: 'half of it' });
    run.say('a warning', 'stderr');
    expect(host.asked).toHaveLength(before);
    host.work = [];
    host.releases = [release(1, 'running', { key, work: 'w1' })];
    run.end(0);
    expect(await following).toMatchObject({ release: 'r1' });
    expect(host.progress).toEqual(['half of it', 'a warning']);
  });

  it.each([
    ['it may be tried again', 75, 'deploy ended with exit code 75; looking at what runs instead'],
    ['it was killed', 'SIGKILL', 'deploy was ended by SIGKILL; looking at what runs instead'],
  ])('is looked for where it says nothing of its work: %s', async (_, how, words) => {
    const run = await begun();
    const following = follow('w1');
    host.releases = [release(1, 'running', { key, work: 'w1' })];
    run.end(how);
    expect(await following).toMatchObject({ release: 'r1' });
    expect(host.progress).toEqual([words]);
  });

  it('has failed where its program says so, with the last of what it said', async () => {
    const run = await begun();
    const following = toldFailureOf(follow('w1'));
    run.say('the disk is full', 'stderr');
    run.end(1);
    expect(await following).toMatchObject({
      code: 'E_PROGRAM_FAILED',
      hint: 'the disk is full',
      details: { program: 'deploy', operation: 'deploy', exitCode: 1, signal: null },
    });
  });

  it('is not lost by the time that its program took', async () => {
    const run = await begun();
    const following = follow('w1');
    await turn();
    host.clock.advance(40_000);
    const from = host.clock.now() + 5_000;
    host.work = [];
    host.plays = {
      current: (one) => {
        if (host.clock.now() >= from) host.releases = [release(1, 'running', { key, work: 'w1' })];
        host.tell(one);
      },
    };
    run.end(0);
    expect(await following).toMatchObject({ release: 'r1' });
  });

  it('takes no longer than it may with the time of its program', async () => {
    const run = await begun();
    const from = host.clock.now();
    const following = toldFailureOf(follow('w1'));
    await turn();
    host.clock.advance(20_000);
    run.end(0);
    const { code, details } = await following;
    expect({ code, ...details }).toMatchObject({ code: 'E_RELEASE_TIMEOUT', timeoutMs });
    expect(host.clock.now() - from).toBe(timeoutMs);
  });

  it.each([
    ['that stops', false],
    ['that has stopped before', true],
  ])('is told to end by a run %s, which waits for that', async (_, isStopped) => {
    const run = await begun();
    const stop = new AbortController();
    const lost = new Error('the lane is lost');
    if (isStopped) stop.abort(lost);
    let isOver = false;
    run.onStop = (graceMs) => {
      isOver = true;
      // A CI gives a job that it cancels a few seconds.
      expect(graceMs).toBe(1_000);
      run.end(75);
    };
    const ports = host.ports({ signal: stop.signal });
    const following = host.open().follow({ work: { kind: 'work', id: 'w1' }, timeoutMs }, ports);
    stop.abort(lost);
    await expect(following).rejects.toBe(lost);
    expect(isOver).toBe(true);
  });

  it('is ended neither by the signal nor by the time of the step that began it', async () => {
    const step = new AbortController();
    const { promise, resolve } = Promise.withResolvers<Run>();
    host.plays = {
      deploy: (run) => {
        host.work = [{ id: 'w1', key }];
        run.say({ type: 'work', id: 'w1' });
        resolve(run);
      },
    };
    await host.open().submit(submission, host.ports({ signal: step.signal }));
    expect(getEventListeners(step.signal, 'abort')).toEqual([]);
    const run = await promise;
    let isStopped = false;
    run.onStop = () => {
      isStopped = true;
    };
    step.abort(new Error('the step is over'));
    host.clock.advance(timeoutMs);
    await turn();
    expect(isStopped).toBe(false);
    run.end(0);
  });

  it('has ten seconds to end where its time is up', async () => {
    const run = await begun();
    const following = failureOf(follow('w1'));
    run.onStop = (graceMs) => {
      expect(graceMs).toBe(10_000);
      run.end('SIGTERM');
    };
    await turn();
    host.clock.advance(timeoutMs);
    expect((await following).code).toBe('E_PROGRAM_TIMEOUT');
  });

  it('says nothing of the next deploy, which another run began', async () => {
    const run = await begun();
    const following = follow('w1');
    run.say({ type: 'artifact', kind: 'image', id: 'image-1' });
    host.work = [];
    host.releases = [release(1, 'running', { key, work: 'w1' })];
    run.end(0);
    await following;
    host.releases = [
      release(2, 'running', { key: '503-22222222' }),
      release(1, 'earlier', { key }),
    ];
    expect(await follow('r2', 'release')).toMatchObject({ release: 'r2' });
  });

  it('has its files until it ends', async () => {
    const run = await begun();
    expect(run.told.LOCKSTEP_SOURCE).toBe([...host.files][0]);
    run.end(1);
    await turn();
    expect(host.files.size).toBe(0);
  });

  it('leaves no files where it is not even begun', async () => {
    expect(await submit({ clear: async () => refusal })).toEqual(refusal);
    expect(host.files.size).toBe(0);
    expect(host.asked).not.toContain('deploy');
  });
});

describe('a deploy whose program ended well', () => {
  const deploys = (says: readonly object[], lists: () => void) => {
    host.plays = {
      deploy: (run) => {
        for (const line of says) run.say(line);
        lists();
        run.end(0);
      },
    };
  };

  it('has failed where its new release did; it was begun under the key of the one that failed before', async () => {
    host.releases = [release(1, 'failed', { key })];
    const keys: (string | undefined)[] = [];
    deploys([], () => {
      host.releases = [release(2, 'failed', { key }), ...host.releases];
    });
    const { deploy } = host.plays;
    host.plays = {
      deploy: (run) => {
        keys.push(run.told.LOCKSTEP_KEY);
        deploy?.(run);
      },
    };
    expect(await submit()).toMatchObject({ work: { kind: 'release', id: 'r2' } });
    expect(keys).toEqual([key]);
    expect(await toldFailureOf(follow('r2', 'release'))).toMatchObject({
      code: 'E_RELEASE_FAILED',
      details: { target: 'acme-production', release: 'r2' },
    });
  });

  it('is forgotten where no more is listed of its key than failed before', async () => {
    host.releases = [
      release(3, 'failed', { key }),
      release(2, 'running'),
      release(1, 'failed', { key }),
    ];
    deploys([], () => {});
    expect((await toldFailureOf(submit())).code).toBe('E_PROGRAM_FORGETS');
  });

  it('is told by its artifact before its release: until that is made it is waited for', async () => {
    host.plays = {
      async deploy(run) {
        run.say({ type: 'artifact', kind: 'image', id: 'image-1' });
        for (let i = 0; i < 100; i++) await turn();
        host.releases = [release(1, 'running', { key })];
        run.end(0);
      },
    };
    expect(await submit()).toMatchObject({ work: { kind: 'release', id: 'r1' } });
  });

  it('is its release, where the work that it came from is listed still', async () => {
    host.work = [{ id: 'w1', key }];
    host.releases = [release(1, 'running', { key })];
    expect(await submit()).toMatchObject({ work: { kind: 'release', id: 'r1' }, adopted: true });
  });

  it('has the number after the highest that is listed, where other code was released over it', async () => {
    let told = '';
    host.whole = false;
    host.releases = [
      release(5, 'running', { commit: '2'.repeat(40) }),
      release(4, 'earlier', { key: `${key}#3` }),
    ];
    host.plays = {
      deploy: (run) => {
        told = run.told.LOCKSTEP_KEY ?? '';
        run.end(1);
      },
    };
    await failureOf(submit());
    expect(told).toBe(`${key}#4`);
  });

  it('is its release that is not up yet', async () => {
    deploys([], () => {
      host.releases = [release(1, 'pending', { key })];
    });
    expect(await submit()).toMatchObject({ work: { kind: 'release', id: 'r1' }, adopted: false });
    expect(await submit()).toMatchObject({ work: { kind: 'release', id: 'r1' }, adopted: true });
  });

  it('is found though `current` tells of it late', async () => {
    const from = host.clock.now() + 25_000;
    deploys([], () => {});
    host.plays = {
      ...host.plays,
      current: (run) => {
        if (host.clock.now() >= from) host.releases = [release(1, 'running', { key })];
        host.tell(run);
      },
    };
    expect(await submit()).toMatchObject({ work: { kind: 'release', id: 'r1' } });
  });

  it.each<[string, object[], () => void]>([
    [
      'another work than is listed',
      [{ type: 'work', id: 'w2' }],
      () => {
        host.work = [{ id: 'w1', key }];
      },
    ],
    [
      'another release than is listed',
      [{ type: 'release', id: 'r9' }],
      () => {
        host.releases = [release(1, 'running', { key })];
      },
    ],
  ])('is wrong where it told %s', async (_, says, lists) => {
    deploys(says, lists);
    expect((await toldFailureOf(submit())).code).toBe('E_PROGRAM_ANSWER');
  });

  it.each([
    ['kind', { kind: 'folder' }],
    ['id', { id: 'image-2' }],
    ['digest', { digest: `sha256:${'a'.repeat(64)}` }],
  ])('is wrong where it told an artifact of another %s than is listed', async (_, other) => {
    deploys([{ type: 'artifact', kind: 'image', id: 'image-1', ...other }], () => {
      host.releases = [release(1, 'running', { key })];
    });
    await submit();
    expect((await toldFailureOf(follow('r1', 'release'))).code).toBe('E_PROGRAM_ANSWER');
  });
});

describe('a deploy whose program fails', () => {
  it.each([
    [10, 'E_PROGRAM_REFUSED'],
    [1, 'E_PROGRAM_FAILED'],
    [127, 'E_PROGRAM_FAILED'],
  ])('by exit code %d says so, and keeps no file', async (code, expected) => {
    host.plays = { deploy: (run) => run.end(code) };
    expect((await toldFailureOf(submit())).code).toBe(expected);
    expect(host.asked.filter((name) => name === 'deploy')).toHaveLength(1);
    expect(host.files.size).toBe(0);
  });

  it.each([75, 'SIGKILL'])('by %s is looked for, and begun once more', async (how) => {
    let runs = 0;
    host.plays = {
      deploy: (run) => {
        runs += 1;
        if (runs === 2) host.releases = [release(1, 'running', { key })];
        run.end(runs === 2 ? 0 : how);
      },
    };
    expect(await submit()).toMatchObject({ work: { id: 'r1' }, adopted: false });
    expect(runs).toBe(2);
    expect(host.progress).toEqual([
      'the reply to the deploy to acme-production was lost; looking whether it was made',
      'there is no sign of the deploy to acme-production; asking for it once more',
    ]);
  });
});
