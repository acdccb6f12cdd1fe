/** The number of each event's schema, and the steps from earlier ones to it. */
import { type EventType, eventSchemas } from './events.ts';
import { type LaneEventType, laneEventSchemas } from './lane.ts';
import { type Upcaster, Upcasting } from './upcasting.ts';

/** Of each type whose schema was changed since it came into use; any other's number is 1. */
const changed: Partial<Record<EventType | LaneEventType, number>> = {};

/** A step from each schema that was ever written and is not in use any more. */
const upcasters: readonly Upcaster[] = [];

/** The number of the schema in use, by type. */
export const schemaNumbers: ReadonlyMap<string, number> = new Map([
  ...[...Object.keys(eventSchemas), ...Object.keys(laneEventSchemas)].map(
    (type) => [type, 1] as const,
  ),
  ...Object.entries(changed),
]);

export const upcasting = new Upcasting(schemaNumbers, upcasters);
