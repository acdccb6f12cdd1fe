/** kill -9 after each event of a deploy (every other one by day), by enumeration, as real processes: the same command finishes it, within this one (kill.test.ts: as a process). */
import { describe, expect, it } from 'vitest';
import { isSoak, often } from '../store/attacks/seed.ts';
import { atEvent } from './at-event.ts';
import { deployId, Stage } from './stage.ts';

/** Events of a deploy that goes live, and of one whose staging dyno crashes. */
const live = 14;
const crashed = 7;
/** The event from which on there is a build that the crash is of. */
const submitted = 4;
/** Once the build, and once the promotion was asked for; all of them with LOCKSTEP_SOAK=1. */
const onFir = [4, 10];

const build = 501;

async function atBoundary(
  count: number,
  arrange: (stage: Stage) => void,
  check: (stage: Stage, commit: string) => Promise<void>,
  generation: 'cedar' | 'fir' = 'cedar',
): Promise<void> {
  const generations = { staging: generation, production: generation };
  const stage = await Stage.set({ generations });
  try {
    // What is asked of a vendor right after an event is under way, and not answered yet.
    stage.sandbox.control.fault({ service: 'heroku', kind: 'delay', delayMs: 60, times: 10_000 });
    arrange(stage);
    const commit = stage.commit('The first');
    const dies = atEvent({ build, commit, count }, 'SIGKILL');
    expect(await stage.startAdvance(build, commit, dies).ended).toMatchObject({ exit: 'SIGKILL' });
    expect(stage.eventCount(build, commit)).toBe(count);
    await check(stage, commit);
  } finally {
    await stage.strike();
  }
}

async function again(stage: Stage, commit: string, exit: number): Promise<void> {
  const ended = await stage.advanceHere(build, commit);
  expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit });
  const replay = await stage.runHere(['replay', deployId(build, commit)]);
  expect(replay, replay.stdout).toMatchObject({ exit: 0 });
  expect(stage.state().apps['acme-staging']?.builds).toHaveLength(1);
}

/** The simulation kills at the awaits between them as well. */
const step = often(2, 1);
const upTo = (n: number): number[] =>
  Array.from({ length: Math.ceil(n / step) }, (_, i) => 1 + i * step);

describe.concurrent('killed right after event', { timeout: 120_000 }, () => {
  const goesLive = async (stage: Stage, commit: string): Promise<void> => {
    await again(stage, commit, 0);
    expect(stage.state().promotions).toHaveLength(1);
    const last = (await stage.events(build, commit)).at(-1);
    expect(last?.metadata.transition).toMatchObject({ to: 'production.live' });
  };

  it.each(upTo(live))('%i of a deploy that goes live: one build, one promotion', (count) =>
    atBoundary(count, () => {}, goesLive),
  );

  // On Fir a build is followed to its image, and a promotion to its release: there it is otherwise than on Cedar.
  it.each(isSoak ? upTo(live) : onFir)(
    '%i of a deploy that goes live on Fir: one build, one promotion',
    (count) => atBoundary(count, () => {}, goesLive, 'fir'),
  );

  // Until its build was asked for it is as any other deploy, which was killed there above.
  it.each(upTo(crashed).filter((count) => isSoak || count >= submitted))(
    '%i of a deploy whose dyno crashes: one build, no promotion',
    async (count) => {
      await atBoundary(
        count,
        (stage) => stage.sandbox.control.crashNextDyno({ app: 'acme-staging' }),
        async (stage, commit) => {
          await again(stage, commit, 1);
          expect(stage.state().promotions).toEqual([]);
          const last = (await stage.events(build, commit)).at(-1);
          expect(last?.metadata.transition).toMatchObject({ to: 'failed' });
        },
      );
    },
  );
});
