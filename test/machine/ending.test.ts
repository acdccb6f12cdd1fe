/** Which event a deploy ended by, or is held by: on every path of the chart the one that its state tells of. */
import { describe, expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { isEnd, isOfWayBack } from '../../src/machine/ending.ts';
import type { DomainEvent, EventType } from '../../src/machine/events.ts';
import { type DeployPath, deployPaths } from '../../src/machine/paths.ts';
import { stateFacts } from '../../src/machine/state-facts.ts';

/** By the state in which the path ends; what ends elsewhere is live, or gave up waiting. */
const told: Readonly<Record<string, EventType>> = {
  superseded: 'deploy.superseded',
  blockedByRollback: 'production.held',
  disabled: 'production.disabled',
  failed: 'deploy.failed',
};

const paths = deployPaths(chart);
/** What fails is the step that the state before asks for. */
const eventsOf = ({ steps }: DeployPath): DomainEvent[] =>
  steps.map(({ event }, i) => {
    const step = stateFacts(steps[i - 1]?.to ?? '')?.step ?? null;
    if (event.type !== 'deploy.failed' || step === null) return event;
    return { type: event.type, data: { ...event.data, step } };
  });

/** Since a person let it go on last. */
function endOf(events: readonly DomainEvent[]) {
  const since = events.findLastIndex(({ type }) => type === 'deploy.resumed');
  return events.slice(since + 1).findLast(isEnd)?.type;
}

describe('what a deploy ended by', () => {
  it('is of the kind that its state tells of, on every path, also where its canary was not taken back', () => {
    const wrong = paths.filter((path) => {
      const state = path.steps.at(-1)?.to ?? '';
      return endOf(eventsOf(path)) !== told[state];
    });
    expect(wrong.map(({ steps }) => steps.map(({ to }) => to).join(' → '))).toEqual([]);
  });

  it.each(Object.keys(told))('is told apart from the way back’s failure: %s', (state) => {
    const left = paths.filter((path) => {
      const last = eventsOf(path).at(-1);
      return path.steps.at(-1)?.to === state && last !== undefined && isOfWayBack(last);
    });
    expect(left.length).toBeGreaterThan(0);
  });
});
