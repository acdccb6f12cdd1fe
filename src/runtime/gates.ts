/**
 * What may keep production from being written: order, a rollback, the kill switch. Read when staging
 * is verified and again immediately before the write. An answer that is not understood stops.
 */

import type { CodeRelease, Heroku } from '../effects/heroku.ts';
import type { History } from '../effects/history.ts';
import type { Ports } from '../effects/ports.ts';
import { LockstepError } from '../errors.ts';
import type { KillSwitch, Running } from '../machine/events.ts';
import type { Lane } from '../machine/lane.ts';
import type { GatesInput, Refusal, ServiceOutput } from '../machine/services.ts';

export interface GatesOptions {
  readonly heroku: Heroku;
  readonly history: History;
  readonly readLane: (lane: string) => Promise<Lane>;
  /** The environment's kill switch as it is now, and whether that means on. */
  readonly killSwitch: (name: string) => { readonly killSwitch: KillSwitch; readonly on: boolean };
}

export type Order =
  | { readonly kind: 'ahead' | 'first' | 'overridden'; readonly production: Running }
  | Extract<Refusal, { kind: 'superseded' }>;

/** How long a release that somebody else has under way in production is waited for. */
const otherReleaseTimeoutMs = 60 * 60_000;
const otherReleasePollMs = 5_000;

/** Production's code, once no release is under way there. */
export async function settledCode(heroku: Heroku, app: string, ports: Ports) {
  const deadline = ports.clock.now() + otherReleaseTimeoutMs;
  for (;;) {
    const state = await heroku.readCode(app, ports);
    if (state.pending === null) return state;
    if (ports.clock.now() >= deadline) {
      throw new LockstepError(
        'E_RELEASE_UNDER_WAY',
        `${app} has had release v${state.pending.version} (${state.pending.description ?? 'no description'}) under way for an hour`,
        { hint: `See what it waits for: heroku releases:info v${state.pending.version} -a ${app}` },
      );
    }
    ports.progress(`${app}: release v${state.pending.version} is under way; waiting for it`);
    await ports.clock.sleep(otherReleasePollMs, ports.signal);
  }
}

/** Whether git's order lets the commit follow on what production runs. */
export async function readOrder(
  code: CodeRelease | null,
  commit: string,
  overridden: boolean,
  history: History,
  ports: Ports,
): Promise<Order> {
  if (code === null) return { kind: 'first', production: { version: null, commit: null } };
  const production = { version: code.release.version, commit: code.commit };
  if (overridden) return { kind: 'overridden', production };
  const relation =
    code.commit === null ? 'unknown' : await history.relation(code.commit, commit, ports);
  switch (relation) {
    case 'ahead':
      return { kind: 'ahead', production };
    case 'same':
    case 'behind':
      return { kind: 'superseded', cause: 'contained', production };
    case 'diverged':
      return { kind: 'superseded', cause: 'diverged', production };
    case 'unknown':
      throw new LockstepError(
        'E_ORDER_UNKNOWN',
        `how this commit stands to what production runs (${code.commit ?? 'a slug that names no commit'}, v${production.version}) cannot be told`,
        {
          hint: 'Give the job a clone with history (fetch-depth: 0) or a GITHUB_TOKEN; or take responsibility with --override --reason.',
          details: production,
        },
      );
  }
}

export async function readGates(
  input: GatesInput,
  options: GatesOptions,
  ports: Ports,
): Promise<ServiceOutput<'readGates'>> {
  const { heroku, history, readLane } = options;
  const { code, newest } = await settledCode(heroku, input.app, ports);
  const order = await readOrder(code, input.commit, input.overridden, history, ports);
  if (order.kind === 'superseded') return order;

  const lane = await readLane(input.lane);
  if (code?.rollback === true && !lane.lifted.has(code.release.id)) {
    const { release, description, by, at, commit } = code;
    return { kind: 'held', rollback: { release, description, by, at, commit } };
  }
  const { killSwitch, on } = options.killSwitch(input.killSwitch);
  if (!on) return { kind: 'disabled', switch: 'environment', killSwitch, by: null };
  if (lane.disabled !== null) {
    return { kind: 'disabled', switch: 'lane', killSwitch, by: lane.disabled };
  }
  return { kind: 'clear', production: order.production, newest, killSwitch };
}
