/** A place of which no program tells what runs, by a person's waiver: nothing is concluded from what nobody tells. */
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { toldFailureOf } from '../../lockstep-error.ts';
import { commit, PlayedHost, release } from './played-host.ts';

const timeoutMs = 90_000;
const artifact = { kind: 'release', id: 'r7', digest: null, commit: null };
const ours = { id: 'r7', version: 'r7' };

let host: PlayedHost;
beforeEach(() => {
  host = new PlayedHost();
});

const submit = () =>
  place().submit(
    {
      environment: 'production',
      share: null,
      commit,
      verified: null,
      cursor: null,
      key: '502-11111111',
      timeoutMs,
      archive: async () => new Uint8Array(),
      clear: async () => null,
    },
    host.ports(),
  );
const place = (over: Readonly<Record<string, string[] | null>> = {}) =>
  host.open({ current: null, health: null, ...over });

describe('a place of which nothing tells what runs', () => {
  it('cannot be observed, and says so', async () => {
    expect(host.open().isReadable).toBe(true);
    expect(place().isReadable).toBe(false);
    await expect(place().observe(host.ports())).rejects.toThrow(
      'acme-production has no program that tells what runs',
    );
  });

  it('is deployed to by what its program says came of it, and nobody is asked', async () => {
    host.plays = {
      deploy: (run) => {
        run.say({ type: 'release', id: 'r7' });
        run.end(0);
      },
    };
    const work = { kind: 'release', id: 'r7' } as const;
    expect(await submit()).toEqual({ kind: 'submitted', work, adopted: false });
    const followed = await place().follow({ work, timeoutMs }, host.ports());
    expect(followed).toEqual({ kind: 'released', release: 'r7', artifact });
    const wanted = { release: 'r7', commit, artifact, timeoutMs };
    expect(await place().awaitRelease(wanted, host.ports())).toEqual({
      kind: 'deployed',
      release: ours,
      artifact: { ...artifact, commit },
    });
    await place().mustStillRun({ release: ours, artifact }, host.ports());
    expect(host.asked).toEqual(['deploy']);
  });

  it('E_PROGRAM_ANSWER: its program ended well, and told no release', async () => {
    host.plays = { deploy: (run) => run.end(0) };
    expect((await toldFailureOf(submit())).code).toBe('E_PROGRAM_ANSWER');
  });

  it('is waited for to the end where its program tells work, which nobody could ask about later', async () => {
    const stopped: number[] = [];
    host.plays = {
      async deploy(run) {
        run.onStop = (graceMs) => void stopped.push(graceMs);
        run.say({ type: 'work', id: 'w1' });
        for (let i = 0; i < 10; i++) await turn();
        run.say({ type: 'release', id: 'r7' });
        run.end(0);
      },
    };
    const work = { kind: 'release', id: 'r7' };
    expect(await submit()).toEqual({ kind: 'submitted', work, adopted: false });
    expect(stopped).toEqual([]);
  });

  it('has no key, no release that ran, and nothing under way that anybody knows of', async () => {
    const running = {
      release: ours,
      artifact,
      named: null,
      description: '',
      by: 'ana',
      at: '2026-01-05T10:00:00Z',
      isRollback: false,
    };
    expect(await place().keyOf(running, [], host.ports())).toBeNull();
    expect(await place().findRelease('r7', host.ports())).toBeNull();
    expect(await place().underWay([], host.ports())).toEqual([]);
    expect(await place().namedCommit({ ...artifact, commit }, host.ports())).toBe(commit);
    expect(host.asked).toEqual([]);
  });

  it('has instances of the very release that was deployed alone', async () => {
    host.plays = {
      health: (run) => {
        run.say({ type: 'instance', name: 'web.1', release: 'r7', state: 'up', life: '1' });
        run.say({ type: 'instance', name: 'web.2', release: 'r8', state: 'up', life: '1' });
        run.say({ type: 'end', instances: 2, up: 2, wanted: 2 });
        run.end(0);
      },
    };
    const watched = { release: ours, artifact, timeoutMs, mayHaveNone: false };
    const seen = await place({ health: ['health'] })
      .watch(watched, host.ports())
      .look();
    expect(seen).toEqual({
      up: [{ name: 'web.1', life: '1', version: 'r7' }],
      missing: '1 of 2 (web.2 up on r8)',
    });
  });

  it('has no instances to wait for where no program tells of them', async () => {
    const watched = { release: ours, artifact, timeoutMs, mayHaveNone: false };
    const seen = await place().watch(watched, host.ports()).look();
    expect(seen).toEqual({ up: [], missing: '' });
  });

  it.each<[string, Readonly<Record<string, string[] | null>>, string, string]>([
    [
      'all programs',
      { current: ['bin/current', '-v'], health: ['health'] },
      'bin/current -v',
      'health',
    ],
    ['no health', { current: ['current'] }, 'current', 'current'],
    ['no current', { health: ['health'] }, 'deploy', 'health'],
    ['the one that deploys alone', {}, 'deploy', 'deploy'],
  ])('sends people to a program that there is: %s', (_, programs, releases, instances) => {
    const { hints } = place(programs);
    expect(hints.releases).toBe(releases);
    expect(hints.release(ours.id)).toBe(releases);
    expect(hints.instances).toBe(instances);
    expect(hints).toMatchObject({ logs: 'its logs at the host', goBack: null });
    expect(hints.verifyKey).toBe('instances');
  });
});

it.each(['deploy', 'current', 'health', 'restore'])(
  'a place is not opened where its program is not there: %s',
  (missing) => {
    host.check = (words) => {
      if (words[0] === missing) throw new Error(`${missing} is not there`);
    };
    expect(() => host.open()).toThrow(`${missing} is not there`);
  },
);

describe('what a place is asked of its releases', () => {
  it('is answered by the list: which ran, which are gone, which are under way, and how old', async () => {
    host.releases = [
      release(5, 'pending', { ageSeconds: 1.5 }),
      release(4, 'failed', { version: 'v4' }),
      release(3, 'running', { key: '502-11111111#2', version: 'v3' }),
      release(2, 'earlier', { gone: true }),
      release(1, 'earlier', { key: '501-22222222!restore', commit: 'a1b2c3d' }),
    ];
    host.work = [{ id: 'w1', key: null }];
    const target = host.open();
    const ports = host.ports();
    expect(await target.underWay([], ports)).toEqual([
      { name: 'work w1', ageMs: 0, isSeen: true },
      { name: 'release r5', ageMs: 1_500, isSeen: true },
    ]);
    const asked = [
      { work: { kind: 'work', id: 'w1' } as const, release: null },
      { work: { kind: 'work', id: 'w2' } as const, release: null },
      { work: { kind: 'work', id: 'w3' } as const, release: 'r3' },
      { work: { kind: 'work', id: 'w4' } as const, release: 'r9' },
    ];
    expect((await target.underWay(asked, ports)).slice(2)).toEqual([
      { name: 'work w2', ageMs: 0, isSeen: false },
      { name: 'release r9', ageMs: 0, isSeen: false },
    ]);
    const whyNot = async (name: string) => (await target.findRelease(name, ports))?.whyNot;
    expect(await whyNot('v3')).toBeNull();
    expect(await whyNot('r2')).toBe('is not kept any more');
    expect(await whyNot('v4')).toBeUndefined();
    expect(await whyNot('r5')).toBeUndefined();
    const keyOf = async (id: string) => {
      const running = { ...(await observed()), release: { id, version: id } };
      return target.keyOf(running, [], ports);
    };
    const observed = async () => {
      const { running } = await target.observe(ports);
      if (running === null) throw new Error('nothing runs');
      return running;
    };
    expect(await keyOf('r3')).toBe('502-11111111');
    expect(await keyOf('r1')).toBeNull();
    expect(await keyOf('r9')).toBeNull();
    // A commit that is not whole names nobody's.
    const first = { kind: 'image', id: 'image-1', digest: null, commit: null };
    expect(await target.namedCommit(first, ports)).toBe('a1b2c3d');
    expect(await target.namedCommit({ ...first, id: 'image-9' }, ports)).toBeNull();
    expect((await target.findRelease('r1', ports))?.artifact).toEqual(first);
    // Two of one name: the newer one.
    host.releases[3] = release(2, 'earlier', { version: 'v3', gone: true });
    expect((await target.findRelease('v3', ports))?.release.id).toBe('r3');
    const ran = (id: string) => target.ranBefore(first, { id, version: id }, ports);
    expect([await ran('r3'), await ran('r1'), await ran('r9')]).toEqual([true, false, true]);
    // Built twice to the same content: what is said of it last.
    host.releases[3] = release(2, 'earlier', {
      commit: 'b2c3d4e',
      artifact: { kind: 'image', id: 'image-1', commit: 'b2c3d4e' },
    });
    expect(await target.namedCommit(first, ports)).toBe('b2c3d4e');
  });
});
