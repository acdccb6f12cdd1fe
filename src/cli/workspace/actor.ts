/** Finds out who acts. An order (resume, enable, disable, unlock, --override) needs somebody who can be named. */
import { systemClock } from '../../effects/clock.ts';
import type { Repository } from '../../effects/git/repository.ts';
import { createHttpClient } from '../../effects/http/client.ts';
import { undiciTransport } from '../../effects/http/undici-transport.ts';
import { LockstepError, UsageError } from '../../errors/error.ts';
import { type Actor, knownName, type Observed, systemUser } from '../../runtime/actor.ts';
import type { CiFacts } from '../ci/ci.ts';
import type { Environment } from '../config/environment.ts';
import { type Accounts, accountsOf } from './targets.ts';

export interface ActorOptions {
  /** `--actor`. */
  readonly claimed: string | undefined;
  readonly ci: CiFacts;
  /** Null: this is not in a repository. */
  readonly repository: Repository | null;
}

/** How long the target may take to say whose token it is. */
const accountTimeoutMs = 20_000;

/** Whoever runs this, as far as it can be seen without asking a vendor. @throws UsageError E_ACTOR */
export async function observeActor({ claimed, ci, repository }: ActorOptions): Promise<Actor> {
  if (claimed !== undefined && claimed.trim() === '') {
    throw new UsageError('E_ACTOR', '--actor is empty', {
      hint: 'Leave it out, or say who acts: --actor ana',
    });
  }
  const { build } = ci;
  const run = build === null ? 'a CI build' : (build.url ?? `${build.provider} ${build.label}`);
  return {
    claimed: claimed?.trim() ?? null,
    observed: {
      ci: ci.isCi ? { user: ci.user, run } : null,
      system: systemUser(),
      git: repository?.identity ?? null,
      account: null,
    },
  };
}

/**
 * Whoever gives an order. What is claimed is kept and not believed: the CI's user, git's identity or
 * the account of the target's token has to be there beside it.
 *
 * @throws UsageError E_ACTOR
 */
export async function observeOrderer(
  options: ActorOptions & { readonly environment: Environment },
): Promise<Actor> {
  const actor = await observeActor(options);
  if (knownName(actor.observed) !== null) return actor;
  const observed: Observed = {
    ...actor.observed,
    account: await accountOf(options.environment),
  };
  return { ...actor, observed };
}

/** The first kind of target whose token can say whose it is. @throws UsageError E_ACTOR */
async function accountOf(environment: Environment): Promise<string> {
  const accounts = await accountsOf(environment);
  const transport = undiciTransport();
  const signal = AbortSignal.timeout(accountTimeoutMs);
  const clock = systemClock;
  const http = createHttpClient({
    transport: transport.send,
    clock,
    random: Math.random,
    beforeWrite: async () => {},
    notice: () => {},
  });
  let why = '';
  try {
    for (const { name, account } of accounts) {
      if (account === null) continue;
      try {
        return await account({ http, clock, signal, progress: () => {} });
      } catch (error) {
        if (error instanceof LockstepError) why = ` (${error.message})`;
        else if (signal.aborted) why = ` (${name} does not answer)`;
        else throw error;
      }
    }
  } finally {
    await transport.close();
  }
  throw nobody(accounts, why);
}

function nobody(accounts: readonly Accounts[], why: string): UsageError {
  const no = accounts.map(({ name }) => `, no ${name} account`).join('');
  const tokens = accounts.flatMap(({ tokenVariables }) => tokenVariables).join(' or ');
  return new UsageError(
    'E_ACTOR',
    `who gives this order cannot be seen: no CI user, no git identity${no}${why}`,
    {
      hint: `Say who you are to git (git config user.name, git config user.email), or set ${tokens}. --actor alone is a claim.`,
    },
  );
}
