/** The part of the error catalogue of what a team's own programs say and do. */
import type { ErrorEntries } from '../../../errors/entry.ts';
import { LockstepError } from '../../../errors/error.ts';

const protocol = 'docs/targets.md has the protocol';

export const commandErrors = {
  E_PROGRAM_FAILED: {
    meaning: 'One of the team’s programs ended with an exit code that says that it failed.',
    remedy:
      'Read its output, whose last lines are in the hint. What it may have done by then, the program `current` shows; the next run looks there first.',
  },
  E_PROGRAM_REFUSED: {
    meaning: 'The program that deploys refuses to: it has done nothing (exit code 10).',
    remedy: 'Its last lines, in the hint, say why. Once that is mended, deploy again.',
  },
  E_PROGRAM_TIMEOUT: {
    meaning: 'One of the team’s programs took longer than it may, and was stopped.',
    remedy:
      'See what it waited for. `command.timeout` in `pipeline.yml` sets how long a deploy may take; the others have a minute.',
  },
  E_PROGRAM_ANSWER: {
    meaning:
      'What one of the team’s programs says is not what the protocol asks for, or contradicts itself. Nothing is assumed from it.',
    remedy: `Mend the program: the message has the line and what is wrong with it. ${protocol}.`,
  },
  E_PROGRAM_FORGETS: {
    meaning:
      'A deploy was begun, but the program `current` does not tell it by the key that it was begun under.',
    remedy: `Let \`deploy\` keep LOCKSTEP_KEY with what it makes, and \`current\` tell it: after a kill nothing else says what became of a deploy. ${protocol}.`,
  },
  E_PROGRAM_SHORT: {
    meaning: 'The list of releases ends before what has to be known.',
    remedy:
      'Let `current` list earlier releases back to one of other code, or to the first (`"whole":true`).',
  },
  E_NO_RESTORE: {
    meaning: 'What was deployed cannot be taken back: no program is named for it.',
    remedy: 'Name one in `pipeline.yml` (`command.restore`), or go back by hand at the host.',
  },
  E_WORK_LOST: {
    meaning: 'What was under way is neither a release now nor still under way.',
    remedy: 'See at the host what became of it, then deploy again.',
  },
} as const satisfies ErrorEntries;

export class CommandError extends LockstepError<keyof typeof commandErrors> {}
