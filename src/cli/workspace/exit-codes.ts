/** What `pipeline`'s exit codes mean; the chart has those of a deploy's states. */

export const exitCodes = {
  0: 'done; for a deploy: live, or decided not to ship (superseded, held by a rollback, disabled), and the log says which',
  1: 'a step failed, or a canary could not be taken back; something unexpected went wrong; or the lane is stuck: production runs a commit that the branch does not have, so nothing of it ships (gates.stuckExit: another code for that)',
  2: 'usage, configuration or environment: nothing was written',
  3: 'gave up waiting for the lane’s lock',
  4: 'overtaken: another run was given the deploy or the lane, or this one was stopped for longer than its lease',
  130: 'interrupted by SIGINT; the same command goes on',
  143: 'interrupted by SIGTERM; the same command goes on',
} as const;

export const signalExitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
