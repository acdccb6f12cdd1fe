/** Codes of what was asked for wrongly: arguments, configuration, environment, the checkout. Nothing was written. */
import type { ErrorEntries } from './entry.ts';

const exit = [2] as const;

export const usageErrors = {
  E_NODE: {
    meaning: 'This Node.js is too old for Lockstep.',
    remedy: 'Install Node.js 24, or the version that the message names, or a newer one.',
    exit,
  },
  E_NOT_BUILT: {
    meaning: 'This is a clone of Lockstep in which nothing was built yet.',
    remedy: 'Run `npm run build` in it.',
    exit,
  },
  E_USAGE: {
    meaning: 'The command, a flag or a flag’s value is none that the program knows.',
    remedy: '`pipeline help` lists the commands, `pipeline help COMMAND` its flags.',
    exit,
  },
  E_CHART: {
    meaning:
      'What `whatif --chart` was given is no chart, or names what this version does not have.',
    remedy:
      'Begin with the present one: `pipeline whatif --print-chart > chart.json`. What needs code of its own is given as a module.',
    exit,
  },
  E_SETUP: {
    meaning: 'A set-up cannot tell what is meant, or cannot write its files. Nothing was written.',
    remedy:
      'Say what the message asks for by flags (`pipeline help init`), or run `pipeline init` at a terminal, where it asks.',
    exit,
  },
  E_REASON: {
    meaning: 'An order has no reason, or a reason stands where there is no order.',
    remedy:
      'Say why with `--reason "…"`: the log keeps it. Without `--override`, leave it out of `advance`.',
    exit,
  },
  E_NO_RELEASE: {
    meaning:
      'There is no release to roll back to: none of that name, none that a deploy of the lane verified before, or one that cannot run again, for it has no code or the target keeps it no longer.',
    remedy:
      'Name one that the lane verified (the message lists the last), or that the target keeps.',
    exit,
  },
  E_ROLLED_BACK: {
    meaning: 'Production was taken back already, and no release was named to go further.',
    remedy:
      'Name the release: `pipeline rollback VERSION --reason "…"`. To go forward again: docs/after-a-rollback.md.',
    exit,
  },
  E_RUNS_ALREADY: {
    meaning: 'Production runs already what a rollback was to go back to.',
    remedy: 'Nothing. `pipeline status` shows what holds production.',
    exit,
  },
  E_ACTOR: {
    meaning:
      'Nobody can be seen who gives this order, or `--actor` is empty. What `--actor` says is a claim, and not enough.',
    remedy:
      'Tell git who you are (`git config user.name`, `git config user.email`), or set the token of the place that is deployed to: its account is asked then.',
    exit,
  },
  E_BRANCH: {
    meaning: 'The build is not of the lane’s branch, or nothing says clearly of which one it is.',
    remedy:
      'Run the command in builds of that branch only. Where the CI does not name the branch, say `--branch`.',
    exit,
  },
  E_BUILD_LABEL: {
    meaning: 'Nothing says which build this is, or its label cannot be a part of a deploy’s id.',
    remedy:
      'Say `--build` with letters, digits, dots, dashes and underscores, 60 at most: `--build 502`.',
    exit,
  },
  E_WRONG_COMMIT: {
    meaning: 'The commit that is named is not the one that is checked out.',
    remedy:
      'Check out the commit that the build is of: a job deploys what it checked out and tested.',
    exit,
  },
  E_COMMIT_UNKNOWN: {
    meaning: 'The repository has no such commit, or nothing is checked out.',
    remedy: 'Push the commit, and give the job a clone with history (`fetch-depth: 0`).',
    exit,
  },
  E_NOT_KNOWN: {
    meaning: 'Neither the log nor the repository has a commit or a deploy of that name.',
    remedy: 'The message names the nearest one that is known. `pipeline status` lists deploys.',
    exit,
  },
  E_PULL_REQUEST: {
    meaning:
      'There is no such pull request, it was not merged, or nothing says of which repository it is.',
    remedy:
      'Give the id of a commit. In a clone, `git remote get-url origin` has to name the repository on GitHub.',
    exit,
  },
  E_NOT_A_REPOSITORY: {
    meaning: 'The command was not run in a git repository.',
    remedy: 'Run it in a checkout of the repository that is deployed.',
    exit,
  },
  E_REPOSITORY_NOT_TRUSTED: {
    meaning: 'Git refuses the repository, for somebody else owns it.',
    remedy: 'If that is meant: `git config --global --add safe.directory DIR`.',
    exit,
  },
  E_GIT_MISSING: {
    meaning: 'Git is not installed, or is not on the `PATH`.',
    remedy: 'Install git in the image that runs the deploy.',
    exit,
  },
  E_SOURCE: {
    meaning:
      'The commit has something that does not ship as people expect: a submodule, a file of Git LFS or the like.',
    remedy:
      'What ships are the committed bytes. If that is meant, say so under `source:` in `pipeline.yml`, as the message shows.',
    exit,
  },
  E_CONFIG: {
    meaning:
      '`pipeline.yml` cannot be read as a configuration. The message has each mistake with its line.',
    remedy: 'Mend it: `pipeline help configuration` lists the keys, and the README has an example.',
    exit,
  },
  E_CONFIG_MISSING: {
    meaning: 'There is no `pipeline.yml`, or it cannot be read.',
    remedy:
      'Write one at the repository’s root (`pipeline init` does), or name it with `--config` or `PIPELINE_CONFIG`.',
    exit,
  },
  E_CONFIG_NOT_COMMITTED: {
    meaning:
      'The configuration is not in the commit that is deployed, and a deploy goes by the rules of its own commit.',
    remedy: 'Commit it. One that is kept elsewhere is named with `--config` or `PIPELINE_CONFIG`.',
    exit,
  },
  E_ENVIRONMENT: {
    meaning: 'A variable of the environment is set to nothing, or to something that it cannot be.',
    remedy: 'Set it as the message says, or leave it out for its default.',
    exit,
  },
  E_TARGET_KIND: {
    meaning: 'The deploy goes to a kind of target that this version does not know.',
    remedy: 'Go on with the version that asked for the deploy, or with a newer one.',
    exit,
  },
  E_MISSING_TOKEN: {
    meaning: 'The token of the place that is deployed to is not set.',
    remedy:
      'Set the variable that the message names, in the CI or in your shell. The hint says how to make a token.',
    exit,
  },
  E_PLAIN_HTTP: {
    meaning: 'A token would be sent over http, where others can read it. Nothing was sent.',
    remedy: 'Use an address that begins with https://. Only to this machine may it be http://.',
    exit: [1, 2],
  },
  E_LOCK_PROVIDER: {
    meaning:
      'The CI’s list cannot be the lane’s lock: something that it takes is missing, or this job is in another list than the deploy was asked for in.',
    remedy:
      'Set what the message names, run it in the job that it names, or use `lock: { provider: store }`.',
    exit,
  },
  E_OUTPUT: {
    meaning:
      'The file that was to be written cannot be written or read, or lies behind a link; or what is printed goes to a disk that is full.',
    remedy:
      'Name another one with `--output`, in a folder with enough space. Where a deploy ended with what it prints to (exit 1), the same command goes on.',
    exit: [1, 2],
  },
  E_PROGRAM_MISSING: {
    meaning: 'A program that `pipeline.yml` names is not there, or cannot be run.',
    remedy:
      'Paths are from the repository’s root, names from the `PATH`. Commit it as executable: `git update-index --chmod=+x FILE`.',
    exit,
  },
  E_PORT: {
    meaning: 'The sandbox, or `serve`, cannot listen at the ports that it was given.',
    remedy:
      'Leave `--port` out of `sandbox`: it takes any free ones. Give `serve` another one, or 0 for any free one.',
    exit,
  },
  E_SERVE_TOKEN: {
    meaning: 'The pages are to be shown beyond this machine, and there is no token to ask for.',
    remedy: 'Set `PIPELINE_SERVE_TOKEN` to a long random text, or leave `--host` out.',
    exit,
  },
  E_NO_LANE: {
    meaning: 'The log has no lane of that name, or no event of it in that time.',
    remedy:
      'A lane’s name is `app` in its `pipeline.yml`. The hint names the nearest that the log has.',
    exit,
  },
  E_NO_LINK: {
    meaning: 'The deploy’s events name no such page.',
    remedy:
      'The hint says where its address would come from: `repository` or `verify` in `pipeline.yml`, or the CI.',
    exit,
  },
  E_NO_DEPLOY: {
    meaning: 'The log has no such deploy.',
    remedy:
      '`pipeline status` lists them. See too whether this is the log that the CI writes to (`PIPELINE_STORE`).',
    exit: [1, 2],
  },
  E_DEPLOY_AMBIGUOUS: {
    meaning: 'Several deploys have an id that begins so.',
    remedy: 'Give more of the id.',
    exit,
  },
  E_NOT_HELD: {
    meaning: 'The deploy is not held: it is over.',
    remedy:
      'Only a deploy that is held, or that lost its run, can be resumed. Deploy the commit by a new build.',
    exit,
  },
  E_NOT_LOCKED: {
    meaning: 'Nobody holds the lane’s lock.',
    remedy: 'Nothing is to be unlocked. `pipeline status` shows what waits, and for what.',
    exit,
  },
  E_NO_ROLLBACK: {
    meaning: 'No rollback of this lane was begun and not ended.',
    remedy: 'Nothing is to be given up. `pipeline status` shows what holds production.',
    exit,
  },
  E_UNDER_WAY: {
    meaning: 'The deploy, or the rollback, is under way: a run of it is alive.',
    remedy: 'Its job carries it on. `pipeline status` shows when it has lost its run.',
    exit,
  },
} as const satisfies ErrorEntries;
