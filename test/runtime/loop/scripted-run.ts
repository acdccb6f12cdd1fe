/** Runs of a deploy by the real loop, lane's lock and log in memory; what the services answer is a list of events. */
import { LockstepError } from '../../../src/errors/error.ts';
import { steps } from '../../../src/machine/codec.ts';
import type { DomainEvent } from '../../../src/machine/events.ts';
import type { Relation } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import type { ServiceName } from '../../../src/machine/services.ts';
import type { Person } from '../../../src/runtime/actor.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { createLeaseKeeper, type LeaseKeeper } from '../../../src/runtime/lock/lease-keeper.ts';
import { createStoreLock, type Gone } from '../../../src/runtime/lock/store-lock.ts';
import { deployStream, laneStream } from '../../../src/runtime/log/streams.ts';
import { requestDeploy } from '../../../src/runtime/loop/request.ts';
import { type RunOutcome, runDeploy, type ServiceTable } from '../../../src/runtime/loop/run.ts';
import type { EventLog, RecordedEvent } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { anActor } from '../../actor.ts';
import { sample } from '../../machine/samples.ts';
import { toAnswer } from '../../machine/to-answer.ts';

export const leaseMs = 60_000;
export const lane = samples['deploy.requested'].lane;

/** What services answer on the way to production, one after another. */
export const wayToProduction: readonly DomainEvent[] = [
  sample('deploy.observed'),
  sample('staging.submitted'),
  sample('staging.released'),
  sample('staging.deployed'),
  sample('staging.instancesUp'),
  sample('staging.verified'),
  sample('gates.passed'),
  sample('production.submitted'),
  sample('production.released'),
  sample('production.deployed'),
  sample('production.instancesUp'),
  sample('production.verified'),
];

/** A service that was asked for, with what it was given. */
export interface Asked {
  readonly service: ServiceName;
  readonly again: boolean | undefined;
  /** Aborts where nobody waits for its answer any more. */
  readonly signal: AbortSignal;
}

export interface RunPlan {
  readonly build?: string;
  /** The full id; that of the sample when left out. */
  readonly commit?: string;
  /** That of the sample when left out. */
  readonly lane?: string;
  /** What production is given; `artifact` when left out. */
  readonly submits?: 'artifact' | 'commit';
  /** Production bakes, or a canary gets the commit first; neither when left out. */
  readonly bakes?: boolean;
  readonly canary?: boolean;
  /** A person ships it by hand. */
  readonly byHand?: boolean;
  /** What the services answer, in order; where the list ends, the next one hangs. */
  readonly answers?: readonly DomainEvent[];
  /** Between the run and the log. */
  readonly log?: (real: EventLog) => EventLog;
  readonly quiesce?: (holder: Gone) => Promise<void>;
  /** The wall's time, as the run sees it. */
  readonly wall?: () => number;
  /** When the wait for the lane is over; never when left out. */
  readonly timeOut?: Promise<void>;
  /** Thrown in place of an answer, where it is not null. */
  readonly service?: (service: ServiceName) => unknown;
  /** Told as the run makes an event of the service's answer. */
  readonly answered?: (service: ServiceName) => void;
  readonly relation?: Relation;
  /** Told each line for people. */
  readonly progress?: (line: string) => void;
  /** Told what is waited for. */
  readonly waiting?: (what: string) => void;
  /** The person that had it carried on. */
  readonly order?: Person;
}

export interface ScriptedRun {
  readonly deploy: string;
  readonly keeper: LeaseKeeper;
  readonly ended: Promise<RunOutcome>;
  readonly asked: readonly Asked[];
  /** Resolves once every answer was recorded and the service after them was asked for. */
  readonly hangs: Promise<void>;
  interrupt(): void;
  /** As by `kill -9`: it does nothing more, and others are told that it is dead, or not. */
  kill(options?: { readonly isKnown: boolean }): void;
}

const never = (signal?: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal?.aborted === true) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

export class ScriptedWorld {
  readonly log: EventLog;
  /** How far the log's clock is ahead: set forward, leases run out. */
  readonly logClock: { aheadMs: number };
  readonly #dead = new Set<unknown>();
  readonly #runs: ScriptedRun[] = [];

  private constructor(log: EventLog, logClock: { aheadMs: number }) {
    this.log = log;
    this.logClock = logClock;
  }

  static async create(): Promise<ScriptedWorld> {
    const logClock = { aheadMs: 0 };
    const now = () => Date.now() + logClock.aheadMs;
    return new ScriptedWorld(await openLog('sqlite::memory:', { now }), logClock);
  }

  /** What goes on with a log that is there; `close` closes it. */
  static over(log: EventLog): ScriptedWorld {
    return new ScriptedWorld(log, { aheadMs: 0 });
  }

  async close(): Promise<void> {
    for (const run of this.#runs) run.kill();
    await this.log.close();
  }

  /** A run of the deploy that this build has; the same build again is another run of it. */
  async start(plan: RunPlan = {}): Promise<ScriptedRun> {
    const { build = '502', submits = 'artifact', quiesce = async () => {} } = plan;
    const run = newRun({ actor: anActor, ci: null, program: 'test' });
    const killed = new AbortController();
    const real = plan.log?.(this.log) ?? this.log;
    const log = dyingWith(killed.signal, real);
    const clock = {
      now: plan.wall ?? Date.now,
      ran: () => performance.now(),
      // Time-outs and heartbeats are far away; what is tried again soon is tried again at once.
      sleep: (ms: number, signal?: AbortSignal) => {
        if (ms < 10_000) return Promise.resolve();
        return ms > leaseMs && plan.timeOut !== undefined ? plan.timeOut : never(signal);
      },
    };
    const liveness = {
      whyDead: (owner: { readonly run?: unknown }) => (this.#dead.has(owner.run) ? 'killed' : null),
      ask: async () => false,
    };
    const keeper = createLeaseKeeper({ log, clock, leaseMs });
    const lock = createStoreLock({
      log,
      clock,
      run,
      keeper,
      leaseMs,
      relations: async (_, heads) => heads.map(() => plan.relation ?? 'ahead'),
      quiesce,
      liveness,
    });
    const { deploy: _deploy, chart: _chart, ...request } = samples['deploy.requested'];
    const { settings } = request;
    const { deploy } = await requestDeploy(
      this.log,
      {
        ...request,
        lane: plan.lane ?? request.lane,
        commit: { ...request.commit, sha: plan.commit ?? request.commit.sha },
        build: { ...request.build, label: build },
        ...(plan.byHand === true
          ? { manual: { actor: 'mia', observed: 'mia on ws-7', reason: 'mended' } }
          : {}),
        settings: {
          ...settings,
          ...(plan.canary === true ? { canary: settings.production } : {}),
          production: {
            ...settings.production,
            submits,
            ...(plan.bakes === true ? { bakeMs: 600_000 } : {}),
          },
        },
      },
      run,
    );
    const interrupt = new AbortController();
    const script = new Script(plan.answers ?? wayToProduction, plan.service, plan.answered);
    const ended = runDeploy({
      deploy,
      log,
      clock,
      run,
      keeper,
      leaseMs,
      lock,
      services: script.services(),
      interrupt: interrupt.signal,
      progress: plan.progress ?? (() => {}),
      ...(plan.waiting === undefined ? {} : { waiting: plan.waiting }),
      ...(plan.order === undefined ? {} : { order: plan.order }),
      recorded: () => {},
      liveness,
    });
    ended.catch(() => {});
    const started: ScriptedRun = {
      deploy,
      keeper,
      ended,
      asked: script.asked,
      hangs: script.hangs,
      interrupt: () => interrupt.abort('SIGTERM'),
      kill: ({ isKnown } = { isKnown: true }) => {
        if (isKnown) this.#dead.add(run.id);
        killed.abort(new Error('killed'));
        keeper.stop();
      },
    };
    this.#runs.push(started);
    return started;
  }

  events(deploy: string): Promise<readonly RecordedEvent[]> {
    return this.log.readStream(deployStream(deploy));
  }

  ofLane(): Promise<readonly RecordedEvent[]> {
    return this.log.readStream(laneStream(lane));
  }
}

/** Answers what is asked with the next event, and hangs where that is not one of the service's. */
class Script {
  readonly #answers: DomainEvent[];
  readonly asked: Asked[] = [];
  #hang: () => void = () => {};
  readonly hangs = new Promise<void>((resolve) => {
    this.#hang = resolve;
  });

  readonly #instead: (service: ServiceName) => unknown;
  readonly #answered: (service: ServiceName) => void;

  constructor(
    answers: readonly DomainEvent[],
    instead: (service: ServiceName) => unknown = () => null,
    answered: (service: ServiceName) => void = () => {},
  ) {
    this.#answers = [...answers];
    this.#instead = instead;
    this.#answered = answered;
  }

  services(): ServiceTable {
    const names = new Set(Object.values(steps).map(({ service }) => service));
    const answer =
      (service: ServiceName) =>
      async (_: unknown, { signal, again }: { signal: AbortSignal; again?: boolean }) => {
        this.asked.push({ service, again, signal });
        const instead = this.#instead(service);
        if (instead !== null) throw instead;
        const [next] = this.#answers;
        if (next?.type === 'deploy.failed') throw brokenAs(next.data.failure);
        const made = next === undefined ? null : toAnswer(next);
        if (made !== null && steps[made.step].service === service) {
          this.#answers.shift();
          const { kind } = made.answer;
          const read = () => {
            this.#answered(service);
            return kind;
          };
          return Object.defineProperty(made.answer, 'kind', { get: read, enumerable: true });
        }
        this.#hang();
        return never(signal);
      };
    return Object.fromEntries(
      [...names].map((name) => [name, answer(name)]),
    ) as unknown as ServiceTable;
  }
}

/** The log as a process has it that is killed: no call begins after that, and no answer arrives. */
function dyingWith(killed: AbortSignal, real: EventLog): EventLog {
  return new Proxy(real, {
    get(target, name) {
      const member = target[name as keyof EventLog];
      if (typeof member !== 'function') return member;
      const call = member.bind(target) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (killed.aborted) return never();
        const answer = await call(...args);
        return killed.aborted ? never() : answer;
      };
    },
  });
}

type Append = EventLog['append'];

/** The log with something that happens right before, and right after, each of its appends. */
export function onAppend(
  real: EventLog,
  before: (...args: Parameters<Append>) => Promise<void> | void,
  after: (...args: Parameters<Append>) => void = () => {},
): EventLog {
  const append: Append = async (...args) => {
    await before(...args);
    const answer = await real.append(...args);
    after(...args);
    return answer;
  };
  return new Proxy(real, {
    get(target, name) {
      if (name === 'append') return append;
      const member = target[name as keyof EventLog];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** A sample's words are of one step; a failure that a test makes up (`E_TEST`) is told in its own. */
function brokenAs({ code, message }: { code: string; message: string }): LockstepError<string> {
  return new LockstepError<string>('E_TEST', code === 'E_TEST' ? message : 'it broke');
}
