/** Codes of git and of vendors, as far as they are the same for every vendor. */
import type { ErrorEntries } from './entry.ts';

export const outsideErrors = {
  E_GIT_FAILED: {
    meaning: 'A git command failed. The message has what git said.',
    remedy:
      'Run that command in the checkout by hand; `git fsck` tells whether the repository is whole.',
  },
  E_GIT_TIMEOUT: {
    meaning: 'A git command took too long.',
    remedy:
      'See whether the repository can be read, and whether its remote can be reached from here.',
  },
  E_GIT_OUTPUT_TOO_LARGE: {
    meaning: 'A git command gave more than the program reads.',
    remedy: 'Look for what is so large in the commit: the message names the command.',
  },
  E_GIT_CORRUPT: {
    meaning: 'A file of the commit cannot be read out of git.',
    remedy: 'Look at the repository with `git fsck`, or clone it anew.',
  },
  E_VENDOR_UNREACHABLE: {
    meaning: 'A vendor, or an endpoint, could not be reached.',
    remedy:
      'Check the network, a proxy (`HTTPS_PROXY`) and the vendor’s status page; then run the same command again.',
  },
  E_VENDOR_AUTH: {
    meaning: 'A vendor refuses the token.',
    remedy:
      'It is missing, wrong or expired, or its account may not do this: the hint names the variable.',
  },
  E_VENDOR_NOT_FOUND: {
    meaning: 'A vendor does not know what was asked for.',
    remedy: 'Check the names in `pipeline.yml`, and whether the token’s account may see them.',
  },
  E_VENDOR_CONFLICT: {
    meaning: 'A vendor refuses a request because something else is under way there.',
    remedy: 'See what that is, and run the same command again once it is over.',
  },
  E_VENDOR_INVALID: {
    meaning: 'A vendor refuses a request as none that it understands, or that it may carry out.',
    remedy: 'The message has the vendor’s own words. Mend what they name; else please report it.',
  },
  E_VENDOR_RATE_LIMIT: {
    meaning: 'A vendor was asked too often by this account.',
    remedy: 'Others share the account. Run the same command again in a few minutes.',
  },
  E_VENDOR_WAIT: {
    meaning: 'A vendor asks to wait for longer than the step may take.',
    remedy: 'Run the same command again after the time that the hint names.',
  },
  E_VENDOR_FAILED: {
    meaning: 'A vendor failed.',
    remedy: 'See its status page. When it is well again, run the same command again.',
  },
  E_TRACES_REJECTED: {
    meaning: 'A receiver of traces took some of what it was sent, and refused the rest.',
    remedy:
      'Each trace that it did not take whole is named with its reason. Sending the same again changes nothing before that is mended.',
  },
  E_VENDOR_MOVED: {
    meaning: 'What was asked for has moved, and is not followed there.',
    remedy:
      'Was the repository or the app renamed? Mend the names in `pipeline.yml` and the base URL.',
  },
  E_VENDOR_MALFORMED: {
    meaning:
      'An answer cannot be understood, or is about something else. Nothing is assumed from it.',
    remedy: 'Run the same command again. If it stays so, please report it with the request’s id.',
  },
  E_VENDOR_TOO_LARGE: {
    meaning:
      'An answer or a list is longer than the program reads. Nothing is assumed from a part of it.',
    remedy: 'Run the same command again. If it stays so, please report it.',
  },
  E_CLEARANCE_EXPIRED: {
    meaning:
      'A request that changes something was held up for so long that what allowed it is too old. It was not sent.',
    remedy: 'Run the same command again.',
  },
} as const satisfies ErrorEntries;
