/** What every channel has to do, whatever it reaches: run over a real place of its kind, or a strict stand-in. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  Channel,
  ChannelFault,
  Delivery,
  DeployEvents,
  Memory,
  News,
  OrderNews,
} from '../../src/effects/channels/channel.ts';
import type { HttpClient } from '../../src/effects/http/request.ts';
import type { DomainEvent } from '../../src/machine/events.ts';
import { type Order, tellOrder } from '../../src/machine/orders.ts';
import { samples } from '../../src/machine/samples.ts';
import { tell } from '../../src/machine/story.ts';
import { orderSamples } from '../machine/order-samples.ts';
import { sample, variants } from '../machine/samples.ts';

/** A channel and the place that it reaches. */
export interface ChannelUnderTest {
  /** Another one over the same place, as the next run has it. */
  readonly channel: () => Channel;
  readonly http: HttpClient;
  /** The text of everything that arrived so far, in order, each message as it was first. */
  readonly arrived: () => readonly string[];
  /** From now on every message fails so; `message`: the place takes none as it is. Null: the place is well. */
  readonly fail: (how: Failure | null) => void;
  close(): Promise<void>;
}

const requested = { type: 'deploy.requested', data: samples['deploy.requested'] } as const;
const everything: readonly DomainEvent[] = [
  ...Object.entries(samples).map(([type, data]) => ({ type, data }) as DomainEvent),
  ...variants,
];
/** From the request to production, in order. */
const story = [
  ...[sample('lock.acquired'), sample('deploy.observed'), sample('staging.submitted')],
  ...[sample('staging.deployed'), sample('staging.verified'), sample('gates.passed')],
  ...[sample('production.submitted'), sample('production.deployed'), sample('production.verified')],
];
/** The deploy's events, each with how many come before it. */
const steps = [requested, ...story].map((event, before) => ({ event, before }));

/** Its words as far as no channel writes them in its own way. */
const orderStart = (order: Order): string => tellOrder(order).headline.split(' <')[0] ?? '';

type Failure = ChannelFault | 'message';

/**
 * @param failures those that its place can have; a file, say, takes every message
 * @param tells the events of a story that it tells, where it does not tell all; its own tests say then what it makes of the
 *   others, and how much of an event it brings
 * @param orders those of people that it tells, where it does not tell all
 */
export function describeChannel(
  name: string,
  open: () => Promise<ChannelUnderTest>,
  {
    failures = ['passing', 'setup', 'message'],
    tells,
    orders = orderSamples.map(({ type }) => type),
  }: {
    failures?: readonly Failure[];
    tells?: readonly string[];
    orders?: readonly Order['type'][];
  } = {},
): void {
  const told = steps.filter(({ event }) => tells?.includes(event.type) ?? true);
  const headlineOf = (at: number): string => {
    const { event } = told[at] ?? steps[0] ?? { event: requested };
    return tell(event).headline.slice(0, 40);
  };
  describe(`${name}, as a channel`, () => {
    let under: ChannelUnderTest;
    let position: number;
    beforeEach(async () => {
      under = await open();
      position = 0;
    });
    afterEach(() => under.close());

    const newsOf = (deploy: string, events: readonly DomainEvent[]): News => ({
      id: randomUUID(),
      deploy,
      position: ++position,
      version: events.length + 1,
      time: new Date().toISOString(),
      history: [{ ...requested, data: { ...requested.data, deploy } }, ...events] as DeployEvents,
      state: null,
      nextTime: null,
      since: async () => ({ wentOn: false, shipped: null, follower: null }),
      head: async () => 'log head 00@1',
    });
    const leftOut: unknown[] = [];
    /** As an outbox does it: what is kept is JSON, and the last that was kept is what the next one gets. */
    class Kept {
      memory: Memory = {};
      readonly delivery = (more: Partial<Delivery> = {}): Delivery => ({
        ports: {
          http: under.http,
          progress: () => {},
          signal: new AbortController().signal,
        },
        memory: structuredClone(this.memory),
        assertHeld: async () => {},
        remember: async (memory) => this.keep(memory),
        leftOut: (error) => leftOut.push(error),
        ...more,
      });
      keep(memory: Memory): void {
        const text = JSON.stringify(memory);
        expect(JSON.parse(text)).toEqual(memory);
        this.memory = JSON.parse(text);
      }
    }
    async function deliver(news: News, kept: Kept, more: Partial<Delivery> = {}): Promise<void> {
      kept.keep(await under.channel().deliver(news, kept.delivery(more)));
    }
    const timesOf = (text: string) =>
      under.arrived().filter((message) => message.includes(text)).length;
    const headlines = told.map((_, at) => headlineOf(at));
    /** What is known once that many of its events were told. */
    const upTo = (at: number) => story.slice(0, told[at]?.before ?? 0);

    it('has a name that is a key of pipeline.yml, or begins so, and stays the same', () => {
      expect(under.channel().name).toMatch(/^[a-z][a-z0-9-]*(\/[a-z0-9-]+)?$/);
      expect(under.channel().name).toBe(under.channel().name);
      expect(under.channel().title).not.toBe('');
    });

    it('tells each event of a deploy once, in their order, whichever run delivers it', async () => {
      const kept = new Kept();
      for (const { before } of steps) {
        await deliver(newsOf('502-1a5f89db', story.slice(0, before)), kept);
      }
      const order = headlines.map((text) => under.arrived().findIndex((one) => one.includes(text)));
      expect(order).not.toContain(-1);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(headlines.map(timesOf)).toEqual(headlines.map(() => 1));
      expect(leftOut).toEqual([]);
    });

    it('takes every event that there is', async () => {
      const kept = new Kept();
      for (const [at, event] of everything.entries()) {
        const events = event.type === 'deploy.requested' ? [] : [event];
        await deliver(newsOf(`${at}-1a5f89db`, events), kept);
      }
      expect(leftOut).toEqual([]);
      if (tells !== undefined) return;
      expect(under.arrived().length).toBeGreaterThanOrEqual(everything.length);
    });

    it.each(failures.filter((one) => one !== 'message'))(
      'throws what it explains as %s, and tells it once that is over',
      async (fault) => {
        const kept = new Kept();
        under.fail(fault);
        const news = newsOf('502-1a5f89db', upTo(0));
        const failed = await under
          .channel()
          .deliver(news, kept.delivery())
          .then(
            () => null,
            (error: unknown) => error,
          );
        expect(failed).toBeInstanceOf(Error);
        expect(under.channel().faultOf(failed)).toBe(fault);
        expect(under.arrived()).toEqual([]);
        under.fail(null);
        await deliver(news, kept);
        expect(timesOf(headlines[0] ?? '')).toBe(1);
      },
    );

    if (failures.includes('message')) {
      it('leaves out what the place does not take in any form, and goes on', async () => {
        const kept = new Kept();
        under.fail('message');
        await deliver(newsOf('502-1a5f89db', upTo(0)), kept);
        expect(leftOut.splice(0)).not.toEqual([]);
        under.fail(null);
        await deliver(newsOf('502-1a5f89db', upTo(1)), kept);
        expect(timesOf(headlines[1] ?? '')).toBeGreaterThanOrEqual(1);
      });
    }

    if (tells === undefined)
      it('sends nothing once somebody else sends, and goes on behind what it had told', async () => {
        const kept = new Kept();
        const notes = samples['deploy.observed'].notes;
        const linesEach = 1_000;
        const commits = notes.commits.map((one, i) => ({
          ...one,
          body: Array.from({ length: linesEach }, (_, at) => `line ${at} of ${i}.`).join('\n'),
        }));
        const long = sample('deploy.observed', { notes: { ...notes, commits } });
        const news = newsOf('502-1a5f89db', [long]);
        for (let passed = 0; ; passed++) {
          let asked = 0;
          const taken = new Error('taken');
          const assertHeld = async (): Promise<void> => {
            if (asked++ === 1) throw taken;
          };
          const before = under.arrived().length;
          const error = await under
            .channel()
            .deliver(news, kept.delivery({ assertHeld }))
            .then(
              (memory) => kept.keep(memory),
              (thrown: unknown) => thrown,
            );
          expect(under.arrived().length - before).toBeLessThanOrEqual(1);
          if (error === undefined) break;
          expect(error).toBe(taken);
          expect(passed).toBeLessThan(50);
        }
        const text = under.arrived().join('\n');
        const lines = text.match(/line \d+ of \d+\./g) ?? [];
        expect(lines).toHaveLength(linesEach * commits.length);
        expect(new Set(lines).size).toBe(lines.length);
      });

    const orderOf = (order: Order): OrderNews => ({
      ...{ id: randomUUID(), position: ++position, version: position, order },
      ...{ time: new Date().toISOString(), lane: 'acme-web' },
    });
    const announced = orderSamples.filter(({ type }) => orders.includes(type));
    const announce = async (order: Order, kept: Kept): Promise<void> => {
      const memory = await under.channel().announce?.(orderOf(order), kept.delivery());
      kept.keep(memory ?? {});
    };

    it('announces each order of people once, among the events, with who and why', async () => {
      const kept = new Kept();
      await deliver(newsOf('502-1a5f89db', upTo(0)), kept);
      for (const order of orderSamples) await announce(order, kept);
      await deliver(newsOf('502-1a5f89db', upTo(1)), kept);
      const texts = [headlines[0] ?? '', ...announced.map(orderStart), headlines[1] ?? ''];
      const places = texts.map((text) => under.arrived().findIndex((one) => one.includes(text)));
      expect(places).not.toContain(-1);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(texts.map(timesOf)).toEqual(texts.map(() => 1));
      for (const order of announced) {
        const message = under.arrived().find((one) => one.includes(orderStart(order)));
        expect(message).toContain('Ana Lima');
        expect(message).toContain('incident 4711');
      }
      expect(leftOut).toEqual([]);
    });

    it('throws what an order meets as an event does, and announces it once that is over', async () => {
      const kept = new Kept();
      for (const order of announced) {
        under.fail('passing');
        const failed = await announce(order, kept).catch((error: unknown) => error);
        expect(failed).toBeInstanceOf(Error);
        expect(under.channel().faultOf(failed)).toBe('passing');
        under.fail(null);
        await announce(order, kept);
        expect(timesOf(orderStart(order))).toBe(1);
      }
    });

    if (failures.includes('message')) {
      it('leaves out an order that the place takes in no form, and goes on', async () => {
        const kept = new Kept();
        for (const order of announced) {
          under.fail('message');
          await announce(order, kept);
          expect(leftOut.splice(0)).not.toEqual([]);
        }
        under.fail(null);
        await deliver(newsOf('502-1a5f89db', upTo(1)), kept);
        expect(timesOf(headlines[1] ?? '')).toBeGreaterThanOrEqual(1);
      });
    }

    it('keeps deploys apart that are under way at the same time', async () => {
      const kept = new Kept();
      for (const at of [0, 1, 2]) {
        await deliver(newsOf('502-1a5f89db', upTo(at)), kept);
        await deliver(newsOf('503-7c3d2e1f', upTo(at)), kept);
      }
      expect(headlines.slice(0, 3).map(timesOf)).toEqual([2, 2, 2]);
    });
  });
}
