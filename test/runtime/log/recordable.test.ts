/** What of a step's answer is recorded, and what is a failure of the step: too long, or not what such an event says. */
import { expect, it } from 'vitest';
import type { DomainEvent } from '../../../src/machine/events.ts';
import { Gate, hide, within } from '../../../src/redaction/gate.ts';
import { recordable } from '../../../src/runtime/log/recordable.ts';
import { toldFailureOf } from '../../effects/lockstep-error.ts';
import { sample } from '../../machine/samples.ts';

const failed = (message: string): DomainEvent => {
  const { data } = sample('deploy.failed') as Extract<DomainEvent, { type: 'deploy.failed' }>;
  return { type: 'deploy.failed', data: { ...data, failure: { ...data.failure, message } } };
};
/** An event whose data is of that length, as JSON. */
const ofLength = (length: number) =>
  failed('x'.repeat(length - JSON.stringify(failed('').data).length));
const limit = 400_000;

it('as long as the log takes it, it is recorded as it is', () => {
  for (const event of [failed('it broke'), ofLength(limit)]) {
    expect(recordable(event)).toEqual(event);
  }
});

it('what is longer is refused, with how long it is', async () => {
  const error = await toldFailureOf((async () => recordable(ofLength(limit + 1)))());
  expect(error.details).toEqual({ type: 'deploy.failed', length: limit + 1, limit });
});

it('what no later run could read is refused', async () => {
  const odd = { type: 'deploy.failed', data: { step: 'observe' } } as unknown as DomainEvent;
  const error = await toldFailureOf((async () => recordable(odd))());
  expect(error.details).toEqual({ type: 'deploy.failed' });
  expect(error.cause).toBeInstanceOf(Error);
});

it('secrets are masked in it', async () => {
  await within(new Gate(), async () => {
    hide('correct-horse-battery');
    expect(recordable(failed('no correct-horse-battery'))).toEqual(failed('no [secret]'));
  });
});
