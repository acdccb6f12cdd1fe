/** A vendor that asks to wait longer than a step may take: the step fails with that reason, at once. */
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../../src/effects/http/client.ts';
import { VendorWait } from '../../../src/effects/http/errors.ts';
import { undiciTransport } from '../../../src/effects/http/undici-transport.ts';
import { createHeroku } from '../../../src/effects/targets/heroku/heroku.ts';
import { herokuTargets } from '../../../src/effects/targets/heroku/target.ts';
import { createServices, type ServicesOptions } from '../../../src/runtime/loop/service-table.ts';
import { startAnsweringServer } from '../../effects/answering-server.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const minute = 60_000;
const timeoutMs = 10 * minute;
const target = { kind: 'heroku', name: 'acme-staging', settings: {} };
const artifact = { kind: 'slug', id: 's', digest: null, commit: null };
const release = { id: 'r', version: 'v7' };
const instances = { target, release, artifact, timeoutMs, mayHaveNone: false };

/** Steps that say how long they may take, each with an input of its own. */
const steps = {
  'follow a build': ['follow', { target, work: { kind: 'build', id: 'b' }, timeoutMs }],
  'follow a promotion': ['follow', { target, work: { kind: 'promotion', id: 'p' }, timeoutMs }],
  awaitRelease: ['awaitRelease', { target, release: 'r', commit: 'c', artifact, timeoutMs }],
  awaitInstances: ['awaitInstances', instances],
  submit: ['submit', { target, commit: 'c', verified: null, cursor: null, key: 'k', timeoutMs }],
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
      targets: herokuTargets(createHeroku({ baseUrl: server.url, token: 'token' })),
      archive: async () => new Uint8Array(),
      usualStartMs: async () => null,
      trust: { isLogKept: true },
    } as unknown as ServicesOptions);
    const ports = { clock, signal: new AbortController().signal, progress: () => {} };
    const [service, input] = steps[step];
    const act = services[service] as (input: unknown, runPorts: typeof ports) => Promise<unknown>;
    return { error: await toldFailureOf(act(input, ports)), server, clock };
  };

  it('fails at once where the vendor asks to wait longer than it may take', async () => {
    const { error, server, clock } = await run(11 * minute);
    expect(error).toBeInstanceOf(VendorWait);
    expect(error.message).toMatch(/asks to wait 11m; there are (10m|9m59s) left/);
    // Side by side perhaps, and nothing twice.
    const paths = server.asked.map(({ path }) => path);
    expect(paths).toEqual([...new Set(paths)]);
    expect(clock.slept.filter((ms) => ms !== 30_000)).toEqual([]);
  });
});
