/**
 * What programs may build on: the log, its events in today's words, replay, the chart, and the errors.
 * docs/library.md has examples. The command is `pipeline`; nothing here runs a deploy.
 */

// The errors. Branch on `code`; docs/errors.md has every one.
export type { CoreCode } from './errors/catalogue.ts';
export { LockstepError, UsageError } from './errors/error.ts';
// The chart: a machine of XState 5, pure.
export { type Chart, chart } from './machine/chart.ts';
// Events: typed, in today's words, and in sentences.
export { parseEvent } from './machine/codec.ts';
export type { DomainEvent, EventData, EventType } from './machine/events.ts';
export { tell } from './machine/story.ts';
export type { EventText } from './machine/story-words.ts';
// Read models: tables that are kept with the log and made from its events.
export { type DeployRow, readDeploy, readDeploys } from './runtime/audit/deploys.ts';
export {
  type DeploysTable,
  type DeploysTables,
  deploysProjection,
} from './runtime/audit/deploys-table.ts';
// Replay: what was recorded, folded through the chart again and compared.
export type { Disagreement, RanOn } from './runtime/audit/rederive.ts';
export { type Replay, type ReplayStep, replay } from './runtime/audit/replay.ts';
export { domainEvent, UnreadableLog } from './runtime/log/recorded.ts';
export { deployStream, laneStream } from './runtime/log/streams.ts';
export type { Sleep } from './store/changes.ts';
export type { Clean } from './store/database-log.ts';
// The log: streams of events with expected versions, leases, verified reads.
export {
  type Appended,
  type AppendOptions,
  type Checkpoint,
  EventIdReused,
  type EventLog,
  type ExpectedVersion,
  type Fence,
  FencedOff,
  type Imported,
  type ImportFlaw,
  ImportRefused,
  type Json,
  type JsonObject,
  type Lease,
  LogFault,
  type LogHead,
  type NewEvent,
  type ReadStreamOptions,
  type RecordedEvent,
  StoreReplaced,
  StoreUnavailable,
  StoreUnusable,
  type StreamAppend,
  type StreamBeginning,
  type Verification,
  VersionConflict,
} from './store/log.ts';
export { type OpenOptions, openLog } from './store/open.ts';
export type { DatabaseResult, DatabaseStep, Procedure } from './store/procedure.ts';
export { type AnyStatement, type BoundStatement, Statement } from './store/procedure.ts';
export type { ProjectedLog, Projection, ProjectionTx } from './store/projection.ts';
export type { EventRow, LeaseRow, LogTables } from './store/tables.ts';
