/** Time that passes only when somebody looks. */
import { expect, it } from 'vitest';
import { Agenda } from '../../../src/sandbox/heroku/agenda.ts';

it('does what is due in its order and each at its own instant, however late it is looked at', () => {
  let now = 0;
  const done: [string, number][] = [];
  const agenda = new Agenda(() => now);
  const note = (at: number, what: string, then?: () => void) =>
    agenda.note(at, () => {
      done.push([what, agenda.now]);
      then?.();
    });
  note(20, 'later');
  note(10, 'first', () => note(agenda.now + 5, 'what the first brought about'));
  note(10, 'noted after the first');
  note(1_000, 'not yet due');
  now = 100;
  expect(done).toEqual([]);
  agenda.settle();
  expect(done).toEqual([
    ['first', 10],
    ['noted after the first', 10],
    ['what the first brought about', 15],
    ['later', 20],
  ]);
  expect(agenda.now).toBe(100);
});

it('does not go back in time when the clock does', () => {
  let now = 100;
  const agenda = new Agenda(() => now);
  agenda.settle();
  now = 50;
  agenda.settle();
  expect(agenda.now).toBe(100);
});
