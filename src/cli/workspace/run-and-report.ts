/** Runs one deploy until its run ends, and reports it: what `advance` and `resume` share. */
import { systemClock } from '../../effects/clock.ts';
import type { History } from '../../effects/history/history.ts';
import type { Ports } from '../../effects/ports.ts';
import { exitCodeOf, has, stateOf } from '../../machine/interpret.ts';
import { isTagged, nextFor } from '../../machine/state-facts.ts';
import { tell } from '../../machine/story.ts';
import { redactAll } from '../../redaction/gate.ts';
import type { Person } from '../../runtime/actor.ts';
import { headWords, readKey, takeHead } from '../../runtime/audit/head.ts';
import { domainEvent, foldStream, stateAfter } from '../../runtime/log/recorded.ts';
import { deployStream } from '../../runtime/log/streams.ts';
import { type Interruption, type RunOutcome, runDeploy } from '../../runtime/loop/run.ts';
import type { EventLog } from '../../store/log.ts';
import { printLines } from '../render/paragraph.ts';
import { type Pulse, withPulse } from '../render/pulse.ts';
import { createReporter, type Reporter } from '../render/reporter.ts';
import type { Terminal } from '../render/terminal.ts';
import { reportToActions } from './actions-report.ts';
import { type AssembleOptions, type Assembly, assemble } from './assemble.ts';
import { signalExitCodes } from './exit-codes.ts';
import { lastMessagesMs, listenToSignals } from './signals.ts';

export interface RunAndReportOptions {
  readonly terminal: Terminal;
  readonly json: boolean;
  /** What is told before anything is done. */
  readonly notices: readonly string[];
  readonly openLog: () => Promise<EventLog>;
  /** Which deploy: writes whatever makes it ready to be carried on. What has to be asked before that is asked by what is handed in. */
  readonly choose: (
    log: EventLog,
    asking: { readonly history: History; readonly ports: Ports },
  ) => Promise<{ deploy: string; isNew: boolean }>;
  /** Who has it carried on, where a person does. */
  readonly order?: Person;
  /** What its run is put together from. */
  readonly parts: Omit<AssembleOptions, 'log' | 'progress' | 'notice'>;
}

export async function runAndReport(options: RunAndReportOptions): Promise<number> {
  const { terminal, json, parts } = options;
  const key = signingKeyOf(parts.environment);
  const clock = systemClock;
  const reporter = withPulse(createReporter({ terminal, json, now: clock.now }), clock);
  reporter.waiting('opening the log');
  const log = await options.openLog().catch((error: unknown) => {
    reporter.end();
    throw error;
  });
  let assembly: Assembly | null = null;
  const signals = listenToSignals();
  const { interrupt } = signals;
  try {
    for (const line of options.notices) reporter.notice(line);
    const { progress, notice } = reporter;
    assembly = await assemble({ ...parts, log, progress, notice });
    const { http, history } = assembly;
    const ports = { http, clock, signal: interrupt, progress };
    const chosen = await options.choose(log, { history, ports }).catch((error: unknown) => {
      if (!interrupt.aborted) throw error;
      return null;
    });
    if (chosen === null) {
      notice('interrupted before anything was written');
      return signalExitCodes[interrupt.reason as Interruption];
    }
    const { deploy, isNew } = chosen;
    await tellWhatIs(log, deploy, isNew, reporter);
    const outcome = await run(deploy, options, log, assembly, reporter, interrupt);
    reporter.end();
    const head = await takeHead(log, parts.run, key);
    return await report(deploy, outcome, head, log, { ...options, notice });
  } finally {
    reporter.end();
    signals.stop();
    await assembly?.close();
    await log.close();
  }
}

/** Until its run ends, and its last messages are told. */
function run(
  deploy: string,
  { parts, order }: RunAndReportOptions,
  log: EventLog,
  { notifier, keeper, lock, liveness, services }: Assembly,
  reporter: Pulse,
  interrupt: AbortSignal,
): Promise<RunOutcome> {
  const { progress, waiting, recorded } = reporter;
  notifier.start();
  return runDeploy({
    ...{ deploy, log, clock: systemClock, run: parts.run, leaseMs: parts.leaseMs },
    ...(order === undefined ? {} : { order }),
    ...{ keeper, lock, liveness, services, interrupt, progress, waiting, recorded },
  }).finally(() => {
    waiting('telling the last messages');
    return notifier.flush(lastMessagesMs(interrupt));
  });
}

/** What became of it, where CI and whoever reads look for that. Gives the exit code. */
async function report(
  deploy: string,
  { state, folded, interrupted, exit: ended }: RunOutcome,
  head: Awaited<ReturnType<typeof takeHead>>,
  log: EventLog,
  { terminal, json, parts, notice }: RunAndReportOptions & { notice(line: string): void },
): Promise<number> {
  const exit = interrupted === null ? (ended ?? 1) : signalExitCodes[interrupted];
  const next = nextFor(state, deploy);
  await reportToActions(
    log,
    { deploy, state, exit, isInterrupted: interrupted !== null, next, head: headWords(head) },
    { env: parts.env, terminal, notice },
  );
  if (json) {
    terminal.json({ ...(await summary(log, deploy, exit)), head });
    return exit;
  }
  const then = next ?? `The whole story: pipeline log ${deploy}`;
  printLines(['', `${deploy}: ${state} (exit ${exit}). ${then}`], terminal);
  if (has(folded, 'live') && folded.snapshot.context.lifts !== null) {
    terminal.out('The rollback does not hold any more: the next build ships by itself.');
  }
  terminal.out(headWords(head));
  return exit;
}

/** @throws UsageError E_ENVIRONMENT */
const signingKeyOf = ({ signingKey }: AssembleOptions['environment']) =>
  signingKey === null ? null : readKey('private', signingKey, 'PIPELINE_SIGNING_KEY');

/** A deploy that exists already is introduced: which state it was left in. */
async function tellWhatIs(
  log: EventLog,
  deploy: string,
  isNew: boolean,
  reporter: Reporter,
): Promise<void> {
  const events = await log.readStream(deployStream(deploy));
  const shown = isNew
    ? events.at(0)
    : events.findLast(({ metadata }) => metadata.transition !== undefined);
  const { settled = false } = (shown?.metadata.transition ?? {}) as { settled?: boolean };
  const state = shown === undefined ? null : stateAfter(shown);
  // Some CIs keep a build's label when its job is run again.
  const anew =
    state !== null && isTagged(state, 'failed') ? '; another --build deploys the commit again' : '';
  const what = settled ? `it is over, and ended so${anew}` : 'it goes on from there';
  if (!isNew) reporter.notice(`${deploy} is in the log already; ${what}`);
  if (shown !== undefined) reporter.recorded(domainEvent(shown), shown);
}

async function summary(log: EventLog, deploy: string, exit: number): Promise<object> {
  const folded = await foldStream(log, deploy);
  if (folded === null) return { deploy, exit };
  const { outcome, request } = folded.snapshot.context;
  return {
    deploy,
    lane: request.lane,
    commit: request.commit.sha,
    state: stateOf(folded),
    settled: has(folded, 'settled'),
    exit: exitCodeOf(folded) ?? exit,
    reason: outcome === null ? null : tell(redactAll(outcome)).headline,
    next: nextFor(stateOf(folded), deploy),
  };
}
