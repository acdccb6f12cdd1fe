/** People at production, past Lockstep: what they release there, and what the world remembers of it. */

import type { ReleaseAct } from './acts.ts';
import { apps, canary, production } from './apps.ts';
import type { LaneWorld } from './lane-world.ts';

const ana = 'ana@acme.test';
const bo = 'bo@acme.test';

export const isPerson = (user: string): boolean => user === ana || user === bo;

type Act = (lane: LaneWorld, nowMs: number) => void;

/** A config var's value is the time: a new one each time. */
export const actsAtHeroku: Readonly<Record<ReleaseAct, Act>> = {
  rollback: (lane) => rollBack(lane, production),
  'failed-rollback': (lane) => failing(lane, () => rollBack(lane, production)),
  config: (lane, nowMs) => setConfig(lane, production, { A: String(nowMs) }),
  push: (lane) => push(lane, lane.tip),
  'push-old': (lane) => push(lane, olderOf(lane)?.commit ?? null),
  'release-again': (lane) => releaseAgain(lane),
  'release-again-as-promotion': (lane) => releaseAgain(lane, 'Promote acme-staging v7 0a1b2c3'),
  'failed-release-again': (lane) => failing(lane, () => releaseAgain(lane)),
  pending: (lane) => slowly(lane, 2 * 60_000, () => push(lane, lane.tip)),
  'pending-for-long': (lane) => slowly(lane, 100 * 60_000, () => push(lane, lane.tip)),
  expire: (lane) => expire(lane),
};

/** To the code before, where there is any. */
export function rollBack(lane: LaneWorld, app: string): void {
  const releases = lane.state().apps[app]?.releases ?? [];
  const codes = releases.filter(({ status, slug }) => status === 'succeeded' && slug !== null);
  if (new Set(codes.map(({ slug }) => slug)).size < 2) return;
  const roll = () => lane.sandbox.control.rollback({ app, byUser: ana });
  if (app !== production) roll();
  else released(lane, 'rollback', roll);
}

export function setConfig(lane: LaneWorld, app: string, vars: Record<string, string>): void {
  const set = () => lane.sandbox.control.setConfig({ app, vars, byUser: bo });
  if (app !== production) set();
  else released(lane, 'config', set);
}

function push(lane: LaneWorld, commit: string | null): void {
  if (commit === null) return;
  const { control } = lane.sandbox;
  released(lane, 'code', () => control.deploy({ app: production, commit, byUser: bo }));
}

/** Code of nobody's deploy. */
export function pushToCanary(lane: LaneWorld): void {
  lane.sandbox.control.deploy({ app: canary, commit: lane.tip, byUser: bo });
}

function releaseAgain(lane: LaneWorld, description = ''): void {
  const version = olderOf(lane)?.version;
  if (version === undefined) return;
  const { control } = lane.sandbox;
  const again = { app: production, version, description, byUser: ana };
  released(lane, 'code', () => control.releaseAgain(again));
}

/** The first code that production ran, where it runs another one now. */
function olderOf(lane: LaneWorld) {
  const ran = (lane.state().apps[production]?.releases ?? []).filter(
    ({ status, slug }) => status === 'succeeded' && slug !== null,
  );
  const [first] = ran;
  return first?.slug === ran.at(-1)?.slug ? undefined : first;
}

/** A release that fails in its release phase, whether there is one before and after or not. */
function failing({ sandbox: { control }, releasePhase }: LaneWorld, release: () => void): void {
  control.setReleasePhase({ app: production, command: 'rake db:migrate' });
  control.failNextReleasePhase({ app: production });
  release();
  control.setReleasePhase({ app: production, command: releasePhase });
}

/** A release whose release phase takes so long. */
function slowly(
  { sandbox: { control }, ...lane }: LaneWorld,
  ms: number,
  release: () => void,
): void {
  control.setReleasePhase({ app: production, command: 'rake db:backfill' });
  control.setTiming({ releasePhaseMs: ms });
  release();
  control.setTiming({ releasePhaseMs: lane.releasePhaseMs });
  control.setReleasePhase({ app: production, command: lane.releasePhase });
}

/** Of what ran before, in every app, nothing is kept any more. */
function expire(lane: LaneWorld): void {
  for (const app of apps) {
    const releases = lane.state().apps[app]?.releases ?? [];
    const runs = releases.find(({ current }) => current)?.slug;
    const old = releases.filter(
      ({ status, slug }) => status === 'succeeded' && slug !== null && slug !== runs,
    );
    for (const { version } of old) lane.sandbox.control.expireRelease({ app, version });
  }
}

function released(lane: LaneWorld, as: 'rollback' | 'code' | 'config', act: () => void): void {
  act();
  const made = lane.state().apps[production]?.releases.at(-1);
  if (made !== undefined) lane.madeByPeople.set(made.id, as);
}
