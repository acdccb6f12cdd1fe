/** Who acts: what somebody claims to be, beside what this program saw for itself. */

import { hostname, userInfo } from 'node:os';
import { z } from 'zod';
import { asOftenAs } from '../format/uncompiled.ts';

const name = z.string().nullable();

/** What was seen, whatever is claimed; null where nothing says so. */
const observedSchema = z.strictObject({
  /** Who the CI says began this build, and which build that is. */
  ci: z.strictObject({ user: name, run: z.string() }).nullable(),
  /** The system's account that runs this process, and on which machine. */
  system: z.strictObject({ user: name, host: z.string() }),
  /** `user.name <user.email>`, as git is set up in the repository. */
  git: name,
  /** The account that the target's token is of: an e-mail address. Asked only where nobody else is seen. */
  account: name,
});

/** Kept in every event's metadata. */
export const actorSchema = z.strictObject({
  /** What `--actor` says; null where it was not given. */
  claimed: name,
  observed: observedSchema,
});

export type Observed = z.infer<typeof observedSchema>;
export type Actor = z.infer<typeof actorSchema>;

/** What the log keeps of a person who ordered something: `observed` is in words. */
export interface Person {
  readonly actor: string;
  readonly observed: string;
  readonly reason: string;
}

export function systemUser(): Observed['system'] {
  const host = hostname();
  try {
    return { user: userInfo().username, host };
  } catch {
    // A container may run under a number that has no name.
    return { user: null, host };
  }
}

/** Somebody whom people know: the CI's user, git's identity or the target's account; null: nobody of the kind was seen. */
export function knownName({ ci, git, account }: Observed): string | null {
  return ci?.user ?? git ?? account;
}

/** What the actor is called: as claimed, else as seen; at the least the build or the machine. */
export function actorName({ claimed, observed }: Actor): string {
  const { ci, system } = observed;
  return claimed ?? knownName(observed) ?? ci?.run ?? onHost(system);
}

/** Who wrote an event, by its `metadata.actor`; null: it names nobody. */
export function namedIn(actor: unknown): string | null {
  const read = actorSchema.safeParse(actor, asOftenAs(actorSchema));
  return read.success ? actorName(read.data) : null;
}

/** As `namedIn`, for sentences. */
export const actorIn = (actor: unknown): string => namedIn(actor) ?? 'somebody';

/** `claimed; git identity Ana Lima <ana@acme.test>; ana on ws-7`: how the name came about, and what was seen beside it. */
export function observedInWords(actor: Actor): string {
  const { claimed, observed } = actor;
  const { ci, system, git, account } = observed;
  const called = actorName(actor);
  const part = (what: string, value: string | null): string[] => {
    if (value === null) return [];
    return [value === called ? `by ${what}` : `${what} ${value}`];
  };
  return [
    ...(claimed === null ? [] : ['claimed']),
    ...part('CI user', ci?.user ?? null),
    ...part('git identity', git),
    ...part('account', account),
    ...(ci === null ? [] : [ci.run]),
    onHost(system),
  ].join('; ');
}

export function personOf(actor: Actor, reason: string): Person {
  return { actor: actorName(actor), observed: observedInWords(actor), reason };
}

const onHost = ({ user, host }: Observed['system']): string =>
  user === null ? host : `${user} on ${host}`;
