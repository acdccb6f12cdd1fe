/** A run that gives itself a signal at an event of its deploy: nothing else sees the moment for certain. */
import { join } from 'node:path';
import { deployId } from './stage.ts';

const preload = join(import.meta.dirname, 'signal-at-event.mjs');

/**
 * @param count of events that the deploy has then
 * @returns variables for the run
 */
export function atEvent(
  { build, commit, count }: { build: number; commit: string; count: number },
  signal: 'SIGKILL' | 'SIGSTOP',
): Record<string, string> {
  const stream = `deploy/${deployId(build, commit)}`;
  // What is asked of a vendor at once after the event is on its way by then.
  const afterMs = Math.random() * 30;
  return {
    NODE_OPTIONS: `--import=${preload}`,
    AT_EVENT: JSON.stringify({ stream, count, signal, afterMs }),
  };
}
