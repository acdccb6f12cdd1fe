/** `pipeline metrics`: the figures of each lane in a period, by the log and, for the times of commits, by git. */
import type { Repository } from '../../effects/git/repository.ts';
import { redactAll } from '../../redaction/gate.ts';
import { type Period, readLaneRecord } from '../../runtime/accounts/deploy-record.ts';
import { carriedBy, type LaneMetrics, laneMetrics } from '../../runtime/accounts/metrics.ts';
import type { EventLog } from '../../store/log.ts';
import { readEnvironment } from '../config/environment.ts';
import { formulas, metricsView } from '../render/metrics-view.ts';
import { printLines } from '../render/paragraph.ts';
import type { Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { repositoryHere } from '../workspace/find-commit.ts';
import { findLanes } from '../workspace/find-lane.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { type PeriodFlags, periodOf } from '../workspace/period.ts';

export interface MetricsFlags extends GlobalFlags, PeriodFlags {
  lane?: string;
}

export async function metrics(flags: MetricsFlags, terminal: Terminal): Promise<number> {
  const period = periodOf(flags, Date.now());
  const store = await findStore(flags, readEnvironment(process.env));
  const log = await openDeployLog(store, { readOnly: true });
  try {
    const repository = await repositoryHere();
    const lanes: LaneMetrics[] = [];
    for (const lane of await findLanes(log, flags.lane)) {
      terminal.status(`reading ${lane}`);
      lanes.push(await metricsOf(log, lane, period, repository));
    }
    terminal.clearStatus();
    const told = redactAll({ ...period, lanes });
    if (flags.json === true) terminal.json({ version: 1, ...told, formulas });
    else printLines(metricsView(told, terminal), terminal);
    return 0;
  } finally {
    await log.close();
  }
}

async function metricsOf(
  log: EventLog,
  lane: string,
  period: Period,
  repository: Repository | null,
): Promise<LaneMetrics> {
  const record = await readLaneRecord(log, lane, period);
  const commits = [...new Set(record.deploys.flatMap((deploy) => carriedBy(deploy).commits))];
  const dates = (await repository?.committedAt(commits)) ?? new Map<string, string>();
  return laneMetrics({
    ...record,
    sinceMs: Date.parse(period.since),
    untilMs: Date.parse(period.until),
    committedAt: new Map([...dates].map(([sha, date]) => [sha, Date.parse(date)])),
  });
}
