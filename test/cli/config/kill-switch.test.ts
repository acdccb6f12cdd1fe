/** The kill switch: which variables may be one, when it is on, and that its value is told nowhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { killSwitchFault, readKillSwitch } from '../../../src/cli/config/kill-switch.ts';
import { eventSchemas } from '../../../src/machine/events.ts';
import { codePoint, fc } from '../../fast-check.ts';
import { leastConfig, loadText } from './config-text.ts';

const name = 'PRODUCTION_CD_ENABLED';
const read = (value: string | undefined, isCi = true) =>
  readKillSwitch(name, value === undefined ? {} : { [name]: value }, isCi);

describe('the kill switch', () => {
  it.each([true, false])('is on at exactly `true` (CI: %s)', (isCi) => {
    expect(read('true', isCi)).toEqual({
      on: true,
      killSwitch: { name, state: 'true', why: null },
    });
  });

  it('that is not set is off in CI and on elsewhere', () => {
    const killSwitch = { name, state: 'not set', why: null };
    expect(read(undefined, true)).toEqual({ on: false, killSwitch });
    expect(read(undefined, false)).toEqual({ on: true, killSwitch });
  });

  it.each([
    ['', 'it is empty'],
    [' ', 'it holds nothing but white space'],
    [' true', 'there is white space before the word'],
    ['true\n', 'there is white space after the word'],
    ['\ttrue ', 'there is white space around the word'],
    ['TRUE', 'its letters have to be small'],
    ['True', 'its letters have to be small'],
    [' TRUE', 'there is white space before the word, and its letters have to be small'],
    ['"true"', 'there are quotation marks around the word'],
    ['tr\u200bue', 'it holds a character that cannot be seen'],
    ['\ufefftrue', 'it holds a character that cannot be seen'],
    ['1', 'it is some other word'],
    ['yes', 'it is some other word'],
    ['AKIA-something', 'it is some other word'],
  ])('is off at %j wherever it is read: %s', (value, why) => {
    const killSwitch = { name, state: 'another value', why };
    for (const isCi of [true, false]) expect(read(value, isCi)).toEqual({ on: false, killSwitch });
  });

  it('is on at no other value, and never tells what the value is', () => {
    const marked = fc
      .tuple(fc.string({ unit: codePoint }), fc.string({ unit: codePoint }))
      .map(([before, after]) => `${before}ZQX7${after}`);
    fc.assert(
      fc.property(fc.oneof(fc.string(), marked, fc.mixedCase(fc.constant('true'))), (value) => {
        fc.pre(value !== 'true');
        const told = read(value, false);
        expect(told.on).toBe(false);
        expect(JSON.stringify(told)).not.toContain('ZQX7');
        eventSchemas['production.disabled'].shape.killSwitch.parse(told.killSwitch);
      }),
    );
  });
});

/** Every variable that the package `env-ci` reads from some CI. */
const ofTheCis = (() => {
  const folder = resolve(import.meta.dirname, '../../../node_modules/env-ci/services');
  const names = readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/\benv\.(\w+)/g)].map(
      ([, found]) => found,
    ),
  );
  return [...new Set(names)].filter((found): found is string => found !== undefined);
})();

describe('killSwitch in pipeline.yml', () => {
  const config = (killSwitch: string) => `${leastConfig}gates: { killSwitch: ${killSwitch} }\n`;

  it('knows many CIs', () => {
    expect(ofTheCis.length).toBeGreaterThan(100);
  });

  it.each([
    ...ofTheCis,
    ...['CIRCLECI', 'CIRCLE_OIDC_TOKEN_V2', 'CIRCLE_WORKFLOW_JOB_ID', 'CIRCLE_ANYTHING_NEW'],
    ...['GITHUB_REF_PROTECTED', 'GITHUB_ANYTHING_NEW', 'RUNNER_DEBUG', 'ACTIONS_RUNTIME_URL'],
    ...['CI', 'CONTINUOUS_INTEGRATION', 'TF_BUILD', 'CI_ANYTHING_NEW', 'ci', 'CircleCI'],
  ])('may not be %s, which a CI sets', (variable) => {
    expect(killSwitchFault(variable)).not.toBeNull();
  });

  it.each([
    ...['AWS_SECRET_ACCESS_KEY', 'HEROKU_API_KEY', 'SLACK_BOT_TOKEN', 'DB_PASSWORD', 'npm_token'],
    ...['STRIPE_SECRET', 'apiKey', 'PGPASSWORD', 'MYSQL_PWD', 'SSH_PASSPHRASE', 'CREDENTIALS'],
    ...['DATABASE_URL', 'SENTRY_DSN', 'SLACK_WEBHOOK', 'ACME_PAT', 'BASIC_AUTH', 'APIKEY'],
    ...['SIGNING_CERT', 'SESSION_COOKIE', 'JWT', 'DOCKER_AUTH_CONFIG', 'PRIVATE_PEM', 'oauth'],
  ])('may not be %s, which looks like a secret', (variable) => {
    expect(killSwitchFault(variable)).toContain('secret');
  });

  it.each([
    'PIPELINE_STORE',
    'PIPELINE_TRUST',
    'PIPELINE_CONFIG',
    'PIPELINE_LEASE',
    'CIRCLE_API_URL',
  ])('may not be %s, which Lockstep reads for something else', (variable) =>
    expect(killSwitchFault(variable)).not.toBeNull(),
  );

  it.each([
    ...['PRODUCTION_CD_ENABLED', 'DEPLOY', 'CD', 'SHIP_IT', 'PASSAGE_OPEN', 'RELEASES_ON'],
    ...['PIPELINE_ENABLED', 'ACME_DEPLOYS', 'CIVIL_WAR_OVER', 'COMPASS_ON', 'AUTHORS_MAY_DEPLOY'],
  ])('may be %s', async (variable) => {
    expect(killSwitchFault(variable)).toBeNull();
    const { gates } = await loadText(config(variable));
    expect(gates.killSwitch).toBe(variable);
  });

  it.each(['AWS_SECRET_ACCESS_KEY', 'CIRCLECI'])(
    '%s is refused with its place and what would be right',
    async (variable) => {
      const refused = loadText(config(variable));
      await expect(refused).rejects.toMatchObject({
        code: 'E_CONFIG',
        message: expect.stringMatching(/^pipeline\.yml:6:22 gates\.killSwitch: /),
      });
      await expect(refused).rejects.toThrow('PRODUCTION_CD_ENABLED');
    },
  );
});
