/** Who is in Slack's workspace, by their e-mail addresses (Slack API, users.lookupByEmail). */
import { z } from 'zod';

/** Each verb's input, as `POST /<verb>` of the control service takes it. */
const verbs = {
  /** Whoever has that e-mail address; no id: nobody has it any more. */
  slackUser: z.strictObject({ email: z.string().min(3), id: z.string().optional() }),
  /** Whether the bot's token may look people up by their address. */
  slackScopes: z.strictObject({ 'users:read.email': z.boolean() }),
} as const;

export interface SlackControl {
  slackUser(user: z.input<typeof verbs.slackUser>): void;
  slackScopes(scopes: z.input<typeof verbs.slackScopes>): void;
}

/** A profile has every one of them. */
const names = {
  ...{ title: '', phone: '', skype: '', status_text: '', status_emoji: '', fields: null },
  ...{ display_name: 'somebody', display_name_normalized: 'somebody' },
  ...{ real_name: 'Some Body', real_name_normalized: 'Some Body' },
};

export class People implements SlackControl {
  readonly #ids = new Map<string, string>();
  #mayLookUp = true;

  reset(): void {
    this.#ids.clear();
    this.#mayLookUp = true;
  }

  slackUser(given: z.input<typeof verbs.slackUser>): void {
    const { email, id } = verbs.slackUser.parse(given);
    if (id === undefined) this.#ids.delete(email);
    else this.#ids.set(email, id);
  }

  slackScopes(given: z.input<typeof verbs.slackScopes>): void {
    this.#mayLookUp = verbs.slackScopes.parse(given)['users:read.email'];
  }

  /** As Slack answers. */
  lookUp(email: string | undefined): Readonly<Record<string, unknown>> {
    if (!this.#mayLookUp) {
      const scopes = { needed: 'users:read.email', provided: 'chat:write' };
      return { ok: false, error: 'missing_scope', ...scopes };
    }
    const id = this.#ids.get(email ?? '');
    if (id === undefined) return { ok: false, error: 'users_not_found' };
    const profile = { avatar_hash: 'ge3b51ca72de', ...names, email };
    const user = { id, team_id: 'T0SANDBOX1', name: 'somebody', deleted: false, profile };
    return { ok: true, user };
  }
}
