/**
 * What becomes of news that Slack could not be told in time. Of a deploy's old steps the last one is told, with the
 * others in a line beside it; and nobody is called for what has been overtaken since.
 */
import type { Clock } from '../../effects/clock.ts';
import type { EventLog, RecordedEvent } from '../../store/log.ts';
import { laneStream } from '../log/streams.ts';

/** Far beyond what a healthy Slack takes, and short beside what anybody wants to be told step by step. */
const oldNewsMs = 5 * 60_000;

const batch = 200;
/** Words about the run that carries a deploy, which say nothing of what became of the deploy. */
const aboutRuns = /^run\./;

export class SlackBacklog {
  readonly #log: EventLog;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(log: EventLog, clock: Pick<Clock, 'now'>) {
    this.#log = log;
    this.#clock = clock;
  }

  /** The deploy's next step is to be told too, and is old as well: that one's message tells of this one. */
  async isFolded(event: RecordedEvent, until: number): Promise<boolean> {
    if (!this.#isOld(event)) return false;
    const [next] = await this.#log.readStream(event.stream, {
      fromVersion: event.version + 1,
      limit: 1,
    });
    return next !== undefined && next.position <= until && this.#isOld(next);
  }

  /** In words, what came after the event that makes it nobody's concern any more; null: it is how things stand. */
  async overtaken(event: RecordedEvent, lane: string): Promise<string | null> {
    const later = await this.#log.readStream(event.stream, {
      fromVersion: event.version + 1,
    });
    if (later.some(({ type }) => !aboutRuns.test(type))) return 'The deploy went on since then';
    const stream = laneStream(lane);
    for (let after = event.position; ; ) {
      const read = await this.#log.readAll({ after, limit: batch, streamPrefix: stream });
      const shipped = read.find((one) => one.stream === stream && one.type === 'lane.shipped');
      if (shipped !== undefined) return `${String(shipped.data.deploy)} went live since then`;
      after = read.at(-1)?.position ?? after;
      if (read.length < batch) return null;
    }
  }

  #isOld({ time }: RecordedEvent): boolean {
    return this.#clock.now() - Date.parse(time) > oldNewsMs;
  }
}
