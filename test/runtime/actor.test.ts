/** What whoever acts is called, and how that name came about in words: each way of being seen a row. */
import { describe, expect, it } from 'vitest';
import {
  type Actor,
  actorIn,
  actorName,
  knownName,
  namedIn,
  observedInWords,
  personOf,
} from '../../src/runtime/actor.ts';

const seen = (over: Partial<Actor['observed']> = {}, claimed: string | null = null): Actor => ({
  claimed,
  observed: { ci: null, system: { user: 'ana', host: 'ws-7' }, git: null, account: null, ...over },
});
const build = 'https://ci.acme.test/7';
const git = 'Ana Lima <ana@acme.test>';
const account = 'deploy@acme.test';
const nameless = { system: { user: null, host: 'ws-7' } };

describe('whoever acts', () => {
  it.each<[string, Actor, string, string, string | null]>([
    ['on a machine, as nobody', seen(), 'ana on ws-7', 'ana on ws-7', null],
    ['on a machine without an account', seen(nameless), 'ws-7', 'ws-7', null],
    ['with an identity in git', seen({ git }), git, 'by git identity; ana on ws-7', git],
    ['with a target’s account', seen({ account }), account, 'by account; ana on ws-7', account],
    [
      'with both',
      seen({ git, account }),
      git,
      `by git identity; account ${account}; ana on ws-7`,
      git,
    ],
    [
      'in a CI that knows who',
      seen({ ci: { user: 'bo', run: build }, git }),
      'bo',
      `by CI user; git identity ${git}; ${build}; ana on ws-7`,
      'bo',
    ],
    [
      'in a CI that does not know who',
      seen({ ci: { user: null, run: build } }),
      build,
      `${build}; ana on ws-7`,
      null,
    ],
    ['by a claim', seen({ git }, 'mia'), 'mia', `claimed; git identity ${git}; ana on ws-7`, git],
    [
      'by a claim that is seen',
      seen({ git }, git),
      git,
      'claimed; by git identity; ana on ws-7',
      git,
    ],
  ])('%s has a name, and words for how it came about', (_, actor, name, words, known) => {
    expect([actorName(actor), observedInWords(actor)]).toEqual([name, words]);
    expect(knownName(actor.observed)).toBe(known);
    expect(personOf(actor, 'errors')).toEqual({ actor: name, observed: words, reason: 'errors' });
    expect([namedIn(actor), actorIn(actor)]).toEqual([name, name]);
  });

  it.each([undefined, null, 'ana', {}, { claimed: 'ana' }])(
    'is somebody where an event says %j of it',
    (actor) => {
      expect([namedIn(actor), actorIn(actor)]).toEqual([null, 'somebody']);
    },
  );
});
