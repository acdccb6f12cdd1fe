/** Order is git's: what ships of stacked, re-run, force-pushed and doubled builds, by real processes. */
import { afterEach, describe, expect, it } from 'vitest';
import { defaultConfig, Stage } from './stage.ts';

let stage: Stage;
afterEach(() => stage.strike());

async function ending(build: number, commit: string) {
  const last = (await stage.events(build, commit)).at(-1);
  return {
    type: last?.type,
    data: last?.data,
    ...(last?.metadata.transition as { to: string; reason: string }),
  };
}

describe('stacking', { timeout: 90_000 }, () => {
  it('every: all three ship, in order', async () => {
    stage = await Stage.set({
      within: true,
      config: (urls) => `${defaultConfig(urls)}stacking: every\n`,
    });
    stage.hold();
    const [a, b, c] = [stage.commit('a'), stage.commit('b'), stage.commit('c')];
    const first = stage.startAdvanceHere(501, a);
    await first.saw('took lane');
    const last = stage.startAdvance(503, c);
    await last.saw('waiting');
    const middle = stage.startAdvance(502, b);
    await middle.saw('waiting');
    stage.letGo();
    for (const job of [first, middle, last]) expect(await job.ended).toMatchObject({ exit: 0 });
    const shipped = stage.state().apps['acme-production']?.releases ?? [];
    expect(shipped.map(({ commit }) => commit).filter((commit) => commit !== null)).toEqual([
      a,
      b,
      c,
    ]);
  });

  it('a branch that was force-pushed does not ship by itself, but by a person’s word', async () => {
    stage = await Stage.set({ within: true });
    const base = stage.commit('base');
    const gone = stage.commit('gone');
    expect(await stage.advance(501, gone)).toMatchObject({ exit: 0 });
    stage.git('reset', '--quiet', '--hard', base);
    const pushed = stage.commit('pushed');
    expect(await stage.advance(502, pushed)).toMatchObject({ exit: 1 });
    expect(await ending(502, pushed)).toMatchObject({
      to: 'superseded',
      data: { cause: 'diverged', stuck: { first: true } },
      reason: expect.stringMatching(/follow|diverge/),
    });
    const args = ['advance', '--build', '503', '--commit', pushed, '--branch', 'master'];
    const word = ['--override', '--reason', 'history was rewritten', '--actor', 'ana'];
    expect(await stage.run([...args, ...word])).toMatchObject({ exit: 0 });
    expect(await ending(503, pushed)).toMatchObject({ to: 'production.live' });
    const [requested] = await stage.events(503, pushed);
    expect(requested?.data.override).toEqual({
      actor: 'ana',
      observed: expect.stringMatching(/^claimed; account deploy@acme\.test; /),
      reason: 'history was rewritten',
    });
  });

  it('two builds of one commit: one ships, the other is told that it is there already', async () => {
    stage = await Stage.set();
    stage.sandbox.control.setTiming({ buildMs: 800 });
    const commit = stage.commit('one');
    const jobs = [stage.startAdvance(501, commit), stage.startAdvanceHere(502, commit)];
    for (const job of jobs) expect(await job.ended).toMatchObject({ exit: 0 });
    const ends = [await ending(501, commit), await ending(502, commit)].map(({ to }) => to).sort();
    expect(ends).toEqual(['production.live', 'superseded']);
    expect(stage.state().promotions).toHaveLength(1);
  });
});
