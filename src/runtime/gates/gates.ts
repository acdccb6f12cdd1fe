/**
 * What may keep production from being written: order, a going-back, one that is ordered, the kill switch, changed rules. Read when staging
 * is verified and again immediately before the write. An answer that is not understood stops.
 */
import type { Ports } from '../../effects/ports.ts';
import type { Running } from '../../effects/targets/target.ts';
import type { KillSwitch } from '../../machine/events.ts';
import { type Lane, targetName } from '../../machine/lane.ts';
import type { GatesInput, ServiceOutput } from '../../machine/services.ts';
import type { GoingBack, Ordered } from '../../machine/taken-back.ts';
import { observeSettled, type ProductionOptions, readStanding } from './production.ts';
import { readTrust, type TrustOptions } from './trust.ts';

export interface GatesOptions extends ProductionOptions {
  readonly trust: TrustOptions;
  /** Whether a run that is alive carries on that deploy, or that rollback. */
  readonly hasRun: (id: string) => Promise<boolean>;
  /** The environment's kill switch as it is now, and whether that means on. */
  readonly killSwitch: (name: string) => { readonly killSwitch: KillSwitch; readonly on: boolean };
}

export async function readGates(
  input: GatesInput,
  options: GatesOptions,
  ports: Ports,
): Promise<ServiceOutput<'readGates'>> {
  const { order, held, lane, running, cursor } = await readStanding(input, options, ports);
  if (order.kind === 'superseded' || order.kind === 'found') return order;
  if (held !== null && !isPassedOver(held, input)) return { kind: 'held', rollback: held };
  const ordered = (await waitingRollback(lane, options)) ?? begunRollback(lane, input, running);
  if (ordered !== null) return { kind: 'held', rollback: ordered };
  const { killSwitch, on } = options.killSwitch(input.killSwitch);
  if (!on) return { kind: 'disabled', switch: 'environment', killSwitch, by: null, distrust: null };
  if (lane.disabled !== null) {
    return { kind: 'disabled', switch: 'lane', killSwitch, by: lane.disabled, distrust: null };
  }
  const distrust = await readTrust(input, options, { lane, running }, ports);
  if (distrust !== null) {
    return { kind: 'disabled', switch: distrust.about, killSwitch, by: null, distrust };
  }
  const clear = {
    kind: 'clear' as const,
    ...{ production: order.production, cursor, killSwitch },
    ...(held === null ? {} : { lifts: held }),
  };
  if (input.canary === null) return clear;
  const canary = await observeSettled(options.targets(input.canary), options.history, ports);
  return { ...clear, canaryCursor: canary.cursor };
}

const isPassedOver = ({ release }: GoingBack, { passesOver }: GatesInput): boolean =>
  passesOver === 'any' || (passesOver !== 'none' && passesOver.release === release.id);

/** Whoever ordered it gave that order after the deploy had the lane: no deploy passes over it. One whose run is over waits no more. */
async function waitingRollback(
  { waiting }: Lane,
  { hasRun }: GatesOptions,
): Promise<Ordered | null> {
  for (const { deploy, rollback } of waiting) {
    if (rollback === undefined || !(await hasRun(deploy))) continue;
    return { kind: 'ordered', rollback: deploy, ...rollback };
  }
  return null;
}

/**
 * Whoever has the lane now was given it after the rollback's run had lost it. What that was to take back runs still: the order stands
 * until it is carried out or a person gives it up.
 */
function begunRollback(
  { rollback: begun }: Lane,
  { target }: GatesInput,
  running: Running | null,
): Ordered | null {
  if (begun === null || begun.target !== targetName(target)) return null;
  if (running?.release.id !== begun.from.id) return null;
  const { rollback, from, to, actor, observed, reason, at } = begun;
  const when = at === undefined ? {} : { at };
  return { kind: 'ordered', rollback, from, to, actor, observed, reason, ...when, begun: true };
}
