/** Slack: how much is told, what asks for something, and that no value is more than text. */
import type { Mutant } from '../mutant.ts';

const promise = 'Slack is told what happened';
const levels = 'test/effects/channels/slack/levels.test.ts';
const templates = 'test/effects/channels/slack/templates.test.ts';

const orders = 'test/runtime/notify/orders.test.ts';

export const slackMutants: readonly Mutant[] = [
  {
    id: 'years-of-old-orders-are-told',
    promise,
    file: 'src/runtime/notify/notifier.ts',
    symbol: '#begin',
    code: 'await this.#outbox.save({ ...now, position, ordersFrom: from }, fence);',
    by: 'await this.#outbox.save({ ...now, position, ordersFrom: 0 }, fence);',
    noticedBy: `${orders} › are old news`,
  },
  {
    id: 'the-mark-of-old-orders-is-lost',
    promise,
    file: 'src/runtime/notify/outbox.ts',
    symbol: 'save',
    code: 'const mark = ordersFrom === null ? {} : { ordersFrom };',
    by: 'const mark = {};',
    noticedBy: orders,
  },
  {
    id: 'an-order-is-told-before-what-came-before-it',
    promise,
    file: 'src/runtime/notify/outbox.ts',
    symbol: 'pending',
    code: 'return [...events, ...orders].sort((a, b) => a.position - b.position);',
    by: 'return [...orders, ...events];',
    noticedBy: `${orders} › are told in the order of the log`,
  },
  {
    id: 'an-order-runs-ahead-of-what-is-not-read-yet',
    promise,
    file: 'src/runtime/notify/outbox.ts',
    symbol: 'pending',
    code: 'events.at(-1)?.position ?? until',
    by: 'until',
    noticedBy: `${orders} › stay in order where there is more than one reading`,
  },
  {
    id: 'another-lanes-orders-are-told',
    promise,
    file: 'src/runtime/notify/order-news.ts',
    symbol: 'ordersBetween',
    code: 'lane === null || event.stream === streamPrefix',
    by: 'true',
    noticedBy: `${orders} › are told in the order of the log`,
  },
  {
    id: 'an-order-says-not-why',
    promise,
    file: 'src/machine/orders.ts',
    symbol: 'sentences',
    code: '`lane disabled by ${because(person)}`',
    by: '`lane disabled by ${person.actor}`',
    noticedBy: 'test/machine/orders.test.ts',
  },
  {
    id: 'a-problem-that-is-over-is-never-said-to-be',
    promise,
    file: 'src/effects/channels/slack/level.ts',
    symbol: 'isTold',
    code: "(level === 'outcomes' || before.includes('problem'))",
    by: "level === 'outcomes'",
    noticedBy: `${levels} › is told where only problems are`,
  },
  {
    id: 'what-a-level-leaves-out-is-told-by-the-next',
    promise,
    file: 'src/effects/channels/slack/channel.ts',
    symbol: '#isFolded',
    code: "if (this.#level !== 'steps') return false;",
    by: '',
    noticedBy:
      'test/channels/slack-levels.test.ts › says each of them by itself after an outage, for the next may not be told',
  },
  {
    id: 'the-head-is-told-with-every-step',
    promise,
    file: 'src/effects/channels/news.ts',
    symbol: 'isSettled',
    code: "isTagged(state, 'settled')",
    by: 'stateFacts(state) !== undefined',
    noticedBy: 'test/channels/slack-levels.test.ts › has the log’s head',
  },
  {
    id: 'a-hold-looks-like-a-failure',
    promise,
    file: 'src/effects/channels/slack/lines.ts',
    symbol: 'signOf',
    code: "return type === 'production.held' || type === 'production.disabled' ? '⏸️' : signs[tone];",
    by: 'return signs[tone];',
    noticedBy: `${levels} › looks unlike a failure`,
  },
  {
    id: 'a-teams-words-take-the-command-away',
    promise,
    file: 'src/effects/channels/slack/messages.ts',
    symbol: 'asked',
    code: 'const ask = next ??',
    by: 'const ask = isOwn ? null : next ??',
    noticedBy: `${levels} › has the command with the deploy’s id`,
  },
  {
    id: 'a-title-calls-everybody-by-a-template',
    promise,
    file: 'src/effects/channels/slack/templates.ts',
    symbol: 'fields',
    code: 'escapeText(data.commit.title)',
    by: 'data.commit.title',
    noticedBy: `${templates} › lets no value call anybody, link anywhere or end its place`,
  },
  {
    id: 'a-field-that-there-is-not-is-taken',
    promise,
    file: 'src/effects/channels/slack/templates.ts',
    symbol: 'templateFault',
    code: 'if (isField(name)) continue;',
    by: 'continue;',
    noticedBy: `${templates} › is refused, with where it stands, for`,
  },
];
