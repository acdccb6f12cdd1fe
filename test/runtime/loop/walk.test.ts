/** Every transition of the chart, driven through the real loop, lane lock and log. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/effects/clock.ts';
import { LockstepError } from '../../../src/errors/error.ts';
import { steps } from '../../../src/machine/codec.ts';
import type { DeployRequest, DomainEvent } from '../../../src/machine/events.ts';
import { emptyLane, foldLane, parseLaneEvent, targetName } from '../../../src/machine/lane.ts';
import type { ServiceName } from '../../../src/machine/services.ts';
import { stateFacts } from '../../../src/machine/state-facts.ts';
import { replay } from '../../../src/runtime/audit/replay.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { createLeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { createStoreLock, type LaneLock } from '../../../src/runtime/lock/store-lock.ts';
import { deployStream, laneStream } from '../../../src/runtime/log/streams.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import { resumeDeploy } from '../../../src/runtime/loop/resume.ts';
import { runDeploy, type ServiceTable } from '../../../src/runtime/loop/run.ts';
import type { EventLog, RecordedEvent } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { declaredEdges, nameOf, type Path, reachedPaths } from '../../machine/edges.ts';
import { toAnswer } from '../../machine/to-answer.ts';
import { usePostgres } from '../../postgres/use-postgres.ts';
import type { TestStore } from '../../store/events.ts';

const paths = reachedPaths();
const stuck = { release: { id: 'release-17', version: 'v17' }, first: true };
let log: EventLog;
let lanes = 0;

const never = (signal?: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** Plays a path's events to the runtime, each where it comes from: a service, a timer, a person, a signal, a new run. */
class Player {
  readonly #events: DomainEvent[];
  #deploy = '';
  #runs = 0;
  #waits = false;

  constructor({ events }: Path) {
    this.#events = [...events];
  }

  get #next(): DomainEvent | undefined {
    return this.#events[0];
  }

  /** In a lane of its own, and of a build of its own: a log has all of them. */
  async play({ request }: Path): Promise<readonly RecordedEvent[]> {
    const { deploy: _deploy, chart: _chart, ...wanted } = request;
    lanes += 1;
    const asked = {
      ...wanted,
      lane: `lane-${lanes}`,
      // The same build and commit in another lane is a further attempt, for which all those before it are read.
      build: { ...wanted.build, label: String(lanes) },
    };
    const first = this.#person();
    this.#deploy = (await requestDeploy(log, asked, first)).deploy;
    let run = first;
    while (this.#next !== undefined) {
      if (this.#next.type === 'deploy.resumed') {
        await resumeDeploy(log, this.#deploy, {
          ...{ run: this.#person(), reason: this.#next.data.reason },
          madeBy: async () => null,
        });
        this.#events.shift();
        continue;
      }
      await this.#carry(run);
      run = this.#person();
    }
    return log.readStream(deployStream(this.#deploy));
  }

  #person() {
    return newRun({ actor: anActor, ci: null, program: 'test' });
  }

  /** One process's part of the path; it ends when the next event is another's to make. */
  async #carry(run: ReturnType<typeof newRun>): Promise<void> {
    this.#runs++;
    const killed = new AbortController();
    const interrupt = new AbortController();
    const clock: Clock = {
      now: () => Date.now(),
      ran: () => performance.now(),
      // Time stands still, but for a time-out that is the next to happen.
      sleep: (ms, signal) =>
        ms > 0 && this.#next?.type === 'lock.waitTimedOut' ? Promise.resolve() : never(signal),
    };
    const keeper = createLeaseKeeper({
      log,
      clock: { ...clock, sleep: (_, signal) => never(signal) },
      leaseMs: 60_000,
    });
    const ended = runDeploy({
      deploy: this.#deploy,
      log,
      clock,
      run,
      keeper,
      leaseMs: 60_000,
      lock: this.#lock(
        createStoreLock({
          log,
          clock,
          run,
          keeper,
          leaseMs: 60_000,
          relations: async (_, heads) => heads.map(() => 'unknown'),
          quiesce: async () => {},
        }),
      ),
      services: this.#services(),
      interrupt: interrupt.signal,
      progress: () => {},
      liveness: { whyDead: () => 'killed', ask: async () => false },
      recorded: ({ type }) => {
        if (this.#next?.type === type) this.#events.shift();
        const following = this.#next?.type;
        if (following === undefined || following === 'deploy.resumed' || isOfNewRun(following)) {
          killed.abort();
        } else if (following === 'run.interrupted') interrupt.abort('SIGTERM');
      },
    });
    if (this.#next?.type === 'run.interrupted') interrupt.abort('SIGTERM');
    // A path may begin with what only a second run does: the first one dies as soon as it waits.
    if (isOfNewRun(this.#next?.type) && this.#runs === 1) {
      while (!this.#waits) await new Promise((turn) => setImmediate(turn));
      killed.abort();
    }
    await Promise.race([ended, never(killed.signal).catch(() => {})]);
    keeper.stop();
  }

  #lock(real: LaneLock): LaneLock {
    return {
      acquire: async (input, signal, progress) => {
        if (this.#next?.type === 'lock.acquired') return real.acquire(input, signal, progress);
        return this.#answer('acquireLock', signal) as ReturnType<LaneLock['acquire']>;
      },
      reacquire: async (...given) => {
        if (this.#next?.type === 'lock.reacquired') return real.reacquire(...given);
        if (this.#next?.type === 'lock.lost') return { kind: 'lost', to: this.#next.data.to };
        return never();
      },
    };
  }

  #services(): ServiceTable {
    const names = new Set(Object.values(steps).map(({ service }) => service));
    return Object.fromEntries(
      [...names].map((name) => [
        name,
        (_input: unknown, { signal }: { signal: AbortSignal }) => this.#answer(name, signal),
      ]),
    ) as unknown as ServiceTable;
  }

  async #answer(service: ServiceName, signal: AbortSignal): Promise<unknown> {
    this.#waits = true;
    const event = this.#next;
    if (event === undefined) return never(signal);
    if (event.type === 'deploy.failed') throw new LockstepError<string>('E_TEST', 'it broke');
    const made = toAnswer(event);
    if (made === null) return never(signal);
    const type = event.type;
    if (type === 'deploy.superseded' && service !== 'acquireLock') {
      const production = { version: 'v17', commit: null };
      const found = { kind: 'superseded', production, verified: true };
      return service === 'observe'
        ? { ...found, cause: 'contained' }
        : { ...found, cause: 'diverged', stuck };
    }
    const fits = Object.values(steps).some(
      (s) => s.service === service && (Object.values(s.events) as string[]).includes(type),
    );
    return fits ? made.answer : never(signal);
  }
}

/** Whatever made a deploy live is told to its lane in the same transaction: the next position but one at most. */
async function expectShippedWithLive(records: readonly RecordedEvent[]): Promise<void> {
  const request = records[0]?.data as unknown as DeployRequest;
  const { deploy, lane, commit, settings } = request;
  const shipped = (await log.readStream(laneStream(lane))).filter(
    ({ type }) => type === 'lane.shipped',
  );
  const live = records.filter(({ metadata }) => {
    const { to = '' } = (metadata.transition ?? {}) as { to?: string };
    return stateFacts(to)?.tags.includes('live');
  });
  expect(shipped.map(({ position }) => position)).toEqual(live.map(({ position }) => position + 1));
  for (const { data } of shipped) {
    const target = targetName(settings.production.target);
    expect(data).toMatchObject({ deploy, commit: commit.sha, target });
    expect(foldLane(emptyLane, parseLaneEvent('lane.shipped', data), 1).shipped).toEqual(data);
  }
}

/** A refusal that says that the lane is stuck is told to the lane likewise. */
async function expectStuckWithRefusal(records: readonly RecordedEvent[]): Promise<void> {
  const request = records[0]?.data as unknown as DeployRequest;
  const { deploy, lane, commit, settings } = request;
  const told = (await log.readStream(laneStream(lane))).filter(({ type }) => type === 'lane.stuck');
  const refused = records.filter(({ type, data }) => {
    return type === 'deploy.superseded' && data.cause === 'diverged';
  });
  expect(told.map(({ position }) => position)).toEqual(refused.map(({ position }) => position + 1));
  for (const { data } of told) {
    const { release } = stuck;
    const target = targetName(settings.production.target);
    expect(data).toEqual({ deploy, target, release, commit: commit.sha });
    expect(foldLane(emptyLane, parseLaneEvent('lane.stuck', data), 1).stuck).toBe(release.id);
  }
}

function isOfNewRun(type: string | undefined): boolean {
  return type === 'run.resumed' || type === 'lock.reacquired' || type === 'lock.lost';
}

const inMemory = async (): Promise<TestStore> => ({
  url: 'sqlite::memory:',
  remove: async () => {},
});

describe.each([
  ['SQLite', inMemory],
  ['PostgreSQL', usePostgres().store],
])('every transition of the chart, with its log in %s', (engine, create) => {
  /** What the chart does is the same to either engine: PostgreSQL is walked in part, and wholly where there is time. */
  const isWhole = engine === 'SQLite' || process.env.LOCKSTEP_SOAK === '1';
  const chosen = paths.filter((_, at) => isWhole || at % 5 === 0);
  const walked = new Set<string>();
  let store: TestStore;
  beforeAll(async () => {
    store = await create();
    log = await openLog(store.url);
  });
  afterAll(async () => {
    await log.close();
    await store.remove();
  });

  it.each(chosen.map((path) => [nameOf(path.edge), path] as const))('%s', async (name, path) => {
    const records = await new Player(path).play(path);
    const last = records.findLast(({ type }) => type === path.edge.event);
    expect(last?.metadata.transition).toMatchObject({ from: path.edge.from, to: path.edge.to });
    const replayed = await replay(log, records[0]?.data.deploy as string);
    expect(replayed.disagreement).toBeNull();
    expect(replayed.steps).toHaveLength(records.length);
    await expectShippedWithLive(records);
    await expectStuckWithRefusal(records);
    walked.add(name);
  });

  it('was walked: as many as there are', () => {
    const declared = new Set(
      isWhole ? declaredEdges().map(nameOf) : chosen.map(({ edge }) => nameOf(edge)),
    );
    expect(declared.size).toBeGreaterThan(isWhole ? 90 : 30);
    process.stdout.write(
      `chart, ${engine}: ${walked.size} of ${declared.size} transitions walked\n`,
    );
    expect([...declared].filter((name) => !walked.has(name))).toEqual([]);
    expect(walked.size).toBe(declared.size);
  });
});
