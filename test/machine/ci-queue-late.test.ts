/** Whose turn it is when builds do not start in the order of their pipelines: late ones and re-runs. */
import { describe, expect, it } from 'vitest';
import { type CiBuild, decideCiTurn } from '../../src/machine/ci-queue.ts';

/** @param pipeline what orders builds */
const build = (
  pipeline: number,
  job: number | null,
  state: CiBuild['state'] = 'running',
): CiBuild => ({
  order: pipeline,
  id: job === null ? null : String(job),
  label: String(job ?? `pipeline ${pipeline}`),
  commit: String(pipeline).padEnd(40, '0'),
  state,
});

function turnOf(me: CiBuild, builds: readonly CiBuild[], stacking: 'skip' | 'every' = 'skip') {
  const turn = decideCiTurn({ me, builds, stacking });
  if (turn.kind === 'wait') return `wait ${turn.behind.label}`;
  return turn.kind === 'superseded' ? `superseded ${turn.by.label}` : 'go';
}

describe.each(['skip', 'every'] as const)(
  'a build of an older pipeline, stacking %s',
  (stacking) => {
    it('that starts while a newer one deploys waits for it', () => {
      const [newer, late] = [build(107, 501), build(106, 502)];
      expect(turnOf(late, [newer, late], stacking)).toBe('wait 501');
      expect(turnOf(newer, [newer, late], stacking)).toBe('go');
    });

    it('that is run again in its own pipeline waits for the one that still runs', () => {
      const [first, again] = [build(106, 501), build(106, 502)];
      expect(turnOf(again, [first, again], stacking)).toBe('wait 501');
      expect(turnOf(first, [first, again], stacking)).toBe('go');
    });
  },
);

describe('skip', () => {
  it('gives way to a newer commit that waits as well, not to one that merely started later', () => {
    const [deploys, newer, late] = [build(105, 500), build(107, 501), build(106, 502)];
    const builds = [newer, late, deploys];
    expect(turnOf(deploys, builds)).toBe('go');
    expect(turnOf(newer, builds)).toBe('wait 500');
    expect(turnOf(late, builds)).toBe('superseded 501');
  });

  it('does not give way to the one that deploys: that may fail', () => {
    expect(turnOf(build(106, 502), [build(107, 501), build(106, 502)])).toBe('wait 501');
  });
});

it('goes by when an attempt began where a re-run keeps its number', () => {
  const began = (one: CiBuild, startedAt: number): CiBuild => ({ ...one, startedAt });
  const [again, newer] = [began(build(86, 7_000), 30), began(build(87, 7_001), 20)];
  expect(turnOf(again, [newer, again])).toBe('wait 7001');
  expect(turnOf(newer, [newer, again])).toBe('go');
});

it('is not the next while the list does not know that it began', () => {
  const unknown = build(108, null);
  expect(turnOf(unknown, [build(107, 501)])).toBe('wait 501');
  expect(turnOf(build(107, 501), [build(107, 501), unknown])).toBe('go');
});

it('lets exactly one go, in whatever order builds of whatever pipelines started', () => {
  const orders = (of: readonly number[]): number[][] =>
    of.length < 2
      ? [[...of]]
      : of.flatMap((one) =>
          orders(of.filter((other) => other !== one)).map((rest) => [one, ...rest]),
        );
  for (const pipelines of orders([105, 106, 107, 108])) {
    const builds = pipelines.map((pipeline, place) => build(pipeline, 500 + place));
    for (const stacking of ['skip', 'every'] as const) {
      const turns = builds.map((one) => turnOf(one, builds, stacking));
      expect(turns.filter((turn) => turn === 'go')).toEqual(['go']);
      // The newest commit is never the one that is dropped.
      expect(turns[pipelines.indexOf(108)]).not.toContain('superseded');
    }
  }
});
