/** What deploys did so far, as channels are told: each event is read and masked once, for the next one goes on from there. */
import type { DeployEvents } from '../../effects/channels/channel.ts';
import type { DomainEvent } from '../../machine/events.ts';
import { lookedFor, redactAll } from '../../redaction/gate.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { domainEvent, UnreadableLog } from '../log/recorded.ts';

interface Told {
  readonly events: DomainEvent[];
  /** Of the last event that was taken in. */
  version: number;
  /** Why that one is none of the events; null: it is. */
  unreadable: UnreadableLog | null;
}

/** So many deploys are under way at once; of any other one the history is read again. */
const knownMax = 20;

export class ToldHistories {
  readonly #log: EventLog;
  readonly #known = new Map<string, Told>();
  #secrets: object | null = null;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** The deploy's events up to that one; null where this version cannot read that one, which `leaveOut` is told, or the first. */
  async upTo(
    event: RecordedEvent,
    leaveOut: (error: unknown) => void,
  ): Promise<DeployEvents | null> {
    const told = await this.#goOn(event);
    if (told.unreadable !== null) {
      leaveOut(told.unreadable);
      return null;
    }
    const [first, ...rest] = told.events;
    return first?.type === 'deploy.requested' ? [first, ...rest] : null;
  }

  async #goOn(event: RecordedEvent): Promise<Told> {
    const { stream, version } = event;
    const told = this.#toldOf(stream, version);
    const fromVersion = told.version + 1;
    const limit = version - told.version - 1;
    const between = limit > 0 ? await this.#log.readStream(stream, { fromVersion, limit }) : [];
    for (const one of told.version < version ? [...between, event] : []) take(told, one);
    this.#known.set(stream, told);
    const [oldest] = this.#known.keys();
    if (this.#known.size > knownMax && oldest !== undefined) this.#known.delete(oldest);
    return told;
  }

  /** What is known of it up to that version at most. */
  #toldOf(stream: string, version: number): Told {
    const secrets = lookedFor();
    // What was masked before a secret was met has to be masked again.
    if (secrets !== this.#secrets) this.#known.clear();
    this.#secrets = secrets;
    const known = this.#known.get(stream);
    this.#known.delete(stream);
    if (known !== undefined && known.version <= version) return known;
    return { events: [], version: 0, unreadable: null };
  }
}

function take(told: Told, recorded: RecordedEvent): void {
  told.version = recorded.version;
  told.unreadable = null;
  try {
    told.events.push(redactAll(domainEvent(recorded)));
  } catch (error) {
    if (!(error instanceof UnreadableLog)) throw error;
    // A newer version wrote it, and that one can tell it: what comes after it is told all the same.
    told.unreadable = error;
  }
}
