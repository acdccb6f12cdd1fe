/** `pipeline replay [DEPLOY]`: folds events through the chart again; 1 when that differs from the record. It runs nothing. */
import { createInterface } from 'node:readline';
import { UsageError } from '../../errors/error.ts';
import { redactAll } from '../../redaction/gate.ts';
import { deploysSince } from '../../runtime/audit/deploy-index.ts';
import { type Replay, replay as replayDeploy } from '../../runtime/audit/replay.ts';
import { replayAt } from '../../runtime/audit/replay-at.ts';
import { UnreadableLog } from '../../runtime/log/recorded.ts';
import type { EventLog } from '../../store/log.ts';
import { readEnvironment } from '../config/environment.ts';
import { printLines } from '../render/paragraph.ts';
import {
  type AllReplayed,
  allView,
  momentView,
  replayView,
  stepView,
} from '../render/replay-view.ts';
import type { Terminal } from '../render/terminal.ts';
import { findStore, openDeployLog } from '../workspace/deploy-log.ts';
import { findDeployHere } from '../workspace/find-commit.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { timeOf } from '../workspace/period.ts';

export interface ReplayFlags extends GlobalFlags {
  at?: string;
  step?: boolean;
  all?: boolean;
  since?: string;
}

export async function replay(
  name: string | undefined,
  flags: ReplayFlags,
  terminal: Terminal,
  input: NodeJS.ReadableStream = process.stdin,
): Promise<number> {
  checkFlags(name, flags);
  const at = flags.at === undefined ? null : placeOf(flags.at, Date.now());
  const since = flags.since === undefined ? null : timeOf('--since', flags.since, Date.now());
  const log = await openDeployLog(await findStore(flags, readEnvironment(process.env)), {
    readOnly: true,
  });
  try {
    if (name === undefined) return await replayAll(log, since, flags, terminal);
    const { deploy } = await findDeployHere(name, log, terminal.err);
    if (at !== null) return await showMoment(log, deploy, at, flags, terminal);
    const result = await replayDeploy(log, deploy);
    if (flags.json === true) terminal.json({ version: 1, ...redactAll(result) });
    else if (flags.step === true) await walk(result, terminal, input);
    else printLines(replayView(result, terminal), terminal);
    return result.disagreement === null ? 0 : 1;
  } finally {
    await log.close();
  }
}

function checkFlags(name: string | undefined, { all, at, step, since, json }: ReplayFlags): void {
  const wrong =
    name === undefined && all !== true
      ? 'replay takes a deploy, or --all'
      : name !== undefined && all === true
        ? '--all is for every deploy: it takes none'
        : all === true && (at !== undefined || step === true)
          ? '--at and --step are for one deploy'
          : since !== undefined && all !== true
            ? '--since is for --all'
            : at !== undefined && step === true
              ? '--at shows one moment, --step all of them: give one of them'
              : step === true && json === true
                ? '--step is for people: it gives no JSON'
                : null;
  if (wrong === null) return;
  throw new UsageError('E_USAGE', wrong, {
    hint: 'pipeline replay 502 --at 7, pipeline replay 502 --step, pipeline replay --all --since 24h',
  });
}

function placeOf(text: string, nowMs: number): { version: number } | { time: string } {
  return /^[1-9]\d{0,8}$/.test(text)
    ? { version: Number(text) }
    : { time: timeOf('--at', text, nowMs, 'a time or the number of an event') };
}

async function showMoment(
  log: EventLog,
  deploy: string,
  at: { version: number } | { time: string },
  flags: ReplayFlags,
  terminal: Terminal,
): Promise<number> {
  const moment = await replayAt(log, deploy, at);
  if (moment === null) {
    throw new UsageError('E_USAGE', `${deploy} was not asked for by then`, {
      hint: `pipeline log ${deploy} has the time of each event.`,
    });
  }
  if ('version' in at && moment.event < at.version) {
    throw new UsageError(
      'E_USAGE',
      `${deploy} has no event ${at.version}: its last is ${moment.event}`,
      {
        hint: `pipeline replay ${deploy} numbers them.`,
      },
    );
  }
  const told = redactAll(moment);
  if (flags.json === true) terminal.json({ version: 1, ...told });
  else printLines(momentView(told, terminal), terminal);
  return 0;
}

/** Line by line: Enter goes on, `b` back, a number there, `q` ends. */
async function walk(
  result: Replay,
  terminal: Terminal,
  input: NodeJS.ReadableStream,
): Promise<void> {
  const show = (index: number) => {
    printLines(stepView(result, index, terminal), terminal);
    terminal.out(terminal.color.dim('Enter: the next; b: the one before; a number; q: the end'));
  };
  let at = 0;
  show(at);
  const lines = createInterface({ input });
  try {
    for await (const line of lines) {
      const typed = line.trim().toLowerCase();
      if (typed === 'q') return;
      if (typed === '' && at === result.steps.length - 1) return;
      const to = typed === '' ? at + 1 : typed === 'b' ? at - 1 : Number(typed) - 1;
      if (Number.isInteger(to)) at = Math.min(Math.max(to, 0), result.steps.length - 1);
      show(at);
    }
  } finally {
    lines.close();
  }
}

async function replayAll(
  log: EventLog,
  since: string | null,
  flags: ReplayFlags,
  terminal: Terminal,
): Promise<number> {
  const differing: Replay[] = [];
  const unreadable: { deploy: string; reason: string }[] = [];
  let earlierChart = 0;
  const deploys = await deploysSince(log, since);
  for (const [n, deploy] of deploys.entries()) {
    terminal.status(`replayed ${n} of ${deploys.length}`);
    try {
      const result = await replayDeploy(log, deploy);
      if (!result.sameChart) earlierChart++;
      if (result.disagreement !== null) differing.push(result);
    } catch (error) {
      if (!(error instanceof UnreadableLog)) throw error;
      unreadable.push({ deploy, reason: error.message });
    }
  }
  terminal.clearStatus();
  const all: AllReplayed = redactAll({
    deploys: deploys.length,
    earlierChart,
    differing: differing.map(({ deploy, disagreement, sameChart }) => ({
      ...{ deploy, disagreement, sameChart },
    })),
    unreadable,
  });
  if (flags.json === true) terminal.json({ version: 1, ...all });
  else printLines(allView(all, terminal), terminal);
  return differing.length + unreadable.length === 0 ? 0 : 1;
}
