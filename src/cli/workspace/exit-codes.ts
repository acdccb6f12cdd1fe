/** What `pipeline`'s exit codes mean; the chart has those of a deploy's states. */

export const exitCodes = {
  0: 'done, or decided not to ship (superseded, held, disabled): the log says which',
  1: 'a step failed, the lane is stuck (gates.stuckExit is another code for that), or something unexpected went wrong',
  2: 'usage, configuration or environment: nothing was written',
  3: 'gave up waiting for the lane’s lock',
  4: 'overtaken: another run was given the deploy or the lane, or this one was stopped for longer than its lease',
  130: 'interrupted by SIGINT',
  143: 'interrupted by SIGTERM',
} as const;

export const signalExitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
