/** Hooks in `pipeline.yml`: what may be written, how mistakes are told, and what is read of the environment. */
import { describe, expect, it } from 'vitest';
import { namedSecrets, readNamed } from '../../../src/cli/config/environment.ts';
import { open } from '../../../src/effects/channels/hooks/open.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { eventSchemas } from '../../../src/machine/events.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { leastConfig, loadText } from './config-text.ts';

const hooks = (...lines: readonly string[]): string =>
  `${leastConfig}notify:\n  hooks:\n${lines.map((line) => `    - ${line}\n`).join('')}`;
const mistakesIn = async (...lines: readonly string[]): Promise<string> =>
  (await toldFailureOf(loadText(hooks(...lines)))).message;

const page = '{ on: deploy.failed, run: bin/page }';
const post = '{ on: "*", url: https://example.com/deploys, secret: HOOK_SECRET }';

describe('hooks', () => {
  it.each([
    page,
    post,
    '{ on: ["production.*", deploy.failed], run: bin/page --now, env: [PAGER_KEY] }',
    '{ on: "*.disabled", urlFrom: CHAT_URL, secret: [NEW_SECRET, OLD_SECRET], name: chat }',
    '{ on: "*", url: http://127.0.0.1:8080/x?y=1, secret: S }',
  ])('may be %s', async (line) => {
    expect((await loadText(hooks(line))).notify.hooks).toHaveLength(1);
  });

  it.each([...Object.keys(eventSchemas)])(
    'are told of %s by its name and by its family',
    async (type) => {
      await loadText(hooks(`{ on: [${type}, "${type.split('.')[0]}.*"], run: x }`));
    },
  );

  it.each([
    [
      '{ on: prodution.verified, run: x }',
      '[0].on: has to match an event; did you mean production.verified?',
    ],
    ['{ on: "prodution.*", run: x }', 'did you mean production.*?'],
    ['{ on: [deploy.failed, lane.shipped], run: x }', '[0].on[1]: has to match an event'],
    ['{ on: "nothing like it", run: x }', 'known are deploy.*'],
    ['{ on: [], run: x }', '[0].on: has to have an event'],
    ['{ on: 3, run: x }', '[0].on: has to be an event'],
    ['{ run: x }', '[0].on: has to be an event, a pattern such as production.*, or a list of them'],
    ['{ on: "*" }', '[0]: has to have one of url, urlFrom and run'],
    [
      '{ on: "*", url: https://a.test/, run: x, secret: S }',
      'has to have one of url, urlFrom and run',
    ],
    ['{ on: "*", url: https://a.test/ }', 'has to have a secret'],
    ['{ on: "*", url: http://a.test/, secret: S }', '[0].url: has to begin with https://'],
    ['{ on: "*", url: https://ana:pw@a.test/, secret: S }', 'without a name or password in it'],
    [
      '{ on: "*", url: https://a.test/, secret: whsec_abcdef }',
      'has to be the name of an environment variable',
    ],
    ['{ on: "*", url: https://a.test/, secret: S, env: [A] }', '[0].env: is for a command'],
    ['{ on: "*", run: x, secret: S }', '[0].secret: signs what goes to a URL'],
    [
      '{ on: "*", run: x, env: [A=b] }',
      '[0].env[0]: has to be the name of an environment variable',
    ],
    ['{ on: "*", run: "  " }', '[0].run: has to be a command'],
    ['{ on: "*", run: x, name: Page! }', '[0].name: has to be a name of small letters'],
    ['{ on: "*", run: x, nam: page }', 'unknown key notify.hooks[0].nam; did you mean name?'],
  ])('may not be %s', async (line, told) => {
    const message = await mistakesIn(line);
    expect(message).toContain(told);
    expect(message).toMatch(/^pipeline\.yml:8:\d+ notify\.hooks|^pipeline\.yml:8:\d+ unknown key/);
  });

  it.each([
    [[page, page], 'notify.hooks[1]: has the target of hook 1'],
    [
      [page, post, post.replace('"*"', 'deploy.failed')],
      'notify.hooks[2]: has the target of hook 2',
    ],
    [['{ name: a, on: "*", run: x }', '{ name: a, on: "*", run: y }'], 'has the name of hook 1'],
  ])('may not be two in one: %s', async (lines, told) => {
    expect(await mistakesIn(...lines)).toContain(told);
  });

  it('to one target are two where they have names', async () => {
    const text = hooks(page.replace('{', '{ name: a,'), page.replace('{', '{ name: b,'));
    expect((await loadText(text)).notify.hooks).toHaveLength(2);
  });
});

const named = async (line: string) => namedSecrets((await loadText(hooks(line))).notify);
const whole = '{ on: "*", urlFrom: CHAT_URL, secret: [NEW_SECRET, OLD_SECRET] }';
const right = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

async function opened(line: string, env: Record<string, string>) {
  const { notify } = await loadText(hooks(line));
  const values = readNamed(namedSecrets(notify), env);
  const settings = notify.hooks as Parameters<typeof open>[0];
  return open(settings, values, { clock: systemClock, folder: '.', env });
}

describe('the environment of hooks', () => {
  it('has the secrets that the configuration names', async () => {
    expect(await named(whole)).toEqual({
      tokens: ['NEW_SECRET', 'OLD_SECRET'],
      webhooks: ['CHAT_URL'],
    });
    expect(await named(page)).toEqual({ tokens: [], webhooks: [] });
  });

  it.each([
    [{}, 'NEW_SECRET and OLD_SECRET and CHAT_URL'],
    [{ CHAT_URL: 'https://a.test/x', NEW_SECRET: right, OLD_SECRET: ' ' }, 'OLD_SECRET'],
  ])('that is not set is asked for by name: %o', async (env, unset) => {
    expect(await opened(whole, env)).toMatchObject([{ title: 'hook CHAT_URL', unset }]);
  });

  it.each([
    [{}, 'PAGER_KEY and REGION'],
    [{ PAGER_KEY: 'k' }, 'REGION'],
  ])('that a command is to get and is not set is asked for by name: %o', async (env, unset) => {
    const line = '{ on: "*", run: bin/page, env: [PAGER_KEY, REGION] }';
    expect(await opened(line, env)).toMatchObject([{ title: 'hook bin/page', unset }]);
    const [one] = await opened(line, { PAGER_KEY: 'k', REGION: '' });
    expect(one).not.toHaveProperty('unset');
  });

  it('has no variable that is called like what every object has', async () => {
    const url = '{ on: "*", urlFrom: constructor, secret: toString }';
    const run = '{ on: "*", run: bin/page, env: [hasOwnProperty, __proto__] }';
    const unset = async (line: string) => (await opened(line, {})).map((one) => ({ ...one }));
    expect(await unset(url)).toMatchObject([{ unset: 'toString and constructor' }]);
    expect(await unset(run)).toMatchObject([{ unset: 'hasOwnProperty and __proto__' }]);
  });

  it.each([
    ['a URL that is none', { CHAT_URL: 'a.test' }, 'E_ENVIRONMENT'],
    ['a URL over plain http', { CHAT_URL: 'http://a.test/x' }, 'E_PLAIN_HTTP'],
    ['a secret of another kind', { NEW_SECRET: 'hunter2hunter2hunter2hunter2' }, 'E_ENVIRONMENT'],
    [
      'a secret that is short',
      { NEW_SECRET: `whsec_${Buffer.alloc(23).toString('base64')}` },
      'E_ENVIRONMENT',
    ],
    [
      'a secret that is long',
      { NEW_SECRET: `whsec_${Buffer.alloc(65).toString('base64')}` },
      'E_ENVIRONMENT',
    ],
    ['a secret that is no base64', { NEW_SECRET: `${right}*` }, 'E_ENVIRONMENT'],
  ])('may not have %s, and the value is not shown', async (_, wrong, code) => {
    const env = { CHAT_URL: 'https://a.test/x', NEW_SECRET: right, OLD_SECRET: right, ...wrong };
    const error = await toldFailureOf(opened(whole, env));
    expect(error.code).toBe(code);
    for (const value of Object.values(wrong))
      expect(error.message + error.hint).not.toContain(value);
  });

  it('takes a right one', async () => {
    const env = { CHAT_URL: 'https://a.test/x', NEW_SECRET: right, OLD_SECRET: right };
    expect(await opened(whole, env)).toMatchObject([{ title: 'hook CHAT_URL' }]);
  });
});
