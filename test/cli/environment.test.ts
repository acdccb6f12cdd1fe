/** What the environment may say, and that secrets are taken out of texts. */
import { describe, expect, it } from 'vitest';
import {
  readEnvironment,
  redactor,
  requireHerokuToken,
  secretsIn,
  secretsOf,
} from '../../src/cli/environment.ts';
import { LockstepError, UsageError } from '../../src/errors.ts';

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
  it.each([{}, { HEROKU_API_KEY: '', SLACK_WEBHOOK_URL: ' ', CIRCLE_API_URL: '' }])(
    'without values has nulls and the vendors’ own addresses: %j',
    (env) => {
      expect(readEnvironment(env)).toEqual({
        config: null,
        store: null,
        leaseMs: null,
        herokuApiKey: null,
        herokuApiUrl: 'https://api.heroku.com',
        circleToken: null,
        circleApiUrl: 'https://circleci.com/api/v2',
        githubToken: null,
        githubApiUrl: 'https://api.github.com',
        slackBotToken: null,
        slackWebhookUrl: null,
        slackApiUrl: 'https://slack.com/api',
      });
    },
  );

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
      herokuApiKey: 'HRKU-1234567',
      herokuApiUrl: 'http://127.0.0.1:4400',
    });
  });

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

  it('without the Heroku token is refused by name where one is needed', () => {
    const error = refusalOf(() => requireHerokuToken(readEnvironment({})));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.code).toBe('E_MISSING_TOKEN');
    expect(error.message).toContain('HEROKU_API_KEY');
    expect(requireHerokuToken(readEnvironment({ HEROKU_API_KEY: 'HRKU-1' }))).toBe('HRKU-1');
  });
});

describe('the redactor', () => {
  it('knows the passwords of URLs that were given as arguments', () => {
    const url = 'postgres://ada:correct%20horse@host/x';
    const redact = redactor(secretsIn(['import', url, `--store=${url}`, '--reason', 'a: b']));
    expect(redact(`no ${url}, correct horse`)).toBe('no postgres://ada:[secret]@host/x, [secret]');
    expect(secretsIn(['advance', 'log.jsonl', 'sqlite:log.db'])).toEqual([]);
  });

  const environment = readEnvironment({
    HEROKU_API_KEY: 'HRKU-a/b+c=d',
    CIRCLE_TOKEN: 'circle-token-1',
    GITHUB_TOKEN: 'github-token-1',
    SLACK_BOT_TOKEN: 'xoxb-token-1',
    SLACK_WEBHOOK_URL: 'https://hooks.slack.test/services/T0/B0/webhook-token',
  });
  const redact = redactor(secretsOf(environment));

  it.each([
    'HRKU-a/b+c=d',
    'circle-token-1',
    'github-token-1',
    'xoxb-token-1',
    'https://hooks.slack.test/services/T0/B0/webhook-token',
  ])('takes %s out, as it is, in a URL and in base64', (secret) => {
    const forms = [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      Buffer.from(`:${secret}`).toString('base64'),
    ];
    for (const form of forms) {
      expect(redact(`got (${form}) and (${form}) again`)).toBe(
        'got ([secret]) and ([secret]) again',
      );
    }
  });

  it('takes the path of a webhook’s address out where it stands alone', () => {
    expect(redact('POST /services/T0/B0/webhook-token 403')).toBe('POST [secret] 403');
  });

  it.each(['', 'a', 'ab', 'user:'])('takes a token out of base64 after %j', (before) => {
    const text = Buffer.from(`${before}circle-token-1:and more`).toString('base64');
    const shown = redact(`Basic ${text}`);
    expect(shown).toContain('[secret]');
    for (const part of shown.slice('Basic '.length).split('[secret]')) {
      expect(Buffer.from(part, 'base64').toString('latin1')).not.toMatch(/circle|token/);
    }
  });

  it('takes a token out where it stands escaped in JSON', () => {
    const text = redactor(['pass"word\\1'])(JSON.stringify({ error: 'no pass"word\\1' }));
    expect(text).toBe('{"error":"no [secret]"}');
  });

  it('takes the passwords of addresses and of the store out', () => {
    const given = readEnvironment({
      HEROKU_API_URL: 'https://ana:proxy%2Fpassword@proxy.test',
      PIPELINE_STORE: 'postgres://ana:store-password@db.test/log',
    });
    const clean = redactor(secretsOf(given));
    expect(clean('proxy%2Fpassword, proxy/password, store-password at db.test')).toBe(
      '[secret], [secret], [secret] at db.test',
    );
  });

  it('leaves no rest of a secret that begins with another one', () => {
    expect(redactor(['token-1', 'token-1-and-more'])('a token-1-and-more b')).toBe('a [secret] b');
  });

  it('leaves texts alone that are too short to be secrets, and a webhook without a path', () => {
    expect(redactor(['a', 'abcde'])('a cat, abcde')).toBe('a cat, abcde');
    const bare = secretsOf(readEnvironment({ SLACK_WEBHOOK_URL: 'http://127.0.0.1:4405' }));
    expect(redactor(bare)('GET /apps/acme/dynos')).toBe('GET /apps/acme/dynos');
  });
});
