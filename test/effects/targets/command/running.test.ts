/** What runs, by the list that `current` tells and the instances that `health` does: what each answer is worth. */
import { beforeEach, describe, expect, it } from 'vitest';
import { toldFailureOf } from '../../lockstep-error.ts';
import { commit, PlayedHost, type Run, release } from './played-host.ts';

const timeoutMs = 30_000;
const other = '2'.repeat(40);
const ours = { id: 'r2', version: 'r2' };
const artifact = { kind: 'image', id: 'image-2', digest: null, commit };

let host: PlayedHost;
beforeEach(() => {
  host = new PlayedHost();
  host.releases = [release(2, 'running'), release(1, 'earlier', { commit: other })];
});

describe('awaitRelease', () => {
  const awaited = (over: object = {}) =>
    host.open().awaitRelease({ release: 'r2', commit, artifact, timeoutMs, ...over }, host.ports());

  it('waits while it is pending, and while it is not listed yet', async () => {
    const [, before] = host.releases;
    if (before === undefined) throw new Error('nothing ran before');
    const lists = [
      [before],
      [release(2, 'pending'), before],
      [release(2, 'running', { version: 'v2' }), before],
    ];
    host.releases = [];
    host.plays = {
      current: (run) => {
        host.releases = (lists.shift() ?? []).map((one) =>
          one === before && lists.length > 0 ? { ...one, state: 'running' as const } : one,
        );
        host.tell(run);
      },
    };
    expect(await awaited()).toEqual({
      kind: 'deployed',
      release: { id: 'r2', version: 'v2' },
      artifact,
    });
    expect(lists).toEqual([]);
  });

  it.each([
    [
      'E_RELEASE_COMMIT',
      'of a commit that nothing tells',
      { commit: null, artifact: { kind: 'image', id: 'image-2', commit: null } },
    ],
    [
      'E_RELEASE_COMMIT',
      'of a part of our commit’s id',
      { commit: '1111111', artifact: { kind: 'image', id: 'image-2', commit: '1111111' } },
    ],
    [
      'E_RELEASE_ARTIFACT',
      'of another artifact',
      { artifact: { kind: 'image', id: 'image-3', commit } },
    ],
    [
      'E_RELEASE_ARTIFACT',
      'of another kind of artifact',
      { artifact: { kind: 'folder', id: 'image-2', commit } },
    ],
  ])('%s: it is %s', async (code, _, over) => {
    host.releases = [release(2, 'running', over), release(1, 'earlier', { commit: other })];
    expect((await toldFailureOf(awaited())).code).toBe(code);
  });

  it.each([
    ['E_RELEASE_FAILED', [release(2, 'failed'), release(1, 'running')]],
    ['E_RELEASE_NOT_CURRENT', [release(3, 'running'), release(2, 'earlier')]],
  ])('%s: it is of our commit and artifact, and does not run', async (code, releases) => {
    host.releases = releases;
    const error = await toldFailureOf(awaited());
    expect(error).toMatchObject({ code, details: { target: 'acme-production', release: 'r2' } });
  });

  it('tells the digest that is listed, where none was known', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    host.releases = [
      release(2, 'running', { artifact: { kind: 'image', id: 'image-2', digest, commit } }),
    ];
    expect((await awaited()).artifact).toEqual({ ...artifact, digest });
  });

  it('E_RELEASE_ARTIFACT: its digest is ours, but not its name, by which it goes on to the next environment', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    host.releases = [
      release(2, 'running', { artifact: { kind: 'image', id: 'moved', digest, commit } }),
    ];
    const error = await toldFailureOf(awaited({ artifact: { ...artifact, digest } }));
    expect(error.code).toBe('E_RELEASE_ARTIFACT');
  });
});

describe('mustStillRun', () => {
  const looked = () => host.open().mustStillRun({ release: ours, artifact }, host.ports());
  const same = { artifact: { kind: 'image', id: 'image-2', commit } };

  it.each<[string, () => void]>([
    ['it runs', () => {}],
    ['a later release of its artifact runs', () => listed(release(3, 'running', same))],
    ['a later release of its artifact is under way', () => listed(release(3, 'pending', same))],
    [
      'a later release of its artifact was asked for under a key',
      () => listed(release(3, 'running', { ...same, key: '503-22222222' })),
    ],
    [
      'it runs, and went back itself',
      () => {
        host.releases[0] = release(2, 'running', { rollback: true });
      },
    ],
    [
      'a later release of its artifact runs, and its own is listed no more',
      () => {
        host.releases = [release(3, 'running', same)];
        host.whole = false;
      },
    ],
  ])('is content where %s', async (_, happens) => {
    happens();
    await looked();
  });

  it.each<[string, () => void]>([
    ['nothing runs', () => void host.releases.splice(0)],
    ['other code runs', () => listed(release(3, 'running'))],
    ['other code is under way', () => listed(release(3, 'pending'))],
    ['somebody went back to it', () => listed(release(3, 'running', { ...same, rollback: true }))],
  ])('E_RELEASE_NOT_CURRENT: %s', async (_, happens) => {
    happens();
    expect((await toldFailureOf(looked())).code).toBe('E_RELEASE_NOT_CURRENT');
  });

  it('E_PROGRAM_ANSWER: its release is of another artifact by now', async () => {
    host.releases = [release(2, 'running', { artifact: { kind: 'image', id: 'image-9', commit } })];
    expect((await toldFailureOf(looked())).code).toBe('E_PROGRAM_ANSWER');
  });

  /** Over ours, which runs no more where that one does. */
  function listed(one: ReturnType<typeof release>): void {
    const state = one.state === 'running' ? 'earlier' : 'running';
    host.releases = [one, release(2, state), ...host.releases.slice(1)];
  }
});

describe('a list of releases that contradicts itself', () => {
  it.each<[string, () => object[]]>([
    ['its end says that nothing runs', () => [release(2, 'running'), end(1, { running: null })]],
    ['its end says that one runs', () => [release(2, 'failed'), end(1, { running: 'r2' })]],
    ['nothing runs, and it is cut', () => [release(2, 'failed'), end(1, { whole: false })]],
    [
      'what ran before is newer than what runs',
      () => [release(3, 'earlier'), release(2, 'running'), end(2, { running: 'r2' })],
    ],
    ['what ran before is all that there is', () => [release(3, 'earlier'), end(1)]],
    ['one work stands twice', () => [work('w1'), work('w1'), end(0, { work: 2 })]],
    ['work is missing', () => [work('w1'), end(0, { work: 2 })]],
    ['its end stands twice', () => [end(0), end(0)]],
    [
      'two releases have one number',
      () => [release(2, 'failed'), { ...release(2, 'failed'), id: 'r3' }, end(2)],
    ],
  ])('E_PROGRAM_ANSWER: %s', async (_, lines) => {
    host.plays = {
      current: (run) => {
        for (const line of lines()) run.say(line);
        run.end(0);
      },
    };
    const error = await toldFailureOf(host.open().observe(host.ports()));
    expect(error.code).toBe('E_PROGRAM_ANSWER');
  });

  const end = (releases: number, over: object = {}) => ({
    type: 'end',
    releases,
    running: null,
    whole: true,
    ...over,
  });
  const work = (id: string) => ({ type: 'work', id, key: null });
});

it('what is pending is told by the newest, and the cursor is past all that is listed', async () => {
  host.releases.unshift(release(4, 'pending'), release(3, 'pending'));
  const { pending, cursor } = await host.open().observe(host.ports());
  expect([pending?.release.id, cursor]).toEqual(['r4', '4']);
});

it('a release that decided what runs is the oldest of its code, where nobody says more', async () => {
  const same = { artifact: { kind: 'image', id: 'image-2', commit } };
  const decided = async (...overs: object[]) => {
    host.releases = [
      ...overs.map((over, i) =>
        release(4 - i, i === 0 ? 'running' : 'earlier', { ...same, ...over }),
      ),
      release(1, 'earlier', { commit: other }),
    ];
    return (await host.open().observe(host.ports())).running?.release.id;
  };
  expect(await decided({}, {}, {})).toBe('r2');
  expect(await decided({}, { key: 'k' }, {})).toBe('r3');
  expect(await decided({}, { rollback: true }, {})).toBe('r3');
  expect(await decided({ key: 'k' }, { rollback: true }, {})).toBe('r4');
});

describe('instances', () => {
  const up = (name: string, of: string, over: object = {}) => ({
    type: 'instance',
    name,
    release: of,
    state: 'up',
    life: '1',
    ...over,
  });
  const watching = (...instances: ReturnType<typeof up>[]) => {
    host.plays = {
      health: (run) => {
        for (const one of instances) run.say(one);
        const upOf = instances.filter(({ state }) => state === 'up').length;
        run.say({ type: 'end', instances: instances.length, up: upOf, wanted: 2 });
        run.end(0);
      },
    };
    const input = { release: ours, artifact, timeoutMs, mayHaveNone: false };
    return host.open().watch(input, host.ports());
  };

  it('of a later release of the same artifact count, by its id, and the list is read once', async () => {
    host.releases = [
      release(3, 'running', { artifact: { kind: 'image', id: 'image-2', commit } }),
      release(2, 'earlier'),
      release(1, 'earlier', { commit: other }),
    ];
    const watch = watching(up('web.1', 'r2'), up('web.2', 'r3'));
    const seen = {
      up: [
        { name: 'web.1', life: '1', version: 'r2' },
        { name: 'web.2', life: '1', version: 'r3' },
      ],
      missing: '',
    };
    expect(await watch.look()).toEqual(seen);
    expect(await watch.look()).toEqual(seen);
    expect(host.asked).toEqual(['health', 'current', 'health']);
  });

  it('are up where there are more than are wanted', async () => {
    const watch = watching(up('web.1', 'r2'), up('web.2', 'r2'), up('web.3', 'r2'));
    expect(await watch.look()).toMatchObject({ missing: '' });
  });

  it('of a release before do not count, whatever it is of, and the list is read once', async () => {
    host.releases[1] = release(1, 'earlier', {
      artifact: { kind: 'image', id: 'image-2', commit },
    });
    const watch = watching(up('web.1', 'r1', { state: 'crashed' }), up('web.2', 'r2'));
    const missing = '1 of 2 (web.1 crashed on r1)';
    expect(await watch.look()).toMatchObject({ missing });
    expect(await watch.look()).toMatchObject({ missing });
    expect(host.asked).toEqual(['health', 'current', 'health']);
  });

  it('of a release that a cut list does not tell are old', async () => {
    host.whole = false;
    const watch = watching(up('web.1', 'r0'), up('web.2', 'r2'));
    expect(await watch.look()).toMatchObject({ missing: '1 of 2 (web.1 up on r0)' });
  });

  it.each<[string, () => void]>([
    ['theirs is not listed', () => void host.releases.pop()],
    [
      'ours is not listed, though the list is cut',
      () => {
        host.releases = [release(1, 'running')];
        host.whole = false;
      },
    ],
  ])('E_PROGRAM_ANSWER: %s', async (_, happens) => {
    happens();
    const error = await toldFailureOf(watching(up('web.1', 'r1')).look());
    expect(error.code).toBe('E_PROGRAM_ANSWER');
  });

  it.each([
    [
      'its end is not the last line',
      [
        up('web.1', 'r2'),
        { type: 'end', instances: 1, up: 1, wanted: 1 },
        { type: 'end', instances: 1, up: 1, wanted: 1 },
      ],
    ],
    [
      'it counts more than it lists',
      [up('web.1', 'r2'), { type: 'end', instances: 2, up: 1, wanted: 1 }],
    ],
    ['it ends without an end', [up('web.1', 'r2')]],
    [
      'it counts one more that is up',
      [up('web.1', 'r2', { state: 'starting' }), { type: 'end', instances: 1, up: 1, wanted: 1 }],
    ],
  ])('E_PROGRAM_ANSWER: %s', async (_, lines) => {
    const watch = watching();
    host.plays = {
      health: (run) => {
        for (const line of lines) run.say(line);
        run.end(0);
      },
    };
    expect((await toldFailureOf(watch.look())).code).toBe('E_PROGRAM_ANSWER');
  });

  it('E_NO_INSTANCES: none are wanted for half the time that there is, and half a minute at most', async () => {
    const waits = async (mayTakeMs: number) => {
      watching();
      host.plays = {
        health: (run) => {
          run.say({ type: 'end', instances: 0, up: 0, wanted: 0 });
          run.end(0);
        },
      };
      const input = { release: ours, artifact, timeoutMs: mayTakeMs, mayHaveNone: false };
      const watch = host.open().watch(input, host.ports());
      const begun = host.clock.now();
      const looking = async () => {
        for (;;) {
          expect(await watch.look()).toEqual({ up: [], missing: 'none are wanted' });
          await host.clock.sleep(1_000);
        }
      };
      const error = await toldFailureOf(looking());
      expect(error).toMatchObject({
        code: 'E_NO_INSTANCES',
        details: { target: 'acme-production' },
      });
      return host.clock.now() - begun;
    };
    expect(await waits(20_000)).toBe(10_000);
    expect(await waits(600_000)).toBe(30_000);
  });
});

it('none that are wanted twice, with some between, are waited for as long each time', async () => {
  let wanted = 0;
  host.plays = {
    health: (run) => {
      run.say({ type: 'end', instances: 0, up: 0, wanted });
      run.end(0);
    },
  };
  const input = { release: ours, artifact, timeoutMs: 600_000, mayHaveNone: false };
  const watch = host.open().watch(input, host.ports());
  for (wanted of [0, 1, 0]) {
    for (let seconds = 0; seconds < 20; seconds += 10) {
      expect((await watch.look()).missing).toBe(wanted === 0 ? 'none are wanted' : '0 of 1');
      await host.clock.sleep(10_000);
    }
  }
  await host.clock.sleep(10_000);
  expect((await toldFailureOf(watch.look())).code).toBe('E_NO_INSTANCES');
});

describe('a program that reads', () => {
  it('is asked six times where nothing says how long the step may take', async () => {
    host.plays = { current: (run) => run.end(75) };
    const error = await toldFailureOf(host.open().observe(host.ports()));
    expect(error).toMatchObject({
      code: 'E_VENDOR_UNREACHABLE',
      sent: false,
      details: { program: 'current', operation: 'current', exitCode: 75, signal: null },
    });
    expect(host.progress).toEqual(
      ['1s', '2s', '4s', '8s', '10s'].map(
        (pause) => `current ended with exit code 75; asking again in ${pause}`,
      ),
    );
  });

  it('is asked as long as the step may take', async () => {
    host.plays = { current: (run) => run.end('SIGKILL') };
    const deadlineMs = host.clock.ran() + 60_000;
    const error = await toldFailureOf(host.open().observe(host.ports({ deadlineMs })));
    expect(error.code).toBe('E_VENDOR_UNREACHABLE');
    expect(host.asked).toHaveLength(9);
    expect(host.clock.ran()).toBeLessThan(deadlineMs);
  });

  it('is not asked again where it fails, and is quoted', async () => {
    host.plays = {
      current: (run) => {
        run.say('no such host', 'stderr');
        run.end(1);
      },
    };
    const error = await toldFailureOf(host.open().observe(host.ports()));
    expect(error).toMatchObject({ code: 'E_PROGRAM_FAILED', hint: 'no such host' });
    expect(host.asked).toEqual(['current']);
  });

  it('is read to its end, whether its last line ends or not', async () => {
    host.plays = {
      current: (run) => {
        run.say('a warning', 'stderr', '');
        run.say({ type: 'end', releases: 0, running: null, whole: true }, 'stdout', '');
        run.end(0);
      },
    };
    expect((await host.open().observe(host.ports())).running).toBeNull();
    expect(host.progress).toEqual(['a warning']);
  });

  it('may say how it goes, which is none of its answer', async () => {
    const says = (end: object) => (run: Run) => {
      run.say({ type: 'progress', text: 'looking' });
      run.say({ ...end, type: 'end' });
      run.end(0);
    };
    host.plays = {
      current: says({ releases: 0, running: null, whole: true }),
      health: says({ instances: 0, up: 0, wanted: 1 }),
    };
    expect((await host.open().observe(host.ports())).running).toBeNull();
    const input = { release: ours, artifact, timeoutMs, mayHaveNone: false };
    expect((await host.open().watch(input, host.ports()).look()).missing).toBe('0 of 1');
    expect(host.progress).toEqual(['looking', 'looking']);
  });

  it('is stopped after a minute', async () => {
    host.plays = { current: () => host.clock.advance(60_000) };
    const error = await toldFailureOf(host.open().observe(host.ports()));
    expect(error).toMatchObject({
      code: 'E_PROGRAM_TIMEOUT',
      details: { program: 'current', operation: 'current', timeoutMs: 60_000 },
    });
  });

  it('is not asked by a run that has stopped already', async () => {
    const lost = new Error('the lane is lost');
    const ports = host.ports({ signal: AbortSignal.abort(lost) });
    await expect(host.open().observe(ports)).rejects.toBe(lost);
    expect(host.asked).toEqual([]);
  });
});
