/** Heroku's part of the error catalogue: what only somebody who knows its words can act on. */
import type { ErrorEntries } from '../../../errors/entry.ts';
import { LockstepError } from '../../../errors/error.ts';

const compare =
  'Compare with `heroku releases -a APP`. If that is right, run the job again: nothing is concluded from such an answer.';

export const herokuErrors = {
  E_NO_SLUG: {
    meaning:
      'The app runs what was pushed to Heroku’s container registry, which says nothing of its commit.',
    remedy:
      'Lockstep deploys apps that Heroku builds from source, on Cedar and on Fir. The container-registry stack is not supported.',
  },
  E_BUILDS_LIMIT: {
    meaning: 'The build could not start, because the account has as many under way as it may.',
    remedy:
      'Let other builds of the account finish (`heroku builds -a APP`), or have Heroku raise the limit; then run it again.',
  },
  E_SOURCE_UPLOAD: {
    meaning: 'Heroku’s storage refused the upload of the commit.',
    remedy:
      'It takes uploads at a signed URL for about an hour: check this machine’s clock, and any proxy that changes requests.',
  },
  E_ARTIFACT_FOREIGN: {
    meaning: 'Heroku is to release an artifact that another kind of target made.',
    remedy:
      'Deploy staging and production to one kind of target, or let production build the commit itself.',
  },
  E_NO_PIPELINE: {
    meaning:
      'The two apps are not in one Heroku pipeline, so nothing can be promoted between them.',
    remedy:
      'Add both to one (`heroku pipelines:add`), or set production’s `heroku.deploy` to `build`.',
  },
  E_GENERATIONS: {
    meaning:
      'The two apps are of two generations of Heroku, Cedar and Fir, so nothing can be promoted between them.',
    remedy: 'Deploy to two apps of one generation, or set production’s `heroku.deploy` to `build`.',
  },
  E_PROMOTION_SOURCE: {
    meaning:
      'Heroku promotes another release than the one that was verified, or does not say which.',
    remedy:
      'Look at `heroku releases -a APP` of production, and roll back if need be: what it gets was not verified.',
  },
  E_PROMOTION_FAILED: {
    meaning: 'The promotion failed.',
    remedy:
      'See what runs where: `heroku releases -a APP`. Once the cause is mended, run it again.',
  },
  E_PROMOTION_PARTIAL: {
    meaning: 'The promotion succeeded for some of its targets only.',
    remedy:
      'See what runs where: `heroku releases -a APP`. Once the cause is mended, run it again.',
  },
  E_PROMOTION_TIMEOUT: {
    meaning: 'The promotion took longer than it may.',
    remedy: 'It may yet finish: `heroku releases -a APP`. A longer time is set in `pipeline.yml`.',
  },
  E_LIST_CUT: {
    meaning: 'Heroku’s answer is a part of a list, and does not say where the rest is.',
    remedy:
      'Something on the way may drop the header `Next-Range`: check any proxy (`HTTPS_PROXY`), then run the job again.',
  },
  E_RELEASES_EMPTY: {
    meaning: 'Heroku lists no release of the app at all, though every app has one.',
    remedy: compare,
  },
  E_RELEASES_SHORT: {
    meaning: 'Heroku’s list of releases does not go back to v1.',
    remedy: compare,
  },
  E_RELEASES_GAP: {
    meaning: 'In Heroku’s list of releases a version is missing.',
    remedy: compare,
  },
  E_RELEASES_BEHIND: {
    meaning: 'Heroku’s list of releases does not catch up with the newest release.',
    remedy: 'Run the job again in a few minutes; see https://status.heroku.com.',
  },
  E_RELEASES_CONTRADICTION: {
    meaning: 'Heroku’s list of releases contradicts itself.',
    remedy: compare,
  },
  E_RELEASES_NONE_RAN: {
    meaning: 'By Heroku’s list no release ever came to run, though an app’s first one always does.',
    remedy: compare,
  },
  E_RELEASES_NO_SLUG: {
    meaning: 'A release of code has neither a slug nor an image.',
    remedy: `${compare} The container-registry stack is not supported.`,
  },
} as const satisfies ErrorEntries;

export class HerokuError extends LockstepError<keyof typeof herokuErrors> {}
