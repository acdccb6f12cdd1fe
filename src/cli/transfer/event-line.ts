/** An event as a line of an export: JSON with its keys always in this order. */
import { cutOff } from '../../redaction/cut.ts';
import { visibleJson } from '../../redaction/unseen.ts';
import type { RecordedEvent } from '../../store/log.ts';

const fields = [
  'position',
  'stream',
  'version',
  'id',
  'type',
  'schema',
  'data',
  'metadata',
  'time',
  'hash',
  'previousHash',
] as const satisfies readonly (keyof RecordedEvent)[];

export function toLine(event: RecordedEvent): string {
  const { position, stream, version, id, type, schema, data, metadata } = event;
  const { time, hash, previousHash } = event;
  const place = { position, stream, version, id, type, schema };
  return visibleJson(JSON.stringify({ ...place, data, metadata, time, hash, previousHash }));
}

/** The event, or in words why the line is none. What its fields say is the log's to judge. */
export function fromLine(line: string): RecordedEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return line.trim() === '' ? 'the line is empty' : 'the line is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'the line is not an event: it has to be a JSON object';
  }
  const missing = fields.find((field) => !Object.hasOwn(value, field));
  if (missing !== undefined) return `the line is not an event: it has no ${missing}`;
  const strange = Object.keys(value).find((key) => !fields.some((field) => field === key));
  if (strange !== undefined) {
    return `the line has a field that no event has: ${cutOff(strange, 40)}`;
  }
  return value as RecordedEvent;
}
