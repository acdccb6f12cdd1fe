/** Slack: how much is told, what asks for something, and that no value is more than text. */
import type { Mutant } from '../mutant.ts';

const promise = 'Slack is told what happened';
const levels = 'test/effects/channels/slack/levels.test.ts';
const templates = 'test/effects/channels/slack/templates.test.ts';

export const slackMutants: readonly Mutant[] = [
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
    code: "stateFacts(state)?.tags.includes('settled') === true",
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
