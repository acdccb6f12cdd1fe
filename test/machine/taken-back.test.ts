/** Of what a deploy met, what took production back. */
import { expect, it } from 'vitest';
import type { DomainEvent, EventData } from '../../src/machine/events.ts';
import { samples } from '../../src/machine/samples.ts';
import { goingBackIn } from '../../src/machine/taken-back.ts';

type Holding = EventData<'production.held'>['rollback'];
const { rollback, step } = samples['production.held'];
const of = (kind: Holding['kind']) => ({ ...rollback, kind }) as Holding;

it.each([
  ['rollback', true],
  ['older-artifact', true],
  ['behind', true],
  ['unknown', true],
  ['failed-rollback', false],
  ['failed-behind', false],
  ['ordered', false],
] as const)('%s: it is told as a going-back only where something went back: %s', (kind, isTold) => {
  const held: DomainEvent = { type: 'production.held', data: { step, rollback: of(kind) } };
  expect(goingBackIn(held)).toEqual(isTold ? of(kind) : null);
  if (kind === 'ordered') return;
  const data = { ...samples['gates.passed'], lifts: of(kind) as never };
  expect(goingBackIn({ type: 'gates.passed', data })).toEqual(isTold ? of(kind) : null);
});
