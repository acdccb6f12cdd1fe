/** A vendor that asks to wait longer than a step may take: the step fails with that reason, at once. */
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient, VendorWait } from '../../../src/effects/http/client.ts';
import { undiciTransport } from '../../../src/effects/http/undici-transport.ts';
import { createHeroku } from '../../../src/effects/targets/heroku/heroku.ts';
import { createServices, type ServicesOptions } from '../../../src/runtime/loop/services.ts';
import { startAnsweringServer } from '../../effects/answering-server.ts';
import { failureOf } from '../../effects/lockstep-error.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const minute = 60_000;
const dynos = {
  app: 'acme-staging',
  release: { id: 'r', version: 7 },
  slug: 's',
  commit: 'c',
  timeoutMs: 10 * minute,
};

/** Steps that say how long they may take, each with an input of its own. */
const steps = {
  followBuild: { app: 'acme-staging', build: 'b', timeoutMs: 10 * minute },
  awaitRelease: {
    app: 'acme-staging',
    release: 'r',
    commit: 'c',
    slug: null,
    timeoutMs: 10 * minute,
  },
  checkDynos: dynos,
  requestBuild: { app: 'acme-staging', commit: 'c', mark: 'm', timeoutMs: 10 * minute },
  followPromotion: {
    target: { app: 'acme-production' },
    promotion: 'p',
    release: null,
    timeoutMs: 10 * minute,
  },
} as const;

describe.each(Object.keys(steps) as (keyof typeof steps)[])('%s', (step) => {
  const run = async (retryAfterMs: number) => {
    const server = await startAnsweringServer(() => ({
      status: 429,
      headers: { 'retry-after': String(retryAfterMs / 1_000) },
      body: '{"id":"rate_limit","message":"Your account reached the API rate limit"}',
    }));
    const transport = undiciTransport();
    closers.push(() => transport.close(), server.close);
    const clock = createVirtualClock({ holdMs: 30_000 });
    const http = createHttpClient({
      transport: transport.send,
      clock,
      random: () => 0,
      beforeWrite: async () => {},
      notice: () => {},
    });
    const services = createServices({
      http,
      heroku: createHeroku({ baseUrl: server.url, token: 'token' }),
      archive: async () => new Uint8Array(),
      trust: { isLogKept: true },
    } as unknown as ServicesOptions);
    const ports = { clock, signal: new AbortController().signal, progress: () => {} };
    const act = services[step] as (input: unknown, runPorts: typeof ports) => Promise<unknown>;
    return { error: await failureOf(act(steps[step], ports)), server, clock };
  };

  it('fails at once where the vendor asks to wait longer than it may take', async () => {
    const { error, server, clock } = await run(11 * minute);
    expect(error).toBeInstanceOf(VendorWait);
    expect(error.message).toMatch(/asks to wait 11 min; there are 10 min left/);
    expect(server.asked).toHaveLength(1);
    expect(clock.slept.filter((ms) => ms !== 30_000)).toEqual([]);
  });
});
