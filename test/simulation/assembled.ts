/** What one simulated process is made of: real effects, runtime and lock, over the wires of its lane's world. */

import type { Clock } from '../../src/effects/clock.ts';
import type { QueueHistory } from '../../src/effects/history/history.ts';
import { createHttpClient } from '../../src/effects/http/client.ts';
import type { HttpClient, Transport } from '../../src/effects/http/request.ts';
import type { Ports } from '../../src/effects/ports.ts';
import { commandTargets } from '../../src/effects/targets/command/target.ts';
import { createHeroku } from '../../src/effects/targets/heroku/heroku.ts';
import { herokuTargets } from '../../src/effects/targets/heroku/target.ts';
import type { Targets } from '../../src/effects/targets/target.ts';
import { usualStartMs } from '../../src/runtime/accounts/usual.ts';
import { laneOfDeploy, otherLaneOf } from '../../src/runtime/gates/trust.ts';
import type { Run } from '../../src/runtime/identity.ts';
import { Lanes } from '../../src/runtime/lock/lanes.ts';
import { createLeaseKeeper, type LeaseKeeper } from '../../src/runtime/lock/lease-keeper.ts';
import { leftBy } from '../../src/runtime/lock/left-by.ts';
import type { Liveness } from '../../src/runtime/lock/liveness.ts';
import { hasRun } from '../../src/runtime/lock/living-runs.ts';
import { quiesce, quietOf } from '../../src/runtime/lock/quiesce.ts';
import { createStoreLock, type LaneLock } from '../../src/runtime/lock/store-lock.ts';
import type { NewDeploy } from '../../src/runtime/loop/request.ts';
import type { ServiceTable } from '../../src/runtime/loop/run.ts';
import { createServices } from '../../src/runtime/loop/service-table.ts';
import type { EventLog } from '../../src/store/log.ts';
import type { WireFault, Write } from './apps.ts';
import { blind, staleGates } from './broken-on-purpose.ts';
import { byProgram } from './ends.ts';
import { archive, type LaneWorld } from './lane-world.ts';
import type { Mutation } from './mutations.ts';
import { oddAnswers } from './odd-answers.ts';
import { ofOneWorld } from './of-one-world.ts';
import { leaseMs } from './scenario.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import { oddEnds } from './team/odd-ends.ts';

export interface AssembleOptions {
  readonly process: SimulatedProcess;
  readonly run: Run;
  readonly lane: LaneWorld;
  readonly deploy: string;
  readonly wanted: NewDeploy;
  /** As the process calls it. */
  readonly log: EventLog;
  readonly mutation: Mutation;
  readonly fault: () => WireFault;
  /** Whether the answer is spoilt that comes by that path, or by a program. */
  readonly isOdd: (by: string) => boolean;
  readonly random: () => number;
  readonly onWrite: (write: Write) => void;
  readonly liveness: (clock: Clock) => Liveness;
}

export interface Assembled {
  readonly clock: Clock;
  readonly keeper: LeaseKeeper;
  readonly http: HttpClient;
  readonly targets: Targets;
  readonly history: QueueHistory;
  readonly services: ServiceTable;
  readonly lock: LaneLock;
  readonly liveness: Liveness;
}

export function assemble(options: AssembleOptions): Assembled {
  const { process, run, lane, wanted, log, mutation } = options;
  const clock = process.clock();
  const keeper = createLeaseKeeper({ log, clock, leaseMs });
  const http = createHttpClient({
    transport: wireOf(options),
    clock,
    random: options.random,
    beforeWrite: keeper.assertHeld,
    notice: () => {},
  });
  const targets = targetsOf(options);
  const history = lane.graph.history();
  // As the program has it: one knowledge of the lane for the lock and the gates.
  const lanes = new Lanes(log);
  const unbroken = createServices({
    http,
    targets,
    history,
    archive: async () => archive,
    usualStartMs: (target) => usualStartMs(log, wanted.lane, target),
    readLane: async (name) => {
      const read = await lanes.read(name);
      return mutation.unmindful === true ? { ...read, rollback: null } : read;
    },
    hasRun: async (id) => mutation.hasty !== true && hasRun(log, id),
    killSwitch: (name) => lane.killSwitch(name),
    trust: {
      accepted: new Set(lane.rules.trust),
      isLogKept: mutation.forgetful !== true,
      laneOf: (deploy) => laneOfDeploy(log, deploy),
      otherLane: async (name, target) =>
        lane.rules.lanes.size < 2 ? null : otherLaneOf(ofOneWorld(log, lane), name, target),
    },
  });
  const services = mutation.staleGates
    ? staleGates(unbroken, targets, http, lane, wanted)
    : (mutation.services?.(unbroken) ?? unbroken);
  const ports = (signal: AbortSignal): Ports => ({ http, clock, signal, progress: () => {} });
  const liveness = options.liveness(clock);
  const ci = lane.ci?.lockOf(run.id, options.deploy, clock, ports);
  const stored = createStoreLock({
    ...{ log, lanes, clock, run, keeper, leaseMs, liveness },
    relations: (base, heads, signal) => history.relations(base, heads, ports(signal)),
    quiesce: async ({ deploy, goneForMs }, signal) => {
      if (mutation.restless === true) return;
      const left = await leftBy(log, deploy);
      await quiesce(quietOf(wanted.settings, targets, left), ports(signal), goneForMs);
    },
  });
  return {
    ...{ clock, keeper, http, targets, history, services, liveness },
    lock: mutation.lock?.(ci ?? stored) ?? ci ?? stored,
  };
}

function wireOf({ process, lane, deploy, mutation, ...wire }: AssembleOptions): Transport {
  const carried = lane.transport(deploy, wire.fault, wire.onWrite);
  const transport = oddAnswers(carried, { isDue: wire.isOdd, random: wire.random });
  return process.transport(mutation.blind === true ? blind(transport) : transport);
}

function targetsOf({ process, lane, deploy, mutation, ...wire }: AssembleOptions): Targets {
  const { fault, random, isOdd, onWrite } = wire;
  const spoil = oddEnds({ isDue: () => isOdd(byProgram), random });
  const programs = lane.programs(deploy, { fault, random, spoil }, onWrite);
  if (programs !== null) {
    void process.onDeath.then(() => programs.orphan());
    return commandTargets(process.programs(programs));
  }
  const { environment } = lane.sandbox;
  const heroku = createHeroku({
    baseUrl: environment.HEROKU_API_URL ?? '',
    token: environment.HEROKU_API_KEY ?? '',
  });
  return herokuTargets(mutation.heroku?.(heroku) ?? heroku);
}
