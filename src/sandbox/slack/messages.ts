/** Slack's channels and the messages in them. */
import type { SlackBody } from './body.ts';
import { limits, listOf } from './limits.ts';

/** What a message shows; each update replaces all of it. */
export interface SlackContent {
  readonly text: string;
  readonly blocks: readonly unknown[];
  readonly attachments: readonly unknown[];
}

/** A message as a channel shows it. */
export interface SlackMessage extends SlackContent {
  readonly via: 'webhook' | 'bot';
  /** The channel's id; the webhook's own, of what came by it. */
  readonly channel: string;
  /** As the sender named it: `#alerts-deploy`; null of a webhook's. */
  readonly to: string | null;
  readonly ts: string;
  readonly thread_ts: string | null;
  readonly broadcast: boolean;
  /** What it showed before, oldest first. */
  readonly edits: readonly SlackEdit[];
}

export interface SlackEdit extends SlackContent {
  /** When it was replaced, in milliseconds since the epoch. */
  readonly replacedAt: number;
}

/** The channel behind the webhook. */
export const webhookChannel = 'C0WEBHOOK1';

/** Channels that take no message, by name: what Slack answers. Every other name is a channel that the bot is in. */
const closed: Readonly<Record<string, string>> = {
  nowhere: 'channel_not_found',
  'not-joined': 'not_in_channel',
  archived: 'is_archived',
  'read-only': 'restricted_action_read_only_channel',
};

export class SlackMessages {
  readonly #now: () => number;
  #messages: SlackMessage[] = [];
  /** Ids by name. */
  readonly #channels = new Map<string, string>();
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  reset(): void {
    this.#messages = [];
    this.#channels.clear();
  }

  /** In order. */
  get all(): readonly SlackMessage[] {
    return this.#messages;
  }

  /** The id of a channel by name or id, or Slack's name for why not. */
  channel(given: unknown): { readonly id: string } | { readonly error: string } {
    const name = typeof given === 'string' ? given.replace(/^#/, '') : '';
    const error = name === '' ? 'channel_not_found' : closed[name];
    if (error !== undefined) return { error };
    if (/^[CGD][A-Z0-9]{8,}$/.test(name)) return { id: name };
    const id = this.#channels.get(name) ?? `C0SANDBOX${this.#channels.size + 1}`;
    this.#channels.set(name, id);
    return { id };
  }

  find(channel: unknown, ts: unknown): SlackMessage | undefined {
    return this.#messages.find((one) => one.channel === channel && one.ts === ts);
  }

  post(body: SlackBody, head: Pick<SlackMessage, 'via' | 'channel' | 'to'>): SlackMessage {
    this.#count += 1;
    const seconds = Math.floor(this.#now() / 1000);
    const made: SlackMessage = {
      ...head,
      ts: `${String(seconds).padStart(10, '0')}.${String(this.#count).padStart(6, '0')}`,
      thread_ts: typeof body.thread_ts === 'string' ? body.thread_ts : null,
      broadcast: body.reply_broadcast === true,
      ...contentOf(body),
      edits: [],
    };
    this.#messages.push(made);
    return made;
  }

  update(message: SlackMessage, body: SlackBody): SlackMessage {
    const { text, blocks, attachments } = message;
    const before = { text, blocks, attachments, replacedAt: this.#now() };
    const after = { ...message, ...contentOf(body), edits: [...message.edits, before] };
    this.#messages = this.#messages.map((one) => (one === message ? after : one));
    return after;
  }
}

function contentOf({ text, blocks, attachments }: SlackBody): SlackContent {
  return {
    text: typeof text === 'string' ? text.slice(0, limits.text) : '',
    blocks: listOf(blocks),
    attachments: listOf(attachments),
  };
}
