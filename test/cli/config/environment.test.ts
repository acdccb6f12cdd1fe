/** What the environment may say, and when the kill switch is on. */
import { describe, expect, it } from 'vitest';
import {
  emptyTokens,
  environmentForPrograms,
  namedSecrets,
  readEnvironment,
  readNamed,
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

describe('what is refused is told word by word', () => {
  const https = 'Set it to an address that begins with https://, or leave it out.';
  const missing =
    'Most often a secret or a context is missing in this CI job. Set a value, or leave the variable out for its default.';
  const plain =
    'Set it to an address that begins with https://. Only to this machine (127.0.0.1, localhost) may it be http://.';
  const lease = 'Write it like 60s or 2m.';
  const trust =
    'Set it to the 64 hex digits that the held deploy tells (pipeline log); several with commas between.';
  const proxy =
    'Write it with its scheme: http://HOST:PORT. Or leave it out, where the vendors are reached without one.';
  const token =
    'A line break, or a character that nobody sees, was copied along with it. Set the token alone.';
  const digest = 'a'.repeat(64);

  it.each<[NodeJS.ProcessEnv, string, string, string]>([
    [{ PIPELINE_LEASE: '' }, 'E_ENVIRONMENT', 'PIPELINE_LEASE is set, but to nothing', missing],
    [
      { PIPELINE_STORE: ' ', CIRCLE_API_URL: '<nil>' },
      'E_ENVIRONMENT',
      'PIPELINE_STORE, CIRCLE_API_URL are set, but to nothing',
      missing,
    ],
    [
      { PIPELINE_LEASE: '999ms' },
      'E_ENVIRONMENT',
      'PIPELINE_LEASE is not a duration of a second or more: 999ms',
      lease,
    ],
    [{ PIPELINE_TRUST: 'abc' }, 'E_ENVIRONMENT', 'PIPELINE_TRUST is not a digest', trust],
    [
      { PIPELINE_TRUST: `${digest}, ${digest}a` },
      'E_ENVIRONMENT',
      'PIPELINE_TRUST is not a digest',
      trust,
    ],
    [{ PIPELINE_TRUST: `x${digest}` }, 'E_ENVIRONMENT', 'PIPELINE_TRUST is not a digest', trust],
    [{ GITHUB_API_URL: 'api' }, 'E_ENVIRONMENT', 'GITHUB_API_URL is not a URL', https],
    [{ GITHUB_API_URL: 'https://' }, 'E_ENVIRONMENT', 'GITHUB_API_URL is not a URL', https],
    [{ CIRCLE_API_URL: 'https://[' }, 'E_ENVIRONMENT', 'CIRCLE_API_URL is not a URL', https],
    [{ SLACK_WEBHOOK_URL: 'ftp://x' }, 'E_ENVIRONMENT', 'SLACK_WEBHOOK_URL is not a URL', https],
    [
      { SLACK_WEBHOOK_URL: 'http://hooks.test/x' },
      'E_PLAIN_HTTP',
      'SLACK_WEBHOOK_URL would send the webhook over plain http',
      plain,
    ],
    [
      { CIRCLE_API_URL: 'http://ci.test', CIRCLE_TOKEN: 'x' },
      'E_PLAIN_HTTP',
      'CIRCLE_API_URL would send the token in CIRCLE_TOKEN over plain http',
      plain,
    ],
    [{ GITHUB_TOKEN: 'a\nb' }, 'E_ENVIRONMENT', 'GITHUB_TOKEN holds what no token has', token],
    ...['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].flatMap((name) =>
      ['proxy:3128', 'ftp://proxy', 'shttp://proxy', 'http:', 'none'].map(
        (value): [NodeJS.ProcessEnv, string, string, string] => [
          { [name]: value },
          'E_ENVIRONMENT',
          `${name} is not the URL of a proxy`,
          proxy,
        ],
      ),
    ),
  ])('%j', (env, code, message, hint) => {
    const error = refusalOf(() => readEnvironment(env));
    expect({ code: error.code, message: error.message, hint: error.hint }).toEqual({
      ...{ code, message, hint },
    });
  });

  it.each<[NodeJS.ProcessEnv, object]>([
    [{ PIPELINE_TRUST: digest.toUpperCase() }, { trust: [digest] }],
    [
      { PIPELINE_TRUST: ` ${digest} , ${'b'.repeat(64)}\n${digest}` },
      { trust: [digest, 'b'.repeat(64), digest] },
    ],
    [{ PIPELINE_LEASE: '1s' }, { leaseMs: 1_000 }],
    // Without a token nothing secret goes there.
    [{ CIRCLE_API_URL: 'http://ci.test//' }, { circleApiUrl: 'http://ci.test' }],
    [{ GITHUB_API_URL: 'HTTPS://API.test' }, { githubApiUrl: 'HTTPS://API.test' }],
    [
      { PIPELINE_SIGNING_KEY: ' key ', PIPELINE_SERVE_TOKEN: 'open', PIPELINE_OTLP_HEADERS: 'a=b' },
      { signingKey: 'key', serveToken: 'open', otlpHeaders: 'a=b' },
    ],
    [
      { SLACK_WEBHOOK_URL: 'http://127.0.0.1:9/x' },
      { channels: expect.objectContaining({ SLACK_WEBHOOK_URL: 'http://127.0.0.1:9/x' }) },
    ],
    ...['', 'http://proxy:3128', 'https://u:p@proxy', 'socks5://proxy', 'socks://proxy'].map(
      (HTTPS_PROXY): [NodeJS.ProcessEnv, object] => [{ HTTPS_PROXY }, { store: null }],
    ),
  ])('and %j is right', (env, read) => expect(readEnvironment(env)).toMatchObject(read));

  it('tells of several tokens that are set to nothing in one line', () => {
    const environment = readEnvironment({ CIRCLE_TOKEN: '', SLACK_WEBHOOK_URL: '' });
    expect(emptyTokens(environment)).toBe(
      'CIRCLE_TOKEN, SLACK_WEBHOOK_URL are set to nothing: as if not set',
    );
  });
});

describe('the variables that the configuration names', () => {
  const hooks = [
    { on: '*', url: 'https://hooks.test/', secret: ['ONE_SECRET', 'TWO_SECRET'] },
    { on: '*', urlFrom: 'HOOK_ADDRESS', secret: 'THREE_SECRET' },
  ];
  const names = {
    tokens: ['ONE_SECRET', 'TWO_SECRET', 'THREE_SECRET'],
    webhooks: ['HOOK_ADDRESS'],
  };

  it('are its secrets', () => {
    expect(namedSecrets({ hooks })).toEqual(names);
    expect(namedSecrets({ slack: { channel: '#a' } })).toEqual({ tokens: [], webhooks: [] });
    expect(namedSecrets({})).toEqual({ tokens: [], webhooks: [] });
  });

  it('are read by their names, and no program gets them', () => {
    const env = { ONE_SECRET: ' one ', TWO_SECRET: ' ', HOOK_ADDRESS: 'https://hooks.test/x/' };
    expect(readNamed(names, env)).toEqual({
      ...{ ONE_SECRET: 'one', TWO_SECRET: null, THREE_SECRET: null },
      HOOK_ADDRESS: 'https://hooks.test/x',
    });
    expect(environmentForPrograms({ ...env, PATH: '/bin' }, { hooks })).toEqual({ PATH: '/bin' });
    expect(readNamed({ tokens: ['constructor'], webhooks: [] }, env)).toEqual({
      constructor: null,
    });
    const plain = refusalOf(() => readNamed(names, { HOOK_ADDRESS: 'http://hooks.test/x' }));
    expect(plain.message).toBe('HOOK_ADDRESS would send the webhook over plain http');
  });
});
