/** Whether each append of a run was fenced, and made while what its fence is over was the run's: told from what the log gave and took back. */
import { laneResource, runResource } from '../../src/runtime/log/streams.ts';
import type {
  AppendOptions,
  EventLog,
  Fence,
  JsonObject,
  RecordedEvent,
  StreamAppend,
} from '../../src/store/log.ts';

/** The last that was given of a resource. */
interface Given {
  readonly token: number;
  readonly run: string;
  readonly isBack: boolean;
}

/** What a run writes of its deploy before it holds the lane (again), or to say that it lost it. */
const withoutLane: ReadonlySet<string> = new Set(['run.resumed', 'lock.lost']);

export interface FencesOptions {
  /** Whether the lane is held by a token. */
  readonly hasTokens: boolean;
  /** Whether such a run carries deploys; people's orders are not fenced. */
  readonly isRun: (run: string) => boolean;
  readonly check: (holds: boolean, what: () => string) => void;
}

export class Fences {
  readonly #given = new Map<string, Given>();
  /** By deploy: the lane that it was given last. */
  readonly #laneOf = new Map<string, string>();
  readonly #options: FencesOptions;

  constructor(options: FencesOptions) {
    this.#options = options;
  }

  /** The log, with what it gives and takes back noted, and each append looked at. */
  watch(real: EventLog): EventLog {
    const watched: Pick<EventLog, 'append' | 'take' | 'release'> = {
      append: async (batches, options = {}) => {
        // What was given to another one by now was so before this append began.
        const before = this.#givenFor(batches[0]);
        const appended = await real.append(batches, options);
        if (appended.outcome === 'alreadyAppended') return appended;
        this.#giveAndTake(options, appended.events);
        this.#look(appended.events, options, before);
        return appended;
      },
      take: async (resource, owner, ttlMs) => {
        const lease = await real.take(resource, owner, ttlMs);
        if (lease !== null) this.#give(lease, String(owner.run));
        return lease;
      },
      release: async (fence) => {
        const isReleased = await real.release(fence);
        if (isReleased) this.#takeBack(fence);
        return isReleased;
      },
    };
    return new Proxy(real, {
      get(target, name) {
        if (Object.hasOwn(watched, name)) return watched[name as keyof typeof watched];
        const member = target[name as keyof EventLog];
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }

  /** What an append may be fenced by, as it was given last. */
  #givenFor(batch: StreamAppend | undefined): ReadonlyMap<string, Given> {
    const deploy = batch === undefined ? '' : deployOf(batch.stream, batch.events[0]?.data);
    const all = [runResource(deploy), this.#laneOf.get(deploy) ?? ''];
    return new Map(
      all.flatMap((resource) => {
        const given = this.#given.get(resource);
        return given === undefined ? [] : [[resource, given] as const];
      }),
    );
  }

  #giveAndTake({ grant, release }: AppendOptions, events: readonly RecordedEvent[]): void {
    if (release !== undefined) this.#takeBack(release);
    if (grant === undefined) return;
    this.#give(grant, String(grant.owner.run));
    const granted = events.find(({ type }) => type === 'lock.granted');
    this.#laneOf.set(String(granted?.data.deploy), grant.resource);
  }

  #give({ resource, token }: Fence, run: string): void {
    const last = this.#given.get(resource);
    if (last === undefined || last.token < token) {
      this.#given.set(resource, { token, run, isBack: false });
    }
  }

  #takeBack({ resource, token }: Fence): void {
    const last = this.#given.get(resource);
    if (last?.token === token) this.#given.set(resource, { ...last, isBack: true });
  }

  #look(
    events: readonly RecordedEvent[],
    { fence, release }: AppendOptions,
    before: ReadonlyMap<string, Given>,
  ): void {
    const [first] = events;
    const run = String(first?.metadata.run);
    if (first === undefined || !this.#options.isRun(run)) return;
    // A request begins its stream, and a chart's name is made of what it says: nobody writes another there.
    if (first.type === 'deploy.requested' || first.type === 'chart.kept') return;
    const { check } = this.#options;
    const isOf = (resource: string): boolean => {
      const given = before.get(resource);
      return given !== undefined && given.run === run && !given.isBack;
    };
    const deploy = deployOf(first.stream, first.data);
    const what = `${first.type} of ${deploy} by ${run}`;
    // To give a lane back that is not one's own any more is refused like any other write.
    const by = fence ?? (first.type === 'lock.released' ? release : undefined);
    check(by !== undefined, () => `${what} was appended without a fence`);
    const lane = this.#heldLane(first, deploy);
    const wanted = lane ?? runResource(deploy);
    const isRight = by?.resource === wanted || first.type === 'lock.released';
    check(
      by === undefined || isRight,
      () => `${what} was fenced by ${by?.resource}, not ${wanted}`,
    );
    check(
      isOf(wanted) || first.type === 'lock.released',
      () => `${what} got into the log though ${wanted} was ${inWords(before.get(wanted))}`,
    );
  }

  /** The lane that a run has to hold to write this event of its deploy; null: none. */
  #heldLane({ type, stream, metadata }: RecordedEvent, deploy: string): string | null {
    if (!this.#options.hasTokens) return null;
    // What a person's rollback came to is written to the lane that it holds.
    if (type.startsWith('rollback.')) return this.#laneOf.get(deploy) ?? laneResource('of nobody');
    if (!stream.startsWith('deploy/') || withoutLane.has(type)) return null;
    const { from = null } = (metadata.transition ?? {}) as { from?: string | null };
    const holds = type === 'lock.acquired' || !/^(queued|null)/.test(String(from));
    return holds ? (this.#laneOf.get(deploy) ?? laneResource('of nobody')) : null;
  }
}

const deployOf = (stream: string, data: JsonObject | undefined): string =>
  /^deploy\/(.*)$/.exec(stream)?.[1] ?? String(data?.deploy ?? data?.rollback);

function inWords(given: Given | undefined): string {
  if (given === undefined) return 'never given to anybody';
  return given.isBack ? 'taken back' : `given to ${given.run}`;
}
