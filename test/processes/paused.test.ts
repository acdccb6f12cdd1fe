/** A holder that is stopped for longer than its lease: it writes nothing more, whoever it wakes up to. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true, timing: { buildMs: 3_000 } });
});
afterEach(() => stage.strike());

const env = { PIPELINE_LEASE: '2s' };
const production = 'acme-production';

describe('a stopped holder', { timeout: 60_000 }, () => {
  it('that was overtaken records nothing more, starts nothing more, and exits 4', async () => {
    const [a, b] = [stage.commit('a'), stage.commit('b')];
    const holder = stage.startAdvance(501, a, env);
    await holder.saw('staging build');
    await stage.stop(holder);
    const before = await stage.events(501, a);
    expect(await stage.advance(502, b, env)).toMatchObject({ exit: 0 });
    const acquired = (await stage.events(502, b)).find(({ type }) => type === 'lock.acquired');
    expect(acquired?.data.takenOver).toMatchObject({ why: 'its lease ran out' });

    const asked = stage.sandbox.requests().filter(({ method }) => method !== 'GET').length;
    holder.process.kill('SIGCONT');
    const ended = await holder.ended;
    expect(ended).toMatchObject({ exit: 4 });
    expect(ended.stderr).toMatch(/error\[E_(OVERTAKEN|LAPSED)\]/);
    expect(await stage.events(501, a)).toEqual(before);
    expect(stage.sandbox.requests().filter(({ method }) => method !== 'GET')).toHaveLength(asked);
    expect(stage.state().promotions).toHaveLength(1);
  });

  it('that nobody overtook stops all the same, and the same command finishes it', async () => {
    const commit = stage.commit('a');
    const holder = stage.startAdvance(501, commit, env);
    await holder.saw('staging build');
    await stage.stop(holder);
    await new Promise((later) => setTimeout(later, 2_500));
    holder.process.kill('SIGCONT');
    const ended = await holder.ended;
    expect(ended).toMatchObject({ exit: 4 });
    expect(ended.stderr).toContain('error[E_LAPSED]');
    expect(await stage.advance(501, commit, env)).toMatchObject({ exit: 0 });
    expect(stage.state().apps['acme-staging']?.builds).toHaveLength(1);
    expect(stage.state().apps[production]?.releases.at(-1)).toMatchObject({ commit });
  });
});
