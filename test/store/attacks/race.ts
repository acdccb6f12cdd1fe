/** Many appends that all count on the same version of one stream. */
import { randomUUID } from 'node:crypto';
import type { EventLog, ExpectedVersion } from '../../../src/store/log.ts';
import { VersionConflict } from '../../../src/store/log.ts';

/** What one of them came to: `won`, `conflict 7`, or the words of an error that should not be. */
export type RaceOutcome = string;

export function race(
  logs: readonly EventLog[],
  racers: number,
  stream: string,
  expected: ExpectedVersion,
): Promise<RaceOutcome[]> {
  return Promise.all(
    Array.from({ length: racers }, (_, n) => {
      const log = logs[n % logs.length] as EventLog;
      const event = { id: randomUUID(), type: 'thing.happened', data: {}, metadata: {} };
      return log.append([{ stream, expected, events: [event] }]).then(
        () => 'won',
        (error: unknown) =>
          error instanceof VersionConflict ? `conflict ${error.actual}` : String(error),
      );
    }),
  );
}

/** Null: one won, and all the others were told the version that it made. */
export function raceProblem(outcomes: readonly RaceOutcome[], actual: number): string | null {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const others = counts.get(`conflict ${actual}`) ?? 0;
  if (counts.get('won') === 1 && others === outcomes.length - 1) return null;
  return [...counts].map(([outcome, count]) => `${count} x ${outcome}`).join(', ');
}
