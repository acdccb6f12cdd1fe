/** What a deploy's own events say of it, event by event: what it released and verified, saw, was held by and lost its lane to. */
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { deployFacts } from '../../../src/runtime/standing/deploy-facts.ts';
import type { RecordedEvent } from '../../../src/store/log.ts';
import { ordered, sample } from '../../machine/samples.ts';
import { run } from '../audit/written.ts';

const row = { commit: 'c'.repeat(40) } as Parameters<typeof deployFacts>[0]['row'];
const timeOf = (n: number): string => new Date(Date.UTC(2026, 0, 5, 10, n)).toISOString();
/** The first event stands at 10, and is of minute 0. */
const recorded = (event: { type: string; data: object }, n: number): RecordedEvent => ({
  ...{ schema: 1, stream: 'deploy/x', hash: '', previousHash: '', ...newEvent(event, run) },
  ...{ position: 10 + n, version: 1 + n, time: timeOf(n) },
});
const factsOf = (...events: readonly (DomainEvent | { type: string; data: object })[]) =>
  deployFacts({ row, events: [sample('deploy.requested'), ...events].map(recorded) });
const { release: made, artifact } = samples['production.deployed'];
const deployedAt = (n: number) => ({ release: made, commit: artifact.commit, at: timeOf(n) });
const { rollback } = samples['production.held'];

describe('what a deploy’s events say', () => {
  it('of one that was only asked for: by whom, and as which build', () => {
    expect(factsOf()).toEqual({
      ...{ row, begun: 10, by: 'ana', build: samples['deploy.requested'].build },
      ...{ passesOver: 'none', sighting: null, end: null },
      ...{ released: { staging: null, canary: null, production: null } },
      ...{ lostTo: null, interruptedBy: null },
    });
  });

  it.each(['staging', 'canary', 'production'] as const)(
    'of %s: what was released there, and when its checks held to their end',
    (name) => {
      const deployed = sample(`${name}.deployed`);
      const { release } = samples[`${name}.deployed`];
      const at = { release, commit: artifact.commit, at: timeOf(1) };
      const of = (...then: DomainEvent[]) => factsOf(deployed, ...then).released[name];
      const verified = { verifiedAt: timeOf(2), position: 12 };
      expect(of()).toEqual({ ...at, verifiedAt: null, position: 11 });
      expect(of(sample(`${name}.verified`))).toEqual({ ...at, ...verified });
      const bakes = sample(`${name}.verified`, { bakeMs: 600_000 });
      expect(of(bakes)).toEqual({ ...at, verifiedAt: null, position: 11 });
      const baked = { verifiedAt: timeOf(3), position: 13 };
      expect(of(bakes, sample(`${name}.baked`))).toEqual({ ...at, ...baked });
      // What was released anew is not verified by what was checked before.
      expect(of(sample(`${name}.verified`), deployed)).toMatchObject({ verifiedAt: null });
      expect(factsOf(sample(`${name}.verified`)).released[name]).toBeNull();
    },
  );

  it('of a canary that was taken back: it is there no more; it is where it was not', () => {
    const back = (over: object) =>
      factsOf(
        sample('canary.deployed'),
        sample('staging.deployed'),
        sample('canary.restored', over),
      ).released;
    expect(back({})).toMatchObject({ canary: null, staging: { at: timeOf(2) } });
    expect(back({ release: null, stays: 'somebody' }).canary).toMatchObject({ at: timeOf(1) });
  });

  it('of its commit that was found in production: as a release of its own commit', () => {
    expect(factsOf(sample('production.found')).released.production).toEqual({
      ...{ ...deployedAt(1), commit: row.commit, verifiedAt: null, position: 11 },
    });
  });

  const { production } = samples['deploy.observed'];
  const other = { version: 'v77', commit: '7'.repeat(40) };
  const seen = { at: timeOf(1), position: 11 };
  it.each<[string, DomainEvent, object | null]>([
    ['a look', sample('deploy.observed'), { ...seen, production, back: null }],
    [
      'the gates',
      sample('gates.passed', { production: other }),
      { ...seen, production: other, back: null },
    ],
    [
      'what superseded it in production',
      superseded({ cause: 'contained', production: other, verified: true }),
      { ...seen, production: other, back: null },
    ],
    ['a newer build', sample('deploy.superseded'), null],
    [
      'a rollback',
      sample('production.held'),
      { ...seen, production: { version: 'v41', commit: rollback.commit }, back: rollback },
    ],
    [
      'a rollback that failed',
      sample('production.held', { rollback: { ...rollback, kind: 'failed-rollback' } }),
      {
        ...{ ...seen, production: { version: null, commit: null } },
        back: { ...rollback, kind: 'failed-rollback' },
      },
    ],
    ['a rollback that is only ordered', sample('production.held', { rollback: ordered }), null],
    ['a failure', sample('deploy.failed'), null],
  ])('of what it saw production run: by %s', (_, event, sighting) => {
    expect(factsOf(event).sighting).toEqual(sighting);
  });

  function superseded(over: object): DomainEvent {
    const data = { step: 'readGates', ...over };
    return { type: 'deploy.superseded', data } as DomainEvent;
  }

  it('of its end, the last one; of none once it went on', () => {
    const second = { ...rollback, release: { id: 'release-43', version: 'v43' } };
    const held = sample('production.held');
    expect(factsOf(held).end).toEqual(held);
    const again = sample('production.held', { rollback: second });
    expect(factsOf(held, sample('deploy.resumed'), again).end).toEqual(again);
    expect(factsOf(held, sample('deploy.resumed')).end).toBeNull();
    const { end: failed } = factsOf(held, sample('deploy.failed', { step: 'restoreCanary' }));
    expect(failed).toEqual(held);
  });

  it('of who has its lane: another one, until it has it again', () => {
    const lost = sample('lock.lost');
    expect(factsOf(sample('lock.acquired'), lost).lostTo).toBe('503-7c3d2e1f');
    expect(factsOf(lost, sample('lock.acquired')).lostTo).toBeNull();
  });

  it('of a signal: the one that its last run ended by', () => {
    const stopped = sample('run.interrupted');
    expect(factsOf(stopped).interruptedBy).toBe('SIGTERM');
    expect(factsOf(stopped, sample('run.resumed')).interruptedBy).toBeNull();
  });

  it('of one by hand: it passes over any rollback, and once its gates were read over the one that they met', () => {
    const manual = { actor: 'mia', observed: 'mia on ws-7', reason: 'mended' };
    const of = (...then: DomainEvent[]) =>
      deployFacts({
        row,
        events: [sample('deploy.requested', { manual }), ...then].map(recorded),
      }).passesOver;
    expect(of()).toBe('any');
    expect(of(sample('gates.passed'))).toEqual({ release: null });
    expect(of(sample('gates.passed', { lifts: rollback }))).toEqual({ release: 'release-41' });
    expect(factsOf(sample('gates.passed')).passesOver).toBe('none');
  });

  it('of what this version cannot read: nothing', () => {
    expect(
      factsOf(sample('production.deployed'), { type: 'deploy.signed', data: {} }),
    ).toMatchObject({
      ...{ released: { production: deployedAt(1) }, end: null },
    });
    expect(deployFacts({ row, events: [] })).toMatchObject({
      begun: 0,
      by: 'somebody',
      build: null,
    });
  });
});
