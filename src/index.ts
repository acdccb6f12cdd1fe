/** What programs may build on: the chart, the log and its events. The command is `pipeline`. */
export { chart } from './machine/chart.ts';
export type { DomainEvent, EventData, EventType } from './machine/events.ts';
export { type Replay, replay } from './runtime/replay.ts';
export { type DeployRow, deploysProjection, readDeploy, readDeploys } from './store/deploys.ts';
export type { EventLog, RecordedEvent } from './store/log.ts';
export { type OpenOptions, openLog } from './store/open.ts';
