/** A rollback that a person ordered: what ran shows that it runs no more, and the commit that runs again shows that it does. */
import { cut } from '../../../format/text.ts';
import { tellOrder } from '../../../machine/orders.ts';
import { takenBackBy } from '../../../machine/taken-back.ts';
import type { Delivery, OrderNews } from '../channel.ts';
import type { NewStatus } from './api.ts';
import type { GitHubSettings } from './config.ts';
import type { Deployments } from './deployments.ts';
import type { Kept } from './memory.ts';
import { descriptionMax } from './words.ts';

/** @returns what to keep */
export async function showRollback(
  { order, lane }: OrderNews,
  kept: Kept,
  { settings, deployments, delivery }: Showing,
): Promise<Kept> {
  const back = takenBackBy(order);
  if (back === null) return kept;
  const { rollback, commit, to, verified } = back;
  const description = cut(tellOrder(order).headline, descriptionMax);
  const status = (state: NewStatus['state']): NewStatus => ({
    ...{ state, description, logUrl: null, environmentUrl: null },
  });
  const { live } = kept;
  if (live !== null && live.deploy !== rollback) {
    for (const id of [live.own, ...live.carried]) {
      await deployments.setStatus(id, status('inactive'));
    }
  }
  if (commit === null) return { ...kept, live: null };
  const own = await deployments.create({
    sha: commit,
    environment: settings.environments.production,
    task: 'rollback',
    description: cut(`${lane} taken back to ${to.version} by Lockstep`, descriptionMax),
    payload: { lockstep: rollback, lane, environment: 'production' },
    isProduction: true,
  });
  if (own === null) return { ...kept, live: null };
  const now = { ...kept, live: { deploy: rollback, commit, own, carried: [] } };
  await delivery.remember(now);
  await deployments.setStatus(own, status(verified ? 'success' : 'failure'));
  return now;
}

interface Showing {
  readonly settings: GitHubSettings;
  readonly deployments: Deployments;
  readonly delivery: Delivery;
}
