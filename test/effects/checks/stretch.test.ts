/** For how long instances have been up, look by look. */
import { describe, expect, it } from 'vitest';
import { Stretch } from '../../../src/effects/checks/stretch.ts';

/** A look a second: the instances that were up, by name and life; an empty one is a look at which one was missing. */
function after(...looks: readonly string[][]) {
  const stretch = new Stretch();
  const said = looks.map((up, i) => {
    const missing = up.length === 0 ? 'web.1 is starting' : '';
    return stretch.see({ up: up.map(instance), missing }, (i + 1) * 1_000);
  });
  const { since, steadyMs, restarts, worst } = stretch;
  return { said: said.at(-1), since, steadyMs, restarts, worst };
}

function instance(text: string) {
  const [name = '', life = ''] = text.split('@');
  return { name, life, version: 'v1' };
}

const broken = 'not all up any more (web.1 is starting)';

describe('a stretch', () => {
  it.each<[string, string[][], Partial<ReturnType<typeof after>>]>([
    ['nothing was up yet', [[]], { said: null, since: null, steadyMs: 0, restarts: 0 }],
    [
      'all go on',
      [['a@1'], ['a@1'], ['a@1']],
      { said: null, since: 1_000, steadyMs: 2_000, restarts: 0 },
    ],
    ['one is missing', [['a@1'], []], { said: broken, since: null, steadyMs: 0, restarts: 1 }],
    ['it is missing still', [['a@1'], [], []], { said: null, since: null, restarts: 1 }],
    [
      'it is back in the life that it had',
      [['a@1'], [], ['a@1'], ['a@1']],
      { said: null, since: 3_000, steadyMs: 1_000, restarts: 1, worst: null },
    ],
    [
      'one has restarted',
      [
        ['a@1', 'b@1'],
        ['a@1', 'b@2'],
      ],
      { said: 'b has restarted', since: 2_000, restarts: 1, worst: { name: 'b', restarts: 1 } },
    ],
    [
      'one of a new name is in its place',
      [
        ['a@1', 'b@1'],
        ['a@1', 'c@2'],
      ],
      { said: 'b has restarted', since: 2_000, restarts: 1, worst: { name: 'c', restarts: 1 } },
    ],
    [
      'that one restarted before, under its name of then',
      [['a@1'], ['b@2'], ['c@3']],
      { said: 'b has restarted', restarts: 2, worst: { name: 'c', restarts: 2 } },
    ],
    [
      'several are replaced, each by one that goes on with its number',
      [
        ['a@1', 'b@1'],
        ['a@1', 'b@2'],
        ['c@3', 'd@3'],
      ],
      { restarts: 2, worst: { name: 'd', restarts: 2 } },
    ],
    [
      'one more is up',
      [['a@1'], ['a@1', 'b@1']],
      { said: null, since: 2_000, restarts: 0, worst: null },
    ],
    ['one less is up', [['a@1', 'b@1'], ['a@1']], { said: null, since: 1_000, restarts: 0 }],
    [
      'it restarted while it was missing',
      [['a@1'], [], ['a@2']],
      { said: null, since: 3_000, restarts: 1, worst: { name: 'a', restarts: 1 } },
    ],
  ])('where %s', (_, looks, seen) => expect(after(...looks)).toMatchObject(seen));
});
