/** `pipeline rollback [TO] --reason`: a person takes production back, once it was shown what goes back. */
import { systemClock } from '../../effects/clock.ts';
import { openRepository } from '../../effects/git/repository.ts';
import { UsageError } from '../../errors/error.ts';
import type { Environment as Place, Release } from '../../machine/events.ts';
import { redactAll } from '../../redaction/gate.ts';
import { personOf } from '../../runtime/actor.ts';
import { readShipped } from '../../runtime/audit/lane-marks.ts';
import { goingBack } from '../../runtime/gates/going-back.ts';
import { observeSettled } from '../../runtime/gates/production.ts';
import { newRun, type Run } from '../../runtime/identity.ts';
import { type CanaryKeeps, canaryKeeps } from '../../runtime/rollback/canary-keeps.ts';
import { rollBack } from '../../runtime/rollback/carry-out.ts';
import { chooseRollback, type RollbackPlan } from '../../runtime/rollback/choose.ts';
import { mustBePossible } from '../../runtime/rollback/possible.ts';
import type { EventLog } from '../../store/log.ts';
import { detectCi, requireBranch } from '../ci/ci.ts';
import { ciJobOf } from '../ci/job.ts';
import { readEnvironment } from '../config/environment.ts';
import { printLines } from '../render/paragraph.ts';
import { type Pulse, withPulse } from '../render/pulse.ts';
import { confirmed } from '../render/question.ts';
import { createReporter } from '../render/reporter.ts';
import { canaryLines, rollbackPreview, type WhatGoesBack } from '../render/rollback-view.ts';
import type { Terminal } from '../render/terminal.ts';
import { observeOrderer } from '../workspace/actor.ts';
import { type Assembly, assemble } from '../workspace/assemble.ts';
import { openDeployLog } from '../workspace/deploy-log.ts';
import { signalExitCodes } from '../workspace/exit-codes.ts';
import type { GlobalFlags } from '../workspace/flags.ts';
import { openHere, partsOf } from '../workspace/here.ts';
import { lastMessagesMs, listenToSignals } from '../workspace/signals.ts';
import { openWorkspace } from '../workspace/workspace.ts';

export interface RollbackFlags extends GlobalFlags {
  reason: string;
  yes?: boolean;
  actor?: string;
  branch?: string;
}

/** How many of what the lane verified are looked at for a name. */
const shippedMax = 100;
const commitsMax = 20;

export async function rollback(
  to: string | null,
  flags: RollbackFlags,
  version: string,
  terminal: Terminal,
): Promise<number> {
  mustBeAsked(flags, terminal);
  const parts = await prepare(flags, version);
  const { workspace, run } = parts;
  const clock = systemClock;
  const reporter = withPulse(
    createReporter({ terminal, json: flags.json === true, now: clock.now }),
    clock,
  );
  const log = await openDeployLog(workspace.storeUrl, { readOnly: false, create: false });
  const signals = listenToSignals();
  let assembly: Assembly | null = null;
  let isBegun = false;
  try {
    for (const line of parts.notices) reporter.notice(line);
    const { progress, notice } = reporter;
    assembly = await assemble({ ...partsOf(parts, run), log, progress, notice });
    reporter.waiting('reading what production runs');
    const found = await decide(to, parts, log, assembly, signals.interrupt);
    // One that an earlier run began holds deploys whatever becomes of this run.
    isBegun = found.plan.again;
    for (const line of rollbackPreview(found)) notice(line);
    if (flags.yes !== true && !(await confirmed('Take production back?', signals.interrupt))) {
      notice('nothing was done');
      return 0;
    }
    const begun = (): void => {
      isBegun = true;
    };
    const carried = { found, reason: flags.reason, begun, signal: signals.interrupt };
    const { release, kept } = await carryOut(carried, parts, log, assembly, reporter);
    reporter.end();
    tell(release.version, { ...found, kept }, flags, terminal);
    return 0;
  } catch (error) {
    const { aborted, reason } = signals.interrupt;
    if (!aborted) throw error;
    reporter.notice(
      isBegun
        ? 'interrupted; the same command looks at the target first, and goes on. Deploys are held until it has'
        : 'interrupted before production was asked for anything: it was not taken back, and no further deploy is held by this',
    );
    return signalExitCodes[reason as keyof typeof signalExitCodes];
  } finally {
    reporter.end();
    signals.stop();
    await assembly?.close();
    await log.close();
  }
}

interface Carried {
  readonly found: WhatGoesBack;
  readonly reason: string;
  /** Deploys are held by it from then on. */
  readonly begun: () => void;
  readonly signal: AbortSignal;
}

/** With what the canary runs then, which no rollback of production moves. */
async function carryOut(
  { found, reason, begun, signal }: Carried,
  { workspace, settings, targets, run }: Parts,
  log: EventLog,
  assembly: Assembly,
  { progress, notice, waiting }: Pulse,
): Promise<{ readonly release: Release; readonly kept: CanaryKeeps | null }> {
  const { plan, fromCommit } = found;
  const { canary, production, lock } = settings;
  const clock = systemClock;
  const place = canary === null ? null : targets(canary.target);
  const kept = () =>
    canaryKeeps(place, fromCommit, { http: assembly.http, clock, signal, progress });
  let isUnverified = false;
  waiting(`taking production back to ${plan.to.release.version}`);
  assembly.notifier.start();
  const { release } = await rollBack({
    ...{ ...assembly, log, clock, run, plan, person: personOf(run.actor, reason) },
    ...{ lane: workspace.config.app, production, target: targets(production.target) },
    ...{ lockSettings: lock, leaseMs: lock.leaseMs, signal, progress, begun },
    unverified({ version }) {
      isUnverified = true;
      progress(`production runs ${version} now, not verified; deploys are held by it`);
    },
  })
    .finally(() => assembly.notifier.flush(lastMessagesMs(signal)))
    .catch(async (error: unknown) => {
      if (isUnverified) for (const line of canaryLines(await kept())) notice(line);
      throw error;
    });
  return { release, kept: await kept() };
}

/** @throws UsageError E_REASON; E_USAGE nobody can be asked */
function mustBeAsked({ reason, yes, json }: RollbackFlags, terminal: Terminal): void {
  if (reason.trim() === '') {
    throw new UsageError('E_REASON', '--reason is empty; the log keeps why', {
      hint: 'pipeline rollback --reason "errors since 503"',
    });
  }
  if (yes === true || (terminal.isTty && process.stdin.isTTY === true && json !== true)) return;
  throw new UsageError('E_USAGE', 'rollback asks, and there is no terminal to ask at', {
    hint: 'With --yes it asks nothing: pipeline rollback --yes --reason "…"',
  });
}

async function prepare(flags: RollbackFlags, version: string) {
  const environment = readEnvironment(process.env);
  const workspace = await openWorkspace(flags, environment);
  const { config } = workspace;
  const ci = detectCi(process.env, flags);
  if (ci.isCi) requireBranch(ci, null, config.branch);
  if (config.lock.provider !== 'store') {
    throw new UsageError(
      'E_LOCK_PROVIDER',
      `lock.provider ${config.lock.provider} gives the lane to builds of the CI only: nobody else can hold it`,
      {
        hint: 'Roll back at the target: the gates hold deploys by that just the same. Or use lock.provider: store.',
      },
    );
  }
  const repository = await openRepository(process.cwd());
  const here = await openHere({ environment, ci, repository, workspace });
  const actor = await observeOrderer({ claimed: flags.actor, ci, repository, environment });
  const build = ci.isCi ? ci.build : null;
  const run: Run = newRun({ actor, ci: build, program: version, job: ciJobOf(ci) });
  return { ...here, run };
}

type Parts = Awaited<ReturnType<typeof prepare>>;

/** Which release, and what goes back with it. */
async function decide(
  name: string | null,
  { workspace, targets, settings, repository, run }: Parts,
  log: EventLog,
  { http, history, lanes }: Assembly,
  signal: AbortSignal,
): Promise<WhatGoesBack> {
  const ports = { http, clock: systemClock, signal, progress: () => {} };
  const { app } = workspace.config;
  const { production } = settings;
  const target = targets(production.target);
  const state = await observeSettled(target, history, ports);
  const { running } = state;
  if (running === null) {
    throw new UsageError('E_NO_RELEASE', `${target.settings.name} runs nothing yet`);
  }
  const lane = await lanes.read(app);
  const back = await goingBack(target, state, lane, history, ports);
  const ofHere = targetOf(production);
  const marks = await readShipped(log, app, shippedMax);
  const shipped = marks.map(({ data }) => data).filter((one) => one.target === ofHere);
  const isKnown = name === null || shipped.some(({ release }) => release.version === name);
  const named = isKnown ? null : await target.findRelease(name, ports);
  const plan = chooseRollback(name, {
    ...{ shipped, running, ranBefore: state.before?.artifact ?? null },
    isTakenBack: back?.release.id === running.release.id,
    ...{ unfinished: lane.rollback?.target === ofHere ? lane.rollback : null, named },
    newId: `rollback-${run.id.slice(0, 8)}`,
  });
  await mustBePossible({ plan, shipped, running }, target, ports);
  const fromCommit = commitOf(plan, running, shipped);
  return {
    plan,
    place: target.settings.name,
    fromCommit,
    ...(await between(plan, fromCommit, repository, signal)),
  };
}

const targetOf = ({ target: { kind, name } }: Place): string => `${kind} ${name}`;

function commitOf(
  { from }: RollbackPlan,
  running: {
    readonly release: { readonly id: string };
    readonly artifact: { readonly commit: string | null };
  },
  shipped: readonly { readonly release: { readonly id: string }; readonly commit: string }[],
): string | null {
  if (running.release.id === from.id) return running.artifact.commit;
  return shipped.find(({ release }) => release.id === from.id)?.commit ?? null;
}

/** What production loses. A clone that cannot tell says so, and keeps nobody from it. */
async function between(
  { to }: RollbackPlan,
  from: string | null,
  repository: Parts['repository'],
  signal: AbortSignal,
): Promise<Pick<WhatGoesBack, 'commits' | 'paths'>> {
  if (from === null || to.commit === null) return { commits: null, paths: null };
  const range = { base: to.commit, head: from, limit: commitsMax };
  const commits = await repository.commits(range, signal).catch(() => null);
  const paths = await repository.changedPaths(to.commit, from, signal).catch(() => null);
  signal.throwIfAborted();
  return { commits, paths };
}

function tell(
  release: string,
  { plan, place, kept }: WhatGoesBack & { readonly kept: CanaryKeeps | null },
  { json, reason }: RollbackFlags,
  terminal: Terminal,
): void {
  const { id, from, to } = plan;
  if (json === true) {
    const same = { rollback: id, target: place, from, to, release, reason };
    terminal.json(redactAll({ version: 1, ...same, canary: kept }));
    return;
  }
  terminal.out(
    `\n${place} runs ${to.release.version} again, as ${release}, verified. Deploys are held by it until a person ships one:`,
  );
  terminal.out('  pipeline advance --build LABEL --reason "…"   from a clone of the commit');
  terminal.out(
    '  pipeline resume DEPLOY --reason "…"           once a deploy was held (docs/after-a-rollback.md)',
  );
  const lines = canaryLines(kept);
  if (lines.length > 0) printLines(['', ...lines], terminal);
}
