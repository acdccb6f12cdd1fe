/** What production and the environments before it run, by what the log knows and what their targets say: which of the two is told, and since when. */
import { describe, expect, it } from 'vitest';
import type { DeployFacts, ReleasedFact } from '../../../src/runtime/standing/deploy-facts.ts';
import type { Known } from '../../../src/runtime/standing/known.ts';
import { placesOf } from '../../../src/runtime/standing/places.ts';
import { commitOf, idOf, offline, releaseOf, runs } from './standing-world.ts';

const timeOf = (n: number): string => new Date(Date.UTC(2026, 0, 5, 10, n)).toISOString();
/** Ran at that minute, which is its position too; verified two minutes later, unless it was not. */
const released = (build: number, at: number, isVerified = true): ReleasedFact => ({
  ...{ release: releaseOf(build), commit: commitOf(build), at: timeOf(at) },
  verifiedAt: isVerified ? timeOf(at + 2) : null,
  position: isVerified ? at + 2 : at,
});
const deploy = (build: number, over: Partial<DeployFacts> = {}): DeployFacts =>
  ({
    row: { deploy: idOf(build), commit: commitOf(build), title: `Title of ${build}` },
    ...{ by: `who asked for ${build}`, sighting: null },
    ...over,
    released: { staging: null, canary: null, production: null, ...over.released },
  }) as DeployFacts;
const inProduction = (build: number, at: number, isVerified = true) =>
  deploy(build, {
    released: { staging: null, canary: null, production: released(build, at, isVerified) },
  });
const saw = (build: number, at: number, version: string | null, back: object | null = null) =>
  deploy(build, {
    sighting: {
      ...{ at: timeOf(at), position: at },
      production: { version, commit: version === null ? null : commitOf(77) },
      back: back as never,
    },
  });
const known = (deploys: readonly DeployFacts[], over: Partial<Known> = {}): Known =>
  ({
    ...{ lane: 'acme-web', marks: {}, takenBack: [], ordered: [], deploys, after: new Map() },
    ...{ living: new Set(), isLifted: () => false, told: offline },
    ...over,
  }) as Known;
const production = (of: Known) => placesOf(of).find((one) => one.environment === 'production');
const back = {
  ...{ rollback: 'r', target: 't', actor: 'mia', from: 'v502', to: releaseOf(500), why: null },
  ...{ release: { id: 'back', version: 'v503' }, commit: commitOf(500), verified: true },
  ...{ time: timeOf(30), position: 30 },
} as unknown as Known['takenBack'][number];

const untold = { untold: null, pending: null, logKnew: null };
const nothing = {
  ...{ environment: 'production', source: 'log', version: null, commit: null, title: null },
  ...{ deploy: null, by: null, since: null, knownAt: null, verified: false, ...untold },
};
const of501 = {
  ...{ environment: 'production', source: 'log', version: 'v501', commit: commitOf(501) },
  ...{ title: 'Title of 501', deploy: idOf(501), by: 'who asked for 501', since: timeOf(5) },
  ...{ knownAt: timeOf(7), verified: true, ...untold },
};

describe('as the log knows it', () => {
  it.each<[string, Known, object]>([
    ['nothing was released, or seen', known([deploy(501)]), nothing],
    ['a deploy verified it', known([inProduction(501, 5)]), of501],
    [
      'no deploy verified it',
      known([inProduction(501, 5, false)]),
      { ...of501, knownAt: timeOf(5), verified: false },
    ],
    ['two were released', known([inProduction(500, 1), inProduction(501, 5)]), of501],
    [
      'two were released, the last one first',
      known([inProduction(501, 5), inProduction(500, 1)]),
      of501,
    ],
    [
      'the same was seen there later: it is known since then',
      known([saw(502, 9, 'v501'), inProduction(501, 5)]),
      { ...of501, knownAt: timeOf(9) },
    ],
    [
      'nothing was seen there later: it is known since then',
      known([saw(502, 9, null), inProduction(501, 5)]),
      { ...of501, knownAt: timeOf(9) },
    ],
    ['another was seen there before', known([saw(502, 3, 'v77'), inProduction(501, 5)]), of501],
    [
      'another was seen there just as it was verified',
      known([saw(502, 7, 'v77'), inProduction(501, 5)]),
      of501,
    ],
    [
      'another was seen there later',
      known([saw(502, 9, 'v77'), inProduction(501, 5)]),
      { ...nothing, version: 'v77', commit: commitOf(77), knownAt: timeOf(9) },
    ],
    [
      'a going-back was seen there: who made it, and when',
      known([saw(502, 9, 'v77', { by: 'eve', at: timeOf(8) }), deploy(77)]),
      {
        ...{ ...nothing, version: 'v77', commit: commitOf(77), title: 'Title of 77' },
        ...{ knownAt: timeOf(9), by: 'eve', since: timeOf(8) },
      },
    ],
    [
      'nothing was seen there, and that is all',
      known([saw(502, 9, null)]),
      { ...nothing, knownAt: timeOf(9) },
    ],
    [
      'a person took it back since',
      known([inProduction(502, 20), deploy(500)], { takenBack: [back] }),
      {
        ...{ ...nothing, version: 'v503', commit: commitOf(500), title: 'Title of 500' },
        ...{ by: 'mia', since: timeOf(30), knownAt: timeOf(30), verified: true },
      },
    ],
    [
      'a deploy was released over what a person took back',
      known([inProduction(501, 50)], { takenBack: [back] }),
      { ...of501, since: timeOf(50), knownAt: timeOf(52) },
    ],
  ])('%s', (_, given, place) => {
    expect(placesOf(given)).toEqual([place]);
  });

  it('what nobody was asked for a reason is told with it', () => {
    const why = 'no token';
    expect(production(known([], { told: { kind: 'notAsked', why } }))?.untold).toBe(why);
    const place = { kind: 'untold', target: 'acme-production', why: 'HTTP 503' } as const;
    const told = { kind: 'asked', at: timeOf(60), places: { production: place } } as const;
    expect(production(known([inProduction(501, 5)], { told }))).toEqual({
      ...of501,
      untold: 'HTTP 503',
    });
  });

  it('production comes first, then what comes before it, as far as anything was released there', () => {
    const both = deploy(501, {
      released: { staging: released(501, 1), canary: released(501, 2, false), production: null },
    });
    expect(
      placesOf(known([both, deploy(502)])).map((one) => [one.environment, one.knownAt]),
    ).toEqual([
      ['production', null],
      ['canary', timeOf(2)],
      ['staging', timeOf(3)],
    ]);
  });
});

describe('as its target tells it', () => {
  const now = {
    ...{ environment: 'production', source: 'target', since: '2026-01-05T13:00:00.000Z' },
    ...{ knownAt: null, ...untold },
  };

  it.each<[string, Known, object]>([
    [
      'a deploy of the lane: who asked for it, and its commit where the target tells none',
      known([inProduction(501, 5)], {
        told: runs(releaseOf(501), { ours: { deploy: idOf(501), verified: true } }),
      }),
      {
        ...{ ...now, version: 'v501', commit: commitOf(501), title: 'Title of 501' },
        ...{ deploy: idOf(501), by: 'who asked for 501', verified: true },
      },
    ],
    [
      'a deploy that is no longer listed: who made it there',
      known([], { told: runs(releaseOf(501), { ours: { deploy: idOf(501), verified: false } }) }),
      {
        ...{ ...now, version: 'v501', commit: null, title: null },
        ...{ deploy: idOf(501), by: 'mia@acme.test', verified: false },
      },
    ],
    [
      'somebody’s release of a commit that the lane knows: and what the log knew',
      known([inProduction(501, 5), deploy(77)], {
        told: runs({ id: 'x', version: 'v600' }, { commit: commitOf(77), by: 'eve' }),
      }),
      {
        ...{ ...now, version: 'v600', commit: commitOf(77), title: 'Title of 77' },
        ...{ deploy: null, by: 'eve', verified: false },
        logKnew: { version: 'v501', deploy: idOf(501) },
      },
    ],
    [
      'what a person’s rollback made',
      known([], { takenBack: [back], told: runs(back.release) }),
      {
        ...{ ...now, version: 'v503', commit: null, title: null },
        ...{ deploy: null, by: 'mia@acme.test', verified: true },
      },
    ],
    [
      'nothing, with a release under way, where the log knew one',
      known([inProduction(501, 5)], {
        told: runs(releaseOf(1), { running: null, pending: { version: 'v9', ageMs: 5 } }),
      }),
      {
        ...{ ...nothing, source: 'target', pending: { version: 'v9', ageMs: 5 } },
        logKnew: { version: 'v501', deploy: idOf(501) },
      },
    ],
  ])('%s', (_, given, place) => {
    expect(placesOf(given)).toEqual([place]);
  });

  it('an environment that was told of is there, though no deploy released to it', () => {
    const { places } = runs(releaseOf(1)) as Extract<Known['told'], { kind: 'asked' }>;
    const staging = { ...places.production, target: 'acme-staging' } as never;
    const { takenBack } = known([], { takenBack: [{ ...back, release: releaseOf(1) }] });
    const asked = { kind: 'asked', at: timeOf(60), places: { staging } } as const;
    // A rollback verifies what production runs, and no other place.
    expect(placesOf(known([], { told: asked, takenBack }))).toMatchObject([
      { environment: 'production', source: 'log', version: 'v1' },
      { environment: 'staging', source: 'target', version: 'v1', verified: false },
    ]);
  });
});
