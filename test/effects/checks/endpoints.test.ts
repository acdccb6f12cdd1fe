/** The endpoints' check: what counts as right, how often, from which commit, and preboot's old dynos. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askEndpoints } from '../../../src/effects/checks/endpoints.ts';
import type { Endpoint } from '../../../src/machine/events.ts';
import type { App, Release } from '../../../src/sandbox/heroku/state.ts';
import {
  type AnsweringServer,
  type Asked,
  type Reply,
  startAnsweringServer,
} from '../answering-server.ts';
import { failureOf, toldBy, toldFailureOf } from '../lockstep-error.ts';
import { SandboxHeroku } from '../targets/heroku/sandbox-heroku.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

const commit = 'abcdef0'.padEnd(40, '1');
const old = 'b'.repeat(40);

let clock: VirtualClock;
let world: SandboxHeroku;
let app: App;
let release: Release;
let site: AnsweringServer | null;

beforeEach(async () => {
  site = null;
  clock = createVirtualClock();
  world = await SandboxHeroku.start({ clock });
  app = world.app('acme');
  release = world.release(app, world.slug(commit));
});
afterEach(async () => {
  await site?.close();
  await world.close();
});

type Answer = (asked: Asked, before: number) => Reply;

/** Checks endpoints of a site that answers so; each is the default with these changes. */
async function check(answer: Answer, ...endpoints: Partial<Endpoint>[]) {
  site = await startAnsweringServer(answer);
  const { url } = site;
  const startedAt = world.clock.now();
  const answered = await askEndpoints(
    world.target('acme'),
    {
      release: { id: release.id, version: `v${release.version}` },
      commit,
      endpoints: (endpoints.length === 0 ? [{}] : endpoints).map((changes) => ({
        status: 200,
        timeoutMs: 30_000,
        successes: 1,
        body: null,
        header: null,
        revision: null,
        ...changes,
        url: url + (changes.url ?? '/health'),
      })),
    },
    world.ports(),
    { once: false },
  );
  return { endpoints: answered, waitedMs: world.clock.now() - startedAt };
}

/** These replies one after the other, the last one for ever. */
const inTurn =
  (...replies: Reply[]): Answer =>
  (_, before) =>
    replies[Math.min(before, replies.length - 1)] ?? 'lose';

const ok: Reply = { status: 200, body: 'all well' };

describe('askEndpoints', () => {
  it('gives status and attempts of every endpoint', async () => {
    const { endpoints } = await check(() => ok, { url: '/a' }, { url: '/b' });
    expect(endpoints).toEqual([
      { url: `${site?.url}/a`, status: 200, attempts: 1, revision: null },
      { url: `${site?.url}/b`, status: 200, attempts: 1, revision: null },
    ]);
  });

  it('asks for whatever the app has there, and for nothing that a cache kept', async () => {
    await check(() => ok);
    expect(site?.asked.map(({ method, path, headers }) => ({ method, path, headers }))).toEqual([
      {
        ...{ method: 'GET', path: '/health' },
        headers: {
          ...{ host: new URL(site?.url ?? '').host, connection: 'keep-alive' },
          ...{ 'user-agent': 'lockstep', accept: '*/*', 'cache-control': 'no-cache' },
        },
      },
    ]);
  });

  it('asks until the status is right, over lost connections too', async () => {
    const { endpoints } = await check(inTurn({ status: 503 }, 'lose', ok));
    expect(endpoints[0]).toMatchObject({ attempts: 3 });
  });

  it('a wrong answer starts the count of right ones in a row anew', async () => {
    const { endpoints } = await check(inTurn(ok, ok, { status: 500 }, ok), { successes: 3 });
    expect(endpoints[0]).toMatchObject({ attempts: 6 });
  });

  it('fails with URL, last status and attempts: E_ENDPOINT', async () => {
    const error = await toldFailureOf(check(() => ({ status: 503 })));
    expect(error.code).toBe('E_ENDPOINT');
    expect(error.message).toMatch(
      /^http:\S+\/health did not answer as it should within 30s: status 503, not 200 \(\d+ attempts\)$/,
    );
    expect(error.details).toMatchObject({
      target: 'acme',
      status: 503,
      attempts: site?.asked.length,
    });
  });

  it('fails with the connection’s error when nothing answers', async () => {
    const error = await toldFailureOf(check(() => 'lose'));
    expect(error.message).toContain('connection');
    expect(error.details).toMatchObject({ status: null });
  });

  it('does not follow a redirect, and says so', async () => {
    const redirect: Reply = { status: 301, headers: { location: '/login' } };
    const error = await toldFailureOf(check(({ path }) => (path === '/health' ? redirect : ok)));
    expect(error.message).toContain('status 301, not 200 (redirects are not followed)');
  });

  it.each([
    [299, false],
    [300, true],
    [399, true],
    [400, false],
  ])('calls a status of %d a redirect: %s', async (status, isRedirect) => {
    const error = await failureOf(check(() => ({ status }), { timeoutMs: 1 }));
    const redirect = isRedirect ? ' (redirects are not followed)' : '';
    expect(error.details).toMatchObject({ wrong: `status ${status}, not 200${redirect}` });
  });

  it('a redirect can be what is expected', async () => {
    const redirect: Reply = { status: 301, headers: { location: '/login' } };
    expect(await check(() => redirect, { status: 301 })).toMatchObject({
      endpoints: [{ attempts: 1 }],
    });
  });

  it('expects a text in the body', async () => {
    expect(await check(() => ok, { body: 'well' })).toMatchObject({ endpoints: [{ attempts: 1 }] });
    await site?.close();
    const error = await toldFailureOf(check(() => ok, { body: 'ready' }));
    expect(error.message).toContain('the body does not contain "ready"');
  });

  it('expects a header’s value', async () => {
    const header = { name: 'X-Mode', value: 'live' };
    const live: Reply = { status: 200, headers: { 'x-mode': 'live' } };
    expect(await check(() => live, { header })).toMatchObject({ endpoints: [{ attempts: 1 }] });
    await site?.close();
    const error = await toldFailureOf(check(() => ok, { header }));
    expect(error.message).toContain('no header X-Mode');
  });

  it('too few right answers before the deadline are a failure', async () => {
    const error = await toldFailureOf(check(() => ok, { successes: 100, timeoutMs: 5_000 }));
    expect(error.message).toMatch(/only \d+ of 100 right answers in a row/);
  });

  it('asks at least once, even without time', async () => {
    expect(await check(() => ok, { timeoutMs: 0 })).toMatchObject({ endpoints: [{ attempts: 1 }] });
  });

  it('shows no query of a URL: it may hold a key', async () => {
    const error = await toldFailureOf(
      check(() => ({ status: 500 }), { url: '/health?key=s3cr3t-key' }),
    );
    expect(toldBy(error) + world.progress.join()).not.toContain('s3cr3t');
    expect(site?.asked[0]?.path).toBe('/health?key=s3cr3t-key');
  });
});

it.each<[string, boolean, () => Reply]>([
  ['is asked', false, () => 'hang'],
  ['has old instances to wait for', true, () => ok],
])('a run that is stopped while an endpoint %s waits no longer', async (_, preboot, reply) => {
  const lost = new Error('the lane is lost');
  app.preboot = preboot;
  const startedAt = clock.now();
  const tell = world.progress.push.bind(world.progress);
  world.progress.push = (...lines) => {
    if (lines.join().includes('before its endpoints are asked')) world.stop.abort(lost);
    return tell(...lines);
  };
  const checked = check(() => {
    world.stop.abort(lost);
    return reply();
  });
  await expect(checked).rejects.toBe(lost);
  expect(clock.now()).toBe(startedAt);
});

it.each([3_600_000, -3_600_000])(
  'a wall clock that is off by %d ms ends no wait for an endpoint, nor prolongs it',
  async (byMs) => {
    const real = world.ports;
    world.ports = (...options) => {
      const ports = real.apply(world, options);
      const now = () => ports.clock.now() + byMs;
      return { ...ports, clock: { ...ports.clock, now } };
    };
    const startedAt = clock.ran();
    const error = await failureOf(check(() => ({ status: 500 })));
    expect(error.code).toBe('E_ENDPOINT');
    expect(clock.ran() - startedAt).toBe(30_000);
  },
);

it('an endpoint has ten seconds for each answer', async () => {
  const asked: (number | undefined)[] = [];
  const real = world.ports;
  world.ports = (...options) => {
    const ports = real.apply(world, options);
    const send: typeof ports.http.send = (request) => {
      if (request.vendor === 'endpoint') asked.push(request.timeoutMs);
      return ports.http.send(request);
    };
    return { ...ports, http: { ...ports.http, send } };
  };
  await check(() => ok);
  expect(asked).toEqual([10_000]);
});

describe('a revision', () => {
  const from = (revision: string): Reply => ({ status: 200, headers: { 'x-revision': revision } });
  const byHeader = { revision: { header: 'X-Revision' } };

  it('in a header has to be the commit: an old dyno’s 200 is not right', async () => {
    const { endpoints } = await check(inTurn(from(old), from(old), from(commit)), byHeader);
    expect(endpoints[0]).toMatchObject({ attempts: 3, revision: commit });
  });

  it('from old and new dynos in turn is not right three times in a row', async () => {
    const answer: Answer = (_, before) => from(before % 2 === 0 ? commit : old);
    const error = await toldFailureOf(check(answer, { ...byHeader, successes: 3 }));
    expect(error.code).toBe('E_ENDPOINT');
  });

  it.each(['abcdef0', commit.toUpperCase()])('may be told as %s', async (revision) => {
    expect(await check(() => from(revision), byHeader)).toMatchObject({
      endpoints: [{ attempts: 1 }],
    });
  });

  it.each(['abcdef', 'abcdef02', '', 'main'])('is not right as "%s"', async (revision) => {
    expect((await toldFailureOf(check(() => from(revision), byHeader))).code).toBe('E_ENDPOINT');
  });

  it('can be the body of another URL', async () => {
    site = await startAnsweringServer(
      inTurn({ status: 404 }, { status: 200, body: `${commit}\n` }),
    );
    const told = site;
    const { endpoints } = await check(() => ok, { revision: { url: `${told.url}/revision` } });
    expect(endpoints[0]).toMatchObject({ attempts: 2, revision: commit });
    await told.close();
  });
});

describe('preboot', () => {
  const space = { id: 's', name: 'acme-space', shield: false };
  const byHeader = { revision: { header: 'x-revision' } };
  const right: Reply = { status: 200, headers: { 'x-revision': commit } };

  it('without a revision, the end of the old dynos is waited for before the first ask', async () => {
    app.preboot = true;
    const start = world.clock.now();
    const askedAt: number[] = [];
    const answer = await check(() => {
      askedAt.push(world.clock.now() - start);
      return ok;
    });
    expect(askedAt).toEqual([190_000]);
    expect(answer.waitedMs).toBe(190_000);
  });

  it('is waited for once, for all endpoints', async () => {
    app.preboot = true;
    await check(() => ok, { url: '/a' }, { url: '/b' });
    expect(clock.slept.filter((ms) => ms > 60_000)).toHaveLength(1);
  });

  it('with a revision nothing is waited for', async () => {
    app.preboot = true;
    expect(await check(() => right, byHeader)).toMatchObject({ waitedMs: 0 });
  });

  it('is not waited for where it is off', async () => {
    app.preboot = false;
    expect(await check(() => ok)).toMatchObject({ waitedMs: 0 });
  });

  it.each([
    ['a Fir app', { generation: 'fir', space }, { space: null }],
    [
      'a Fir app, as Heroku’s Go client has it',
      { generation: 'fir', space },
      { generation: { id: 'g', name: 'fir' }, space: null },
    ],
    ['an app in a Private Space', { space }, {}],
  ])('is not waited for on %s, where there is none', async (_, kind, told) => {
    Object.assign(app, kind);
    world.lies.set('GET /apps/acme', (about: object) => ({ ...about, ...told }));
    expect(await check(() => ok)).toMatchObject({ waitedMs: 0 });
  });

  it('counts as on where Heroku does not say, though the app could have it', async () => {
    const unknown = { id: 'not_found', message: 'Couldn’t find that app feature.' };
    const asks = Array(9).fill({ status: 404, body: unknown });
    world.faults.set('GET /apps/acme/features/preboot', asks);
    const { waitedMs } = await check(() => ok);
    expect(waitedMs).toBeGreaterThanOrEqual(180_000);
  });

  it.each([true, false])(
    'another feature’s answer (enabled: %s) is not preboot’s',
    async (enabled) => {
      const path = `GET /apps/${app.name}/features/preboot`;
      world.faults.set(path, [{ status: 200, body: { name: 'http-sni', enabled } }]);
      expect((await toldFailureOf(check(() => ok))).code).toBe('E_VENDOR_MALFORMED');
    },
  );
});

describe('what is wrong with an answer is said', () => {
  const header = { name: 'X-Env', value: 'production' };
  const long = 'y'.repeat(200);
  it.each<[string, Answer, Partial<Endpoint>, string]>([
    ['no header', () => ok, { header }, 'it has no header X-Env'],
    [
      'another header',
      () => ({ ...ok, headers: { 'x-env': 'staging' } }),
      { header },
      'its header X-Env is "staging", not "production"',
    ],
    [
      'a header without end',
      () => ({ ...ok, headers: { 'x-env': long } }),
      { header },
      `its header X-Env is "${'y'.repeat(79)}…", not "production"`,
    ],
    [
      'no body as it has to be',
      () => ok,
      { body: 'all "ill"' },
      String.raw`the body does not contain "all \"ill\""`,
    ],
    [
      'no revision',
      () => ok,
      { revision: { header: 'X-Rev' } },
      'it has no header X-Rev with its revision',
    ],
    [
      'a blank revision',
      () => ({ ...ok, headers: { 'x-rev': ' ' } }),
      { revision: { header: 'X-Rev' } },
      'it has no header X-Rev with its revision',
    ],
    [
      'a revision of another commit',
      () => ({ ...ok, headers: { 'x-rev': old } }),
      { revision: { header: 'X-Rev' } },
      `it answers from "${old}", not from ${commit}`,
    ],
    [
      'a revision of six digits',
      () => ({ ...ok, headers: { 'x-rev': commit.slice(0, 6) } }),
      { revision: { header: 'X-Rev' } },
      `it answers from "abcdef", not from ${commit}`,
    ],
    [
      'an endless body',
      () => ({ ...ok, body: 'z'.repeat(33 * 1024 ** 2) }),
      {},
      'the answer is too long',
    ],
  ])('%s', async (_, answer, endpoint, words) => {
    const error = await failureOf(check(answer, { ...endpoint, timeoutMs: 1 }));
    expect(error.details).toMatchObject({ wrong: words });
    expect(world.progress).toContain(`${site?.url}/health: ${words}; asking again`);
  });

  it.each<[string, Reply, string]>([
    ['is lost', 'lose', 'connection'],
    ['is none', { status: 404 }, 'status 404, not 200'],
    ['is empty', { status: 200, body: ' \n' }, 'the body is empty'],
  ])('where the page with its revision %s', async (_, reply, words) => {
    const own = await startAnsweringServer(() => reply);
    try {
      const url = `${own.url}/revision`;
      const error = await failureOf(check(() => ok, { revision: { url }, timeoutMs: 1 }));
      expect(error.message).toContain(`its revision at ${url}: `);
      expect(error.message).toContain(words);
    } finally {
      await own.close();
    }
  });

  it('without the query of the page with its revision: it may hold a key', async () => {
    const revision = { url: 'http://127.0.0.1:1/revision?key=s3cr3t-key' };
    const error = await failureOf(check(() => ok, { revision, timeoutMs: 1 }));
    expect(toldBy(error)).toContain('its revision at http://127.0.0.1:1/revision: ');
    expect(toldBy(error) + world.progress.join()).not.toContain('s3cr3t');
  });

  it('once, however often it is so', async () => {
    await check(inTurn({ status: 500 }, { status: 500 }, { status: 502 }, { status: 500 }, ok));
    expect(world.progress.map((line) => line.replace(/^\S+: /, ''))).toEqual(
      [500, 502, 500].map((status) => `status ${status}, not 200; asking again`),
    );
  });

  it('after a right answer anew', async () => {
    await check(inTurn({ status: 500 }, ok, { status: 500 }, ok), { successes: 2 });
    expect(world.progress).toHaveLength(2);
  });
});
