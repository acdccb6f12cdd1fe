/** What the chart hands to each service: of the environment whose turn it is, and of what was verified before. */
import { describe, expect, it } from 'vitest';
import type {
  DeployRequest,
  DomainEvent,
  EnvironmentName,
  EventData,
  EventType,
} from '../../src/machine/events.ts';
import { begin, next } from '../../src/machine/interpret.ts';
import { protectedOf } from '../../src/machine/protected-settings.ts';
import { samples } from '../../src/machine/samples.ts';
import { sample } from './samples.ts';

const asked = samples['deploy.requested'];
const { commit, deploy, lane, branch, build } = asked;
const { production: ran } = samples['deploy.observed'];
const target = (name: EnvironmentName) => ({ kind: 'sample', name: `acme-${name}`, settings: {} });
const endpoint = (name: EnvironmentName) => ({
  ...asked.settings.staging?.verify.endpoints[0],
  url: `https://${name}.acme.test/`,
});
const work = (name: EnvironmentName) => ({ kind: 'build', id: `the work of ${name}` });
const artifact = (by: EnvironmentName) => ({
  ...samples['staging.deployed'].artifact,
  id: `made for ${by}`,
});
const release = (name: EnvironmentName) => ({ id: `released to ${name}`, version: `${name}-1` });

/** No two environments have the same of anything. */
const environment = <N extends EnvironmentName>(name: N, seconds: number) => ({
  target: target(name),
  submits: 'commit' as 'commit' | 'artifact',
  shares: null as number[] | null,
  timeoutMs: seconds * 1_000,
  bakeMs: seconds * 60_000,
  verify: {
    instances: { timeoutMs: seconds * 10_000, settleMs: seconds * 100 },
    waive: [] as ('no-instances' | 'no-checks')[],
    endpoints: [endpoint(name)] as never[],
  },
});
const settings = {
  ...asked.settings,
  staging: environment('staging', 2),
  canary: null as ReturnType<typeof environment> | null,
  production: { ...environment('production', 5), submits: 'artifact' as 'artifact' | 'commit' },
};
const canary = { ...environment('canary', 3), submits: 'artifact' as const };
const withCanary = { ...settings, canary };

type Change = Partial<Omit<DeployRequest, 'settings'>> & { readonly settings?: object };
const requested = (over: Change = {}): DeployRequest =>
  ({ ...asked, settings, ...over }) as DeployRequest;

function event<T extends EventType>(type: T, over: Partial<EventData<T>> = {}): DomainEvent {
  return sample(type, over as never);
}

/** From the commit, or what was verified, to checks that held. @param gives what it makes of a commit; null: it was given it */
function shipped(name: EnvironmentName, made: ReturnType<typeof artifact> | null): DomainEvent[] {
  const of = made ?? artifact('staging');
  return [
    event(`${name}.submitted`, { work: work(name) } as never),
    event(`${name}.released`, { release: release(name).id, artifact: made } as never),
    event(`${name}.deployed`, { release: release(name), artifact: of } as never),
    event(`${name}.instancesUp`),
    event(`${name}.verified`),
    event(`${name}.baked`),
  ];
}

const held = [event('lock.acquired'), event('deploy.observed')];
const passed = event('gates.passed', { cursor: '41', canaryCursor: '7' });

/** What each step was asked for, the last time that it was. */
function inputs(request: DeployRequest, events: readonly DomainEvent[]): Record<string, unknown> {
  let folded = begin(request, 0);
  const found: Record<string, unknown> = {};
  const note = () => {
    for (const [step, { input }] of folded.running) found[step] = input;
  };
  note();
  for (const one of events) {
    const after = next(folded, one, 0);
    if (after === null) throw new Error(`the chart refuses ${one.type}`);
    folded = after;
    note();
  }
  return found;
}

const gates = {
  lane,
  target: target('production'),
  commit: commit.sha,
  killSwitch: 'PRODUCTION_CD_ENABLED',
  overridden: false,
  passesOver: 'none',
  canary: null,
  sources: [target('staging'), target('production')],
};

describe('a deploy through staging to production', () => {
  const request = requested();
  const all = inputs(request, [
    ...held,
    ...shipped('staging', artifact('staging')),
    passed,
    ...shipped('production', null).slice(0, 5),
  ]);
  const given = { ...gates, settings: protectedOf(request) };

  it('waits for its lane, and asks what production runs', () => {
    expect(all.acquireLock).toEqual({
      ...{ deploy, lane, commit: commit.sha, branch, build },
      ...{ stacking: 'skip', lock: asked.settings.lock, purpose: 'deploy' },
    });
    expect(all.observe).toEqual({
      ...{ lane, commit: commit.sha, branch, repository: asked.settings.repository },
      target: target('production'),
      overridden: false,
      givenBy: target('staging'),
      artifact: null,
    });
    expect(all.readGates).toEqual(given);
  });

  it.each<[EnvironmentName, string, number, object]>([
    ['staging', 'Staging', 2, { verified: null, cursor: null, gates: null }],
    [
      'production',
      'Production',
      5,
      {
        verified: {
          artifact: artifact('staging'),
          release: release('staging'),
          at: target('staging'),
        },
        cursor: '41',
        gates: given,
      },
    ],
  ])('has %s given what its settings say, released, and checked', (name, title, seconds, way) => {
    const timeoutMs = seconds * 1_000;
    const up = {
      target: target(name),
      release: release(name),
      artifact: artifact('staging'),
      timeoutMs: seconds * 10_000,
      mayHaveNone: false,
    };
    const checks = { ...up, commit: commit.sha, endpoints: [endpoint(name)] };
    const bakeMs = seconds * 60_000;
    expect(all[`submit${title}`]).toEqual({
      environment: name,
      target: target(name),
      commit: commit.sha,
      share: null,
      key: deploy,
      timeoutMs,
      ...way,
    });
    expect(all[`follow${title}`]).toEqual({ target: target(name), work: work(name), timeoutMs });
    expect(all[`await${title}Release`]).toEqual({
      target: target(name),
      release: release(name).id,
      commit: commit.sha,
      artifact: artifact('staging'),
      timeoutMs,
    });
    expect(all[`await${title}Instances`]).toEqual(up);
    expect(all[`check${title}Health`]).toEqual({ ...checks, settleMs: seconds * 100, bakeMs });
    expect(all[`bake${title}`]).toEqual({ ...checks, bakeMs });
  });

  it.each<[('no-instances' | 'no-checks')[], boolean]>([
    [['no-instances'], true],
    [['no-checks'], false],
    [['no-checks', 'no-instances'], true],
  ])('may have no instances only where that is waived: %j', (waive, mayHaveNone) => {
    const { staging } = settings;
    const waiving = { ...staging, verify: { ...staging.verify, waive } };
    const { awaitStagingInstances, checkStagingHealth, bakeStaging } = inputs(
      requested({ settings: { ...settings, staging: waiving } }),
      [...held, ...shipped('staging', artifact('staging'))],
    );
    for (const input of [awaitStagingInstances, checkStagingHealth, bakeStaging]) {
      expect(input).toMatchObject({ mayHaveNone });
    }
  });

  it('that is resumed is found again by what was made of it on the earlier try', () => {
    const stopped = [...shipped('staging', artifact('staging')), event('production.held')];
    const again = [...stopped, event('deploy.resumed'), event('lock.acquired')];
    const observes = (over: Change = {}) => inputs(requested(over), [...held, ...again]).observe;
    expect(observes()).toMatchObject({ givenBy: target('staging'), artifact: artifact('staging') });
    const { production } = settings;
    const built = { ...settings, production: { ...production, submits: 'commit' } };
    expect(observes({ settings: built })).toMatchObject({ givenBy: null, artifact: null });
  });
});

describe('production that has the commit itself built', () => {
  it('is given nothing that was verified', () => {
    const { production } = settings;
    const built = { ...settings, production: { ...production, submits: 'commit' } };
    const { submitProduction } = inputs(requested({ settings: built }), [
      ...held,
      ...shipped('staging', artifact('staging')),
      passed,
    ]);
    expect(submitProduction).toMatchObject({ verified: null, cursor: '41', key: deploy });
  });
});

describe('the gates', () => {
  const before = [...held, ...shipped('staging', artifact('staging'))];
  const person = samples['deploy.resumed'];

  it('are told whose word ships out of order, and where all of it may have been made', () => {
    const { readGates, observe } = inputs(
      requested({ settings: withCanary, override: person }),
      before,
    );
    expect(observe).toMatchObject({ overridden: true });
    expect(readGates).toMatchObject({
      overridden: true,
      canary: target('canary'),
      sources: [target('staging'), target('canary'), target('production')],
    });
  });
});

describe('a deploy that a person ships by hand', () => {
  const before = [...held, ...shipped('staging', artifact('staging'))];
  const request = requested({ manual: samples['deploy.resumed'] });
  const { rollback } = samples['production.held'];

  it.each<[string, Partial<EventData<'gates.passed'>>, string | null]>([
    ['that one', { lifts: rollback }, rollback.release.id],
    ['none', {}, null],
  ])('passes over any rollback until the gates were read, and then %s', (_, lifts, release) => {
    expect(inputs(request, before).readGates).toMatchObject({ passesOver: 'any' });
    const { submitProduction } = inputs(request, [...before, event('gates.passed', lifts)]);
    expect(submitProduction).toMatchObject({ gates: { passesOver: { release } } });
    const other = inputs(requested(), [...before, event('gates.passed', lifts)]);
    expect(other.submitProduction).toMatchObject({ gates: { passesOver: 'none' } });
  });

  it.each([
    [true, { release: null }],
    [false, 'any'],
  ] as const)(
    'and that found its commit in production (its own: %s) before it lost the lane passes over %j',
    (own, passesOver) => {
      const found = [event('lock.acquired'), event('production.found', { own })];
      const lost = [event('run.resumed'), event('lock.lost')];
      const { readGates } = inputs(request, [...found, ...lost, ...before]);
      expect(readGates).toMatchObject({ passesOver });
    },
  );
});

describe('the wait for the lane', () => {
  const timersOf = (...events: readonly DomainEvent[]) => {
    const start = begin(requested({ settings: withCanary }), 1_000);
    const folded = events.reduce((one, each, i) => next(one, each, 2_000 + i) ?? one, start);
    return [...folded.timers.values()].map(({ dueAt, event: due }) => ({ dueAt, event: due }));
  };

  it('ends when it has taken as long as it may, whenever it was begun', () => {
    const timedOut = { type: 'lock.waitTimedOut', data: { timeoutMs: 3_600_000 } };
    expect(timersOf()).toEqual([{ dueAt: 3_601_000, event: timedOut }]);
    expect(timersOf(event('run.resumed'))).toEqual([{ dueAt: 3_602_000, event: timedOut }]);
    expect(timersOf(event('lock.acquired'))).toEqual([]);
  });

  it('for taking a canary back is as long, and asks for no deploy’s turn', () => {
    const events = [
      ...[...held, ...shipped('staging', artifact('staging')), passed],
      ...[event('canary.submitted'), event('lock.lost'), event('deploy.superseded')],
    ];
    const request = requested({ settings: withCanary });
    const { acquireLock, acquireLockToRestore } = inputs(request, events);
    expect(acquireLockToRestore).toEqual({ ...(acquireLock as object), purpose: 'restore' });
    const step = 'acquireLockToRestore';
    const failure = {
      code: 'E_LANE_BUSY',
      message: 'the lane was not free within 1h',
      hint: 'See who holds it: pipeline status. Go back on the canary by hand, or deploy the next commit.',
      details: { timeoutMs: 3_600_000 },
    };
    const due = { type: 'deploy.failed', data: { step, failure } };
    expect(timersOf(...events)).toEqual([{ dueAt: 3_602_000 + events.length - 1, event: due }]);
  });
});

describe('a canary that is taken back', () => {
  const request = requested({ settings: withCanary });
  const before = [...held, ...shipped('staging', artifact('staging')), passed];
  const canaries = shipped('canary', null);
  const productions = shipped('production', null);
  const ofCanary = { target: target('canary'), work: work('canary') };
  const ofProduction = { target: target('production'), work: work('production') };

  it.each<[string, readonly DomainEvent[], readonly object[], boolean]>([
    ['was asked for', canaries.slice(0, 1), [{ ...ofCanary, release: null }], false],
    [
      'has a release',
      canaries.slice(0, 2),
      [{ ...ofCanary, release: release('canary').id }],
      false,
    ],
    ['runs', canaries.slice(0, 3), [], false],
    [
      'runs, and production was asked for',
      [...canaries, ...productions.slice(0, 1)],
      [{ ...ofProduction, release: null }],
      true,
    ],
  ])('has with it what may not show there yet, where it %s', (_, events, what, isGiven) => {
    const failed = event('deploy.failed', { step: 'followCanary' });
    const { restoreCanary } = inputs(request, [...before, ...events, failed]);
    expect(restoreCanary).toEqual({
      lane,
      target: target('canary'),
      commit: commit.sha,
      keys: [deploy],
      production: { target: target('production'), isGiven, observed: ran?.commit },
      asked: what,
      timeoutMs: 3_000,
    });
  });

  it('is given what staging verified, and each further share what the share before it was', () => {
    const shares = { ...withCanary, canary: { ...canary, shares: [10, 50] } };
    const of = (count: number) =>
      inputs(requested({ settings: shares }), [
        ...before,
        ...Array.from({ length: count }, () => canaries).flat(),
      ]);
    const verified = (name: EnvironmentName) => ({
      artifact: artifact('staging'),
      release: release(name),
      at: target(name),
    });
    expect(of(0).submitCanary).toMatchObject({
      ...{ environment: 'canary', share: 10, key: `${deploy}/10`, cursor: '7' },
      verified: verified('staging'),
    });
    expect(of(1).submitCanary).toMatchObject({
      ...{ environment: 'canary', share: 50, key: `${deploy}/50`, cursor: '7' },
      verified: verified('canary'),
    });
    expect(of(2).submitProduction).toMatchObject({
      ...{ environment: 'production', share: null, key: deploy, cursor: '41' },
      verified: verified('staging'),
    });
  });
});
