/** A person's `pipeline rollback`, of what the lane verified before: chosen by what runs, and carried out as the command does. */
import { UsageError } from '../../src/errors/error.ts';
import type { Environment, Settings } from '../../src/machine/events.ts';
import { type Shipped, targetName } from '../../src/machine/lane.ts';
import { goingBack } from '../../src/runtime/gates/going-back.ts';
import { observeSettled } from '../../src/runtime/gates/production.ts';
import type { Run } from '../../src/runtime/identity.ts';
import { readLane } from '../../src/runtime/lock/lanes.ts';
import { laneStream } from '../../src/runtime/log/streams.ts';
import { rollBack } from '../../src/runtime/rollback/carry-out.ts';
import { chooseRollback } from '../../src/runtime/rollback/choose.ts';
import type { EventLog } from '../../src/store/log.ts';
import type { Assembled } from './assembled.ts';
import { leaseMs } from './scenario.ts';

export interface OrderedRollback {
  readonly parts: Assembled;
  readonly log: EventLog;
  readonly run: Run;
  readonly lane: string;
  readonly settings: Pick<Settings, 'lock'> & { readonly production: Environment };
  /** What a new one is called. */
  readonly newId: string;
  /** Told as what it goes on, before anything is asked of anybody. */
  readonly begins: (id: string) => void;
}

/** @throws UsageError there is nothing to go back to; and what `rollBack` throws */
export async function orderRollback(order: OrderedRollback): Promise<void> {
  const { parts, log, run, lane, settings, newId, begins } = order;
  const { production } = settings;
  const signal = new AbortController().signal;
  const ports = { http: parts.http, clock: parts.clock, signal, progress: () => {} };
  const target = parts.targets(production.target);
  const state = await observeSettled(target, parts.history, ports);
  if (state.running === null) throw new UsageError('E_NO_RELEASE', 'nothing runs there');
  const seen = await readLane(log, lane);
  const back = await goingBack(target, state, seen, parts.history, ports);
  const shipped = (await log.readStream(laneStream(lane)))
    .filter(({ type }) => type === 'lane.shipped')
    .map(({ data }) => data as unknown as Shipped & { readonly target: string })
    .filter((one) => one.target === targetName(production.target))
    .reverse();
  const plan = chooseRollback(null, {
    ...{ shipped, running: state.running, unfinished: seen.rollback, named: null, newId },
    ranBefore: state.before?.artifact ?? null,
    isTakenBack: back?.release.id === state.running.release.id,
  });
  begins(plan.id);
  await rollBack({
    ...{ ...parts, log, run, lane, plan, production, target, signal, leaseMs },
    person: { actor: 'ana', observed: 'simulated', reason: 'simulated' },
    lockSettings: settings.lock,
    ...{ progress: () => {}, begun: () => {}, unverified: () => {} },
  });
}
