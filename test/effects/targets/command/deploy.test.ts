/** What good and careless programs come to: a deploy is looked up before it is begun, and nothing is believed that cannot be found again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProgramEnd } from '../../../../src/effects/targets/command/program.ts';
import { commandTargets } from '../../../../src/effects/targets/command/target.ts';
import type { Submission } from '../../../../src/effects/targets/target.ts';
import type { Artifact } from '../../../../src/machine/events.ts';
import { FolderWorld, settingsOf } from '../../../targets/command-world.ts';
import { failureOf, toldFailureOf } from '../../lockstep-error.ts';

const [one, two] = ['1'.repeat(40), '2'.repeat(40)] as const;
const timeoutMs = 30_000;
const submission: Submission = {
  environment: 'production',
  share: null,
  commit: one,
  verified: null,
  cursor: null,
  key: '502-11111111',
  timeoutMs,
  archive: async () => new TextEncoder().encode('a tarball'),
  clear: async () => null,
};

let world: FolderWorld;
beforeEach(() => {
  world = new FolderWorld();
});
afterEach(() => world.close());

const submit = (over: Partial<Submission> = {}) =>
  world.open('production').submit({ ...submission, ...over }, world.ports());
const toldTo = (operation: string) =>
  world.ran.filter((run) => run.operation === operation).map(({ told }) => told);
/** Each answer of `current`, or what `deploy` says, is changed so. */
const changing = (of: string, change: (line: Record<string, unknown>) => object | null) => {
  world.spoil = (lines, operation) =>
    operation !== of
      ? lines
      : lines.flatMap((line) => {
          const changed = change(JSON.parse(line));
          return changed === null ? [] : [JSON.stringify(changed)];
        });
};

describe('a deploy', () => {
  it('is told what it is to do, and nothing that it is not', async () => {
    await submit();
    expect(toldTo('deploy')).toEqual([
      {
        LOCKSTEP_PROTOCOL: '1',
        LOCKSTEP_OPERATION: 'deploy',
        LOCKSTEP_ENVIRONMENT: 'production',
        LOCKSTEP_NAME: 'acme-production',
        LOCKSTEP_KEY: '502-11111111',
        LOCKSTEP_COMMIT: one,
        LOCKSTEP_SOURCE: expect.stringContaining(world.folder),
      },
    ]);
  });

  it('of a share of the traffic is told how much', async () => {
    await submit({ share: 10, key: '502-11111111/10' });
    expect(toldTo('deploy')).toMatchObject([
      { LOCKSTEP_SHARE: '10', LOCKSTEP_KEY: '502-11111111/10' },
    ]);
  });

  it('of what was verified is told by the artifact, and has no files', async () => {
    const artifact = {
      kind: 'image',
      id: 'web@1',
      digest: `sha256:${'a'.repeat(64)}`,
      commit: one,
    };
    const verified = {
      artifact,
      release: { id: '7', version: 'v7' },
      at: world.open('staging').settings,
    };
    await toldFailureOf(submit({ verified }));
    const [told] = toldTo('deploy');
    expect(told).toMatchObject({
      LOCKSTEP_ARTIFACT: 'web@1',
      LOCKSTEP_ARTIFACT_KIND: 'image',
      LOCKSTEP_ARTIFACT_DIGEST: artifact.digest,
      LOCKSTEP_VERIFIED_RELEASE: '7',
    });
    expect(told).not.toHaveProperty('LOCKSTEP_SOURCE');
  });

  it('that is made anew over other code has another key, and is found by it again', async () => {
    await submit();
    world.release('production', two);
    await submit();
    world.release('production', two);
    await submit();
    expect(toldTo('deploy').map(({ LOCKSTEP_KEY }) => LOCKSTEP_KEY)).toEqual([
      '502-11111111',
      '502-11111111#2',
      '502-11111111#3',
    ]);
    expect(await submit()).toMatchObject({ adopted: true });
  });

  it.each([
    ['has no key', (line: object) => ({ ...line, key: null })],
    ['has another key', (line: object) => ({ ...line, key: 'mine' })],
  ])('whose release %s is an error: after a kill it would be made twice', async (_, change) => {
    changing('current', (line) => (line.type === 'release' ? change(line) : line));
    const error = await toldFailureOf(submit());
    expect(error.code).toBe('E_PROGRAM_FORGETS');
    expect(world.submissions('production')).toBe(1);
  });

  it.each([
    ['another release', (line: object) => ({ ...line, id: '99' }), 'release'],
    ['another artifact', (line: object) => ({ ...line, id: 'other' }), 'artifact'],
  ])('that tells %s than `current` is an error', async (_, change, type) => {
    changing('deploy', (line) => (line.type === type ? change(line) : line));
    const arrive = async () => {
      const target = world.open('production');
      const submitted = await target.submit(submission, world.ports());
      if (submitted.kind !== 'submitted') throw new Error('it was refused');
      return target.follow({ work: submitted.work, timeoutMs }, world.ports());
    };
    expect((await toldFailureOf(arrive())).code).toBe('E_PROGRAM_ANSWER');
  });

  it.each([
    [
      'a line that is none of the protocol',
      { type: 'relase', id: '1' },
      /line 1 of its output: type: /,
    ],
    [
      'a field too many',
      { type: 'release', id: '1', colour: 'red' },
      /line 1 of its output: .*colour/,
    ],
    ['a field too few', { type: 'release' }, /line 1 of its output: id: /],
    ['an endless id', { type: 'work', id: 'x'.repeat(201) }, /line 1 of its output: id: /],
  ])('that says %s is stopped, saying where and what was the first', async (_, line, words) => {
    world.spoil = (lines, operation) =>
      operation === 'deploy' ? [JSON.stringify(line), '{"type":"none"}'] : lines;
    const error = await toldFailureOf(submit());
    expect(error.code).toBe('E_PROGRAM_ANSWER');
    expect(error.message).toMatch(words);
  });

  it('may print what people read, JSON of other programs included', async () => {
    const said = [
      'Building…',
      '{"level":"info","msg":"hello"}',
      '{"type":"progress","text":"half"}',
      '[1]',
      '{',
    ];
    world.spoil = (lines, operation) => (operation === 'deploy' ? [...said, ...lines] : lines);
    expect(await submit()).toMatchObject({ kind: 'submitted' });
    expect(world.progress).toEqual(
      expect.arrayContaining(['Building…', '{"level":"info","msg":"hello"}', 'half', '[1]', '{']),
    );
  });

  it('that prints a line without end is stopped, and does not fill the memory', async () => {
    world.spoil = (lines, operation) =>
      operation === 'deploy' ? [`{"type":"release","id":"${'x'.repeat(200_000)}"}`] : lines;
    expect((await toldFailureOf(submit())).message).toContain('is longer than 65536 bytes');
  });

  it('that floods its output is shown the start and told the end', async () => {
    const flood = Array.from({ length: 60_000 }, (_, i) => `line ${i}`);
    world.spoil = (lines, operation) =>
      operation === 'deploy' ? [...flood, '{"type":"release"}'] : lines;
    const error = await toldFailureOf(submit());
    expect(error.code).toBe('E_PROGRAM_ANSWER');
    expect(world.progress).toContain('line 100');
    expect(world.progress).toContain('more of its output is not shown');
    expect(world.progress).not.toContain('line 30000');
  });

  it.each([
    ['that takes too long', 'E_PROGRAM_TIMEOUT', []],
    ['whose work is not listed', 'E_PROGRAM_FORGETS', [{ type: 'work', id: 'w1' }]],
  ])(
    '%s is waited for until it has ended, for it may release to the last',
    async (_, code, says) => {
      const start = world.start.bind(world);
      let isOver = false;
      world.start = (program) => {
        if (program.told.LOCKSTEP_OPERATION !== 'deploy') return start(program);
        const { promise: ended, resolve } = Promise.withResolvers<ProgramEnd>();
        const said = says.map((line) => `${JSON.stringify(line)}\n`).join('');
        void Promise.resolve().then(() => program.onOutput('stdout', Buffer.from(said)));
        const end = () => {
          isOver = true;
          resolve({ code: null, signal: 'SIGKILL' });
        };
        // It does not hear of it.
        return { ended, stop: () => void setTimeout(end, 20) };
      };
      const error = await toldFailureOf(submit({ timeoutMs: 60_000 }));
      expect({ code: error.code, isOver }).toEqual({ code, isOver: true });
    },
  );

  it.each(['the gates', 'the lane'])(
    'is not begun once what cleared it is too old, which %s took long over',
    async (which) => {
      const takesLong = async (who: string) => {
        if (who === which) world.jumping.advance(16_000);
        return null;
      };
      const http = {
        ...world.ports().http,
        assertHeld: async () => void (await takesLong('the lane')),
      };
      const clear = () => takesLong('the gates');
      const submitting = world
        .open('production')
        .submit({ ...submission, clear }, { ...world.ports(), http });
      expect((await toldFailureOf(submitting)).code).toBe('E_CLEARANCE_EXPIRED');
      expect(world.submissions('production')).toBe(0);
    },
  );

  it('is not begun by a run that lost its lane', async () => {
    const lost = new Error('the lane is lost');
    const http = { ...world.ports().http, assertHeld: () => Promise.reject(lost) };
    const target = world.open('production');
    await expect(target.submit(submission, { ...world.ports(), http })).rejects.toBe(lost);
    expect(world.submissions('production')).toBe(0);
  });

  it('whose work is nowhere any more is lost, and not waited for to the end', async () => {
    const target = world.open('production');
    const error = await toldFailureOf(
      target.follow({ work: { kind: 'work', id: 'w9' }, timeoutMs: 3_600_000 }, world.ports()),
    );
    expect(error.code).toBe('E_WORK_LOST');
  });
});

describe('the list of releases', () => {
  const observed = () => world.open('production').observe(world.ports());
  const history = () => {
    for (const commit of [one, two, one, two]) world.release('production', commit);
  };

  it.each<[string, (line: Record<string, unknown>) => object | null]>([
    ['its end is missing', (line) => (line.type === 'end' ? null : line)],
    ['a release is missing', (line) => (line.id === '2' ? null : line)],
    [
      'its end names another that runs',
      (line) => (line.type === 'end' ? { ...line, running: '3' } : line),
    ],
    ['two run', (line) => (line.id === '2' ? { ...line, state: 'running' } : line)],
    ['none runs', (line) => (line.id === '4' ? { ...line, state: 'failed' } : line)],
    [
      'one is pending under what runs',
      (line) => (line.id === '2' ? { ...line, state: 'pending' } : line),
    ],
    ['one id stands twice', (line) => (line.id === '2' ? { ...line, id: '3' } : line)],
    ['one is out of order', (line) => (line.id === '3' ? { ...line, number: 0 } : line)],
    [
      'a release is of another commit than its artifact',
      (line) => (line.id === '2' ? { ...line, commit: 'x' } : line),
    ],
    ['a time is none', (line) => (line.id === '2' ? { ...line, at: 'yesterday' } : line)],
  ])('where %s is an error, and nothing is concluded', async (_, change) => {
    history();
    changing('current', change);
    expect((await toldFailureOf(observed())).code).toBe('E_PROGRAM_ANSWER');
  });

  it('that ends before other code is one that does not say what ran before', async () => {
    world.release('production', one);
    changing('current', (line) => (line.type === 'end' ? { ...line, whole: false } : line));
    expect((await toldFailureOf(observed())).code).toBe('E_PROGRAM_SHORT');
    world.release('production', two);
    expect((await observed()).before?.artifact?.commit).toBe(one);
  });

  it('that is not whole tells what to go back to, where one of those that may run is listed', async () => {
    world.release('production', two);
    await submit();
    changing('current', (line) => (line.type === 'end' ? { ...line, whole: false } : line));
    const of = (commit: string) => ({ kind: 'any', id: 'any', digest: null, commit });
    const target = world.open('production');
    const input = { key: submission.key, timeoutMs };
    const never = of('4'.repeat(40));
    const error = await toldFailureOf(target.restore({ ...input, to: [never] }, world.ports()));
    expect(error.code).toBe('E_PROGRAM_SHORT');
    await target.restore({ ...input, to: [never, of(two)] }, world.ports());
    expect((await observed()).running?.artifact.commit).toBe(two);
  });

  it('that is not whole tells of what is listed that it ran before, and of nothing that it did not', async () => {
    history();
    changing('current', (line) => (line.type === 'end' ? { ...line, whole: false } : line));
    const target = world.open('production');
    const { running, before } = await target.observe(world.ports());
    if (running === null || before?.artifact == null) throw new Error('nothing ran');
    const ran = (artifact: Artifact) => target.ranBefore(artifact, running.release, world.ports());
    expect(await ran(before.artifact)).toBe(true);
    const never = { ...before.artifact, id: 'never', digest: null, commit: '4'.repeat(40) };
    expect((await toldFailureOf(ran(never))).code).toBe('E_PROGRAM_SHORT');
  });

  it('tells other code by its commit too, where a digest says that it is the same', async () => {
    history();
    const digest = `sha256:${'e'.repeat(64)}`;
    changing('current', (line) =>
      line.id === '3' || line.id === '4'
        ? { ...line, artifact: { ...(line.artifact as object), digest } }
        : line,
    );
    expect((await observed()).before?.release.id).toBe('3');
  });

  it('is asked for again while the program says that it may be', async () => {
    world.release('production', one);
    let times = 3;
    const start = world.start.bind(world);
    world.start = (program) => {
      times -= 1;
      if (times < 0) return start(program);
      return { ended: Promise.resolve({ code: 75, signal: null }), stop: () => {} };
    };
    expect((await observed()).running?.named).toBe(one);
  });

  it.each([
    '502-11111111/10',
    '502-11111111/10#2',
    '502-11111111/10!restore',
    '502-11111111/10 (log not kept)',
  ])('tells no share for what all of production runs: %s', async (key) => {
    await submit();
    changing('current', (line) => (line.type === 'release' ? { ...line, key } : line));
    const error = await toldFailureOf(observed());
    expect(error.code).toBe('E_PROGRAM_ANSWER');
    expect(error.message).toContain(key);
  });

  it('tells no share for what all of production runs, though it was configured anew since', async () => {
    await submit({ key: '502-11111111/10' });
    world.configure('production');
    expect((await failureOf(observed())).code).toBe('E_PROGRAM_ANSWER');
  });

  it('tells a share for what the canary runs', async () => {
    const canary = commandTargets(world)(settingsOf('canary'));
    await canary.submit({ ...submission, share: 10, key: '502-11111111/10' }, world.ports());
    expect((await canary.observe(world.ports())).running?.artifact.commit).toBe(one);
  });
});

describe('what a program tells of instances', () => {
  const look = async () => {
    world.release('production', one);
    const target = world.open('production');
    const { running } = await target.observe(world.ports());
    if (running === null) throw new Error('nothing runs');
    const { release, artifact } = running;
    const { version } = release;
    world.want('production', 1);
    world.instances('production', [{ name: 'web.1', version, state: 'up', life: 1 }]);
    return target.watch({ release, artifact, timeoutMs, mayHaveNone: false }, world.ports()).look();
  };
  it.each<[string, (lines: Record<string, unknown>[]) => object[]]>([
    ['has no end', (lines) => lines.filter(({ type }) => type !== 'end')],
    ['ends twice', (lines) => [...lines.slice(-1), ...lines]],
    ['says other instances at its end', (lines) => changed(lines, 'end', { instances: 7 })],
    ['says more that are up at its end', (lines) => changed(lines, 'end', { up: 7 })],
    ['names a release that nobody lists', (lines) => changed(lines, 'instance', { release: '77' })],
  ])('is no answer where it %s', async (_, change) => {
    world.spoil = (lines, operation) =>
      operation === 'health'
        ? change(lines.map((line) => JSON.parse(line))).map((line) => JSON.stringify(line))
        : lines;
    expect((await toldFailureOf(look())).code).toBe('E_PROGRAM_ANSWER');
  });

  const changed = (lines: Record<string, unknown>[], of: string, over: object) =>
    lines.map((line) => (line.type === of ? { ...line, ...over } : line));

  it('is no answer where the list of releases lacks the one that was deployed', async () => {
    world.release('production', two);
    changing('current', (line) =>
      line.id === '2'
        ? null
        : line.type === 'end'
          ? { ...line, releases: 1, running: '1' }
          : { ...line, state: 'running' },
    );
    const target = world.open('production');
    const release = { id: '2', version: 'v2' };
    const artifact = { kind: 'any', id: 'any', digest: null, commit: one };
    world.want('production', 1);
    world.instances('production', [{ name: 'web.1', version: 'v1', state: 'up', life: 1 }]);
    const watch = target.watch({ release, artifact, timeoutMs, mayHaveNone: false }, world.ports());
    expect((await toldFailureOf(watch.look())).message).toContain('release 2, which is not listed');
  });
});
