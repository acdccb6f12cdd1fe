/** What was thrown, as the log keeps it: plain values of a bounded length, whatever they were. */
import { describe, expect, it } from 'vitest';
import { LockstepError } from '../../../src/errors/error.ts';
import { describeFailure } from '../../../src/runtime/loop/failure.ts';

const withDetails = (details: Record<string, unknown>) =>
  describeFailure(new LockstepError<string>('E_TEST', 'it broke', { details })).details;

describe('the details of a failure', () => {
  it('are texts, numbers, truths and nothing; what JSON has no number for is nothing', () => {
    expect(
      withDetails({ text: 'a', whole: 12, part: 0.5, yes: true, no: false, none: null }),
    ).toEqual({ text: 'a', whole: 12, part: 0.5, yes: true, no: false, none: null });
    expect(
      withDetails({ nan: Number.NaN, never: Number.POSITIVE_INFINITY, gone: undefined }),
    ).toEqual({ nan: null, never: null, gone: null });
    expect(withDetails({ list: [1, 2], inner: { a: 1 } })).toEqual({
      list: '[1,2]',
      inner: '{"a":1}',
    });
  });

  it('are forty at most, each cut to a thousand units', () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`n${i}`, i]));
    expect(Object.keys(withDetails(many))).toHaveLength(40);
    expect(String(withDetails({ long: 'x'.repeat(5_000) }).long).length).toBeLessThanOrEqual(1_000);
  });
});

it.each([
  ['ours', (text: string) => new LockstepError<string>(text, text, { hint: text })],
  ['somebody else’s', (text: string) => new Error(text)],
])('its texts are of a bounded length, and say that they were cut: %s', (_, make) => {
  const { code, message, hint } = describeFailure(make('x'.repeat(9_000)));
  expect(message).toHaveLength(2_000);
  expect(message.endsWith('…')).toBe(true);
  if (code === 'E_INTERNAL') return;
  expect([code.length, hint?.length]).toEqual([100, 4_000]);
  expect(describeFailure(new LockstepError<string>('E_TEST', 'it broke')).hint).toBeNull();
});

it('what is no error of ours is a fault of ours, with its name and no stack', () => {
  const { code, message, hint, details } = describeFailure(new TypeError('x is not a function'));
  expect([code, message, details]).toEqual(['E_INTERNAL', 'TypeError: x is not a function', {}]);
  expect(hint).toBe('This is a fault of lockstep’s own: please report it with the deploy’s log.');
  expect(describeFailure('just a text').message).toBe('just a text');
});
