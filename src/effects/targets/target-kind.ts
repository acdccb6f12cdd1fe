/** What a kind of target hands in besides its targets. */
import type { Upcaster } from '../../machine/upcasting.ts';

export interface TargetKind {
  /** As `target.kind` has it in a deploy's settings. */
  readonly kind: string;
  /** Steps from what it once wrote to today's events. */
  readonly upcasters: readonly Upcaster[];
}
