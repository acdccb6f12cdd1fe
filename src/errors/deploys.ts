/** Codes of deploys: what keeps one from going on, whatever it is deployed to. */
import type { ErrorEntries } from './entry.ts';

export const deployErrors = {
  E_OVERTAKEN: {
    meaning:
      'Another run was given the deploy or the lane; that may be a job of the same build that started later. This one has started and written nothing more.',
    remedy: 'Nothing: the other run carries on. `pipeline status` shows who holds the lane.',
    exit: [4],
  },
  E_LAPSED: {
    meaning:
      'The run was stopped for longer than its lease. It has started and written nothing more.',
    remedy: 'Run the same command again: it goes on, and checks all anew.',
    exit: [4],
  },
  E_ORDER_UNKNOWN: {
    meaning: 'It cannot be told how the commit stands to what production runs.',
    remedy:
      'Bring the commit that production runs into the clone: `git fetch`, in a CI `fetch-depth: 0`. Or set a `GITHUB_TOKEN` that reads the repository; or take responsibility with `--override --reason`.',
  },
  E_BUILD_FAILED: {
    meaning: 'The commit could not be built. What ran before keeps running.',
    remedy:
      'Read the build’s output, whose last lines are in the hint, mend the commit, and deploy the next one.',
  },
  E_BUILD_TIMEOUT: {
    meaning: 'The build took longer than it may.',
    remedy:
      'It may yet finish. Run the same command again; a longer time is set in `pipeline.yml`.',
  },
  E_RELEASE_FAILED: {
    meaning: 'The release failed before it ran. The release before it keeps running.',
    remedy: 'Read the output, whose last lines are in the hint, mend the cause, and deploy again.',
  },
  E_RELEASE_TIMEOUT: {
    meaning: 'The release took longer than it may.',
    remedy:
      'It may yet finish. Run the same command again; a longer time is set in `pipeline.yml`.',
  },
  E_RELEASE_EXPIRED: {
    meaning: 'The release has expired: what it is made of is gone.',
    remedy: 'Deploy the commit again.',
  },
  E_RELEASE_COMMIT: {
    meaning: 'The release that should be this deploy’s is of another commit.',
    remedy: 'See who made that release. Once that is settled, deploy again.',
  },
  E_RELEASE_ARTIFACT: {
    meaning:
      'The release is of the right commit, but not of what was built and verified for this deploy.',
    remedy: 'See who made that release: it was not verified. Deploy again, or roll back.',
  },
  E_RELEASE_NOT_CURRENT: {
    meaning: 'While the deploy was verified, something else was released.',
    remedy: 'See who released it. Deploy again once that is over.',
  },
  E_PRODUCTION_CHANGED: {
    meaning:
      'Production runs something else than when the rollback was decided, or has it under way. It was not begun, or did nothing.',
    remedy: 'Look at it (`pipeline status`), and decide anew.',
    exit: [1],
  },
  E_GIVEN_UP: {
    meaning:
      'A rollback was begun and never carried out, and a person gave it up, began another one, or let a deploy go on that it held.',
    remedy: 'Nothing, unless it is wanted still: `pipeline rollback --reason`.',
  },
  E_LOCK_TIMEOUT: {
    meaning: 'The lane was not free for a rollback within `lock.timeout`. Nothing was done.',
    remedy:
      '`pipeline status` shows who holds it. `pipeline unlock --reason` takes it from a holder that hangs.',
    exit: [3],
  },
  E_NOTHING_TO_RESTORE: {
    meaning:
      'Neither what production runs nor what a deploy of the lane was live with ran there before the release that is to be taken back. It keeps running.',
    remedy: 'Release by hand what should run there, or deploy the next commit.',
  },
  E_RESTORE_GONE: {
    meaning:
      'What is to run there again is gone: the target keeps it no longer. The release that is to be taken back keeps running.',
    remedy: 'Release by hand what should run there, or deploy the next commit.',
  },
  E_LANE_BUSY: {
    meaning:
      'A deploy that lost its lane waited for it in vain, to take its canary back. The canary may still run the commit.',
    remedy:
      'See who holds the lane (`pipeline status`). Go back on the canary by hand, or deploy the next commit.',
  },
  E_RELEASE_UNDER_WAY: {
    meaning: 'Somebody’s release has been under way for so long that nobody waits for it any more.',
    remedy: 'See what that release waits for. Nothing else is released until it is over.',
  },
  E_NO_INSTANCES: {
    meaning: 'No instances are wanted there, so nothing can be checked.',
    remedy:
      'Scale it up, as the hint says. Where it is meant to have none, waive that by name under `verify`.',
  },
  E_INSTANCE_CRASHED: {
    meaning: 'An instance of the new release crashed.',
    remedy: 'See why, in its logs: the hint has the command.',
  },
  E_INSTANCES_TIMEOUT: {
    meaning: 'Not all instances were up on the new release within their time.',
    remedy:
      'See what they wait for: the hint has the commands. A longer time is set in `pipeline.yml`.',
  },
  E_INSTANCES_UNSTEADY: {
    meaning:
      'The instances did not stay up for as long as they have to, or one restarted again and again while it baked.',
    remedy:
      'See why, in their logs: the hint has the command. How long they have to stay up is set in `pipeline.yml`.',
  },
  E_ENDPOINT: {
    meaning: 'An endpoint did not answer as it should within its time.',
    remedy:
      'See what it answers (`curl -i URL`) and the app’s logs. What is expected of it is in `pipeline.yml`.',
  },
} as const satisfies ErrorEntries;
