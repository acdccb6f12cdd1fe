/** What a deploy may have under way at its targets when its run has ended, by its events. Pure. */
import { steps } from './codec.ts';
import { askedBy } from './context.ts';
import type { TargetSettings } from './events.ts';
import type { FoldedDeploy } from './interpret.ts';
import type { Asked, ServiceInput } from './services.ts';

export interface LeftBehind {
  readonly asked: readonly Asked[];
  /** Where it may have asked for something in its last moments, which no event names. */
  readonly unnamed: readonly TargetSettings[];
}

export function leftBehind({ snapshot, running }: FoldedDeploy): LeftBehind {
  const unnamed = [...running.values()].flatMap(({ step, input }) => {
    const { service } = steps[step];
    const writes = service === 'submit' || service === 'restore';
    return writes ? [(input as ServiceInput<'submit' | 'restore'>).target] : [];
  });
  return { asked: askedBy(snapshot.context), unnamed };
}
