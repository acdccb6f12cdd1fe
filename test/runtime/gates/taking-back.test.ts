/** What may run on a canary that is taken back: by what production runs, and by what deploys of the lane were live with. */
import { describe, expect, it } from 'vitest';
import type { StepPorts } from '../../../src/effects/ports.ts';
import type { Restored, Target } from '../../../src/effects/targets/target.ts';
import { emptyLane } from '../../../src/machine/lane.ts';
import type { ServiceInput } from '../../../src/machine/services.ts';
import type { ProductionOptions } from '../../../src/runtime/gates/production.ts';
import { mayRunAgain, takeBack } from '../../../src/runtime/gates/taking-back.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';
import { artifactOf } from './production-world.ts';

const [old, last, pushed] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
];
const artifacts = {
  old: artifactOf('s-1', old),
  last: artifactOf('s-2', last),
  pushed: artifactOf('s-3', pushed),
};
type Name = keyof typeof artifacts;

/** Whatever was built of it. */
const any = (commit: string) => ({ kind: 'commit', id: commit, digest: null, commit });

const runs = (name: Name | null, release = 'by-somebody', isRollback = false) =>
  name === null
    ? null
    : { artifact: artifacts[name], release: { id: release, version: 'v9' }, isRollback };
const shipped = {
  deploy: '501-22222222',
  target: 'heroku acme-production',
  release: { id: 'shipped', version: 'v8' },
  commit: last,
  artifact: artifactOf('s-2'),
  settings: null,
};
const lane = { shipped, live: [old, last] };
const fresh = { shipped: null, live: [] };

describe('what may run on the canary again', () => {
  it.each<[string, ReturnType<typeof runs>, typeof lane | typeof fresh, Name[]]>([
    ['production runs what was live last', runs('last', 'shipped'), lane, ['last', 'last']],
    ['production was rolled back to what was live before', runs('old'), lane, ['old', 'last']],
    [
      'production was rolled back to what no deploy of the lane was live with',
      runs('pushed', 'by-somebody', true),
      lane,
      ['pushed', 'last'],
    ],
    ['production runs what nobody verified', runs('pushed'), lane, ['last', 'pushed']],
    ['no deploy of the lane was live', runs('pushed'), fresh, ['pushed']],
    ['production tells nothing', null, lane, ['last']],
    ['nothing is known at all', null, fresh, []],
  ])('where %s', (_, running, of, names) => {
    const before = names.map((name) => artifacts[name]);
    const everLive = of.live.toReversed().map(any);
    expect(mayRunAgain(running, of, null)).toEqual([...before, ...everLive]);
    expect(mayRunAgain(running, of, pushed)).toEqual([...before, any(pushed), ...everLive]);
  });
});

const settings = (name: string) => ({ kind: 'sample', name, settings: {} });

/** @param isGiven whether production was given the commit */
function takenBack(
  target: (name: string) => Target,
  keys: readonly string[],
  isGiven: boolean,
): Promise<unknown> {
  const options = {
    targets: ({ name }: { name: string }) => target(name),
    readLane: async () => emptyLane,
  } as unknown as ProductionOptions;
  const input = {
    ...{ lane: 'acme', target: settings('canary'), commit: pushed, keys, asked: [] },
    production: { target: settings('production'), isGiven, observed: null },
    timeoutMs: 60_000,
  } as unknown as ServiceInput<'restore'>;
  const ports = {
    clock: createVirtualClock(),
    signal: new AbortController().signal,
    progress: () => {},
  } as unknown as StepPorts;
  return takeBack(input, options, (key) => key, ports);
}

describe('a canary that can be taken back under none of the keys', () => {
  const untouched = (runsIt: boolean): Restored => ({ kind: 'untouched', runsIt });

  it.each<[string, Restored[], object]>([
    ['runs it still, by one of them', [untouched(true), untouched(false)], { stays: 'somebody' }],
    ['runs it still, by the last', [untouched(false), untouched(true)], { stays: 'somebody' }],
    ['runs something else', [untouched(false), untouched(false)], { stays: null }],
  ])('%s', async (_, answers, told) => {
    const observed = { cursor: '1', running: null, before: null, failed: [], pending: null };
    const keys = answers.map((_, at) => `key-${at}`);
    const target = (name: string) =>
      ({
        ...{ settings: settings(name), isReadable: true },
        underWay: async () => [],
        observe: async () => observed,
        restore: async ({ key }: { key: string }) => answers[keys.indexOf(key)],
      }) as unknown as Target;
    const restored = await takenBack(target, keys, false);
    expect(restored).toEqual({ kind: 'restored', release: null, ...told });
  });
});

describe('where nothing tells what production runs', () => {
  it.each([
    ['that was given the commit: it counts as run there', true, { stays: 'production' }],
    ['that was not: the canary is taken back', false, { release: { id: 'r', version: 'v1' } }],
  ])('%s', async (_, isGiven, told) => {
    const target = (name: string) =>
      ({
        ...{ settings: settings(name), isReadable: false, underWay: async () => [] },
        restore: async () => ({ kind: 'restored', release: { id: 'r', version: 'v1' } }),
      }) as unknown as Target;
    expect(await takenBack(target, ['key'], isGiven)).toMatchObject(told);
  });
});
