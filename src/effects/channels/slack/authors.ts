/** Who wrote a commit, as Slack mentions people: by the e-mail address that git has. Whoever is not found is not mentioned. */
import type { Delivery } from '../channel.ts';
import { type Slack, slackFault } from './slack.ts';

export interface AuthorsOptions {
  readonly slack: Slack;
  /** Of a commit's author; null where this clone does not have the commit. */
  readonly emailOf: (commit: string, signal: AbortSignal) => Promise<string | null>;
}

export class Authors {
  readonly #options: AuthorsOptions;
  /** Raw mrkdwn by address. */
  readonly #known = new Map<string, string | null>();
  #isOff = false;

  constructor(options: AuthorsOptions) {
    this.#options = options;
  }

  /** By the commit's id. Never throws: a message without a mention is better than none. */
  async mentions(
    commits: readonly { readonly sha: string }[],
    ports: Delivery['ports'],
  ): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const { sha } of commits) {
      const mention = await this.#mention(sha, ports);
      if (mention !== null) found.set(sha, mention);
    }
    return found;
  }

  async #mention(sha: string, ports: Delivery['ports']): Promise<string | null> {
    if (this.#isOff) return null;
    try {
      const email = await this.#options.emailOf(sha, ports.signal);
      if (email === null || email === '') return null;
      if (!this.#known.has(email))
        this.#known.set(email, await this.#options.slack.mention(email, ports));
      return this.#known.get(email) ?? null;
    } catch (error) {
      ports.signal.throwIfAborted();
      // A right that is missing, or a Slack that is unwell: not asked again by this run.
      this.#isOff = true;
      const why = error instanceof Error ? error.message : String(error);
      const isRight = slackFault(error) === 'setup';
      const mend = isRight
        ? '; give the bot the scope users:read.email, or turn notify.slack.mentionAuthors off'
        : '';
      ports.progress(`Slack mentions no authors: ${why}${mend}`);
      return null;
    }
  }
}
