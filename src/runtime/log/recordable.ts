/** What a step answered, as the log can keep it: an answer that cannot be kept is a failure of its step. */
import { LockstepError } from '../../errors/error.ts';
import { parseEvent } from '../../machine/codec.ts';
import type { DomainEvent } from '../../machine/events.ts';
import { redactAll } from '../../redaction/gate.ts';

/** In UTF-16 units of JSON. The transition's reason may say it all again, and the log takes a MiB. */
const dataLengthMax = 400_000;

/** @throws LockstepError E_EVENT_TOO_LARGE; E_EVENT_MALFORMED no later run could read it */
export function recordable(made: DomainEvent): DomainEvent {
  const event = redactAll(made);
  const { length } = JSON.stringify(event.data);
  if (length > dataLengthMax) {
    throw new LockstepError(
      'E_EVENT_TOO_LARGE',
      `what was to be recorded (${event.type}) is ${length} characters long, more than ${dataLengthMax}`,
      {
        hint: 'Somebody’s text (a name, a description, a list) is far longer than such texts are.',
        details: { type: event.type, length, limit: dataLengthMax },
      },
    );
  }
  try {
    return parseEvent(event.type, event.data);
  } catch (cause) {
    throw new LockstepError(
      'E_EVENT_MALFORMED',
      `what was to be recorded (${event.type}) is not what such an event says`,
      {
        hint: 'This is a fault of lockstep’s own, or a vendor’s answer of a new kind: please report it.',
        details: { type: event.type },
        cause,
      },
    );
  }
}
