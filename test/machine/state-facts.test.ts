/** What the chart says of each of its states: whoever needs to know asks here, and by no state's name. */
import { describe, expect, it } from 'vitest';
import { chart } from '../../src/machine/chart.ts';
import { statesOf } from '../../src/machine/outline.ts';
import { nextFor, stateFacts } from '../../src/machine/state-facts.ts';

const leaves = statesOf(chart).filter(({ isLeaf }) => isLeaf);
const stopped = leaves.filter(({ tags }) =>
  ['held', 'paused', 'failed'].some((tag) => tags.includes(tag)),
);

describe('a state in which a deploy waits for a person', () => {
  it('is one of four, at least', () => {
    expect(stopped.length).toBeGreaterThanOrEqual(4);
  });

  it.each(stopped)('$name says what the person can do', ({ name }) => {
    const next = nextFor(name, '502-1a5f89db');
    expect(next).toMatch(/^[A-Z].*[.”"]$/);
    expect(next).toMatch(
      /pipeline (resume 502-1a5f89db --reason "…"|log 502-1a5f89db)|CI job or command again/,
    );
    expect(next).not.toContain('DEPLOY');
    // A shell may have begun it: there is no job then.
    expect(next).not.toMatch(/CI job (?!or command)/);
  });

  it.each(stopped.filter(({ tags }) => tags.includes('held')))(
    '$name, from which only a person leads on, names the command',
    ({ name }) => {
      expect(nextFor(name, '502-1a5f89db')).toContain('pipeline resume 502-1a5f89db --reason "…"');
    },
  );
});

describe('any other state', () => {
  it.each(leaves.filter((state) => !stopped.includes(state)))('$name asks nothing', ({ name }) => {
    expect(nextFor(name, '502-1a5f89db')).toBeNull();
  });

  it('has its tags, also those of the states around it', () => {
    expect(stateFacts('production.live')?.tags).toContain('live');
    expect(stateFacts('production.deploying.following')?.tags).toContain('holdsLock');
  });

  it('that only another chart had is not known', () => {
    expect(stateFacts('verifying.dynos')).toBeNull();
    expect(stateFacts('toString')).toBeNull();
  });
});
