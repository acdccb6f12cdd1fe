/** Targets are opened with the environment's tokens: what is missing is told before anything is done. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/cli/config/config.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { accountsOf, openTargets } from '../../../src/cli/workspace/targets.ts';
import { UsageError } from '../../../src/errors/error.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { leastConfig } from '../config/config-text.ts';

const around = { root: process.cwd(), env: process.env };

const config = await parseConfig(Buffer.from(leastConfig), 'pipeline.yml');
const { staging } = config;
if (staging === null) throw new Error('the least configuration has staging');
const token = { HEROKU_API_KEY: 'HRKU-1' };
const refused = (work: () => unknown) => toldFailureOf(Promise.resolve().then(work));

describe('the targets of a lane', () => {
  it.each([{}, { HEROKU_API_KEY: '' }, { HEROKU_API_KEY: ' ' }])(
    'without a token are refused by the variable’s name, with how to make one: %j',
    async (env) => {
      const error = await refused(() => openTargets(config, readEnvironment(env), around));
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({
        code: 'E_MISSING_TOKEN',
        message: 'HEROKU_API_KEY is not set',
        hint: expect.stringContaining('`heroku authorizations:create`'),
      });
    },
  );

  it('are those that the settings name', async () => {
    const targets = await openTargets(config, readEnvironment(token), around);
    expect(targets(staging.target).settings).toEqual(staging.target);
    expect(targets(config.production.target).hints.releases).toContain('acme-production');
  });

  it('of a kind that this version does not know are refused by its name', async () => {
    const targets = await openTargets(config, readEnvironment(token), around);
    const error = await refused(() => targets({ kind: 'zeppelin', name: 'z', settings: {} }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.code).toBe('E_TARGET_KIND');
    expect(error.message).toContain('zeppelin');
  });
});

describe('the accounts', () => {
  it('are asked only where there is a token', async () => {
    const herokuBy = async (env: NodeJS.ProcessEnv) =>
      (await accountsOf(readEnvironment(env))).find(({ name }) => name === 'Heroku');
    expect(await herokuBy({})).toMatchObject({ tokenVariables: ['HEROKU_API_KEY'], account: null });
    expect((await herokuBy(token))?.account).toBeTypeOf('function');
  });
});
