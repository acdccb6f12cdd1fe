/** One process of a driven path: everything real but its clock, and it can be killed at once. */
import { gzipSync } from 'node:zlib';
import { createHttpClient } from '../../../src/effects/http/client.ts';
import type { Ports } from '../../../src/effects/ports.ts';
import { createHeroku } from '../../../src/effects/targets/heroku/heroku.ts';
import { herokuTargets } from '../../../src/effects/targets/heroku/target.ts';
import type { ServiceInput } from '../../../src/machine/services.ts';
import type { Run } from '../../../src/runtime/identity.ts';
import { readLane } from '../../../src/runtime/lock/lanes.ts';
import { createLeaseKeeper, type LeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { leftBy } from '../../../src/runtime/lock/left-by.ts';
import { hasRun } from '../../../src/runtime/lock/living-runs.ts';
import { quiesce, quietOf } from '../../../src/runtime/lock/quiesce.ts';
import { createStoreLock, type LaneLock } from '../../../src/runtime/lock/store-lock.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { laneResource, laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import { type RunOptions, runDeploy, type ServiceTable } from '../../../src/runtime/loop/run.ts';
import { createServices } from '../../../src/runtime/loop/service-table.ts';
import type { EventLog } from '../../../src/store/log.ts';
import { actorCalled } from '../../actor.ts';
import { canary, production, staging } from '../apps.ts';
import { targetOf } from '../lane-world.ts';
import { leaseMs } from '../scenario.ts';
import { SimulatedProcess } from '../simulated-process.ts';
import type { PathWorld } from './world.ts';

const archive = gzipSync(Buffer.alloc(512));
const places = {
  staging: { target: targetOf(staging), timeoutMs: 1_800_000 },
  canary: { target: targetOf(canary), timeoutMs: 1_800_000 },
  production: { target: targetOf(production), timeoutMs: 1_800_000 },
};

let processes = 0;

export class PathProcess {
  readonly run: Run;
  readonly #process: SimulatedProcess;
  readonly #log: EventLog;
  readonly #clock: Ports['clock'];
  readonly #keeper: LeaseKeeper;
  readonly #lock: LaneLock;
  readonly #services: ServiceTable;

  constructor(world: PathWorld) {
    const process = new SimulatedProcess(world.time, { killAt: null, pause: null });
    processes += 1;
    const id = `run-${processes}`;
    let ids = 0;
    const newId = (): string => {
      ids += 1;
      return `${id}-${ids}`;
    };
    const owner = { run: id, host: 'driven', pid: processes, started: '0', url: null, job: null };
    this.run = { id, actor: actorCalled('ci'), ci: null, program: 'paths', owner, newId };
    this.#process = process;
    this.#log = process.log(world.log);
    this.#clock = process.clock();
    this.#keeper = createLeaseKeeper({ log: this.#log, clock: this.#clock, leaseMs });
    const http = createHttpClient({
      transport: process.transport(world.transport),
      clock: this.#clock,
      random: () => 0.5,
      beforeWrite: this.#keeper.assertHeld,
      notice: () => {},
    });
    const { environment } = world.sandbox;
    const targets = herokuTargets(
      createHeroku({
        baseUrl: environment.HEROKU_API_URL ?? '',
        token: environment.HEROKU_API_KEY ?? '',
      }),
    );
    const { graph } = world;
    const history = graph.history();
    const ports = (signal: AbortSignal): Ports => ({
      http,
      clock: this.#clock,
      signal,
      progress: () => {},
    });
    this.#services = createServices({
      usualStartMs: async () => null,
      http,
      targets,
      history,
      archive: async () => archive,
      readLane: (name) => readLane(this.#log, name),
      hasRun: (id) => hasRun(this.#log, id),
      killSwitch: world.killSwitch,
      trust: {
        accepted: new Set(),
        isLogKept: true,
        laneOf: async () => null,
        otherLane: async () => null,
      },
    });
    this.#lock = createStoreLock({
      log: this.#log,
      clock: this.#clock,
      run: this.run,
      keeper: this.#keeper,
      leaseMs,
      relations: (base, heads, signal) => history.relations(base, heads, ports(signal)),
      quiesce: async ({ deploy, goneForMs }, signal) =>
        quiesce(
          quietOf(places, targets, await leftBy(this.#log, deploy)),
          ports(signal),
          goneForMs,
        ),
    });
  }

  /** Ends where the deploy does, or where the process is killed. @param ready every service waits for it */
  async carry(
    deploy: string,
    recorded: RunOptions['recorded'],
    ready: () => Promise<void>,
  ): Promise<void> {
    const after =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await ready();
        return call(...args);
      };
    const services = Object.fromEntries(
      Object.entries(this.#services).map(([name, call]) => [
        name,
        after(call as () => Promise<unknown>),
      ]),
    ) as unknown as ServiceTable;
    const work = runDeploy({
      deploy,
      log: this.#log,
      clock: this.#clock,
      run: this.run,
      keeper: this.#keeper,
      leaseMs,
      lock: {
        acquire: after((...args) => this.#lock.acquire(...args)),
        reacquire: (...args) => this.#lock.reacquire(...args),
      },
      services,
      interrupt: new AbortController().signal,
      progress: () => {},
      recorded,
    });
    await Promise.race([work, this.#process.onDeath]);
    this.kill();
  }

  /** Waits for the lane as another deploy, and holds it. */
  async takeLane(input: ServiceInput<'acquireLock'>): Promise<void> {
    const resource = runResource(input.deploy);
    const lease = await this.#log.take(resource, this.run.owner, leaseMs);
    if (lease !== null) this.#keeper.hold({ resource, token: lease.token });
    await this.#lock.acquire(input, new AbortController().signal, () => {});
  }

  async giveLaneBack(deploy: string, lane: string): Promise<void> {
    const fence = this.#keeper.held(laneResource(lane));
    if (fence === null) return;
    this.#keeper.drop(fence.resource);
    const data = { deploy, token: fence.token, why: 'it is over' };
    const events = [newEvent({ type: 'lock.released', data }, this.run)];
    await this.#log.append([{ stream: laneStream(lane), expected: 'any', events }], {
      release: fence,
    });
    this.kill();
  }

  kill(): void {
    this.#keeper.stop();
    this.#process.kill();
  }
}
