/** Puts a run together from configuration and environment: the one place where the rooms meet. */

import { createCiJobs } from '../../effects/ci/jobs.ts';
import { systemClock } from '../../effects/clock.ts';
import type { Repository } from '../../effects/git/repository.ts';
import type { GitHub } from '../../effects/history/github.ts';
import type { QueueHistory } from '../../effects/history/history.ts';
import { createHttpClient } from '../../effects/http/client.ts';
import type { HttpClient, Transport } from '../../effects/http/request.ts';
import { undiciTransport } from '../../effects/http/undici-transport.ts';
import type { Ports } from '../../effects/ports.ts';
import type { Targets } from '../../effects/targets/target.ts';
import { laneOfDeploy, otherLaneOf } from '../../runtime/gates/trust.ts';
import type { Run } from '../../runtime/identity.ts';
import { createCiLock } from '../../runtime/lock/ci-lock.ts';
import { Lanes } from '../../runtime/lock/lanes.ts';
import { createLeaseKeeper, type LeaseKeeper } from '../../runtime/lock/lease-keeper.ts';
import { leftBy } from '../../runtime/lock/left-by.ts';
import { createLiveness, type Liveness } from '../../runtime/lock/liveness.ts';
import { hasRun } from '../../runtime/lock/living-runs.ts';
import { quiesce, quietOf } from '../../runtime/lock/quiesce.ts';
import { createStoreLock, type LaneLock } from '../../runtime/lock/store-lock.ts';
import type { ServiceTable } from '../../runtime/loop/run.ts';
import { createServices } from '../../runtime/loop/service-table.ts';
import type { Notifier } from '../../runtime/notify/notifier.ts';
import type { EventLog } from '../../store/log.ts';
import { createCiBuilds } from '../ci/builds.ts';
import type { CiFacts } from '../ci/ci.ts';
import { type Config, toSettings } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { readKillSwitch } from '../config/kill-switch.ts';
import { openNotifier } from './channels.ts';
import { githubOf, historyOf } from './history.ts';

export interface AssembleOptions {
  readonly config: Config;
  /** Of the configuration. */
  readonly folder: string;
  readonly environment: Environment;
  readonly targets: Targets;
  readonly env: NodeJS.ProcessEnv;
  readonly ci: CiFacts;
  readonly repository: Repository;
  readonly log: EventLog;
  readonly run: Run;
  readonly leaseMs: number;
  /** False: the CI throws the log away after the job. */
  readonly isLogKept: boolean;
  readonly progress: (line: string) => void;
  /** For what has to stay on a terminal: who was not told, and why. */
  readonly notice: (line: string) => void;
}

/** What a run of a deploy needs besides the log. */
export interface Assembly {
  readonly keeper: LeaseKeeper;
  readonly lock: LaneLock;
  readonly liveness: Liveness;
  readonly services: ServiceTable;
  readonly notifier: Notifier;
  readonly history: QueueHistory;
  /** As this run knows them. */
  readonly lanes: Lanes;
  /** Its writes need the run's leases. */
  readonly http: HttpClient;
  close(): Promise<void>;
}

/** What is opened here is closed by `close`, or at once where something is missing. @throws UsageError */
export async function assemble(options: AssembleOptions): Promise<Assembly> {
  const transport = undiciTransport();
  const keeper = createLeaseKeeper({ ...options, clock: systemClock });
  const close = async (): Promise<void> => {
    keeper.stop();
    await transport.close();
  };
  try {
    return { ...(await wire(options, keeper, transport.send)), keeper, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function wire(
  options: AssembleOptions,
  keeper: LeaseKeeper,
  send: Transport,
): Promise<Omit<Assembly, 'keeper' | 'close'>> {
  const { config, environment, repository, log, progress } = options;
  const clock = systemClock;
  const http = createHttpClient({
    transport: send,
    clock,
    random: Math.random,
    // Every write that the lane's lock protects is made by a run that still holds its leases.
    beforeWrite: keeper.assertHeld,
    notice: progress,
  });
  const ports = (signal: AbortSignal, tell = progress): Ports => ({
    http,
    clock,
    signal,
    progress: tell,
  });

  /** What is asked while the lock is waited for waits as long. */
  const lockPorts = (signal: AbortSignal, tell = progress): Ports => ({
    ...ports(signal, tell),
    deadlineMs: clock.ran() + config.lock.timeout,
  });

  const lanes = new Lanes(log);
  const github = githubOf(environment);
  const history = historyOf(config, github, repository);
  const services = servicesOf(options, { http, history, lanes });
  const endingOf = createCiJobs({
    circleci: { baseUrl: environment.circleApiUrl, token: environment.circleToken },
    github: { baseUrl: environment.githubApiUrl, token: environment.githubToken },
  });
  const liveness = createLiveness({
    clock,
    endingOf: (job, signal) => endingOf(job, ports(signal)),
  });
  const lock = lockOf(options, { keeper, lanes, liveness, history, github, ports: lockPorts });
  return {
    lock,
    liveness,
    services,
    history,
    lanes,
    http,
    notifier: await openNotifier({ ...options, progress: options.notice, http }),
  };
}

/** What the chart's steps are carried out by. */
function servicesOf(
  { config, environment, targets, env, ci, repository, log, isLogKept }: AssembleOptions,
  { http, history, lanes }: Pick<Assembly, 'http' | 'history' | 'lanes'>,
): ServiceTable {
  return createServices({
    http,
    targets,
    history,
    archive: (commit, signal) => repository.archive(commit, signal),
    // Loaded while instances start, and not before the first request.
    usualStartMs: async (target) => {
      const { usualStartMs } = await import('../../runtime/accounts/usual.ts');
      return usualStartMs(log, config.app, target);
    },
    readLane: (lane) => lanes.read(lane),
    hasRun: (id) => hasRun(log, id),
    killSwitch: (name) => readKillSwitch(name, env, ci.isCi),
    trust: {
      accepted: new Set(environment.trust),
      isLogKept,
      laneOf: (deploy) => laneOfDeploy(log, deploy),
      otherLane: (lane, target) => otherLaneOf(log, lane, target),
    },
  });
}

interface LockParts {
  readonly keeper: LeaseKeeper;
  readonly lanes: Lanes;
  readonly liveness: Liveness;
  readonly history: QueueHistory;
  readonly github: GitHub | null;
  readonly ports: (signal: AbortSignal, tell?: (line: string) => void) => Ports;
}

/** The log gives the lane, or the CI's own list does. */
function lockOf(
  { config, environment, targets, ci, log, run, leaseMs }: AssembleOptions,
  { keeper, lanes, liveness, history, github, ports }: LockParts,
): LaneLock {
  const clock = systemClock;
  const { provider } = config.lock;
  if (provider !== 'store') {
    const list = createCiBuilds({ provider, config, environment, ci, ports, github });
    return createCiLock({ ...list, provider, clock });
  }
  const settings = toSettings(config, environment);
  return createStoreLock({
    log,
    lanes,
    clock,
    run,
    keeper,
    leaseMs,
    liveness,
    relations: (base, heads, signal) => history.relations(base, heads, ports(signal)),
    quiesce: async ({ deploy, goneForMs }, signal, tell) => {
      const places = quietOf(settings, targets, await leftBy(log, deploy));
      await quiesce(places, ports(signal, tell), goneForMs);
    },
  });
}
