/** Who acts: what is claimed, beside what the CI, git and the target's token say; and that an order needs one of these. */
import { hostname, userInfo } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { detectCi } from '../../../src/cli/ci/ci.ts';
import { readEnvironment } from '../../../src/cli/config/environment.ts';
import { observeActor, observeOrderer } from '../../../src/cli/workspace/actor.ts';
import type { Repository } from '../../../src/effects/git/repository.ts';
import { observedInWords } from '../../../src/runtime/actor.ts';
import { type RunningSandbox, startSandbox } from '../../../src/sandbox/server.ts';
import { failureOf } from '../../effects/lockstep-error.ts';

const system = { user: userInfo().username, host: hostname() };
const shell = detectCi({});
const circleCi = {
  CIRCLECI: 'true',
  CIRCLE_BUILD_NUM: '77',
  CIRCLE_USERNAME: 'bo',
  CIRCLE_BUILD_URL: 'https://circleci.com/gh/acme/web/77',
};
const withIdentity = (identity: string | null) => ({ identity }) as Repository;

describe('whoever runs this', () => {
  const ana = withIdentity('Ana Lima <ana@acme.test>');

  it.each([
    ['nobody at a shell without git', {}, null, undefined, { ci: null, git: null }],
    ['git’s identity', {}, ana, undefined, { ci: null, git: 'Ana Lima <ana@acme.test>' }],
    [
      'nobody where git has no identity',
      {},
      withIdentity(null),
      undefined,
      { ci: null, git: null },
    ],
    [
      'a CI’s user, with the build’s address',
      circleCi,
      null,
      undefined,
      { ci: { user: 'bo', run: 'https://circleci.com/gh/acme/web/77' }, git: null },
    ],
    [
      'a CI’s build without an address, by its number',
      { ...circleCi, CIRCLE_BUILD_URL: '', CIRCLE_USERNAME: '' },
      null,
      undefined,
      { ci: { user: null, run: 'circleci 77' }, git: null },
    ],
    [
      'a CI that does not say which build this is',
      { CI: 'true' },
      ana,
      undefined,
      { ci: { user: null, run: 'a CI build' }, git: 'Ana Lima <ana@acme.test>' },
    ],
    ['as claimed, without blanks', {}, null, ' the queen ', { ci: null, git: null }],
  ] as const)('is %s', async (_, env, repository, claimed, seen) => {
    const actor = await observeActor({ claimed, ci: detectCi(env), repository });
    expect(actor).toEqual({
      claimed: claimed?.trim() ?? null,
      observed: { ...seen, system, account: null },
    });
  });

  it.each(['', ' '])('is not called %j', async (claimed) => {
    const error = await failureOf(observeActor({ claimed, ci: shell, repository: ana }));
    expect({ ...error, message: error.message }).toMatchObject({
      code: 'E_ACTOR',
      message: '--actor is empty',
      hint: 'Leave it out, or say who acts: --actor ana',
    });
  });
});

describe('whoever gives an order', () => {
  let sandbox: RunningSandbox;
  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => sandbox.close());

  const order = (
    more: Readonly<Record<string, string | undefined>>,
    given: Partial<Parameters<typeof observeActor>[0]> = {},
  ) =>
    observeOrderer({
      ...{ claimed: 'ana', ci: shell, repository: null, ...given },
      environment: readEnvironment({ ...sandbox.environment, ...more }),
    });
  const asked = () => sandbox.requests().filter(({ service }) => service === 'heroku').length;

  it('is the account of the target’s token, where nobody else is seen', async () => {
    const actor = await order({});
    expect(actor).toEqual({
      claimed: 'ana',
      observed: { ci: null, git: null, system, account: 'deploy@acme.test' },
    });
    expect(observedInWords(actor)).toMatch(/^claimed; account deploy@acme\.test; /);
  });

  it.each([
    ['the CI’s user', { ci: detectCi(circleCi) }],
    ['git’s identity', { repository: withIdentity('ana@acme.test') }],
  ])('is %s, and the target is not asked', async (_, given) => {
    const before = asked();
    expect(await order({}, given)).toMatchObject({ observed: { account: null } });
    expect(asked()).toBe(before);
  });

  it.each([
    ['without a token', { HEROKU_API_KEY: undefined }, ''],
    ['with a token that Heroku refuses', { HEROKU_API_KEY: 'wrong' }, / \(.*Heroku.*401.*\)/],
  ])('is refused %s, whatever is claimed', async (_, more, why) => {
    const { code, message, hint } = await failureOf(order(more));
    const nobody =
      'who gives this order cannot be seen: no CI user, no git identity, no Heroku account';
    expect({ code, hint }).toEqual({
      code: 'E_ACTOR',
      hint: 'Say who you are to git (git config user.name, git config user.email), or set HEROKU_API_KEY. --actor alone is a claim.',
    });
    if (typeof why === 'string') expect(message).toBe(nobody + why);
    else
      expect([message.slice(0, nobody.length), message]).toEqual([
        nobody,
        expect.stringMatching(why),
      ]);
  });

  it('is refused where the target does not answer in time', async () => {
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort());
    const { message } = await failureOf(order({}));
    expect(message).toBe(
      'who gives this order cannot be seen: no CI user, no git identity, no Heroku account (Heroku does not answer)',
    );
  });
});
