/** The number of each event's schema. The steps from earlier ones to it: `upcasters.ts`, and each target's own. */
import { type EventType, eventSchemas } from './events.ts';
import { type LaneEventType, laneEventSchemas } from './lane.ts';
import type { HeadEventType } from './log-head.ts';

/** Of each type whose schema was changed since it came into use; any other's number is 1. */
const changed: Partial<Record<EventType | LaneEventType | HeadEventType, number>> = {
  'deploy.requested': 3,
  'deploy.superseded': 2,
  'deploy.observed': 2,
  'production.found': 2,
  'staging.deployed': 2,
  'staging.verified': 2,
  'gates.passed': 2,
  'canary.restored': 2,
  'production.held': 3,
  'production.disabled': 2,
  'production.deployed': 2,
  'production.verified': 2,
  'deploy.failed': 2,
  'rollback.lifted': 2,
  'lane.deployed': 2,
  'lane.stuck': 2,
  'lane.shipped': 2,
  'head.signed': 2,
};

/** The number of the schema in use, by type. */
export const schemaNumbers: ReadonlyMap<string, number> = new Map([
  ...[...Object.keys(eventSchemas), ...Object.keys(laneEventSchemas)].map(
    (type) => [type, 1] as const,
  ),
  ...Object.entries(changed),
]);
