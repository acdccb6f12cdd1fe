/**
 * Slack as a channel. A bot keeps one message per deploy up to date and tells its steps in its thread; a webhook posts
 * a message for them. Steps that come faster than anybody reads are told in one message, and so are the old steps of a deploy
 * after an outage. Only a message whose answer was lost, or whose sender was killed before it could note it, is sent again.
 */
import { z } from 'zod';
import type { DomainEvent } from '../../../machine/events.ts';
import type { Clock } from '../../clock.ts';
import type {
  Channel,
  ChannelFault,
  Delivery,
  Memory,
  News,
  OrderNews,
  Since,
} from '../channel.ts';
import { isOver, isSettled, nextFrom } from '../news.ts';
import type { Authors } from './authors.ts';
import { asPlainText } from './blocks.ts';
import { isStep, type Level, mayBeTold } from './level.ts';
import { failedCommits } from './lines.ts';
import { callsOncall, deployMessage, stepMessages } from './messages.ts';
import { orderMessage } from './orders.ts';
import { type Slack, type SlackMessage, type SlackPlace, slackFault } from './slack.ts';
import type { Templates } from './templates.ts';

export interface SlackChannelOptions {
  readonly slack: Slack;
  /** Raw mrkdwn that calls somebody, such as `<!subteam^S0ONCALL>`; null: nobody is called. */
  readonly oncall: string | null;
  /** Tells how old an event is. */
  readonly clock: Pick<Clock, 'now'>;
  /** Left out: `steps`. */
  readonly level?: Level;
  /** How long a step may wait for the next one, in milliseconds, to be told with it; left out: five seconds. */
  readonly patienceMs?: number;
  /** The team's own words, by event. */
  readonly templates?: Templates;
  /** Who is mentioned for a commit that failed; null: nobody is. */
  readonly authors?: Authors | null;
}

export function createSlackChannel(options: SlackChannelOptions): Channel {
  return new SlackChannel(options);
}

const memorySchema = z.object({
  /** Where each deploy's message is, while the deploy is not over; the oldest first. */
  threads: z.record(z.string(), z.object({ channel: z.string(), ts: z.string() })).default({}),
  /** How many messages of the event at that position were sent already. */
  sent: z.object({ position: z.number(), count: z.number() }).nullable().default(null),
  /** Of deploys whose steps wait to be told in one: which of its events is the first of those, 1 for the first that can be read. */
  folded: z.record(z.string(), z.number()).default({}),
});

/** Of how many deploys the message is remembered. A deploy that goes on after it was forgotten gets a new message. */
const threadsMax = 200;

/** Within so long nobody has read a step: the next one may be told with it. */
const readingMs = 5_000;

/** Far beyond what a healthy Slack takes, and short beside what anybody wants to be told step by step. */
const oldNewsMs = 5 * 60_000;

/** What is known while one event is told. */
interface DeliveryState {
  readonly news: News;
  readonly delivery: Delivery;
  readonly threads: Record<string, SlackPlace>;
  readonly folded: Record<string, number>;
  /** How many messages of the event were sent. */
  count: number;
}

class SlackChannel implements Channel {
  readonly name = 'slack';
  readonly title = 'Slack';
  readonly wants: (type: string) => boolean;
  readonly #options: SlackChannelOptions;
  readonly #level: Level;

  constructor(options: SlackChannelOptions) {
    this.#options = options;
    this.#level = options.level ?? 'steps';
    this.wants = (type) => mayBeTold(type, this.#level);
  }

  faultOf(error: unknown): ChannelFault {
    return slackFault(error) === 'setup' ? 'setup' : 'passing';
  }

  /** Not what has the team's own words, and nothing that ends the deploy or asks a person for something. */
  patienceMs(event: DomainEvent, at: Pick<News, 'deploy' | 'state'>): number {
    const { templates = {}, patienceMs = readingMs } = this.#options;
    if (this.#level !== 'steps' || !isStep(event) || templates[event.type] !== undefined) return 0;
    return isSettled(at) || nextFrom(at) !== null ? 0 : patienceMs;
  }

  async deliver(news: News, delivery: Delivery): Promise<Memory> {
    const { deploy, position, history } = news;
    const { threads, sent, folded } = memorySchema.parse(delivery.memory);
    const count = sent?.position === position ? sent.count : 0;
    const state: DeliveryState = { news, delivery, threads, folded, count };
    if (this.#isFolded(news)) {
      folded[deploy] ??= history.length;
      return memoryOf(state, null);
    }
    const messages = await this.#messages(state);
    // What this level has no place for changes no message.
    if (messages.length === 0 && this.#level !== 'steps') return memoryOf(state, null);
    const opened = await this.#open(state, messages);
    for (const message of messages.slice(state.count)) {
      const { threadIsGone } = await this.#post(message, threads[deploy] ?? null, delivery);
      // The next step begins another.
      if (threadIsGone) delete threads[deploy];
      await this.#sent(state, 1);
    }
    const place = threads[deploy];
    const isNewest = news.nextTime === null || this.#level !== 'steps';
    if (place !== undefined && isNewest && !opened) {
      const kept = await this.#update(place, this.#own(news), delivery);
      if (!kept) delete threads[deploy];
    }
    if (isOver(news)) delete threads[deploy];
    delete folded[deploy];
    return memoryOf(state, null);
  }

  async announce(news: OrderNews, delivery: Delivery): Promise<Memory> {
    await this.#post(orderMessage(news, this.#isOld(news.time)), null, delivery);
    return delivery.memory;
  }

  /** The deploy's own message, where a bot has none yet: the others follow in its thread. */
  async #open(state: DeliveryState, messages: readonly SlackMessage[]): Promise<boolean> {
    const { news, delivery, threads, folded, count } = state;
    const { deploy } = news;
    if (this.#options.slack.mode !== 'bot' || threads[deploy] !== undefined) return false;
    // At its end all of a deploy may be one message. Before that its own message changes, and would lose what it told.
    const isAlone = (folded[deploy] !== undefined && isOver(news)) || this.#level !== 'steps';
    const isOne = isAlone && count === 0 && messages.length > 0;
    const own = isOne ? messages[0] : undefined;
    const message = own ?? this.#own(news);
    const { place } = await this.#post(message, null, delivery);
    if (place !== null) threads[deploy] = place;
    await this.#sent(state, own === undefined ? 0 : 1);
    return true;
  }

  async #sent(state: DeliveryState, more: number): Promise<void> {
    state.count += more;
    const { count, news, delivery } = state;
    await delivery.remember(memoryOf(state, { position: news.position, count }));
  }

  #own(news: News): SlackMessage {
    const { templates = {} } = this.#options;
    return deployMessage(news.history, { level: this.#level, templates, next: nextFrom(news) });
  }

  async #messages({ news, folded, delivery }: DeliveryState): Promise<SlackMessage[]> {
    const { slack, oncall, templates = {} } = this.#options;
    const { deploy, history, time } = news;
    const from = folded[deploy];
    const event = history.at(-1) ?? history[0];
    const since = callsOncall(event) ? await news.since() : null;
    const overtaken = since === null ? null : overtakenBy(since);
    const asksAuthors = event.type === 'deploy.failed' && overtaken === null;
    const { authors = null } = this.#options;
    return stepMessages(history, {
      ...{ mode: slack.mode, level: this.#level, templates, oncall, time, overtaken },
      next: nextFrom(news),
      head: isSettled(news) ? await news.head() : null,
      folded: from === undefined ? [] : history.slice(from - 1, -1),
      isLate: this.#isOld(time),
      follower: since?.follower?.build ?? null,
      mentions:
        authors === null || !asksAuthors
          ? new Map()
          : await authors.mentions(failedCommits(history), delivery.ports),
    });
  }

  /** Posts it as well as Slack takes it: else as plain text, else outside of its thread, else not at all. */
  async #post(
    message: SlackMessage,
    thread: SlackPlace | null,
    { assertHeld, ports, leftOut }: Delivery,
  ): Promise<{ place: SlackPlace | null; threadIsGone: boolean }> {
    let [shape, where] = [message, thread];
    for (;;) {
      await assertHeld();
      try {
        const place = await this.#options.slack.post(shape, ports, where);
        return { place, threadIsGone: thread !== null && where === null };
      } catch (error) {
        const fault = slackFault(error);
        if (fault === 'message' && shape.blocks.length > 0) shape = asPlainText(shape);
        else if (fault === 'thread' && where !== null) where = null;
        else if (fault !== 'message' && fault !== 'thread') throw error;
        else {
          leftOut(error);
          return { place: null, threadIsGone: false };
        }
      }
    }
  }

  /** False: the message cannot be changed any more. */
  async #update(
    place: SlackPlace,
    message: SlackMessage,
    { assertHeld, ports, leftOut }: Delivery,
  ): Promise<boolean> {
    await assertHeld();
    try {
      await this.#options.slack.update(place, message, ports);
      return true;
    } catch (error) {
      const fault = slackFault(error);
      if (fault !== 'message' && fault !== 'thread') throw error;
      leftOut(error);
      return fault === 'message';
    }
  }

  /** The deploy's next event is to be told too, and came soon, or is old as well: that one's message tells of this one. */
  #isFolded(news: News): boolean {
    const { time, nextTime, history } = news;
    // Of less than all, the next one may never be told.
    if (this.#level !== 'steps' || nextTime === null) return false;
    if (this.#isOld(time) && this.#isOld(nextTime)) return true;
    const waits = this.patienceMs(history.at(-1) ?? history[0], news);
    return waits > 0 && Date.parse(nextTime) - Date.parse(time) <= waits;
  }

  #isOld(time: string): boolean {
    return this.#options.clock.now() - Date.parse(time) > oldNewsMs;
  }
}

function memoryOf(
  { threads, folded }: DeliveryState,
  sent: { position: number; count: number } | null,
): Memory {
  const newest = Object.entries(threads).slice(-threadsMax);
  return { threads: Object.fromEntries(newest), sent, folded };
}

/** In words, what came after the event that makes it nobody's concern any more; null: it is how things stand. */
function overtakenBy({ wentOn, shipped }: Since): string | null {
  if (wentOn) return 'The deploy went on since then';
  return shipped === null ? null : `${shipped} went live since then`;
}
