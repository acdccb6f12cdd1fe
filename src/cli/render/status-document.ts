/** What `pipeline status` found, as `--json` gives it: version 1, described in docs/status.md. */
import type { DeployRow } from '../../runtime/audit/deploys.ts';
import type { UndeliveredTo } from '../../runtime/notify/read-undelivered.ts';
import type { Became } from '../../runtime/standing/became.ts';
import type { LaneStanding } from '../../runtime/standing/standing.ts';

/** Fields are added under the same number; one that changes or goes takes the next. */
export interface StatusDocument {
  readonly version: 1;
  /** When it was found out: ISO 8601. */
  readonly at: string;
  readonly lanes: readonly Omit<LaneStanding, 'deploys'>[];
  /** How many lanes of the log are not among them. */
  readonly moreLanes: number;
  /** Of all of these lanes, the one that was asked for last first. */
  readonly deploys: readonly StatusDeploy[];
  /** What the channels were not told. */
  readonly undelivered: readonly UndeliveredTo[];
}

export interface StatusDeploy extends DeployRow {
  /** Who or what asked for it. */
  readonly by: string;
  /** Whether a run carries it on now. */
  readonly running: boolean;
  readonly became: Became;
  /** The first command that a person can type for it; null: nothing is to be done. */
  readonly next: string | null;
  readonly undelivered: readonly object[];
}

export function statusDocument(found: {
  readonly standings: readonly LaneStanding[];
  readonly moreLanes: number;
  readonly undelivered: readonly UndeliveredTo[];
  readonly limit: number;
  readonly nowMs: number;
}): StatusDocument {
  const { standings, moreLanes, undelivered, limit, nowMs } = found;
  const deploys = standings.flatMap(({ deploys: stood, toDo }) =>
    stood.map(({ row, by, running, became }): StatusDeploy => {
      const next = toDo.find(({ deploy }) => deploy === row.deploy)?.commands[0] ?? null;
      return { ...row, by, running, became, next, undelivered: undeliveredOf(row, undelivered) };
    }),
  );
  const stuckAt = new Set(undelivered.flatMap(({ waiting }) => waiting?.event.deploy ?? []));
  const inOrder = deploys.sort(
    (a, b) => compare(b.requestedAt, a.requestedAt) || b.position - a.position,
  );
  return {
    version: 1,
    at: new Date(nowMs).toISOString(),
    lanes: standings.map(({ deploys: _, ...standing }) => standing),
    moreLanes,
    // The deploy at which a channel stands is listed, however old it is.
    deploys: inOrder.filter(({ deploy }, place) => place < limit || stuckAt.has(deploy)),
    undelivered,
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What of a deploy's events was not delivered, and to which channel. */
function undeliveredOf({ deploy }: DeployRow, all: readonly UndeliveredTo[]): object[] {
  return all.flatMap(({ channel, title, waiting, leftOut }) => {
    const same = { channel, title };
    const waits =
      waiting?.event.deploy === deploy ? [{ ...same, kind: 'waiting', ...waiting }] : [];
    const left = leftOut.filter(({ event }) => event.deploy === deploy);
    return [...waits, ...left.map((one) => ({ ...same, kind: 'leftOut', ...one }))];
  });
}
