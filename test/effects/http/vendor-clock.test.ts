/** Times of a vendor, by the vendor's clock, whatever ours says. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askEndpoints } from '../../../src/effects/checks/endpoints.ts';
import { createHttpClient } from '../../../src/effects/http/client.ts';
import { ageOf, untilMs } from '../../../src/effects/http/vendor-clock.ts';
import type { Vendor } from '../../../src/effects/http/vendor-facts.ts';
import { fc } from '../../fast-check.ts';
import { VirtualTime } from '../../simulation/virtual-time.ts';
import { type AnsweringServer, startAnsweringServer } from '../answering-server.ts';
import { SandboxHeroku } from '../targets/heroku/sandbox-heroku.ts';
import { vendors } from '../vendors.ts';

const hour = 3_600_000;
const start = Date.parse('2026-01-05T10:00:00.400Z');
const offset = fc.integer({ min: -6 * hour, max: 6 * hour });

/** A client whose vendor answers after so long on the wire each way, by a clock that is so far ahead. */
function ports(time: VirtualTime, aheadMs: number, wireMs: number, headers = {}) {
  const http = createHttpClient({
    transport: async ({ signal }) => {
      await time.sleep(wireMs, signal);
      const date = new Date(time.now() + aheadMs).toUTCString();
      await time.sleep(wireMs, signal);
      return { status: 200, headers: { date, ...headers }, body: '{}' };
    },
    clock: time.clock,
    random: () => 0,
    beforeWrite: async () => {},
    notice: () => {},
  });
  const ask = (vendor: Vendor) =>
    http.send({
      vendor,
      method: 'GET',
      url: 'https://api.heroku.test/',
      signal: new AbortController().signal,
    });
  return { http, clock: time.clock, ask };
}

async function under<T>(time: VirtualTime, work: Promise<T>): Promise<T> {
  let over = false;
  const ended = work.finally(() => {
    over = true;
  });
  ended.catch(() => {});
  await time.runUntil(() => over, Number.POSITIVE_INFINITY);
  return ended;
}

describe('ageOf', () => {
  it('has the true age between its bounds, which are seconds apart', async () => {
    const drawn = fc.record({
      aheadMs: offset,
      trueAgeMs: fc.integer({ min: 0, max: 90 * 24 * hour }),
      wireMs: fc.integer({ min: 0, max: 5_000 }),
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ aheadMs, trueAgeMs, wireMs }) => {
        const time = new VirtualTime(start);
        const client = ports(time, aheadMs, wireMs);
        const happenedAt = time.now() - trueAgeMs;
        await under(time, client.ask(vendors.heroku));
        // As the vendor writes it: by its clock, to the second.
        const told = `${new Date(happenedAt + aheadMs).toISOString().slice(0, 19)}Z`;
        const age = ageOf(told, vendors.heroku, client);
        const now = time.now() - happenedAt;
        expect(age?.atLeastMs).toBeLessThanOrEqual(now);
        expect(age?.atMostMs).toBeGreaterThanOrEqual(now);
        expect((age?.atMostMs ?? 0) - (age?.atLeastMs ?? 0)).toBeLessThanOrEqual(
          2_000 + 2 * wireMs,
        );
      }),
      { seed: 8 },
    );
  });

  it('is unknown while the vendor has told no time, or for what is no time', async () => {
    const time = new VirtualTime(start);
    const client = ports(time, 0, 0, { date: 'soon' });
    expect(ageOf(start, vendors.heroku, client)).toBeNull();
    await under(time, client.ask(vendors.heroku));
    expect(ageOf(start, vendors.heroku, client)).toBeNull();
    const other = ports(time, 0, 0);
    await under(time, other.ask(vendors.github));
    expect(ageOf(start, vendors.heroku, other)).toBeNull();
    expect(ageOf('once', vendors.github, other)).toBeNull();
  });

  it('counts the time that an answer lay in a cache', async () => {
    const time = new VirtualTime(start);
    const client = ports(time, -120_000, 0, { age: '120' });
    await under(time, client.ask(vendors.github));
    expect(ageOf(start, vendors.github, client)?.atMostMs).toBeLessThanOrEqual(2_000);
  });
});

describe('untilMs', () => {
  it('is by the clock of the answer alone', () => {
    fc.assert(
      fc.property(offset, fc.integer({ min: 0, max: hour }), (aheadMs, inMs) => {
        const there = start + aheadMs;
        const rest = untilMs(there + inMs, { date: new Date(there).toUTCString() });
        expect(rest).toBeGreaterThanOrEqual(inMs);
        expect(rest).toBeLessThanOrEqual(inMs + 1_000);
      }),
      { seed: 8 },
    );
    expect(untilMs(start, {})).toBeNull();
  });
});

describe('preboot, with a clock of ours that is hours off', () => {
  const commit = 'a'.repeat(40);
  let site: AnsweringServer;
  let worlds: SandboxHeroku[];
  let time: VirtualTime;
  let firstAskedAt: number | null;

  beforeEach(async () => {
    worlds = [];
    site = await startAnsweringServer(() => {
      firstAskedAt ??= time.now();
      return { status: 200, body: 'ok' };
    });
  });
  afterEach(async () => {
    await site.close();
    for (const world of worlds) await world.close();
  });

  /**
   * @param phaseMs how long its release phase took, as Heroku tells it; null: it had none
   * @returns how long after the release was over the endpoint was asked first, in true milliseconds
   */
  async function askedAfter(
    aheadMs: number,
    agoMs: number,
    phaseMs: number | null,
  ): Promise<number> {
    firstAskedAt = null;
    time = new VirtualTime(start);
    const world = await SandboxHeroku.start({ clock: time.clock, aheadMs });
    worlds.push(world);
    const app = world.app('acme', { preboot: true });
    const overAt = time.now() - agoMs;
    const release = world.release(app, world.slug(commit), {
      createdAt: world.at(overAt - (phaseMs ?? 0)),
      updatedAt: world.at(overAt),
    });
    const silent = (told: object) => ({ ...told, updated_at: null });
    if (phaseMs === null) world.lies.set(`GET /apps/acme/releases/${release.id}`, silent);
    const endpoint = {
      url: `${site.url}/`,
      status: 200,
      timeoutMs: 30_000,
      successes: 1,
      body: null,
      header: null,
      revision: null,
    };
    const { id, version } = release;
    const input = { release: { id, version: `v${version}` }, commit, endpoints: [endpoint] };
    const real = world.ports({ clock: time.clock, during: (call) => time.during(call) });
    await under(time, askEndpoints(world.target('acme'), input, real, { once: false }));
    return (firstAskedAt ?? 0) - overAt;
  }

  it('the three minutes begin when the release phase is over, by Heroku’s clock: never less, and seconds more at most', async () => {
    const ago = fc.integer({ min: 0, max: 10 * 60_000 });
    const phase = fc.option(fc.integer({ min: 0, max: 10 * 60_000 }));
    await fc.assert(
      fc.asyncProperty(offset, ago, phase, async (aheadMs, agoMs, phaseMs) => {
        const after = await askedAfter(aheadMs, agoMs, phaseMs);
        expect(after).toBeGreaterThanOrEqual(180_000);
        expect(after).toBeLessThanOrEqual(Math.max(agoMs, 180_000 + 10_000) + 3_000);
      }),
      { numRuns: 40, seed: 8 },
    );
  });
});
