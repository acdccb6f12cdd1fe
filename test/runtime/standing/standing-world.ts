/** A lane to look at: deploys by the real loop over a real log, people's orders, and what its targets would say. */
import type { DomainEvent, EventData, EventType } from '../../../src/machine/events.ts';
import type { LaneEvent } from '../../../src/machine/lane.ts';
import { samples } from '../../../src/machine/samples.ts';
import { projections } from '../../../src/runtime/audit/projections.ts';
import { newRun } from '../../../src/runtime/identity.ts';
import { breakLock, switchLane } from '../../../src/runtime/lock/lane-orders.ts';
import { newEvent } from '../../../src/runtime/log/new-event.ts';
import { deployStream, laneStream, runResource } from '../../../src/runtime/log/streams.ts';
import { resumeDeploy } from '../../../src/runtime/loop/resume.ts';
import type { Told, ToldPlace } from '../../../src/runtime/standing/known.ts';
import { knownOf, readLanes } from '../../../src/runtime/standing/read.ts';
import { type LaneStanding, laneStanding } from '../../../src/runtime/standing/standing.ts';
import type { EventLog, JsonObject, RecordedEvent } from '../../../src/store/log.ts';
import { openLog } from '../../../src/store/open.ts';
import { actorCalled, anActor } from '../../actor.ts';
import { sample } from '../../machine/samples.ts';
import { writeDeploy } from '../audit/written.ts';
import {
  lane,
  type RunPlan,
  type ScriptedRun,
  ScriptedWorld,
  wayToProduction,
} from '../loop/scripted-run.ts';

export const offline: Told = { kind: 'notAsked', why: '' };
export const someRun = newRun({ actor: actorCalled('mia'), ci: null, program: 'test' });
/** A commit that begins with its build's number. */
export const commitOf = (build: number): string => String(build).padEnd(40, '0');
export const idOf = (build: number): string => `${build}-${commitOf(build).slice(0, 8)}`;
/** Production's release by a build. */
export const releaseOf = (build: number) => ({ id: `release-${build}`, version: `v${build}` });
export const rolledBackTo = (build: number, by = 'mia@acme.test') => ({
  release: { id: `rollback-${build}`, version: `v9${build}` },
  description: `Rollback to v${build}`,
  by,
  at: '2026-01-05T13:00:00.000Z',
  commit: commitOf(build),
  kind: 'rollback' as const,
  before: null as string | null,
});

/** What a deploy's services answer, with its own releases. */
function wayOf(build: number, commit: string): readonly DomainEvent[] {
  const artifact = { ...samples['staging.deployed'].artifact, id: `artifact-${build}`, commit };
  const staging = { id: `staging-${build}`, version: `v1${build}` };
  const made: { readonly [T in EventType]?: Partial<EventData<T>> } = {
    'staging.released': { release: staging.id, artifact },
    'staging.deployed': { release: staging, artifact },
    'staging.verified': { release: staging },
    'production.released': { release: releaseOf(build).id, artifact: null },
    'production.deployed': { release: releaseOf(build), artifact },
    'production.verified': { release: releaseOf(build) },
  };
  return wayToProduction.map(({ type }) => sample(type, made[type] ?? {}));
}

export class StandingWorld {
  readonly #world: ScriptedWorld;

  private constructor(world: ScriptedWorld) {
    this.#world = world;
  }

  static async open(): Promise<StandingWorld> {
    return new StandingWorld(ScriptedWorld.over(await openLog('sqlite::memory:', { projections })));
  }

  get log() {
    return this.#world.log;
  }

  close(): Promise<void> {
    return this.#world.close();
  }

  /** A run of the build's deploy whose services answer up to that event, and then what is given. */
  run(
    build: number,
    upTo: EventType | null,
    ...then: readonly DomainEvent[]
  ): Promise<ScriptedRun> {
    return this.runWith({}, build, upTo, ...then);
  }

  runWith(
    plan: Pick<RunPlan, 'commit' | 'timeOut' | 'relation' | 'lane' | 'bakes' | 'canary' | 'byHand'>,
    build: number,
    upTo: EventType | null,
    ...then: readonly DomainEvent[]
  ): Promise<ScriptedRun> {
    const { commit = commitOf(build) } = plan;
    const way = wayOf(build, commit);
    const end = upTo === null ? 0 : way.findIndex(({ type }) => type === upTo) + 1;
    const answers = [...way.slice(0, end), ...then];
    return this.#world.start({ ...plan, build: String(build), commit, answers });
  }

  async live(build: number, plan: Pick<RunPlan, 'lane' | 'commit'> = {}): Promise<void> {
    await (await this.runWith(plan, build, 'production.verified')).ended;
  }

  /** Ends by what is given, after staging was verified. */
  async ends(build: number, ...by: readonly DomainEvent[]): Promise<void> {
    await (await this.run(build, 'staging.verified', ...by)).ended;
  }

  held(
    build: number,
    rollback: EventData<'production.held'>['rollback'] = rolledBackTo(500),
  ): Promise<void> {
    return this.ends(build, sample('production.held', { step: 'readGates', rollback }));
  }

  /** A run that is alive carries it on. */
  async carries(id: string): Promise<void> {
    await this.log.take(runResource(id), { run: id }, 3_600_000);
  }

  /** Goes on up to that event, and has its run alive. */
  async alive(build: number, upTo: EventType): Promise<ScriptedRun> {
    const run = await this.run(build, upTo);
    await run.hangs;
    return run;
  }

  /** Goes on up to that event; then its process is gone and its lease over. */
  async lost(build: number, upTo: EventType): Promise<void> {
    await this.lose(await this.alive(build, upTo));
  }

  async lose(run: ScriptedRun): Promise<void> {
    run.kill();
    for (const { resource, token } of await this.log.leases(`run/${run.deploy}`)) {
      await this.log.release({ resource, token });
    }
  }

  async waits(build: number, plan: Pick<RunPlan, 'relation'> = {}): Promise<ScriptedRun> {
    const run = await this.runWith(plan, build, 'production.verified');
    for (;;) {
      const ofLane = await this.log.readStream(laneStream(lane));
      if (ofLane.some(({ type, data }) => type === 'lane.joined' && data.deploy === run.deploy))
        return run;
      await this.log.changed({ timeoutMs: 1_000 });
    }
  }

  switch(to: 'enabled' | 'disabled', reason: string): Promise<boolean> {
    return switchLane(this.log, lane, to, someRun, reason);
  }

  async unlock(): Promise<void> {
    await breakLock(this.log, lane, someRun, 'its job hangs');
  }

  resume(build: number): Promise<void> {
    const run = newRun({ actor: anActor, ci: null, program: 'test' });
    return resumeDeploy(this.log, idOf(build), { run, reason: 'mended', madeBy: async () => null });
  }

  /** The build's deploy as these events have it, with nothing in its lane's own stream; no run of it lives. */
  async writes(build: number, ...events: readonly DomainEvent[]): Promise<void> {
    const bakeMs = events.some(({ type }) => type === 'production.baked') ? 600_000 : 0;
    const wanted = { label: String(build), commit: commitOf(build), lane, bakeMs };
    await writeDeploy(this.log, wanted, events);
  }

  /** An event of its deploy that this version has not, and where it led. */
  async leads(build: number, transition: JsonObject): Promise<void> {
    const event = {
      ...{ id: `signed ${build}`, type: 'deploy.signed', data: {} },
      metadata: { transition },
    };
    await this.log.append([
      { stream: deployStream(idOf(build)), expected: 'any', events: [event] },
    ]);
  }

  async ofLane(event: LaneEvent): Promise<void> {
    await this.log.append([
      { stream: laneStream(lane), expected: 'any', events: [newEvent(event, someRun)] },
    ]);
  }

  async stands(told: Told = offline, name = lane): Promise<LaneStanding> {
    const { lanes } = await readLanes(this.log, { limit: 20, lane: name });
    const [logged] = lanes;
    if (logged === undefined) throw new Error('no lane');
    return laneStanding(await knownOf(this.log, logged, told));
  }
}

/** The log, and what is read of its streams is heard. */
export const hearingReads = (
  log: EventLog,
  heard: (stream: string, events: readonly RecordedEvent[]) => void,
): EventLog =>
  new Proxy(log, {
    get(target, name) {
      const member = target[name as keyof EventLog];
      if (typeof member !== 'function') return member;
      if (name !== 'readStream') return member.bind(target);
      return async (...asked: Parameters<EventLog['readStream']>) => {
        const events = await target.readStream(...asked);
        heard(asked[0], events);
        return events;
      };
    },
  });

/** What production's target says that it runs; `back` where that is a going-back. */
export function runs(
  release: { id: string; version: string },
  more: Partial<Extract<ToldPlace, { kind: 'runs' }>> & { commit?: string; by?: string } = {},
): Told {
  const { commit = null, by = 'mia@acme.test', ...place } = more;
  const running = { release, commit, by, at: '2026-01-05T13:00:00.000Z', description: 'Deploy' };
  return {
    kind: 'asked',
    at: '2026-01-05T14:00:00.000Z',
    places: {
      production: {
        ...{
          kind: 'runs',
          target: 'acme-production',
          running,
          ours: null,
          back: null,
          pending: null,
        },
        ...place,
      },
    },
  };
}
