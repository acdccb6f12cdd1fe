/** What the environment may say, and when the kill switch is on. */
import { describe, expect, it } from 'vitest';
import {
  emptyTokens,
  environmentForPrograms,
  readEnvironment,
} from '../../../src/cli/config/environment.ts';
import { LockstepError, UsageError } from '../../../src/errors/error.ts';

function refusalOf(work: () => unknown): LockstepError {
  try {
    work();
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('the environment', () => {
  it.each([
    [{}, []],
    [{ HEROKU_API_KEY: '', SLACK_WEBHOOK_URL: ' ' }, ['SLACK_WEBHOOK_URL']],
  ])('without values has nulls and the vendors’ own addresses: %j', (env, empty) => {
    expect(readEnvironment(env)).toEqual({
      config: null,
      store: null,
      leaseMs: null,
      trust: [],
      targets: expect.objectContaining({
        HEROKU_API_KEY: null,
        HEROKU_API_URL: 'https://api.heroku.com',
      }),
      circleToken: null,
      circleApiUrl: 'https://circleci.com/api/v2',
      githubToken: null,
      githubApiUrl: 'https://api.github.com',
      signingKey: null,
      otlpHeaders: null,
      serveToken: null,
      channels: {
        GITHUB_TOKEN: null,
        GITHUB_API_URL: 'https://api.github.com',
        SLACK_BOT_TOKEN: null,
        SLACK_WEBHOOK_URL: null,
        SLACK_API_URL: 'https://slack.com/api',
      },
      empty,
    });
  });

  it('gives each value under its name; addresses without the slash at their end', () => {
    const env = {
      PIPELINE_CONFIG: 'deploy/pipeline.yml',
      PIPELINE_STORE: 'sqlite:/data/log.db',
      PIPELINE_LEASE: '90s',
      HEROKU_API_KEY: ' HRKU-1234567 ',
      HEROKU_API_URL: 'http://127.0.0.1:4400/',
    };
    expect(readEnvironment(env)).toMatchObject({
      config: 'deploy/pipeline.yml',
      store: 'sqlite:/data/log.db',
      leaseMs: 90_000,
      targets: { HEROKU_API_KEY: 'HRKU-1234567', HEROKU_API_URL: 'http://127.0.0.1:4400' },
    });
  });

  const withDefaults = [
    ...['PIPELINE_STORE', 'PIPELINE_CONFIG', 'PIPELINE_LEASE', 'PIPELINE_TRUST'],
    ...['HEROKU_API_URL', 'CIRCLE_API_URL', 'GITHUB_API_URL', 'SLACK_API_URL'],
  ];
  it.each(withDefaults.flatMap((name) => ['', ' ', '\n', '<nil>'].map((value) => [name, value])))(
    'refuses %s that is set to %j, by its name',
    (name = '', value) => {
      const error = refusalOf(() => readEnvironment({ [name]: value }));
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({
        code: 'E_ENVIRONMENT',
        message: `${name} is set, but to nothing`,
      });
    },
  );

  it('names every variable that is set to nothing', () => {
    const error = refusalOf(() => readEnvironment({ PIPELINE_STORE: '', GITHUB_API_URL: '' }));
    expect(error.message).toContain('PIPELINE_STORE, GITHUB_API_URL are set');
  });

  it.each(['CIRCLE_TOKEN', 'GITHUB_TOKEN', 'SLACK_BOT_TOKEN', 'SLACK_WEBHOOK_URL'])(
    'takes an empty %s as not set, with one line',
    (name) => {
      const environment = readEnvironment({ [name]: '' });
      expect(emptyTokens(environment)).toBe(`${name} is set to nothing: as if not set`);
      expect(emptyTokens(readEnvironment({}))).toBeNull();
    },
  );

  it.each(['soon', '10', '999ms', '0s'])('refuses a lease of %s', (PIPELINE_LEASE) => {
    const error = refusalOf(() => readEnvironment({ PIPELINE_LEASE }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain('PIPELINE_LEASE');
  });

  it.each(['HEROKU_API_URL', 'SLACK_WEBHOOK_URL'])('refuses %s that is no URL, unshown', (name) => {
    const error = refusalOf(() => readEnvironment({ [name]: 'hooks/T0/B0/top-secret' }));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toContain(name);
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('top-secret');
  });
});

describe('a token', () => {
  const sent = ['HEROKU_API_KEY', 'CIRCLE_TOKEN', 'GITHUB_TOKEN', 'SLACK_BOT_TOKEN'];
  const stray = ['\n', '\r\n', '\u200b', '\ufeff', '\u2026', '\u0000', '\u007f'];
  it.each(sent.flatMap((name) => stray.map((character) => [name, character])))(
    'in %s with %j in it is refused by its name, and not shown',
    (name = '', character) => {
      const error = refusalOf(() => readEnvironment({ [name]: `top${character}secret` }));
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({
        code: 'E_ENVIRONMENT',
        message: `${name} holds what no token has`,
      });
      expect(JSON.stringify([error.message, error.hint, error.details])).not.toMatch(/top|secret/);
    },
  );

  it.each(sent)('in %s may end with a line break', (name) => {
    const { targets, circleToken, githubToken, channels } = readEnvironment({ [name]: 'it\n' });
    expect([...Object.values({ ...targets, ...channels }), circleToken, githubToken]).toContain(
      'it',
    );
  });
});

describe('what programs of the team’s own are given', () => {
  it('is the job’s environment without what only Lockstep needs', () => {
    const env = {
      PATH: '/bin',
      AWS_SECRET_ACCESS_KEY: 'theirs',
      GITHUB_TOKEN: 'of many uses',
      PIPELINE_STORE: 'postgres://ours',
      LOCKSTEP_KEY: 'of somebody else',
      SLACK_BOT_TOKEN: 'ours',
      HEROKU_API_KEY: 'ours',
      PGPASSWORD: 'ours',
    };
    expect(environmentForPrograms(env, {})).toEqual({
      PATH: '/bin',
      AWS_SECRET_ACCESS_KEY: 'theirs',
      GITHUB_TOKEN: 'of many uses',
    });
  });
});
