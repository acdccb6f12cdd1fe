/** What counts as weaker: any random pair of settings holds if a protected value is weaker or another, and only then. */

import { describe, expect, it } from 'vitest';
import type { DeployRequest, Endpoint, Environment, Settings } from '../../src/machine/events.ts';
import { protectedOf, weakened } from '../../src/machine/protected-settings.ts';
import { samples } from '../../src/machine/samples.ts';
import { fc } from '../fast-check.ts';

type Request = Pick<DeployRequest, 'lane' | 'branch'> & { settings: WithStaging };
/** A canary comes and goes in tests of its own. */
type WithStaging = Omit<Settings, 'staging'> & { staging: Environment };
type Name = 'staging' | 'production';

const url = fc.constantFrom('https://a.test/', 'https://b.test/', 'https://c.test/health');
const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  url,
  status: fc.constantFrom(200, 204, 301),
  timeoutMs: fc.nat(600_000),
  successes: fc.integer({ min: 1, max: 5 }),
  body: fc.option(fc.constantFrom('ok', 'up')),
  header: fc.option(
    fc.record({ name: fc.constantFrom('x', 'y'), value: fc.constantFrom('1', '2') }),
  ),
  revision: fc.option(
    fc.oneof(
      fc.record({ header: fc.constantFrom('x-revision', 'x-sha') }),
      fc.record({ url: fc.constantFrom('https://a.test/sha', 'https://a.test/rev') }),
    ),
  ),
});
const environment: fc.Arbitrary<Environment> = fc.record({
  target: fc.record({
    kind: fc.constantFrom('heroku', 'command'),
    name: fc.constantFrom('acme-a', 'acme-b'),
    settings: fc.constantFrom({}, { deploy: 'bin/deploy' }),
  }),
  submits: fc.constantFrom('commit', 'artifact'),
  shares: fc.constant(null),
  bakeMs: fc.constantFrom(0, 1_000, 600_000),
  timeoutMs: fc.nat(3_600_000),
  verify: fc.record({
    instances: fc.record({ timeoutMs: fc.nat(600_000), settleMs: fc.nat(20_000) }),
    waive: fc.uniqueArray(fc.constantFrom('no-instances' as const, 'no-checks' as const)),
    endpoints: fc.uniqueArray(endpoint, { maxLength: 4, selector: (one) => one.url }),
  }),
});
const request: fc.Arbitrary<Request> = fc.record({
  lane: fc.constantFrom('acme-web', 'acme-api'),
  branch: fc.constantFrom('master', 'main'),
  settings: fc.record({
    stacking: fc.constantFrom('skip', 'every'),
    lock: fc.record({
      provider: fc.constantFrom('store', 'circleci', 'github'),
      timeoutMs: fc.nat(),
      leaseMs: fc.nat(),
    }),
    store: fc.option(fc.constantFrom('sqlite:.pipeline/log.db', 'sqlite:other.db')),
    repository: fc.option(fc.constant('https://github.com/acme/web')),
    staging: environment,
    canary: fc.constant(null),
    production: environment,
    gates: fc.record({
      rollback: fc.constant('hold' as const),
      killSwitch: fc.constantFrom('PRODUCTION_CD_ENABLED', 'DEPLOYS_ON'),
      stuckExit: fc.constantFrom(0, 1),
    }),
  }),
});

const { staging, ...others } = samples['deploy.requested'].settings;
if (staging === null) throw new Error('the sample has staging');
const sampled: Request = { ...samples['deploy.requested'], settings: { ...others, staging } };

const differences = (before: Request, after: Request): string[] =>
  weakened(protectedOf(before), protectedOf(after));

/** One step that makes a request weaker, or another, in one protected value; null where there is nothing to take. */
type Step = (request: Request, name: Name, at: number) => Request | null;

const edit = (
  request: Request,
  name: Name,
  change: (environment: Environment) => void,
): Request => {
  const copy = structuredClone(request);
  change(copy.settings[name]);
  return copy;
};
const editEndpoint = (
  request: Request,
  name: Name,
  at: number,
  change: (endpoint: Endpoint) => void,
): Request | null => {
  const { endpoints } = request.settings[name].verify;
  if (endpoints.length === 0) return null;
  const copy = edit(request, name, ({ verify }) => {
    const found = verify.endpoints[at % endpoints.length];
    if (found !== undefined) change(found);
  });
  return JSON.stringify(copy) === JSON.stringify(request) ? null : copy;
};

const weaker: Readonly<Record<string, Step>> = {
  'another lane': (r) => ({ ...r, lane: `${r.lane}-2` }),
  'another branch': (r) => ({ ...r, branch: `${r.branch}-2` }),
  'another store': (r) => ({ ...r, settings: { ...r.settings, store: 'sqlite:new.db' } }),
  'the lock goes to the CI': (r) =>
    r.settings.lock.provider === 'circleci'
      ? null
      : { ...r, settings: { ...r.settings, lock: { ...r.settings.lock, provider: 'circleci' } } },
  'another kill switch': (r) => ({
    ...r,
    settings: { ...r.settings, gates: { ...r.settings.gates, killSwitch: 'ANYTHING' } },
  }),
  'a target of another name': (r, name) =>
    edit(r, name, (one) => {
      one.target.name = 'acme-z';
    }),
  'a target of another kind': (r, name) =>
    edit(r, name, (one) => {
      one.target.kind = 'other';
    }),
  'a target with other settings': (r, name) =>
    edit(r, name, (one) => {
      one.target.settings = { deploy: 'bin/evil' };
    }),
  'a build of its own instead of the verified artifact': (r, name) =>
    r.settings[name].submits === 'commit'
      ? null
      : edit(r, name, (one) => {
          one.submits = 'commit';
        }),
  'a shorter settle': (r, name) =>
    r.settings[name].verify.instances.settleMs === 0
      ? null
      : edit(r, name, ({ verify }) => {
          verify.instances.settleMs -= 1;
        }),
  'a shorter bake': (r, name) =>
    r.settings[name].bakeMs === 0
      ? null
      : edit(r, name, (one) => {
          one.bakeMs -= 1;
        }),
  'a waiver more': (r, name) =>
    r.settings[name].verify.waive.includes('no-checks')
      ? null
      : edit(r, name, ({ verify }) => verify.waive.push('no-checks')),
  'an endpoint less': (r, name, at) =>
    r.settings[name].verify.endpoints.length === 0
      ? null
      : edit(r, name, ({ verify }) => verify.endpoints.splice(at % verify.endpoints.length, 1)),
  'an endpoint elsewhere': (r, name, at) =>
    editEndpoint(r, name, at, (one) => {
      one.url = 'https://evil.test/';
    }),
  'another status': (r, name, at) =>
    editEndpoint(r, name, at, (one) => {
      one.status = 500;
    }),
  'a lower status': (r, name, at) =>
    editEndpoint(r, name, at, (one) => {
      one.status = 100;
    }),
  'fewer successes': (r, name, at) =>
    editEndpoint(r, name, at, (one) => {
      one.successes = Math.max(1, one.successes - 1);
    }),
  ...Object.fromEntries(
    (['body', 'header', 'revision'] as const).map((what) => [
      `${what} dropped`,
      ((r, name, at) =>
        editEndpoint(r, name, at, (one) => {
          one[what] = null;
        })) satisfies Step,
    ]),
  ),
  'another body': (r, name, at) =>
    editEndpoint(r, name, at, (one) => {
      if (one.body !== null) one.body = 'anything';
    }),
  'another revision': (r, name, at) =>
    editEndpoint(r, name, at, (one) => {
      if (one.revision !== null) one.revision = { header: 'x-mine' };
    }),
};

/** Steps that weaken nothing. */
const harmless: Readonly<Record<string, (request: Request, name: Name) => Request>> = {
  'longer or shorter time-outs': (r, name) =>
    edit(r, name, (one) => {
      one.timeoutMs *= 3;
      one.verify.instances.timeoutMs = 1;
      for (const each of one.verify.endpoints) each.timeoutMs += 1;
    }),
  'endpoints in another order': (r, name) =>
    edit(r, name, ({ verify }) => verify.endpoints.reverse()),
  'an endpoint more': (r, name) =>
    edit(r, name, ({ verify }) =>
      verify.endpoints.push({
        url: 'https://new.test/',
        status: 200,
        timeoutMs: 1,
        successes: 1,
        body: null,
        header: null,
        revision: null,
      }),
    ),
  'the same endpoint twice, once weaker': (r, name) =>
    edit(r, name, ({ verify }) =>
      verify.endpoints.push(
        ...verify.endpoints.flatMap((one) => [100, 500].map((status) => ({ ...one, status }))),
      ),
    ),
  'more successes, a body, a header and a revision where there were none': (r, name) =>
    edit(r, name, ({ verify }) => {
      for (const one of verify.endpoints) {
        one.successes += 1;
        one.body ??= 'ok';
        one.header ??= { name: 'x', value: '1' };
        one.revision ??= { header: 'x-revision' };
      }
    }),
  'a longer settle, no waiver, the verified artifact': (r, name) =>
    edit(r, name, (one) => {
      one.verify.instances.settleMs += 1;
      one.bakeMs += 1;
      one.verify.waive = [];
      one.submits = 'artifact';
    }),
  'the log named by the environment, the lock in it': (r) => ({
    ...r,
    settings: { ...r.settings, store: null, lock: { ...r.settings.lock, provider: 'store' } },
  }),
  'stacking, links': (r) => ({
    ...r,
    settings: { ...r.settings, stacking: 'every', repository: 'https://github.com/acme/new' },
  }),
};

const someEnvironment = fc.constantFrom<Name>('staging', 'production');
const someHarmless = fc.array(
  fc.tuple(fc.constantFrom(...Object.keys(harmless)), someEnvironment),
  {
    maxLength: 4,
  },
);
const strengthened = (from: Request, steps: [string, Name][]): Request =>
  steps.reduce((request, [step, name]) => harmless[step]?.(request, name) ?? request, from);

describe('protected settings', () => {
  it('the same settings hold nothing, and neither does whatever only strengthens them', () => {
    fc.assert(
      fc.property(request, someHarmless, (before, steps) => {
        expect(differences(before, strengthened(before, steps))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it.each(Object.keys(weaker))('%s holds, whatever else is stronger', (step) => {
    let taken = 0;
    fc.assert(
      fc.property(request, someEnvironment, fc.nat(3), someHarmless, (before, name, at, steps) => {
        const after = weaker[step]?.(before, name, at) ?? null;
        fc.pre(after !== null);
        taken += 1;
        expect(differences(before, after as Request), JSON.stringify(after)).not.toEqual([]);
        // What strengthens other values does not make up for it (these do not touch what was weakened).
        const rest = steps.filter(
          ([other]) => other === 'stacking, links' || other.startsWith('longer or'),
        );
        expect(differences(before, strengthened(after as Request, rest))).not.toEqual([]);
      }),
      { numRuns: 100 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  it('is as strong exactly when every check of before is among those of after: by a second definition', () => {
    const asStrong = (a: Endpoint, b: Endpoint): boolean =>
      a.url === b.url &&
      a.status === b.status &&
      b.successes >= a.successes &&
      (['body', 'header', 'revision'] as const).every(
        (what) => a[what] === null || JSON.stringify(a[what]) === JSON.stringify(b[what]),
      );
    fc.assert(
      fc.property(request, request, (before, after) => {
        const [a, b] = [before.settings, after.settings];
        const environments = (['staging', 'production'] as const).every((name) => {
          const [from, to] = [a[name], b[name]];
          return (
            JSON.stringify(from.target) === JSON.stringify(to.target) &&
            !(from.submits === 'artifact' && to.submits === 'commit') &&
            to.verify.instances.settleMs >= from.verify.instances.settleMs &&
            to.bakeMs >= from.bakeMs &&
            to.verify.waive.every((one) => from.verify.waive.includes(one)) &&
            from.verify.endpoints.every((one) =>
              to.verify.endpoints.some((two) => asStrong(one, two)),
            )
          );
        });
        const rest =
          before.lane === after.lane &&
          before.branch === after.branch &&
          (b.store === null || a.store === b.store) &&
          (b.lock.provider === 'store' || a.lock.provider === b.lock.provider) &&
          a.gates.killSwitch === b.gates.killSwitch;
        expect(differences(before, after).length === 0).toBe(environments && rest);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are the same JSON, and so the same digest, for the same rules in another order', () => {
    fc.assert(
      fc.property(request, someEnvironment, (one, name) => {
        const two = harmless['endpoints in another order']?.(one, name) ?? one;
        expect(JSON.stringify(protectedOf(two))).toBe(JSON.stringify(protectedOf(one)));
      }),
    );
  });

  it('says what differs in words', () => {
    const before = sampled;
    const after = structuredClone(before);
    after.branch = 'pull/12';
    after.settings.staging.verify.endpoints = [];
    expect(differences(before, after)).toEqual([
      'branch: master became pull/12',
      expect.stringMatching(/^staging: https:\/\/.* is not asked any more$/),
    ]);
  });

  it('says of an endpoint what is weaker than before, each by its own words', () => {
    const before = sampled;
    const [asked] = before.settings.staging.verify.endpoints;
    const strict = { ...asked, body: 'ok', header: { name: 'x-a', value: '1' } } as Endpoint;
    const told = (loss: Partial<Endpoint>): string[] => {
      const [from, to] = [structuredClone(before), structuredClone(before)];
      from.settings.staging.verify.endpoints = [strict];
      to.settings.staging.verify.endpoints = [{ ...strict, ...loss }];
      return differences(from, to);
    };
    const at = 'staging: https://staging.acme.test/:';
    expect(told({ status: 500 })).toEqual([`${at} status 200 became 500`]);
    expect(told({ successes: 1 })).toEqual([`${at} successes 3 became 1`]);
    expect(told({ body: null })).toEqual([`${at} body is not looked at any more`]);
    expect(told({ body: 'fine' })).toEqual([`${at} another body`]);
    expect(told({ header: null })).toEqual([`${at} header is not looked at any more`]);
    expect(told({ header: { name: 'x-a', value: '2' } })).toEqual([`${at} another header`]);
    expect(told({ revision: null })).toEqual([`${at} revision is not looked at any more`]);
    expect(told({ revision: { url: 'https://a.test/' } })).toEqual([`${at} another revision`]);
  });
});

it('says of another target which it was, with what else was set for it where something was', () => {
  const target = { kind: 'heroku', name: 'acme-production', settings: {} };
  const over = (to: typeof target | { settings: object }) => {
    const before = protectedOf(samples['deploy.requested']);
    const production = { ...before.production, target };
    const after = { ...production, target: { ...target, ...to } } as typeof production;
    return weakened({ ...before, production }, { ...before, production: after });
  };
  expect(over({ ...target, name: 'acme-other' })).toEqual([
    'production: heroku acme-production became heroku acme-other',
  ]);
  expect(over({ settings: { deploy: 'bin/deploy' } })).toEqual([
    'production: heroku acme-production became heroku acme-production {"deploy":"bin/deploy"}',
  ]);
});
