/** The HTTP client over real HTTP: what is repeated, what is waited for, what is fenced, what is told. */

import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ensureOk, sendForJson } from '../../../src/effects/http/answers.ts';
import { createHttpClient, type HttpClientOptions } from '../../../src/effects/http/client.ts';
import {
  VendorMalformed,
  VendorRefused,
  VendorUnreachable,
  VendorWait,
} from '../../../src/effects/http/errors.ts';
import { isPrivate } from '../../../src/effects/http/plain.ts';
import type { HttpRequest } from '../../../src/effects/http/request.ts';
import { backoffMs } from '../../../src/effects/http/retry.ts';
import { undiciTransport } from '../../../src/effects/http/undici-transport.ts';
import { LockstepError } from '../../../src/errors/error.ts';
import { hide } from '../../../src/redaction/gate.ts';
import { type AnsweringServer, type Reply, startAnsweringServer } from '../answering-server.ts';
import { vendors } from '../vendors.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

interface Stage {
  readonly server: AnsweringServer;
  readonly clock: VirtualClock;
  readonly notices: string[];
  send(request?: Partial<HttpRequest>): ReturnType<ReturnType<typeof createHttpClient>['send']>;
  readonly http: ReturnType<typeof createHttpClient>;
  request(over?: Partial<HttpRequest>): HttpRequest;
}

/** A server with these replies, one after the other, the last one for ever; deadlines are held by the clock. */
async function stage(
  replies: Reply[],
  over: Partial<HttpClientOptions> = {},
  holdMs = 30_000,
): Promise<Stage> {
  const server = await startAnsweringServer((_, before) => {
    const reply = replies[Math.min(before, replies.length - 1)];
    if (reply === undefined) throw new Error('no reply is left');
    return reply;
  });
  const transport = undiciTransport();
  closers.push(() => transport.close(), server.close);
  const clock = createVirtualClock({ holdMs });
  const notices: string[] = [];
  const http = createHttpClient({
    transport: transport.send,
    clock,
    random: () => 0.5,
    beforeWrite: async () => {},
    notice: (line) => notices.push(line),
    ...over,
  });
  const request = (changes: Partial<HttpRequest> = {}): HttpRequest => ({
    vendor: vendors.heroku,
    method: 'GET',
    url: `${server.url}/apps/acme`,
    signal: new AbortController().signal,
    ...changes,
  });
  return { server, clock, notices, http, request, send: (changes) => http.send(request(changes)) };
}

async function failure(promise: Promise<unknown>): Promise<LockstepError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof LockstepError)) throw new Error(`no LockstepError: ${String(error)}`);
  return error;
}

/** For tests whose waits are longer than a request's usual deadline: this one is, and the clock holds no shorter. */
const patient = { timeoutMs: 24 * 3_600_000 };

const ok: Reply = { status: 200, body: '{"id":"a"}' };

describe('reads', () => {
  it('are repeated after a 5xx and after a lost connection, until there is an answer', async () => {
    const { send, server, clock, notices } = await stage([{ status: 503 }, 'lose', ok]);
    expect((await send()).status).toBe(200);
    expect(server.asked).toHaveLength(3);
    expect(clock.slept).toEqual(expect.arrayContaining([250, 500]));
    const reason = 'the connection was closed before the answer was whole';
    expect(notices).toEqual([
      'Heroku, GET /apps/acme: status 503; trying again in 250ms (attempt 2 of 6)',
      `Heroku at ${server.url}, GET /apps/acme: ${reason}; trying again in 500ms (attempt 3 of 6)`,
    ]);
  });

  it('give up after six attempts, with the vendor’s last word', async () => {
    const { send, server } = await stage([{ status: 502 }]);
    expect((await send()).status).toBe(502);
    expect(server.asked).toHaveLength(6);
  });

  it.each([
    ['a 503', { status: 503 }],
    ['a lost connection', 'lose'],
  ] as const)('go on after %s for as long as their step has, and no longer', async (_, reply) => {
    const { server, clock, send } = await stage([reply]);
    const start = clock.now();
    const answer = await send({ deadlineMs: start + 10 * 60_000 }).catch((error: unknown) => error);
    expect(answer).toMatchObject(
      reply === 'lose' ? { code: 'E_VENDOR_UNREACHABLE' } : { status: 503 },
    );
    expect(clock.now() - start).toBeGreaterThanOrEqual(10 * 60_000);
    expect(clock.now() - start).toBeLessThan(11 * 60_000);
    expect(server.asked.length).toBeGreaterThan(20);
  });

  it('are sent no more often than is asked for, whatever time there is', async () => {
    const { send, server, clock } = await stage([{ status: 503 }]);
    await send({ attemptsMax: 2, deadlineMs: clock.ran() + 10 * 60_000 });
    expect(server.asked).toHaveLength(2);
  });

  it('whose reply is lost have changed nothing', async () => {
    const { send } = await stage(['lose']);
    expect(await failure(send({ attemptsMax: 1 }))).toMatchObject({ sent: false });
  });

  it('are not repeated after a 4xx', async () => {
    const { send, server } = await stage([{ status: 404 }]);
    expect((await send()).status).toBe(404);
    expect(server.asked).toHaveLength(1);
  });

  it('of an endpoint are sent once: each of its answers counts', async () => {
    const { send, server } = await stage([{ status: 503 }, ok]);
    expect((await send({ vendor: 'endpoint' })).status).toBe(503);
    expect(server.asked).toHaveLength(1);
  });
});

it('a write whose clearance has expired is not sent, and says so', async () => {
  const { send, server } = await stage([ok]);
  const error = await failure(send({ method: 'POST', isStillCleared: () => false }));
  expect(error).toMatchObject({
    code: 'E_CLEARANCE_EXPIRED',
    message: expect.stringMatching(
      /^POST \S+ was held up for so long that what allowed it is too old$/,
    ),
    hint: 'Nothing was sent. Run the same command again.',
  });
  expect(server.asked).toEqual([]);
});

it('a write whose clearance expires while the lane is asked whether it is held is not sent', async () => {
  let isCleared = true;
  const beforeWrite = async () => {
    isCleared = false;
  };
  const { send, server } = await stage([ok], { beforeWrite });
  const error = await failure(send({ method: 'POST', isStillCleared: () => isCleared }));
  expect(error.code).toBe('E_CLEARANCE_EXPIRED');
  expect(server.asked).toEqual([]);
});

it('a write whose clearance expires while the vendor has it wait is not sent again', async () => {
  let times = 0;
  const isStillCleared = () => ++times === 1;
  const { send, server } = await stage([{ status: 429 }, { status: 201 }]);
  const error = await failure(send({ method: 'POST', isStillCleared }));
  expect(error.code).toBe('E_CLEARANCE_EXPIRED');
  expect(server.asked).toHaveLength(1);
});

it('a write is not sent by a run that is stopped while the lane is asked whether it is held', async () => {
  const stop = new AbortController();
  const beforeWrite = async () => stop.abort(new Error('stopped'));
  const { send, server } = await stage([ok], { beforeWrite });
  await expect(send({ method: 'POST', signal: stop.signal })).rejects.toThrow('stopped');
  expect(server.asked).toEqual([]);
});

it('an outage of any length is asked about twice a second at most, whatever is drawn', () => {
  const drawn = [1, 5, 6, 7, 50].map((attempt) => backoffMs(attempt, () => 0));
  expect(drawn).toEqual([0, 0, 500, 500, 500]);
});

it('a vendor is asked again after 20 seconds at most, however often it was asked', () => {
  const drawn = [1, 6, 7, 50].map((attempt) => backoffMs(attempt, () => 1));
  expect(drawn).toEqual([500, 16_000, 20_000, 20_000]);
});

describe('rate limits', () => {
  it('wait as long as Retry-After asks, plus jitter', async () => {
    const { send, clock } = await stage([{ status: 429, headers: { 'retry-after': '7' } }, ok]);
    expect((await send()).status).toBe(200);
    expect(clock.slept).toContain(7_250);
  });

  it.each([0, 5, -5])('read a date by the vendor’s clock, %d hours from ours', async (hours) => {
    const there = createVirtualClock().now() + hours * 3_600_000;
    const date = new Date(there).toUTCString();
    const at = new Date(there + 9_000);
    const afterDate = { date, 'retry-after': at.toUTCString() };
    const reset = `${at.getTime() / 1_000}`;
    const atReset = { date, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    for (const headers of [afterDate, atReset]) {
      const { send, clock } = await stage([{ status: 429, headers }, ok]);
      await send();
      expect(clock.slept).toContain(9_250);
    }
  });

  it.each(['x-ratelimit-remaining', 'retry-after'])(
    'are GitHub’s where a 403 says so in its header alone: %s',
    async (header) => {
      const headers = { [header]: '0' };
      const { send, server } = await stage(
        [{ status: 403, headers, body: '{}' }, ok],
        {},
        patient.timeoutMs,
      );
      expect((await send({ ...patient, vendor: vendors.github })).status).toBe(200);
      expect(server.asked).toHaveLength(2);
    },
  );

  it.each([' 7', '7 ', '\t7\t'])(
    'wait as long however the header is set out: %j',
    async (value) => {
      const reply = { status: 429, headers: { 'retry-after': value } };
      const { send, clock } = await stage([reply, ok]);
      await send();
      expect(clock.slept).toContain(7_250);
    },
  );

  it('wait as long as Retry-After asks, whatever else is said', async () => {
    const date = new Date(createVirtualClock().now()).toUTCString();
    const reset = `${Date.parse(date) / 1_000 + 60}`;
    const limit = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
    const headers = { date, 'retry-after': '7', ...limit };
    const { send, clock } = await stage([{ status: 429, headers }, ok]);
    await send();
    expect(clock.slept).toContain(7_250);
  });

  it('back off by themselves where a 429 asks for nothing', async () => {
    const { send, clock } = await stage([{ status: 429 }, { status: 429 }, ok]);
    await send();
    expect(clock.slept).toEqual(expect.arrayContaining([250, 500]));
  });

  it('repeat a write that was refused for the rate alone, fenced anew', async () => {
    let fences = 0;
    const { send, server } = await stage([{ status: 429 }, { status: 201 }], {
      beforeWrite: async () => {
        fences += 1;
      },
    });
    expect((await send({ method: 'POST' })).status).toBe(201);
    expect(server.asked).toHaveLength(2);
    expect(fences).toBe(2);
  });

  it('wait for a date to the end of what is left, and not longer', async () => {
    const reply = { status: 429, headers: { 'retry-after': '600' } };
    const { send, clock } = await stage([reply, ok], {}, patient.timeoutMs);
    const deadlineMs = clock.now() + 600_000;
    expect((await send({ ...patient, deadlineMs })).status).toBe(200);
    expect(clock.slept).toContain(600_250);
  });

  it.each([
    ['Retry-After in seconds', { status: 429, headers: { 'retry-after': '601' } }, '10m01s', 601],
    ['a 503 with one', { status: 503, headers: { 'retry-after': '601' } }, '10m01s', 601],
    [
      'one past the end of time',
      ...[{ status: 429, headers: { 'retry-after': '9'.repeat(30) } }, '1.157', null],
    ],
    [
      'one without a deadline, beyond 5 minutes',
      ...[{ status: 429, headers: { 'retry-after': '301' } }, '5m01s', 301],
    ],
  ] as const)(
    'that ask for more than is left are told at once: %s',
    async (name, reply, words, seconds) => {
      const { send, server, clock } = await stage([reply]);
      const deadline = name.includes('without') ? {} : { deadlineMs: clock.now() + 600_000 };
      for (const method of ['GET', 'POST'] as const) {
        if (method === 'POST' && reply.status !== 429) continue;
        const before = server.asked.length;
        const error = await failure(send({ ...deadline, method }));
        expect(error).toBeInstanceOf(VendorWait);
        expect(error.code).toBe('E_VENDOR_WAIT');
        expect(error.message).toContain(`${reply.status}`);
        expect(error.message).toContain(`asks to wait ${words}`);
        const after = seconds === null ? null : new Date(clock.now() + seconds * 1_000);
        const then = after?.toISOString().replace('.000Z', 'Z') ?? 'that time';
        expect(error.hint).toBe(`Run the same command again after ${then}.`);
        expect(error.details).toMatchObject({ vendor: 'heroku', method, status: reply.status });
        expect(server.asked.length).toBe(before + 1);
      }
      expect(clock.slept.filter((ms) => ms !== 30_000)).toEqual([]);
    },
  );

  describe('GitHub’s, told in words alone', () => {
    const secondary =
      '{"documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits","message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}';
    const headers = { 'x-ratelimit-remaining': '14', 'x-ratelimit-reset': '4102444800' };

    it.each([
      ['message and page', secondary],
      ['message alone', '{"message":"You have exceeded a secondary rate limit. Wait."}'],
      ['of the whole account', '{"message":"API rate limit exceeded for user ID 1."}'],
      [
        'page alone',
        '{"message":"Slow down.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}',
      ],
    ])('waits a minute, then two, and asks again: %s', async (_, body) => {
      const { send, clock, server } = await stage(
        [{ status: 403, headers, body }, { status: 403, headers, body }, ok],
        {},
        patient.timeoutMs,
      );
      expect((await send({ ...patient, vendor: vendors.github })).status).toBe(200);
      expect(clock.slept).toEqual(expect.arrayContaining([60_250, 120_500]));
      expect(server.asked).toHaveLength(3);
    });

    it('is told as a rate limit when it does not end', async () => {
      const { http, request } = await stage([{ status: 403, headers, body: secondary }]);
      const asked = request({ vendor: vendors.github, attemptsMax: 1 });
      const error = await failure(http.send(asked).then((answer) => ensureOk(asked, answer)));
      expect(error.code).toBe('E_VENDOR_RATE_LIMIT');
    });

    it.each([
      '{"message":"Resource not accessible by integration"}',
      '{"message":"Must have admin rights to Repository."}',
      'rate limit',
      'null',
      '"a secondary rate limit"',
      '',
    ])('is not any other 403: %s', async (body) => {
      const { send, server } = await stage([{ status: 403, headers, body }, ok]);
      expect((await send({ vendor: vendors.github })).status).toBe(403);
      expect(server.asked).toHaveLength(1);
    });

    it('is nobody else’s', async () => {
      const { send } = await stage([{ status: 403, body: secondary }, ok]);
      expect((await send({ vendor: vendors.circleci })).status).toBe(403);
    });
  });

  it('slow the reading of Heroku down while its pool is low', async () => {
    const low: Reply = { status: 200, headers: { 'RateLimit-Remaining': '40' } };
    const { send, clock, notices } = await stage([low, low]);
    await send();
    await send();
    expect(clock.slept).toContain(2_000);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain('40 more requests');
  });

  it('go on slowly until the pool is full enough again', async () => {
    const left = (requests: number): Reply => ({
      status: 200,
      headers: { 'RateLimit-Remaining': String(requests) },
    });
    const { send, clock } = await stage([99, 199, 200, 100].map(left));
    const slow: number[] = [];
    for (let read = 0; read < 5; read++) {
      const before = clock.slept.filter((ms) => ms === 2_000).length;
      await send();
      slow.push(clock.slept.filter((ms) => ms === 2_000).length - before);
    }
    expect(slow).toEqual([0, 1, 1, 0, 0]);
  });
});

describe('writes', () => {
  it('are not repeated after a 5xx', async () => {
    const { send, server } = await stage([{ status: 503 }, { status: 201 }]);
    expect((await send({ method: 'POST' })).status).toBe(503);
    expect(server.asked).toHaveLength(1);
  });

  it('that are refused for the rate are sent six times at most, whatever time there is', async () => {
    const { send, server, clock } = await stage([{ status: 429 }]);
    const deadlineMs = clock.ran() + 10 * 60_000;
    expect((await send({ method: 'POST', deadlineMs })).status).toBe(429);
    expect(server.asked).toHaveLength(6);
  });

  it('whose reply is lost say that they may have happened', async () => {
    const { send, server } = await stage(['lose', { status: 201 }]);
    const error = await failure(send({ method: 'POST', body: '{}' }));
    expect(error).toBeInstanceOf(VendorUnreachable);
    expect(error).toMatchObject({ sent: true });
    expect(server.asked).toHaveLength(1);
  });

  it('that nothing listens to say that they did not happen', async () => {
    const { server, request, http } = await stage([ok]);
    await server.close();
    const error = await failure(http.send(request({ method: 'POST' })));
    expect(error).toMatchObject({ sent: false });
    expect(error.message).toContain('connection refused');
  });

  it.each([vendors.heroku, vendors.circleci, vendors.github])(
    'to $name are not sent when the lane is not ours any more',
    async (vendor) => {
      const { send, server } = await stage([{ status: 201 }], {
        beforeWrite: () =>
          Promise.reject(new LockstepError<string>('E_LANE_LOST', 'the lane is lost')),
      });
      expect((await failure(send({ vendor, method: 'POST' }))).code).toBe('E_LANE_LOST');
      expect(server.asked).toHaveLength(0);
      expect((await send({ vendor })).status).toBe(201);
    },
  );

  it('to Slack pass the gate, value by value; to others they go as they are', async () => {
    const secret = 'HRKU-01234567-89ab';
    hide(secret);
    const { send, server } = await stage([ok]);
    const body = JSON.stringify({ text: `see ${secret}`, blocks: [{ text: secret }] });
    await send({ vendor: vendors.slack, method: 'POST', body });
    await send({ vendor: vendors.heroku, method: 'POST', body });
    const [toSlack, toHeroku] = server.asked;
    expect(toSlack?.body).toBe(
      JSON.stringify({ text: 'see [secret]', blocks: [{ text: '[secret]' }] }),
    );
    expect(toHeroku?.body).toBe(body);
  });

  it('to Slack are not fenced', async () => {
    const { send } = await stage([ok], { beforeWrite: () => Promise.reject(new Error('fenced')) });
    expect((await send({ vendor: vendors.slack, method: 'POST' })).status).toBe(200);
  });
});

describe('deadlines and signals', () => {
  it('give up on a vendor that says nothing; a write may have happened', async () => {
    const { send, server, clock } = await stage(['hang']);
    const sending = failure(send({ method: 'POST', timeoutMs: 40_000 }));
    await expect.poll(() => server.asked.length).toBe(1);
    clock.advance(40_000);
    const error = await sending;
    expect(error.message).toContain('no answer within 40s');
    expect(error).toMatchObject({ sent: true });
  });

  it('give what has come of an answer that stays open, where that is asked for', async () => {
    const { send, clock } = await stage([{ status: 200, body: 'line 1\n', open: true }]);
    let came = '';
    const onPiece = (piece: Uint8Array) => (came += Buffer.from(piece).toString());
    const sending = send({ timeoutMs: 40_000, onPiece });
    await expect.poll(() => came).toBe('line 1\n');
    clock.advance(40_000);
    expect(await sending).toMatchObject({ status: 200, body: 'line 1\n' });
  });

  it.each(['GET', 'POST'] as const)(
    'an aborted signal ends a %s with the signal’s reason, and nothing is repeated',
    async (method) => {
      const { send, server } = await stage(['hang']);
      const stop = new AbortController();
      const sending = send({ signal: stop.signal, method });
      await expect.poll(() => server.asked.length).toBe(1);
      stop.abort(new Error('stopped'));
      await expect(sending).rejects.toThrow('stopped');
      expect(server.asked).toHaveLength(1);
    },
  );

  it('an aborted signal ends a wait that a vendor asks for', async () => {
    const stop = new AbortController();
    const notice = () => stop.abort(new Error('stopped'));
    const reply = { status: 429, headers: { 'retry-after': '60' } };
    const { send, server } = await stage([reply, ok], { notice });
    await expect(send({ signal: stop.signal })).rejects.toThrow('stopped');
    expect(server.asked).toHaveLength(1);
  });

  it.each<[string, Reply]>([
    ['an answer', ok],
    ['a refusal', { status: 503 }],
    ['no answer', 'lose'],
  ])('no timer and no listener is left after %s', async (_, reply) => {
    const { signal } = new AbortController();
    const clock = createVirtualClock({ holdMs: 30_000 });
    const deadlines: (AbortSignal | undefined)[] = [];
    const sleep: VirtualClock['sleep'] = (ms, until) => {
      if (ms === 30_000) deadlines.push(until);
      return clock.sleep(ms, until);
    };
    const { send } = await stage([reply], { clock: { ...clock, sleep } });
    await send({ signal, attemptsMax: 2 }).catch(() => null);
    expect(deadlines.map((until) => until?.aborted)).toEqual(deadlines.map(() => true));
    expect(deadlines).not.toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('a fault of whatever carries it may have happened after it was sent', async () => {
    const { send } = await stage([], { transport: () => Promise.reject(new Error('odd')) });
    expect(await failure(send({ method: 'POST' }))).toMatchObject({
      sent: true,
      reason: 'the connection failed',
    });
  });
});

describe('ETags', () => {
  it('a 304 gives the body from before, and the second request named the tag', async () => {
    const { send, server } = await stage([
      { status: 200, headers: { etag: '"1"', 'x-told': 'before' }, body: 'same' },
      { status: 304, headers: { etag: '"1"', 'x-told': 'now' } },
    ]);
    await send();
    expect(await send()).toMatchObject({
      ...{ status: 200, body: 'same' },
      headers: { 'x-told': 'now' },
    });
    expect(server.asked[1]?.headers['if-none-match']).toBe('"1"');
  });

  it('of a page of a list are kept with it', async () => {
    const { send, server } = await stage([
      { status: 206, headers: { etag: '"1"' }, body: 'a page' },
      { status: 304 },
    ]);
    const headers = { range: 'id ..' };
    await send({ headers });
    expect(await send({ headers })).toMatchObject({ status: 206, body: 'a page' });
    expect(server.asked[1]?.headers['if-none-match']).toBe('"1"');
  });

  it.each([404, 500])('of an answer by status %i are not kept', async (status) => {
    const { send, server } = await stage([{ status, headers: { etag: '"1"' } }, ok]);
    await send({ attemptsMax: 1 });
    expect((await send()).status).toBe(200);
    expect(server.asked[1]?.headers['if-none-match']).toBeUndefined();
  });

  it('are not used for a log that is read on from a byte', async () => {
    const { send, server } = await stage([{ status: 206, headers: { etag: '"1"' }, body: 'a' }]);
    for (let read = 0; read < 2; read++) await send({ headers: { range: 'bytes=5-' } });
    expect(server.asked[1]?.headers['if-none-match']).toBeUndefined();
  });

  it('are not used for another range, another token, or an endpoint', async () => {
    const { send, server } = await stage([{ status: 200, headers: { etag: '"1"' }, body: 'a' }]);
    await send({ headers: { range: 'id ..', authorization: 'Bearer one' } });
    await send({ headers: { range: 'version ..', authorization: 'Bearer one' } });
    await send({ headers: { range: 'id ..', authorization: 'Bearer two' } });
    await send({ vendor: 'endpoint' });
    await send({ vendor: 'endpoint' });
    expect(server.asked.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('answers that say no', () => {
  it.each([
    [401, 'E_VENDOR_AUTH'],
    [403, 'E_VENDOR_AUTH'],
    [404, 'E_VENDOR_NOT_FOUND'],
    [409, 'E_VENDOR_CONFLICT'],
    [422, 'E_VENDOR_INVALID'],
    [429, 'E_VENDOR_RATE_LIMIT'],
    [500, 'E_VENDOR_FAILED'],
  ])('%i is %s, with vendor, method, path, status and request id', async (status, code) => {
    const body = '{"id":"some_id","message":"Some words."}';
    const { http, request } = await stage([{ status, headers: { 'Request-Id': 'r-1' }, body }]);
    const asked = request({ attemptsMax: 1 });
    const error = await failure(http.send(asked).then((response) => ensureOk(asked, response)));
    expect(error).toBeInstanceOf(VendorRefused);
    expect(error.code).toBe(code);
    expect(error.message).toContain('Some words.');
    expect(error.details).toEqual({
      vendor: 'heroku',
      method: 'GET',
      path: '/apps/acme',
      status,
      id: 'some_id',
      requestId: 'r-1',
    });
  });

  it.each(['', '   ', 'no json', '[]', '{"id":1}'])(
    'an answer of %j is malformed, never "nothing"',
    async (body) => {
      const { http, request } = await stage([{ status: 200, body }]);
      const asking = sendForJson(http, request(), z.looseObject({ id: z.string() }));
      expect(await failure(asking)).toBeInstanceOf(VendorMalformed);
    },
  );
});

describe('secrets', () => {
  const token = 'HRKU-secret-token-1';
  const signature = 'c2VjcmV0LXNpZ25hdHVyZQ==';

  it('are in no error, detail or notice, not even when the vendor repeats them', async () => {
    const echo = `bad token ${token} at https://s3.example/x?Signature=${encodeURIComponent(signature)}`;
    const { http, request, notices, server } = await stage([
      { status: 503, body: echo },
      'lose',
      { status: 422, body: JSON.stringify({ id: 'invalid_params', message: echo }) },
    ]);
    const secret: Partial<HttpRequest> = {
      url: `${server.url}/upload?Signature=${encodeURIComponent(signature)}`,
      headers: { authorization: `Bearer ${token}` },
    };
    const asked = request(secret);
    const refused = await failure(http.send(asked).then((response) => ensureOk(asked, response)));
    await server.close();
    const unreachable = await failure(http.send(request({ ...secret, attemptsMax: 1 })));
    const told = JSON.stringify([
      refused.message,
      refused.hint,
      refused.details,
      unreachable.message,
      unreachable.hint,
      unreachable.details,
      notices,
    ]);
    expect(refused.message).toContain('[secret]');
    for (const leak of [token, signature, encodeURIComponent(signature), 'Signature=']) {
      expect(told).not.toContain(leak);
    }
  });

  it('a Slack webhook’s path is shown by its start only', async () => {
    const { send, server } = await stage(['lose']);
    const url = `${server.url}/services/T000/B000/XXXXXXXXXXXX`;
    const error = await failure(send({ vendor: vendors.slack, method: 'POST', url }));
    expect(error.details.path).toBe('/services/…');
    expect(JSON.stringify([error.message, error.hint])).not.toContain('XXXX');
  });
});

describe('plain http', () => {
  it.each(Object.values(vendors))(
    'takes nothing of ours for $name to another host',
    async (vendor) => {
      const passed: string[] = [];
      const { send } = await stage([], {
        transport: async ({ url }) => {
          passed.push(url);
          return { status: 200, headers: {}, body: '{}' };
        },
      });
      for (const method of ['GET', 'POST'] as const) {
        const url = 'http://vendor.acme.test/x';
        const headers = { authorization: 'Bearer top-secret' };
        const error = await send({ vendor, method, url, headers, body: '{}' }).catch(
          (e: unknown) => e,
        );
        expect(error).toMatchObject({ code: 'E_PLAIN_HTTP' });
        expect(String(error) + JSON.stringify(error)).not.toContain('top-secret');
      }
      expect(passed).toEqual([]);
      await send({ vendor, url: 'https://vendor.acme.test/x' });
      await send({ vendor: 'endpoint', url: 'http://www.acme.test/' });
      expect(passed).toEqual(['https://vendor.acme.test/x', 'http://www.acme.test/']);
    },
  );

  it.each<[string, boolean]>([
    ['https://vendor.acme.test', true],
    ['http://localhost:1', true],
    ['http://127.0.0.1', true],
    ['http://127.8.9.10', true],
    ['http://[::1]:1', true],
    ['http://localhost.acme.test', false],
    ['http://127.0.0.1.acme.test', false],
    ['http://acme.localhost', false],
    ['http://my-localhost', false],
    ['http://10.0.0.1', false],
    ['http://[::2]', false],
  ])('to %s is private: %s', (url, expected) => {
    expect(isPrivate(new URL(url))).toBe(expected);
  });
});
