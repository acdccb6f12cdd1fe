/** The hooks' part of the error catalogue. */
import type { ErrorEntries } from '../../../errors/entry.ts';

export const hookErrors = {
  E_HOOK_REFUSED: {
    meaning:
      'A hook did not take an event: its address answered with a status from 400 to 499 that speaks of the event, or its command ended with another exit code than 0 and 75. The event is left out for good; later ones are delivered. The deploy goes on.',
    remedy:
      'The message has the status or the exit code, and `pipeline status` keeps the last 20 that were left out. docs/hooks.md says which answers mean what.',
  },
  E_HOOK_UNKNOWN: {
    meaning:
      'The address of a hook answered with 401, 403 or 404: it does not take this secret, or is not there. The event waits, and with it what comes after it for the same hook. The deploy goes on.',
    remedy:
      'Compare the hook’s secret and address with what the receiver has; then the lane’s next run delivers what waited.',
  },
  E_HOOK_LATER: {
    meaning:
      'A hook did not take an event for now: its address was unwell (408, 425, 429, 500 and above), or its command ended with exit code 75, did not end in time, or was killed. It is tried again. The deploy goes on.',
    remedy:
      'Nothing, if it passes. Otherwise see to whatever is behind the hook; what was not delivered is delivered by the lane’s next run.',
  },
  E_HOOK_MOVED: {
    meaning:
      'The address of a hook answered with a redirect. None is followed: the event is for the address that `pipeline.yml` names.',
    remedy: 'Write the address that it leads to in `notify.hooks`.',
  },
  E_HOOK_NOT_STARTED: {
    meaning: 'The command of a hook cannot be run: it is not there, or may not be executed.',
    remedy:
      'Check `run` in `notify.hooks`: it runs in the folder of `pipeline.yml`, and the file has to be executable.',
  },
} as const satisfies ErrorEntries;

export type HookCode = keyof typeof hookErrors;
