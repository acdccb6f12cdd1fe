/** `pipeline report`: every change of production in a period, or one deploy as a page. It only reads. */
import { UsageError } from '../../errors/error.ts';
import { counted } from '../../format/words.ts';
import { changesReport } from '../../page/changes-report.ts';
import { deployReport } from '../../page/deploy-report.ts';
import { redactAll } from '../../redaction/gate.ts';
import { visibleJson } from '../../redaction/unseen.ts';
import { type Change, checkOf, saidOf, switchOf } from '../../runtime/accounts/changes.ts';
import { toCsv } from '../../runtime/accounts/csv.ts';
import {
  ordersMeanwhile,
  type Period,
  readDeployRecord,
} from '../../runtime/accounts/deploy-record.ts';
import { readChanges } from '../../runtime/accounts/read-changes.ts';
import { headText } from '../../runtime/audit/head.ts';
import { readToldDeploy } from '../../serve/read.ts';
import type { EventLog } from '../../store/log.ts';
import { readEnvironment } from '../config/environment.ts';
import type { Terminal } from '../render/terminal.ts';
import { openOutput } from '../transfer/export-file.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { findDeployHere } from '../workspace/find-commit.ts';
import { findLanes } from '../workspace/find-lane.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { type PeriodFlags, periodOf } from '../workspace/period.ts';

export interface ReportFlags extends GlobalFlags, PeriodFlags {
  lane?: string;
  format?: 'csv' | 'json' | 'html';
  output?: string;
  html?: string;
}

export async function report(
  deploy: string | undefined,
  flags: ReportFlags,
  terminal: Terminal,
): Promise<number> {
  const nowMs = Date.now();
  assertFits(deploy, flags);
  const period = periodOf(flags, nowMs);
  const store = await findStore(flags, readEnvironment(process.env));
  const log = await openDeployLog(store, { readOnly: true });
  try {
    if (deploy === undefined) await reportPeriod(log, period, flags, terminal);
    else await reportDeploy(log, deploy, nowMs, flags, terminal);
    return 0;
  } finally {
    await log.close();
  }
}

/** @throws UsageError E_USAGE */
function assertFits(deploy: string | undefined, flags: ReportFlags): void {
  const wrong =
    deploy === undefined
      ? (['html'] as const).find((flag) => flags[flag] !== undefined)
      : (['since', 'until', 'lane', 'format', 'output'] as const).find(
          (flag) => flags[flag] !== undefined,
        );
  if (wrong === undefined) return;
  throw new UsageError(
    'E_USAGE',
    deploy === undefined
      ? `--${wrong} is for one deploy, and none is named`
      : `--${wrong} is for a period, and a deploy is named`,
    { hint: 'pipeline report DEPLOY --html FILE, or pipeline report --format csv --since 720h' },
  );
}

async function reportPeriod(
  log: EventLog,
  period: Period,
  flags: ReportFlags,
  terminal: Terminal,
): Promise<void> {
  const lanes = await findLanes(log, flags.lane);
  const ofLanes: (readonly Change[])[] = [];
  for (const lane of lanes) {
    terminal.status(`reading ${lane}`);
    ofLanes.push(await readChanges(log, lane, period));
  }
  // As arguments of a call they may be too many.
  const changes = ofLanes.flat().sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  terminal.clearStatus();
  const head = await log.headDigest();
  const told = redactAll({ ...period, lanes, head, changes });
  const output = await openOutput(flags.output, terminal);
  try {
    await output.write(await written(told, flags.format ?? 'csv'));
    await output.keep();
  } catch (error) {
    await output.discard();
    throw error;
  }
  terminal.err(`${counted(changes.length, 'change')} of production; log head ${headText(head)}`);
}

async function written(
  told: Period & {
    readonly lanes: readonly string[];
    readonly head: { readonly digest: string; readonly position: number };
    readonly changes: readonly Change[];
  },
  format: NonNullable<ReportFlags['format']>,
): Promise<string> {
  if (format === 'csv') return toCsv(told.changes);
  if (format === 'html') return changesReport({ ...told, head: headText(told.head) });
  return `${visibleJson(JSON.stringify({ version: 1, ...told }, null, 2))}\n`;
}

async function reportDeploy(
  log: EventLog,
  name: string,
  nowMs: number,
  flags: ReportFlags,
  terminal: Terminal,
): Promise<void> {
  const { deploy } = await findDeployHere(name, log, terminal.err);
  const { page, head } = await reportOf(log, deploy, nowMs);
  const output = await openOutput(flags.html, terminal);
  try {
    await output.write(page);
    await output.keep();
  } catch (error) {
    await output.discard();
    throw error;
  }
  terminal.err(`a page of ${deploy}; log head ${head}`);
}

/** The page of a deploy, and the log's head that it is of. @throws UsageError E_NO_DEPLOY, LogFault */
export async function reportOf(
  log: EventLog,
  deploy: string,
  nowMs: number,
): Promise<{ readonly page: string; readonly head: string }> {
  const told = await readToldDeploy(log, deploy);
  const record = await readDeployRecord(log, deploy);
  if (told === null || record === null) {
    throw new UsageError('E_NO_DEPLOY', `the log has no deploy ${deploy}`);
  }
  const orders = await ordersMeanwhile(log, record);
  const head = headText(await log.headDigest());
  const page = await deployReport(
    redactAll({
      ...told,
      said: saidOf(record, orders),
      checks: record.steps.flatMap(checkOf),
      killSwitch: switchOf(record.steps),
      head,
      madeAt: new Date(nowMs).toISOString(),
    }),
  );
  return { page, head };
}
