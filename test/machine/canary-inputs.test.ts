/** What the chart hands to the canary's services: the cursor, and the keys under which it is taken back. */
import { describe, expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import type { DomainEvent } from '../../src/machine/events.ts';
import { begin, type FoldedDeploy, next } from '../../src/machine/interpret.ts';
import { type DeployPath, deployPaths, type Way } from '../../src/machine/paths.ts';
import type { ServiceInput } from '../../src/machine/services.ts';

const shortest = deployPaths(chart, ['canary, baked', 'canary first', 'shares', 'shares first'])
  .filter(({ turn }) => turn === null)
  .sort((a, b) => a.steps.length - b.steps.length);

/** The shortest direct path of that way which comes there. */
function pathTo(way: Way, leaf: string): DeployPath {
  const path = shortest.find((one) => one.way === way && one.steps.some(({ to }) => to === leaf));
  if (path === undefined) throw new Error(`no path comes to ${leaf}`);
  return path;
}

/** The deploy after each step, its events changed. */
function* along(
  { request, steps }: DeployPath,
  change: (event: DomainEvent) => DomainEvent = (event) => event,
): Generator<FoldedDeploy> {
  let folded = begin(request, 0);
  for (const { event } of steps) {
    const after = next(folded, change(event), 0);
    if (after === null) throw new Error(`the chart refuses ${event.type}`);
    folded = after;
    yield folded;
  }
}

function inputOf(
  way: Way,
  leaf: string,
  step: string,
  change?: (event: DomainEvent) => DomainEvent,
) {
  for (const { running } of along(pathTo(way, leaf), change)) {
    const found = running.get(step as never);
    if (found !== undefined) return found.input;
  }
  throw new Error(`${step} is never asked for`);
}

const withCursors = (event: DomainEvent): DomainEvent =>
  event.type === 'gates.passed'
    ? { type: event.type, data: { ...event.data, cursor: '41', canaryCursor: '7' } }
    : event;

describe('the canary', () => {
  it('is looked at behind where its own history ended when the gates were read', () => {
    const cursor = (step: string) =>
      (
        inputOf(
          'canary, baked',
          'production.deploying.following',
          step,
          withCursors,
        ) as ServiceInput<'submit'>
      ).cursor;
    expect(cursor('submitStaging')).toBeNull();
    expect(cursor('submitCanary')).toBe('7');
    expect(cursor('submitProduction')).toBe('41');
  });

  it.each<[Way, string[]]>([
    ['canary, baked', ['']],
    ['canary first', ['']],
    ['shares', ['/50', '/10']],
    ['shares first', ['/50', '/10']],
  ])(
    'is taken back under each key that it may have been given, the newest first: %s',
    (way, keys) => {
      const { request } = pathTo(way, 'production.restoring');
      const input = inputOf(
        way,
        'production.restoring',
        'restoreCanary',
      ) as ServiceInput<'restore'>;
      expect(input.keys).toEqual(keys.map((share) => request.deploy + share));
      expect(input.target).toEqual(request.settings.canary?.target);
    },
  );

  it.each<[Way, string, boolean]>([
    ['canary, baked', 'submitStaging', false],
    ['canary, baked', 'submitCanary', true],
    ['canary first', 'submitCanary', true],
    ['canary first', 'submitProduction', true],
  ])('is production: its gates are read before it is written (%s, %s: %s)', (way, step, reads) => {
    const { gates } = inputOf(
      way,
      'production.deploying.following',
      step,
    ) as ServiceInput<'submit'>;
    expect(gates !== null).toBe(reads);
  });
});
