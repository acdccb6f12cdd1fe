/** The lanes of a log as one process knows them: from their last snapshots on, and what was read once is not read again. */
import { emptyLane, type Lane } from '../../machine/lane.ts';
import {
  type EventLog,
  type Lease,
  type ReadStreamOptions,
  type RecordedEvent,
  StoreReplaced,
} from '../../store/log.ts';
import { laneAfter } from '../log/recorded.ts';
import { laneStream } from '../log/streams.ts';

export class Lanes {
  readonly #log: EventLog;
  /** With the hash of the last event that it is made of. */
  readonly #known = new Map<string, { readonly lane: Lane; readonly hash: string }>();

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** The lane as its stream tells it now. @throws UnreadableLog */
  async read(name: string): Promise<Lane> {
    const known = this.#knownOf(name);
    return this.#after(name, known, await this.#log.readStream(laneStream(name), since(known)));
  }

  /** The lane, and these leases, as they stood at one moment. @throws UnreadableLog */
  async readWith(
    name: string,
    resources: readonly string[],
  ): Promise<{ readonly lane: Lane; readonly leases: readonly (Lease | null)[] }> {
    const known = this.#knownOf(name);
    const stream = laneStream(name);
    const { events, leases } = await this.#log.readWithLeases(stream, resources, since(known));
    return { lane: this.#after(name, known, events), leases };
  }

  #knownOf(name: string): Lane {
    return this.#known.get(name)?.lane ?? emptyLane;
  }

  #after(name: string, known: Lane, events: readonly RecordedEvent[]): Lane {
    const [first, last] = [events[0], events.at(-1)];
    if (first === undefined || last === undefined) return known;
    const before = this.#known.get(name);
    // A server that lost its last events, which were then written anew: nothing is known of such a lane.
    if (before?.lane === known && first.previousHash !== before.hash) {
      const what = `${first.stream}@${first.version} does not follow what was read before`;
      throw new StoreReplaced('that the lane is in', what);
    }
    const lane = laneAfter(known, events);
    if (lane.version > this.#knownOf(name).version)
      this.#known.set(name, { lane, hash: last.hash });
    return lane;
  }
}

/** What is read of a lane that is known so far. */
function since({ version }: Lane): ReadStreamOptions {
  return version === 0 ? { fromLast: 'lane.snapshot' } : { fromVersion: version + 1 };
}

/** The lane as its stream tells it now. @throws UnreadableLog */
export const readLane = (log: EventLog, name: string): Promise<Lane> => new Lanes(log).read(name);
