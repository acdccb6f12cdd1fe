/** What of an environment is a secret, what is not, and that the log's own words and names stay. */

import { beforeEach, describe, expect, it } from 'vitest';
import { secretVariables } from '../../src/cli/config/environment.ts';
import { samples } from '../../src/machine/samples.ts';
import { logVocabulary } from '../../src/machine/vocabulary.ts';
import { cutOff } from '../../src/redaction/cut.ts';
import { Gate, within } from '../../src/redaction/gate.ts';

let gate: Gate;
beforeEach(() => {
  gate = new Gate();
});

const sha = '1a5f89db9a6a62f29689b6eeea65e6b6eb0879cd';

describe('a secret', () => {
  const secrets: readonly (readonly [string, string, ...string[]])[] = [
    ['HEROKU_API_KEY', 'HRKU-a/b+c=d'],
    ['HEROKU_API_KEY', '01234567-89ab-cdef-0123-456789abcdef'],
    ['CIRCLE_TOKEN', 'abcdefghijklmnopqrst'],
    ['PGPASSWORD', 'hunter2'],
    ['PGPASSWORD', 'pass'],
    ['PGPASSWORD', 'postgres'],
    ['PGPASSWORD', '4711'],
    ['PIPELINE_STORE', 'postgres://ana:postgres@db.test/log', 'postgres'],
    ['HTTPS_PROXY', 'http://ana:secret@proxy.test:3128', 'secret'],
    ['GITHUB_API_URL', 'http://ana:secret@github.test', 'secret'],
    ['DATABASE_URL', 'postgres://postgres:postgres@db.test/log', 'postgres:postgres'],
    ['POSTGRES_PASSWORD', 'postgres1'],
    ['POSTGRES_PASSWORD', 'Postgres-7'],
    ['POSTGRES_PASSWORD', 'correcthorse'],
    ['POSTGRES_PASSWORD', 'pOsTgReS'],
    ['DEVICE_PASSCODE', '471108'],
    ['API_TOKEN', '12345678901234567890'],
    ['MAX_TOKEN', 'q7Zk2vXw'],
    ['MYSQL_PWD', 'swordfish'],
    ['NPM_TOKEN', 'npm_abcdef0123'],
    ['AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG'],
    ['STRIPE_KEY', 'sk_live_0123abc'],
    ['NPM_CONFIG__AUTH', 'YW5hOnB3MTIz'],
    ['DB_PASSWORDS', 'one two 3'],
    ['DOCKER_AUTH', '{"auths":{"x":1}}x'],
    ['GH_PAT', 'ghp_abcdef0123'],
    ['GCP_CREDS', 'creds-of-ours'],
    ['SESSION_JWT', 'eyJhbGciOiJI'],
    [
      'TEAMS_WEBHOOK_URL',
      'https://acme.webhook.office.test/webhookb2/0123456789abcdef0123/IncomingWebhook/fedcba9876543210?sig=aBcDeFgHiJkLmNoPq',
      '0123456789abcdef0123',
      'fedcba9876543210',
      'aBcDeFgHiJkLmNoPq',
    ],
    [
      'PIPELINE_OTLP_HEADERS',
      'api-key=a%20key,x-team=0123456789abcdef',
      'a%20key',
      'a key',
      '0123456789abcdef',
    ],
    ['HTTPS_PROXY', 'http://ana:prox%2Fy-pass@proxy.test:3128', 'prox%2Fy-pass', 'prox/y-pass'],
    ['http_proxy', 'ana:proxypass@proxy.test:3128', 'proxypass'],
    ['ALL_PROXY', 'socks5://ana:sockspass@proxy.test', 'sockspass'],
    ['DATABASE_URL', 'postgres://ana:db-pass@db.test/log', 'db-pass'],
    ['PIPELINE_STORE', 'postgres://ana:store-pass@db.test/log', 'store-pass'],
    ['HEROKU_API_URL', 'https://ana:url-pass@heroku.test', 'url-pass'],
    [
      'SLACK_WEBHOOK_URL',
      'https://hooks.slack.com/services/T0TEAM/B0BOT/webhook-token',
      '/services/T0TEAM/B0BOT/webhook-token',
      'T0TEAM',
      'B0BOT',
      'webhook-token',
    ],
    ['SLACK_WEBHOOK_URL', 'https://chat.test/hooks?id=query-token', 'query-token'],
    ['SLACK_WEBHOOK_URL', 'https://chat.test/hooks/path%2Ftoken', 'path/token'],
  ];
  it.each(secrets)('is what %s holds: %s', (name, value, ...parts) => {
    gate.hideSecretsOf({ [name]: value }, secretVariables);
    for (const part of parts.length === 0 ? [value] : parts) {
      expect(gate.redact(`it said (${part}) to us`)).toBe('it said ([secret]) to us');
    }
  });

  it('is each line of a key', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n-----END KEY-----';
    gate.hideSecretsOf({ DEPLOY_KEY: key }, secretVariables);
    expect(gate.redact('line MIIEvQIBADANBg of it')).toBe('line [secret] of it');
    expect(gate.redact('-----BEGIN KEY-----')).toBe('-----BEGIN KEY-----');
    expect(gate.redact('in one: MIIEvQIBADANBgkqhkiG9w0BAQ.')).toBe('in one: [secret].');
    expect(gate.redact('as MIIEvQIB\nADANBgkqhkiG9w\n0BAQ.')).toBe('as [secret].');
  });

  it('is what is known to be one, though a name has it in it, and a short one that is a part of a name', () => {
    gate.hide('acme-web-token');
    gate.hideSecretsOf({ DB_PASSWORD: 'w3b-1' }, secretVariables);
    gate.keepNames('acme-web-token-store', 'acme-w3b-1');
    expect(gate.redact('acme-web-token, w3b-1')).toBe('[secret], [secret]');
  });

  it('is a password in an argument, in the configuration, in a git remote', () => {
    gate.hideSecretsOf({}, secretVariables, [
      'import',
      'postgres://a:arg-pass@h/x',
      '--store=postgres://a:arg2pass@h/x',
    ]);
    gate.hidePasswordsOf(
      'postgres://a:conf-pass@h/x',
      'https://x-access-token:ghs_remote@github.com/a/b',
    );
    expect(gate.redact('arg-pass arg2pass conf-pass ghs_remote')).toBe(
      '[secret] [secret] [secret] [secret]',
    );
  });
});

describe('no secret', () => {
  it.each([
    ['USE_TOKEN', 'true'],
    ['TOKEN_URL', 'https://auth.test/token'],
    ['SSH_AUTH_SOCK', '/tmp/ssh-1/agent.1'],
    ['GIT_AUTHOR_NAME', 'Ana Lima'],
    ['GITHUB_TOKEN_FILE', '/run/token'],
    ['AWS_ACCESS_KEY_ID', 'AKIA0123456789'],
    ['TOKENIZERS_PARALLELISM', 'false'],
    ['PWD', '/home/ana/project'],
    ['OLDPWD', '/home/ana/project'],
    ['CACHE_KEY', 'node-modules'],
    ['EMAIL', 'ana.maria.de.lima.santos@acme.test'],
    ['KEYBOARD', 'us-intl-2'],
    ['PRODUCTION_CD_ENABLED', 'true'],
    ['SLACK_WEBHOOK_URL', 'http://127.0.0.1:4405'],
    ['DEPLOY_WEBHOOK', 'https://acme.test/hooks/deploy'],
    ['COMPAT', 'glibc-2.31'],
    ['POSTGRES_PASSWORD', 'postgres'],
    ['MYSQL_ROOT_PASSWORD', 'root'],
    ['DATABASE_URL', 'postgres://postgres:postgres@db.test/log', 'postgres'],
    ['RABBITMQ_DEFAULT_PASS', 'guest'],
    ['DB_PASSWORD', 'PASSWORD'],
    ['DB_PASSWORD', 'Secret'],
    ['DB_PASSWORD', '1234'],
    ['MAX_TOKENS', '200000'],
    ['TOKENS_PER_MINUTE', '90000'],
    ['OPENAI_MAX_OUTPUT_TOKENS', '128000'],
    ['TOKEN_LIMIT', '1000000'],
    ['PASSWORD_MIN_LENGTH', '12000'],
    ['TOKEN_TIMEOUT_MS', '1500.5'],
    ['SECRETS_COUNT', '10001'],
    ['PIPELINE_OTLP_HEADERS', 'x-dataset=production,x-a=b', 'production'],
  ])('is what %s holds: %s', (name, value, part = value) => {
    gate.hideSecretsOf({ [name]: value }, secretVariables);
    const text = `it said (${part}) to us at http://127.0.0.1/apps`;
    expect(gate.redact(text)).toBe(text);
    const log = { message: text, values: [part] };
    expect(gate.redactAll(log)).toEqual(log);
  });

  it('is the commit’s id in a cache’s key, as the CI tells it', () => {
    gate.hideSecretsOf({ CIRCLE_SHA1: sha, CACHE_KEY: sha }, secretVariables);
    expect(gate.redact(sha)).toBe(sha);
  });

  it('is what the paths of webhooks of a kind have in common', () => {
    for (const path of ['api/webhooks/0123/abcd0123/slack', 'hooks/abcd0123'])
      gate.hideSecretsOf({ SLACK_WEBHOOK_URL: `https://chat.test/${path}` }, secretVariables);
    const text = 'slack answered; the hooks, an api and its webhooks are here';
    expect(gate.redact(text)).toBe(text);
    expect(gate.redact('abcd0123 0123')).toBe('[secret] [secret]');
  });

  it('is the name of an app or a lane', () => {
    gate.hideSecretsOf({ DB_PASSWORD: 'acme-web', APP_SECRET: 'acme-web' }, secretVariables);
    gate.keepNames('acme-web-staging', 'acme-web');
    expect(gate.redactAll({ app: 'acme-web-staging' })).toEqual({ app: 'acme-web-staging' });
  });

  it('is a word of the log’s own, in a field or as its name', () => {
    const words = logVocabulary();
    gate.hideSecretsOf(
      Object.fromEntries([...words].map((word, i) => [`N${i}_PASSWORD`, word])),
      secretVariables,
    );
    gate.keepVocabulary(words);
    expect(gate.redactAll(samples)).toEqual(samples);
  });
});

describe('what passes the gate', () => {
  const secret = 'HRKU-a/b+c=d-0123456789';

  it('is cut after it was masked: no half of a secret is left at the cut', () => {
    gate.hide(secret);
    const text = `see ${secret} there`;
    for (let max = 1; max <= text.length; max++) {
      const cut = within(gate, () => cutOff(text, max));
      expect(cut.length).toBeLessThanOrEqual(max);
      for (let size = 6; size <= secret.length; size++) {
        expect(cut).not.toContain(secret.slice(0, size));
      }
    }
  });

  it('is clean in the names of fields, too, however deep', () => {
    gate.hide(secret);
    const clean = JSON.stringify(gate.redactAll({ a: [{ [secret]: { [`x${secret}`]: secret } }] }));
    expect(clean).not.toContain(secret);
    expect(clean.match(/\[secret\]/g)).toHaveLength(3);
  });
});
