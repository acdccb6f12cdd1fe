/**
 * Steps that come faster than anybody reads, told by the real notifier on a real log, in virtual time: whatever comes when, and
 * whenever a run is killed, each event can be read once, in order, in time, and nothing that concerns anybody waits.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSlackChannel } from '../../../src/effects/channels/slack/channel.ts';
import { createSlack } from '../../../src/effects/channels/slack/slack.ts';
import type { HttpClient } from '../../../src/effects/http/request.ts';
import { schemaNumbers } from '../../../src/machine/event-schemas.ts';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { samples } from '../../../src/machine/samples.ts';
import { stateNames } from '../../../src/machine/state-facts.ts';
import { tell } from '../../../src/machine/story.ts';
import { createNotifier, type Notifier } from '../../../src/runtime/notify/notifier.ts';
import { createSlack as createSandbox } from '../../../src/sandbox/slack/slack.ts';
import type { EventLog, JsonObject } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { seen } from '../../effects/channels/slack/server.ts';
import { createVirtualClock } from '../../effects/virtual-clock.ts';
import { fc } from '../../fast-check.ts';
import { orderSamples } from '../../machine/order-samples.ts';
import { sample } from '../../machine/samples.ts';

type Mode = 'bot' | 'webhook';
type Step = readonly [event: DomainEvent, state: string];

/** How late a step may be told, and how far the test's time goes at once. */
const [windowMs, tickMs] = [5_000, 1_000];
const webhookPath = '/services/T0TEAM/B0HOOK/secretOfTheWebhook';
const lane = 'acme-web';

/** All the way to production. */
const way: readonly Step[] = [
  [sample('deploy.requested'), 'queued.waiting'],
  [sample('lock.acquired'), 'locked'],
  [sample('deploy.observed'), 'deployingStaging.submitting'],
  [sample('staging.submitted'), 'deployingStaging.following'],
  [sample('staging.released'), 'deployingStaging.releasing'],
  [sample('staging.deployed'), 'verifying.starting'],
  [sample('staging.instancesUp'), 'verifying.settling'],
  [sample('staging.verified'), 'verifying.gates'],
  [sample('gates.passed'), 'production.deploying.submitting'],
  [sample('production.submitted'), 'production.deploying.following'],
  [sample('production.released'), 'production.deploying.releasing'],
  [sample('production.deployed'), 'production.verifying.starting'],
  [sample('production.instancesUp'), 'production.verifying.settling'],
];
const ends: readonly Step[] = [
  [sample('production.verified'), 'production.live'],
  [sample('deploy.failed'), 'failed'],
  [sample('production.held'), 'blockedByRollback'],
];
/** What concerns somebody on the way, or is no step: it waits for nothing. */
const urgent: readonly string[] = [
  ...ends.map(([{ type }]) => type),
  ...['run.interrupted', 'deploy.painted'],
];

interface Recorded {
  readonly deploy: string;
  readonly position: number;
  readonly at: number;
  readonly isUrgent: boolean;
  /** Null: nobody can tell it. */
  readonly headline: string | null;
}

/** A log, a Slack and a time; runs come and die. */
class World {
  readonly clock = createVirtualClock({ holdMs: 0 });
  /** That Slack was sent. */
  requests = 0;
  readonly #mode: Mode;
  readonly #folder: string;
  readonly #log: EventLog;
  readonly #slack = createSandbox({
    now: () => this.clock.now(),
    newId: randomUUID,
    token: webhookPath,
  });
  readonly #recorded: Recorded[] = [];
  readonly #dead = new Set<string>();
  readonly #watching = new Set<() => void>();
  #run: { readonly id: string; readonly notifier: Notifier } | null = null;
  #aliveSince = 0;
  #underWay = 0;
  /** The run dies as it is about to send. */
  #diesSending = false;

  static async create(mode: Mode): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-folding-'));
    let now = () => 0;
    const log = await openLog(`sqlite:${join(folder, 'log.db')}`, { now: () => now() });
    const world = new World(log, mode, folder);
    now = world.clock.now;
    return world;
  }

  private constructor(log: EventLog, mode: Mode, folder: string) {
    this.#log = log;
    this.#mode = mode;
    this.#folder = folder;
  }

  async close(): Promise<void> {
    if (this.#run !== null) this.#dead.add(this.#run.id);
    await this.#log.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Another process, as a CI has one a job. */
  start(): void {
    const id = randomUUID();
    const botToken = this.#mode === 'bot' ? this.#slack.botToken : null;
    const webhookUrl = `http://slack.test${webhookPath}`;
    const notifier = createNotifier({
      log: this.#logOf(id),
      channel: createSlackChannel({
        slack: createSlack({ baseUrl: 'http://slack.test', channel: '#d', botToken, webhookUrl }),
        oncall: null,
        clock: this.clock,
      }),
      ports: { http: this.#httpOf(id), clock: this.clock, progress: () => {} },
      ...{ lane, owner: { id }, leaseMs: 10_000, startAt: 'head' },
      isGone: (owner) => this.#dead.has(String(owner.id)),
    });
    notifier.start();
    this.#run = { id, notifier };
    this.#aliveSince = this.clock.now();
  }

  /** It does nothing more, as after `kill -9`. */
  kill(): void {
    if (this.#run !== null) this.#dead.add(this.#run.id);
    this.#run = null;
    this.#diesSending = false;
  }

  killAsItSends(): void {
    this.#diesSending = true;
  }

  get runs(): boolean {
    return this.#run !== null;
  }

  async flush(): Promise<void> {
    const { notifier } = this.#run ?? {};
    expect(await notifier?.flush(10_000)).toBe('done');
    this.#run = null;
  }

  async write(deploy: string, [event, to]: Step | readonly [null, string]): Promise<void> {
    const { type, data } = event ?? { type: 'deploy.painted', data: {} };
    const [label = ''] = deploy.split('-');
    const own =
      type === 'deploy.requested'
        ? { ...data, deploy, lane, build: { ...samples['deploy.requested'].build, label } }
        : data;
    const headline =
      event === null ? null : tell({ type, data: own } as DomainEvent).headline.slice(0, 60);
    const isUrgent = urgent.includes(type);
    const position = await this.#append(`deploy/${deploy}`, type, own, { transition: { to } });
    this.#recorded.push({ deploy, position, at: this.clock.now(), isUrgent, headline });
    await this.settle();
  }

  /** A person's, for the lane. */
  async order(): Promise<void> {
    const data = orderSamples.find(({ type }) => type === 'lane.disabled')?.data ?? {};
    const position = await this.#append(`lane/${lane}`, 'lane.disabled', data, {});
    const at = this.clock.now();
    this.#recorded.push({ deploy: 'order', position, at, isUrgent: true, headline: null });
    await this.settle();
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= tickMs) {
      this.clock.advance(Math.min(left, tickMs));
      await this.settle();
      this.check();
    }
  }

  /** Until nothing is under way: whoever waits, waits for the time or for the log. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 4; quiet++) {
      await new Promise((turn) => setImmediate(turn));
      if (this.#underWay > 0) quiet = -1;
    }
  }

  /** What has to be readable by now is, once and in order. */
  check(): void {
    const { recorded, now } = { recorded: this.#recorded, now: this.clock.now() };
    const isDue = ({ at, isUrgent }: Recorded) =>
      isUrgent || now - Math.max(at, this.#aliveSince) >= windowMs + tickMs;
    const due = this.runs ? (recorded.findLast(isDue)?.position ?? 0) : 0;
    for (const deploy of new Set(recorded.map((one) => one.deploy))) {
      const own = recorded.filter((one) => one.deploy === deploy && one.headline !== null);
      const all = own.map(({ headline }) => headline ?? '');
      const told = this.told(deploy, all);
      expect(told).toEqual(all.slice(0, told.length));
      expect(told.length).toBeGreaterThanOrEqual(own.filter((one) => one.position <= due).length);
    }
  }

  /** All is told, with nobody left to tell it. */
  checkEnd(): void {
    for (const deploy of new Set(this.#recorded.map((one) => one.deploy))) {
      const own = this.#recorded.filter((one) => one.deploy === deploy && one.headline !== null);
      const all = own.map(({ headline }) => headline ?? '');
      expect(this.told(deploy, all)).toEqual(all);
    }
  }

  /** Which of the headlines people can read, in which order. */
  told(deploy: string, headlines: readonly string[]): string[] {
    const [label = ''] = deploy.split('-');
    const messages = this.messages(label);
    const first = messages.find(({ thread_ts }) => thread_ts === null);
    const thread = messages.filter(({ thread_ts }) => thread_ts !== null);
    // A bot's own message stands as the deploy does: it says of which commit it is, and where there is no more, all.
    const ownMessage = thread.length > 0 || (first !== undefined && !first.text.includes('queued'));
    const shown = this.#mode === 'webhook' || thread.length === 0 ? messages : thread;
    const read = shown.flatMap(({ text, blocks }) => {
      const [last = ''] = headlines.filter((one) => seen(text).includes(one));
      const lines = JSON.stringify(blocks).split('Before that')[1] ?? '';
      const before = headlines
        .map((one) => ({ one, place: seen(lines).indexOf(JSON.stringify(one).slice(1, -1)) }))
        .filter(({ place }) => place >= 0)
        .sort((a, b) => a.place - b.place);
      return [...before.map(({ one }) => one), ...(last === '' ? [] : [last])];
    });
    const [request = ''] = headlines;
    const isNamed = this.#mode === 'bot' && ownMessage && !read.includes(request);
    return isNamed ? [request, ...read] : read;
  }

  messages(label: string) {
    return this.#slack.state().messages.filter(({ text }) => text.startsWith(`acme-web ${label}:`));
  }

  async #append(stream: string, type: string, data: object, metadata: object): Promise<number> {
    const event = {
      ...{ id: randomUUID(), type, schema: schemaNumbers.get(type) ?? 1 },
      ...{ data: data as JsonObject, metadata: metadata as JsonObject },
    };
    await this.#log.append([{ stream, expected: 'any', events: [event] }]);
    for (const wake of [...this.#watching]) wake();
    return this.#log.head();
  }

  /** Of one process: once that is dead, nothing comes back. */
  #through<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#dead.has(id)) return new Promise(() => {});
    this.#underWay += 1;
    return work().finally(() => {
      this.#underWay -= 1;
      return this.#dead.has(id) ? new Promise(() => {}) : undefined;
    });
  }

  #logOf(id: string): EventLog {
    const changed: EventLog['changed'] = ({ signal }) =>
      new Promise((resolve) => {
        const wake = () => {
          this.#watching.delete(wake);
          resolve();
        };
        this.#watching.add(wake);
        signal?.addEventListener('abort', wake, { once: true });
      });
    return new Proxy(this.#log, {
      get: (log, name) => {
        if (name === 'changed') return changed;
        const member = log[name as keyof EventLog];
        if (typeof member !== 'function') return member;
        const call = member.bind(log) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => this.#through(id, () => call(...args));
      },
    });
  }

  #httpOf(id: string): HttpClient {
    return {
      assertHeld: async () => {},
      vendorClock: () => null,
      send: (request) => {
        if (this.#diesSending && this.#run?.id === id) this.kill();
        return this.#through(id, async () => {
          this.requests += 1;
          const { url, method, headers, body } = request;
          const sent = { method, headers: { ...headers }, body: String(body) };
          const answer = await this.#slack.fetch(new Request(url, sent));
          const [status, text] = [answer.status, await answer.text()];
          return { status, headers: Object.fromEntries(answer.headers), body: text };
        });
      },
    };
  }
}

const within = async (mode: Mode, story: (world: World) => Promise<void>): Promise<void> => {
  const world = await World.create(mode);
  try {
    world.start();
    await world.settle();
    await story(world);
  } finally {
    await world.close();
  }
};

/** What happens, and how long nothing did before it. */
const happening = fc.record({
  afterMs: fc.oneof(
    { weight: 5, arbitrary: fc.nat({ max: 3_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 3_000, max: 9_000 }) },
    { weight: 1, arbitrary: fc.constant(400_000) },
  ),
  what: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('501-aaaaaaaa', '502-bbbbbbbb') },
    { weight: 1, arbitrary: fc.constantFrom('order', 'kill', 'killAsItSends', 'painted') },
  ),
});

it('the way is through states that there are', () => {
  for (const [, state] of [...way, ...ends]) expect(stateNames()).toContain(state);
});

describe.each(['bot', 'webhook'] as const)('by a %s', (mode) => {
  it('a deploy that is done before anybody reads is one message', () =>
    within(mode, async (world) => {
      for (const step of [...way, ends[0] as Step]) await world.write('501-aaaaaaaa', step);
      world.check();
      expect(world.messages('501')).toHaveLength(1);
      expect(world.requests).toBe(1);
      await world.flush();
      world.checkEnd();
      expect(world.requests).toBe(1);
    }));

  it('a step that takes long is told once it has waited, with what came just before it, and no more is asked of Slack', () =>
    within(mode, async (world) => {
      for (const step of way.slice(0, 4)) await world.write('501-aaaaaaaa', step);
      await world.pass(windowMs - tickMs);
      expect(world.requests).toBe(0);
      await world.pass(tickMs);
      const told = mode === 'bot' ? 2 : 1;
      expect(world.requests).toBe(told);
      world.check();
      await world.pass(60_000);
      expect(world.requests).toBe(told);
      await world.flush();
      world.checkEnd();
    }));

  it('steps a second apart are a message for each few seconds', () =>
    within(mode, async (world) => {
      for (const step of way) {
        await world.write('501-aaaaaaaa', step);
        await world.pass(1_000);
      }
      await world.write('501-aaaaaaaa', ends[0] as Step);
      const thread = world.messages('501').filter(({ thread_ts }) => thread_ts !== null);
      expect(mode === 'bot' ? thread : world.messages('501')).toHaveLength(3);
      world.checkEnd();
    }));

  it('a step before what this version cannot read is told without it', () =>
    within(mode, async (world) => {
      for (const step of way.slice(0, 3)) await world.write('501-aaaaaaaa', step);
      await world.write('501-aaaaaaaa', [null, 'locked']);
      world.check();
      world.checkEnd();
      for (const step of way.slice(3)) await world.write('501-aaaaaaaa', step);
      await world.flush();
      world.checkEnd();
    }));

  it('what waited when a run was killed is told by the next, also where nobody had told anything of this log', () =>
    within(mode, async (world) => {
      for (const step of way.slice(0, 3)) await world.write('501-aaaaaaaa', step);
      world.kill();
      await world.pass(60_000);
      expect(world.messages('501')).toEqual([]);
      world.start();
      await world.flush();
      world.checkEnd();
    }));

  it('each event is told once, in order and in time, whatever comes when and whenever a run is killed', async () => {
    const stories = fc.record({
      all: fc.array(happening, { minLength: 5, maxLength: 40 }),
      end: fc.constantFrom(...ends),
      interrupted: fc.nat({ max: way.length }),
    });
    await fc.assert(
      fc.asyncProperty(stories, ({ all, end, interrupted }) =>
        within(mode, async (world) => {
          const stop: Step = [
            sample('run.interrupted'),
            way[interrupted]?.[1] ?? 'verifying.gates',
          ];
          const steps = [
            ...way.slice(0, interrupted + 1),
            stop,
            ...way.slice(interrupted + 1),
            end,
          ];
          const next = new Map<string, number>();
          for (const { afterMs, what } of all) {
            await world.pass(afterMs);
            if (what === 'order') await world.order();
            else if (what === 'kill') world.kill();
            else if (what === 'killAsItSends') world.killAsItSends();
            else if (what === 'painted') {
              if (next.has('501-aaaaaaaa')) await world.write('501-aaaaaaaa', [null, 'queued']);
            } else {
              const at = next.get(what) ?? 0;
              next.set(what, at + 1);
              const step = steps[at];
              if (step !== undefined) await world.write(what, step);
            }
            world.check();
            if (!world.runs && afterMs % 2 === 0) {
              world.start();
              await world.settle();
            }
          }
          world.kill();
          world.start();
          await world.flush();
          world.checkEnd();
        }),
      ),
      { numRuns: 20 },
    );
  });
});
