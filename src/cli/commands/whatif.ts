/** `pipeline whatif`: which recorded deploys would have gone another way by a changed chart or other settings. Writes nothing. */
import { UsageError } from '../../errors/error.ts';
import { chart as present } from '../../machine/chart.ts';
import { chartOf, unknownIn } from '../../machine/chart-of-definition.ts';
import { definitionOf } from '../../machine/definition.ts';
import type { Settings } from '../../machine/events.ts';
import { begin, type Interpreter, interpreterOf, next } from '../../machine/interpret.ts';
import { redactAll } from '../../redaction/gate.ts';
import { deploysSince } from '../../runtime/audit/deploy-index.ts';
import { laneMoves, laneOf, readWhatIf } from '../../runtime/audit/whatif-read.ts';
import { chartHash, readChart } from '../../runtime/log/charts.ts';
import { deployStream } from '../../runtime/log/streams.ts';
import type { EventLog } from '../../store/log.ts';
import { readEnvironment } from '../config/environment.ts';
import { printLines } from '../render/paragraph.ts';
import type { Terminal } from '../render/terminal.ts';
import { type Told, type WhatIfs, whatIfMarkdown, whatIfView } from '../render/whatif-view.ts';
import { readChartFile } from '../workspace/chart-file.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { mustHaveLane } from '../workspace/find-lane.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { timeOf } from '../workspace/period.ts';
import { parseSetting, type SettingChange, withSettings } from '../workspace/set-settings.ts';

export interface WhatIfFlags extends GlobalFlags {
  chart?: string;
  set: readonly string[];
  since?: string;
  lane?: string;
  format?: string;
  printChart?: boolean;
}

export async function whatif(flags: WhatIfFlags, terminal: Terminal): Promise<number> {
  if (flags.printChart === true) {
    terminal.out(JSON.stringify(definitionOf(present), null, 2));
    return 0;
  }
  const { format = 'text' } = flags;
  check(flags, format);
  const since = flags.since === undefined ? null : timeOf('--since', flags.since, Date.now());
  const settings = flags.set.map(parseSetting);
  const chart = flags.chart === undefined ? null : await readChartFile(flags.chart);
  const tried = chart === null ? { begin, next } : interpreterOf(chart);
  const log = await openDeployLog(await findStore(flags, readEnvironment(process.env)), {
    readOnly: true,
  });
  try {
    if (flags.lane !== undefined) await mustHaveLane(log, flags.lane);
    const deploys = await tryAll(log, { tried, settings, since, lane: flags.lane }, terminal);
    const all: WhatIfs = redactAll({
      change: { chart: flags.chart ?? null, set: flags.set },
      since,
      deploys,
    });
    if (flags.json === true) terminal.json({ version: 1, ...all });
    else if (format === 'markdown') for (const line of whatIfMarkdown(all)) terminal.out(line);
    else printLines(whatIfView(all, terminal), terminal);
    return 0;
  } finally {
    await log.close();
  }
}

function check({ chart, set, json }: WhatIfFlags, format: string): void {
  const wrong =
    chart === undefined && set.length === 0
      ? 'whatif takes what is changed: --chart, --set, or both'
      : format !== 'text' && format !== 'markdown'
        ? `--format takes text or markdown, not ${format}`
        : json === true && format === 'markdown'
          ? 'give --json or --format markdown'
          : null;
  if (wrong === null) return;
  throw new UsageError('E_USAGE', wrong, {
    hint: 'pipeline whatif --chart chart.json --since 720h --format markdown',
  });
}

interface Tried {
  readonly tried: Interpreter;
  readonly settings: readonly SettingChange[];
  readonly since: string | null;
  readonly lane: string | undefined;
}

async function tryAll(
  log: EventLog,
  { tried, settings, since, lane: only }: Tried,
  terminal: Terminal,
): Promise<Told[]> {
  const change = { chart: tried, settings: (same: Settings) => withSettings(same, settings) };
  const own = ownCharts(log);
  const told: Told[] = [];
  let moves: Awaited<ReturnType<typeof laneMoves>> | null = null;
  const all = await deploysSince(log, since);
  for (const [n, deploy] of all.entries()) {
    terminal.status(`tried ${n} of ${all.length} deploys`);
    const records = await log.readStream(deployStream(deploy));
    const lane = laneOf(records);
    const [first] = records;
    if (first === undefined || (only !== undefined && lane !== only)) continue;
    moves ??= await laneMoves(log, first.position);
    const chart = await own(String(first.metadata.chart));
    const what = readWhatIf(records, change, moves.get(lane) ?? [], chart);
    told.push({ deploy, lane, requestedAt: first.time, ...what });
  }
  terminal.clearStatus();
  return told;
}

/** The chart that a deploy ran on, where the log has it and this version can run it; else the present one. */
function ownCharts(log: EventLog): (hash: string) => Promise<Interpreter> {
  const known = new Map<string, Interpreter>([[chartHash, { begin, next }]]);
  return async (hash) => {
    const found = known.get(hash);
    if (found !== undefined) return found;
    const kept = await readChart(log, hash);
    const runs = kept !== null && unknownIn(kept.definition).length === 0;
    const chart = runs ? interpreterOf(chartOf(kept.definition)) : { begin, next };
    known.set(hash, chart);
    return chart;
  };
}
