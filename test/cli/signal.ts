/** A signal within this process: its other listeners, a server of the tests among them, end the process by it. */

/** To whoever listens to it since `others` did. */
export function signal(name: NodeJS.Signals, others: readonly NodeJS.SignalsListener[]): void {
  for (const hear of process.listeners(name).filter((one) => !others.includes(one))) hear(name);
}
