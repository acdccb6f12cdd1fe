/** What may run on a canary that is taken back: by what production runs, and by what deploys of the lane were live with. */
import { describe, expect, it } from 'vitest';
import { mayRunAgain } from '../../../src/runtime/gates/taking-back.ts';
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
