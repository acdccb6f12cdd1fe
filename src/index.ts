/** What programs may build on: the chart, the log and its events. The command is `pipeline`. */
export { chart } from './machine/chart.ts';
export type { DomainEvent, EventData, EventType } from './machine/events.ts';
export {
  type DeployRow,
  deploysProjection,
  readDeploy,
  readDeploys,
} from './runtime/audit/deploys.ts';
export { type Replay, replay } from './runtime/audit/replay.ts';
export type { EventLog, RecordedEvent } from './store/log.ts';
export { type OpenOptions, openLog } from './store/open.ts';
