/** A variable that sounds like a secret and holds the commit that ships: what a deploy goes by is not masked. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deployId, Stage } from './stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.set({ within: true });
});
afterEach(() => stage.strike());

it.each([8, 40])(
  'a cache’s key of %i digits of the commit',
  async (digits) => {
    const commit = stage.commit('a change');
    const env = { CACHE_KEY: commit.slice(0, digits), BRANCH_KEY: 'master' };
    const ended = await stage.run(
      ['advance', '--build', '501', '--commit', commit, '--branch', 'master'],
      env,
    );
    expect(ended).toMatchObject({ exit: 0, stderr: '' });
    expect(ended.stdout).toContain(`${deployId(501, commit)}: production.live`);
    expect(await stage.run(['replay', deployId(501, commit)], env)).toMatchObject({ exit: 0 });
  },
  60_000,
);

it('a token that is the commit’s id: no deploy begins that nobody could read', async () => {
  const commit = stage.commit('a change');
  const ended = await stage.run(
    ['advance', '--build', '501', '--commit', commit, '--branch', 'master'],
    { HEROKU_API_KEY: commit },
  );
  expect(ended).toMatchObject({ exit: 1 });
  expect(ended.stderr).toContain('E_EVENT_MALFORMED');
  expect(JSON.parse((await stage.run(['status', '--json'])).stdout).deploys).toEqual([]);
}, 60_000);
