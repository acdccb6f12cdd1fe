/** An environment is added by configuration alone: the same program, with another `pipeline.yml`. */
import { expect, it, onTestFinished } from 'vitest';
import { Stage } from './stage.ts';

it('a canary written into pipeline.yml comes between staging and production from the next commit on', {
  timeout: 60_000,
}, async () => {
  const environment = (name: string, deploy = '') =>
    `${name}:\n  heroku: { app: acme-${name}${deploy} }\n  verify: { dynos: { settle: 20ms }, waive: [no-checks] }\n`;
  const ends = [environment('staging'), environment('production', ', deploy: promote')];
  const app = 'app: acme-web\nbranch: master\nrepository: https://github.com/acme/web\n';
  const stage = await Stage.set({ within: true, config: () => app + ends.join('') });
  onTestFinished(() => stage.strike());
  const passes = async (build: number, commit: string): Promise<string[]> => {
    const ended = await stage.advance(build, commit);
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ exit: 0 });
    const types = (await stage.events(build, commit)).map(({ type }) => type);
    return types.filter((type) => type.endsWith('.verified'));
  };

  expect(await passes(501, stage.commit('One'))).toEqual([
    'staging.verified',
    'production.verified',
  ]);
  const [staging = '', production = ''] = ends;
  const canary = environment('canary', ', deploy: promote');
  stage.write('pipeline.yml', app + staging + canary + production);
  expect(await passes(502, stage.commit('Two'))).toEqual([
    'staging.verified',
    'canary.verified',
    'production.verified',
  ]);
});
