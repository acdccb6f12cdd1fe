/** How long a step may take; a vendor that asks to wait longer: the step fails with that reason, at once. */
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../../src/effects/http/client.ts';
import { VendorWait } from '../../../src/effects/http/errors.ts';
import { undiciTransport } from '../../../src/effects/http/undici-transport.ts';
import { createHeroku } from '../../../src/effects/targets/heroku/heroku.ts';
import { herokuTargets } from '../../../src/effects/targets/heroku/target.ts';
import { formatDuration } from '../../../src/format/duration.ts';
import { emptyLane } from '../../../src/machine/lane.ts';
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

/** Two endpoints, which answer at once as they should. */
const endpointsOf = (origin: string) =>
  [1, 2].map((nth) => ({
    ...{ url: `${origin}/${nth}`, status: 429, body: null, header: null, revision: null },
    timeoutMs: nth * minute,
  }));
const checked = { ...instances, commit: 'c' };

/** Steps that say how long they may take, each with an input of its own; ten minutes where nothing else is said. */
const steps = {
  'follow a build': ['follow', { target, work: { kind: 'build', id: 'b' }, timeoutMs }],
  'follow a promotion': ['follow', { target, work: { kind: 'promotion', id: 'p' }, timeoutMs }],
  awaitRelease: ['awaitRelease', { target, release: 'r', commit: 'c', artifact, timeoutMs }],
  awaitInstances: ['awaitInstances', instances],
  submit: ['submit', { target, commit: 'c', verified: null, cursor: null, key: 'k', timeoutMs }],
  // The stretch, the time to be up again, what the release before may still answer, and each endpoint twice.
  checkHealth: ['checkHealth', { ...checked, settleMs: minute, bakeMs: 0 }, 20 * minute + 20_000],
  // What it lasts, the time to be up again, and one more round.
  bake: ['bake', { ...checked, bakeMs: minute }, 14 * minute],
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
    const asked = { ...input, endpoints: endpointsOf(server.url) };
    return { error: await toldFailureOf(act(asked, ports)), server, clock };
  };

  it('fails at once where the vendor asks to wait longer than it may take', async () => {
    const [, , mayTake = timeoutMs] = steps[step] as readonly [string, object, number?];
    const asked = mayTake + minute;
    const { error, server, clock } = await run(asked);
    expect(error).toBeInstanceOf(VendorWait);
    const left = [mayTake, mayTake - 1_000].map(formatDuration).join('|');
    const words = `asks to wait ${formatDuration(asked)}; there are (${left}) left`;
    expect(error.message).toMatch(new RegExp(words));
    // Side by side perhaps, and nothing twice.
    const paths = server.asked.map(({ path }) => path);
    expect(paths).toEqual([...new Set(paths)]);
    expect(clock.slept.filter((ms) => ms !== 30_000)).toEqual([]);
  });
});

describe('what a step asks that waits for somebody else’s release is of use', () => {
  const verified = { artifact, release, at: target };
  const lane = { lane: 'acme', target, commit: 'c', overridden: false };
  const restore = { ...lane, keys: ['k'], asked: [], timeoutMs };

  it.each([
    ['submit', { ...steps.submit[1], verified }],
    ['restore', { ...restore, production: { target, isGiven: true } }],
    ['readGates', lane],
    ['observe', { ...lane, givenBy: null }],
  ] as const)('for as long as a release may take: %s', async (service, input) => {
    const clock = createVirtualClock();
    const asked = (...given: { clock?: unknown; deadlineMs?: number }[]) => {
      const ports = given.find((one) => one.clock !== undefined);
      throw new Error(`asked for ${(ports?.deadlineMs ?? 0) - clock.ran()} ms`);
    };
    const services = createServices({
      targets: () => ({
        ...{ settings: target, isReadable: true },
        ...{ submit: asked, underWay: asked, observe: asked },
      }),
      archive: async () => new Uint8Array(),
      usualStartMs: async () => null,
      readLane: async () => emptyLane,
      trust: { isLogKept: true },
    } as unknown as ServicesOptions);
    const ports = { clock, signal: new AbortController().signal, progress: () => {} };
    const act = services[service] as (input: unknown, runPorts: typeof ports) => Promise<unknown>;
    const acts = Promise.resolve().then(() => act(input, ports));
    await expect(acts).rejects.toThrow('asked for 3600000 ms');
  });

  it('and a canary that is quiet is taken back within its own time-out', async () => {
    const clock = createVirtualClock();
    const left: number[] = [];
    const services = createServices({
      targets: () => ({
        ...{ settings: target, isReadable: false, underWay: async () => [] },
        restore: async (_: unknown, ports: { deadlineMs: number }) => {
          left.push(ports.deadlineMs - clock.ran());
          return { kind: 'restored', release };
        },
      }),
      readLane: async () => emptyLane,
      trust: { isLogKept: true },
    } as unknown as ServicesOptions);
    const ports = { clock, signal: new AbortController().signal, progress: () => {} };
    const production = { target, isGiven: false, observed: null };
    const input = { ...restore, production } as unknown as Parameters<typeof services.restore>[0];
    await services.restore(input, ports);
    expect(left).toEqual([timeoutMs]);
  });

  it('but half a minute for notes, which a deploy does not wait for', async () => {
    const clock = createVirtualClock();
    const left: number[] = [];
    const services = createServices({
      targets: () => ({ settings: target, isReadable: false }),
      history: {
        notes: async (_base: string, _head: string, ports: { deadlineMs: number }) =>
          void left.push(ports.deadlineMs - clock.ran()),
      },
      readLane: async () => emptyLane,
    } as unknown as ServicesOptions);
    const ports = { clock, signal: new AbortController().signal, progress: () => {} };
    const input = { ...lane, givenBy: null, artifact: '' };
    await services.observe(input as unknown as Parameters<typeof services.observe>[0], ports);
    expect(left).toEqual([30_000]);
  });
});
