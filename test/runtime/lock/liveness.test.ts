/** How a CI is asked about the owner of a lease: when there is something to ask, seldom, and without harm. */
import { describe, expect, it } from 'vitest';
import { createLiveness } from '../../../src/runtime/lock/liveness.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';

const job = { ci: 'circleci', project: 'gh/acme/web', number: '501' } as const;
const owner = { run: 'one', job };
const { signal } = new AbortController();

/** A CI that gives these answers in turn. */
function over(...answers: (string | null | Error)[]) {
  const clock = createVirtualClock();
  let asked = 0;
  const liveness = createLiveness({
    clock,
    local: {
      whyDead: ({ pid }) => (pid === 0 ? 'its process is gone' : null),
      ask: async () => false,
    },
    endingOf: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)] ?? null;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { clock, liveness, asked: () => asked };
}

describe('a lease’s owner in CI', () => {
  it('is asked about at once, and not again for half a minute', async () => {
    const { liveness, clock, asked } = over(null, 'it ended');
    expect(await liveness.ask(owner, signal)).toBe(true);
    expect(liveness.whyDead(owner)).toBeNull();
    clock.advance(29_999);
    expect(await liveness.ask(owner, signal)).toBe(false);
    expect(asked()).toBe(1);
    clock.advance(1);
    expect(await liveness.ask(owner, signal)).toBe(true);
    expect(liveness.whyDead(owner)).toBe('it ended');
  });

  it('is never asked about again once it is dead', async () => {
    const { liveness, clock, asked } = over('it ended', null);
    await liveness.ask(owner, signal);
    clock.advance(3_600_000);
    expect(await liveness.ask(owner, signal)).toBe(false);
    expect(liveness.whyDead(owner)).toBe('it ended');
    expect(asked()).toBe(1);
  });

  it('is no other run of the same job', async () => {
    const { liveness } = over('it ended');
    await liveness.ask(owner, signal);
    expect(liveness.whyDead({ ...owner, run: 'two' })).toBeNull();
  });

  it('of which the CI does not answer may be alive', async () => {
    const { liveness, clock } = over(new Error('no answer'), 'it ended');
    expect(await liveness.ask(owner, signal)).toBe(true);
    expect(liveness.whyDead(owner)).toBeNull();
    clock.advance(30_000);
    await liveness.ask(owner, signal);
    expect(liveness.whyDead(owner)).toBe('it ended');
  });
});

it.each([
  ['names no job', { run: 'one' }],
  ['names one that goes into no URL', { run: 'one', job: { ...job, project: 'gh/../../me' } }],
  ['is known to be dead', { ...owner, pid: 0 }],
])('nobody asks a CI about an owner that %s', async (_, someone) => {
  const { liveness, asked } = over('it ended');
  expect(await liveness.ask(someone, signal)).toBe(false);
  expect(asked()).toBe(0);
});
