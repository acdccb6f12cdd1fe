/** What production runs, once nothing is under way there, and how a commit stands to it. */

import type { History } from '../../effects/history/history.ts';
import { spoken } from '../../effects/polling.ts';
import type { Ports } from '../../effects/ports.ts';
import type { AppCode, CodeRelease, Heroku } from '../../effects/targets/heroku/heroku.ts';
import { LockstepError } from '../../errors.ts';
import type { Running, Stuck } from '../../machine/events.ts';
import type { Lane } from '../../machine/lane.ts';
import type { Refusal } from '../../machine/services.ts';
import { type GoingBack, goingBack } from './going-back.ts';
import { stuckAt } from './stuck.ts';

export interface ProductionOptions {
  readonly heroku: Heroku;
  readonly history: History;
  readonly readLane: (lane: string) => Promise<Lane>;
}

/** Production's code, with nothing under way. */
export type SettledCode = Omit<AppCode, 'pending'>;

export interface StandingInput {
  readonly lane: string;
  readonly app: string;
  readonly commit: string;
  /** Order does not stop this deploy: a person said so. */
  readonly overridden: boolean;
}

export interface Standing {
  readonly order: Order;
  /** What holds production; null: nothing that is known to be a going-back. */
  readonly held: GoingBack | null;
  /** What runs is that going-back itself; false where one was only tried, and failed. */
  readonly isTakenBack: boolean;
  readonly lane: Lane;
  readonly code: CodeRelease | null;
  /** The version of production's newest release of any kind. */
  readonly newest: number;
}

export type Order =
  | { readonly kind: 'ahead' | 'first' | 'overridden'; readonly production: Running }
  /** Production runs exactly this commit, and no deploy of the lane has verified it. */
  | Extract<Refusal, { kind: 'found' }>
  | Extract<Refusal, { kind: 'superseded' }>;

/** Heroku ends a release phase after an hour: what is under way for longer is stuck. */
export const otherReleaseTimeoutMs = 60 * 60_000;
const otherReleasePollMs = 5_000;

/** @throws E_RELEASE_UNDER_WAY a release is under way for more than an hour by Heroku's clock, or ours */
export async function settledCode(
  { heroku, history }: Pick<ProductionOptions, 'heroku' | 'history'>,
  app: string,
  ports: Ports,
): Promise<SettledCode> {
  const deadline = ports.clock.now() + otherReleaseTimeoutMs;
  for (;;) {
    const { pending, ...state } = await heroku.readCode(app, ports);
    if (pending === null) return { ...state, code: await resolved(state.code, history, ports) };
    const { version, description, ageMs } = pending;
    if (ageMs >= otherReleaseTimeoutMs || ports.clock.now() >= deadline) {
      throw new LockstepError(
        'E_RELEASE_UNDER_WAY',
        `${app} has had release v${version} (${description ?? 'no description'}) under way for ${spoken(ageMs)}`,
        {
          hint: `See what it waits for: heroku releases:info v${version} -a ${app}. Nothing is released to ${app} until it is over.`,
          details: { app, version, ageMs },
        },
      );
    }
    ports.progress(
      `${app}: release v${version} has been under way for ${spoken(ageMs)}; waiting for it`,
    );
    await ports.clock.sleep(otherReleasePollMs, ports.signal);
  }
}

/** Some tools name a slug's commit by its first digits. */
async function resolved(
  code: CodeRelease | null,
  history: History,
  ports: Ports,
): Promise<CodeRelease | null> {
  if (code === null || code.commit !== null || code.named === null) return code;
  return { ...code, commit: await history.fullId(code.named, ports) };
}

/** @throws E_ORDER_UNKNOWN, and what reading throws */
export async function readStanding(
  input: StandingInput,
  options: ProductionOptions,
  ports: Ports,
): Promise<Standing> {
  const state = await settledCode(options, input.app, ports);
  const lane = await options.readLane(input.lane);
  const { code, newest } = state;
  const relation = await relationTo(code, input.commit, options.history, ports);
  const held = await holding(input, state, lane, options, ports);
  const isTakenBack = held !== null && held.release.id === code?.release.id;
  const stuck =
    code !== null && relation === 'diverged' && !input.overridden
      ? await stuckAt(input.commit, code.release, lane, options.history, ports)
      : null;
  const order = orderOf(input, code, relation, { isTakenBack, lane, stuck });
  return { order, held, isTakenBack, lane, code, newest };
}

type Standings = Awaited<ReturnType<History['relation']>> | 'first';

async function relationTo(
  code: CodeRelease | null,
  commit: string,
  history: History,
  ports: Ports,
): Promise<Standings> {
  if (code === null) return 'first';
  return code.commit === null ? 'unknown' : history.relation(code.commit, commit, ports);
}

/** Who overrides order answers for what cannot be told of it, too; not for what somebody took back. */
async function holding(
  { app, overridden }: StandingInput,
  state: SettledCode,
  lane: Lane,
  options: ProductionOptions,
  ports: Ports,
): Promise<GoingBack | null> {
  const back = await goingBack(app, state, lane, options, ports);
  return overridden && back?.kind === 'unknown' ? null : back;
}

function orderOf(
  { overridden }: StandingInput,
  code: CodeRelease | null,
  relation: Standings,
  { isTakenBack, lane, stuck }: Pick<Standing, 'isTakenBack' | 'lane'> & { stuck: Stuck | null },
): Order {
  if (code === null) return { kind: 'first', production: { version: null, commit: null } };
  const { release, slug, commit } = code;
  const production = { version: release.version, commit };
  if (overridden) return { kind: 'overridden', production };
  const verified = lane.shipped?.release.id === release.id;
  switch (relation) {
    case 'same':
      if (!verified && !isTakenBack) return { kind: 'found', release, slug, own: false };
      return { kind: 'superseded', cause: 'contained', production, verified };
    case 'behind':
      return { kind: 'superseded', cause: 'contained', production, verified };
    case 'diverged':
      return { kind: 'superseded', cause: 'diverged', production, verified, stuck };
    case 'ahead':
      return { kind: 'ahead', production };
    default:
      throw orderUnknown(code);
  }
}

function orderUnknown({ named, commit, release: { version } }: CodeRelease): LockstepError {
  return new LockstepError(
    'E_ORDER_UNKNOWN',
    `how this commit stands to what production runs (${commit ?? named ?? 'a slug that names no commit'}, v${version}) cannot be told`,
    {
      hint: 'Give the job a clone with history (fetch-depth: 0) or a GITHUB_TOKEN; or take responsibility with --override --reason.',
      details: { version, commit },
    },
  );
}
