/** What people do, at the target and with Lockstep's own orders. */

/** What people release at production, past Lockstep. */
export type ReleaseAct =
  | 'rollback'
  | 'failed-rollback'
  | 'config'
  | 'push'
  | 'push-old'
  | 'release-again'
  | 'release-again-as-promotion'
  | 'failed-release-again'
  /** A release of theirs that is under way for minutes, or for longer than anybody waits. */
  | 'pending'
  | 'pending-for-long'
  /** What ran before is not kept any more. */
  | 'expire';

/** What people change in the configuration, from the next commit on. */
export type RulesAct =
  | 'settle-less'
  | 'settle-longer'
  | 'endpoint-removed'
  | 'endpoint-twice'
  | 'other-switch'
  | 'other-lane'
  | 'rules-at-first';

/** What people order. */
export type OrderAct =
  | 'disable'
  | 'enable'
  | 'unlock'
  /** Of what is held: with what they saw of it, a rollback is lifted. */
  | 'resume'
  /** Lockstep's own, of what it verified before. */
  | 'order-rollback'
  /** The same, by a process that dies once that is recorded, before the target is asked; nobody gives the order again. */
  | 'begin-rollback';

export type PersonAct =
  | ReleaseAct
  | RulesAct
  | OrderAct
  /** The environment accepts (PIPELINE_TRUST) what a deploy is held for. */
  | 'trust'
  | 'switch-off'
  | 'switch-on';

/** What happens when a process comes to one of its awaits: it goes on once that is done. */
export interface ActAtAwait {
  /** Counted from 1. */
  readonly at: number;
  readonly act: PersonAct;
}
