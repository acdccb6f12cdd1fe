/** Of what a deploy met, what took production back; and which release holds it. */
import { describe, expect, it } from 'vitest';
import type { DomainEvent, EventData } from '../../src/machine/events.ts';
import type { LaneEvent } from '../../src/machine/lane.ts';
import { samples } from '../../src/machine/samples.ts';
import { goingBackIn, releaseHolding, takenBackBy } from '../../src/machine/taken-back.ts';
import { ordered } from './samples.ts';

type Holding = EventData<'production.held'>['rollback'];
const { rollback, step } = samples['production.held'];
const of = (kind: Holding['kind']) => ({ ...rollback, kind }) as Holding;

it.each([
  ['rollback', true],
  ['older-artifact', true],
  ['behind', true],
  ['unknown', true],
  ['failed-rollback', false],
  ['failed-behind', false],
  ['ordered', false],
] as const)('%s: it is told as a going-back only where something went back: %s', (kind, isTold) => {
  const held: DomainEvent = { type: 'production.held', data: { step, rollback: of(kind) } };
  expect(goingBackIn(held)).toEqual(isTold ? of(kind) : null);
  if (kind === 'ordered') return;
  const data = { ...samples['gates.passed'], lifts: of(kind) as never };
  expect(goingBackIn({ type: 'gates.passed', data })).toEqual(isTold ? of(kind) : null);
});

describe('what became of a rollback', () => {
  const { rollback: id, to, actor, observed, reason } = ordered;
  const about = { target: 'sample acme-production', to, actor, observed, reason };
  const release = { id: 'release-9', version: 'v9' };
  const commit = 'c'.repeat(40);
  const done = (rollback: string = id): LaneEvent => ({
    type: 'rollback.done',
    data: { ...about, rollback, release, commit },
  });
  const failed = (made?: null | { runs: boolean }): LaneEvent => ({
    type: 'rollback.failed',
    data: {
      ...{ ...about, rollback: id, code: 'E_UNHEALTHY', message: 'web.1 crashed' },
      ...(made === undefined ? {} : { made: made && { ...made, release, commit } }),
    },
  });

  it.each<[string, LaneEvent[], string | null, boolean | null]>([
    ['it took production back', [done()], release.id, true],
    ['its release runs, and its checks did not hold', [failed({ runs: true })], release.id, false],
    // It may come to run yet, and is lifted with the others.
    ['its release did not come to run', [failed({ runs: false })], release.id, null],
    ['it made none', [failed(null)], null, null],
    ['nobody looked what it had made', [failed()], null, null],
    ['it waits yet, and another one is done', [done('another')], null, true],
    ['nothing ended', [], null, null],
    ['another one was done before it', [done('another'), done()], release.id, true],
  ])('%s', (_, since, holds, verified) => {
    expect(releaseHolding(ordered, since)).toBe(holds);
    const back = since.map(takenBackBy).findLast((one) => one !== null);
    expect(back?.verified ?? null).toBe(verified);
    if (back != null) expect(back).toMatchObject({ release, to, commit, actor });
  });

  it('a release that a deploy met holds it, whatever came since', () => {
    expect(releaseHolding(of('rollback'), [done()])).toBe(rollback.release.id);
  });
});
