/** Which links on the way to a file that Lockstep writes are refused: the last two always, others where a commit or a stranger could have made them. */
import { describe, expect, it } from 'vitest';
import { type Look, linkOnTheWay } from '../../src/store/private-file.ts';

const [root, us, other, third] = [0, 1000, 2000, 3000];

interface Entry {
  readonly uid: number;
  readonly mode?: number;
  readonly to?: string;
}

/** A file system of these folders and links; every other folder is root's, and nobody else may write there. No checkout but these. */
const world = (entries: Readonly<Record<string, Entry>>): Look => ({
  uid: us,
  at: (path) => {
    if (path.endsWith('/.git') && entries[path] === undefined) return null;
    const { uid, mode = 0o755, to = null } = entries[path] ?? { uid: root };
    return { uid, mode, to };
  },
});

const file = '/srv/ci/work/logs/log.db';

describe('a link on the way to the log', () => {
  it.each<[string, Readonly<Record<string, Entry>>, string | null]>([
    ['there is none', {}, null],
    ['the file itself, ours', { [file]: { uid: us, to: '/x' } }, file],
    ['its folder, ours', { '/srv/ci/work/logs': { uid: us, to: '/x' } }, '/srv/ci/work/logs'],
    ['above, of root: /home is /usr/home', { '/srv': { uid: root, to: '/usr/srv' } }, null],
    ['above, ours', { '/srv/ci': { uid: us, to: '/data/ci' } }, null],
    [
      'above, ours, where everybody may write',
      { '/srv': { uid: root, mode: 0o1777 }, '/srv/ci': { uid: us, to: '/data/ci' } },
      null,
    ],
    [
      'above, of whoever owns its folder: a checkout’s user, and the job is root',
      { '/srv': { uid: other }, '/srv/ci': { uid: other, to: '/data/ci' } },
      null,
    ],
    [
      'above, of a stranger, in a sticky folder such as /tmp',
      { '/srv': { uid: root, mode: 0o1777 }, '/srv/ci': { uid: other, to: '/data/ci' } },
      '/srv/ci',
    ],
    [
      'above, of a stranger, in a folder where everybody may write',
      { '/srv': { uid: us, mode: 0o777 }, '/srv/ci': { uid: other, to: '/data/ci' } },
      '/srv/ci',
    ],
    [
      'above, of a stranger, in a folder of a group',
      { '/srv': { uid: us, mode: 0o775 }, '/srv/ci': { uid: other, to: '/data/ci' } },
      '/srv/ci',
    ],
    [
      'behind a link of ours',
      {
        '/srv/ci': { uid: us, to: '../data/ci' },
        '/data': { uid: root, mode: 0o1777 },
        '/data/ci': { uid: third, to: '/elsewhere' },
      },
      '/data/ci',
    ],
    [
      'above, ours, inside a checkout: a commit could have made it',
      { '/srv/ci/.git': { uid: us }, '/srv/ci/work': { uid: us, to: '/elsewhere' } },
      '/srv/ci/work',
    ],
    [
      'above, ours, deeper inside a checkout, and to another place of it',
      { '/srv/.git': { uid: us }, '/srv/ci/work': { uid: us, to: 'other' } },
      '/srv/ci/work',
    ],
    [
      'above, root’s, inside a checkout: the job is root',
      { '/srv/ci/.git': { uid: root }, '/srv/ci/work': { uid: root, to: '/elsewhere' } },
      '/srv/ci/work',
    ],
    [
      'above, ours, inside a checkout that a link outside of it leads to',
      {
        '/srv/ci': { uid: us, to: '/data/ci' },
        '/data/ci/.git': { uid: us },
        '/data/ci/work': { uid: us, to: '/elsewhere' },
      },
      '/data/ci/work',
    ],
    [
      'above, ours, to a checkout',
      { '/srv/ci': { uid: us, to: '/data/ci' }, '/data/ci/.git': { uid: us } },
      null,
    ],
    [
      'above, ours, beside a checkout',
      { '/srv/web/.git': { uid: us }, '/srv/ci': { uid: us, to: '/data/ci' } },
      null,
    ],
    ['a circle', { '/srv/ci': { uid: us, to: '/srv/ci' } }, null],
    [
      'a folder where everybody may write, and no link',
      { '/srv/ci': { uid: other, mode: 0o777 } },
      null,
    ],
  ])('%s', (_, entries, refused) => {
    expect(linkOnTheWay(file, world(entries))).toBe(refused);
  });

  it('what is not there yet is no link', () => {
    const empty: Look = { uid: us, at: () => null };
    expect(linkOnTheWay(file, empty)).toBeNull();
  });
});
