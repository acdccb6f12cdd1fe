/** How a command that has something under way ends by a signal. */
import type { Interruption } from '../../runtime/loop/run.ts';
import { signalExitCodes } from './exit-codes.ts';

/** After a signal the process ends within two seconds, whatever still hangs. */
const lastResortMs = 1_800;

/** How long an end waits for its last messages; a signal leaves less. */
export const lastMessagesMs = ({ aborted }: AbortSignal): number => (aborted ? 700 : 5_000);

/** The first signal asks the run to end; the process is gone soon after, whatever still hangs. */
export function listenToSignals(): { interrupt: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const names: readonly Interruption[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const listeners = names.map((name) => {
    const onSignal = (): void => {
      controller.abort(name);
      setTimeout(() => process.exit(signalExitCodes[name]), lastResortMs).unref();
    };
    process.on(name, onSignal);
    return [name, onSignal] as const;
  });
  return {
    interrupt: controller.signal,
    stop() {
      for (const [name, onSignal] of listeners) process.removeListener(name, onSignal);
    },
  };
}
