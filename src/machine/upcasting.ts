/**
 * Reading what earlier versions wrote. Each type of event has a numbered schema, and the log keeps the number beside the
 * data; what was written stays as it is, and is brought up to today's words step by step when it is read. Pure.
 */

/** A type of event, and which schema of it. */
export interface EventSchema {
  readonly type: string;
  /** 1 for the first. */
  readonly schema: number;
}

type Data = Readonly<Record<string, unknown>>;

/** What the log keeps of an event, as far as its words go. */
export interface WrittenEvent extends EventSchema {
  readonly data: Data;
}

/** One step, from one schema to the one that replaced it; the type may be another one then. */
export interface Upcaster {
  readonly from: EventSchema;
  readonly to: EventSchema;
  readonly data: (old: Data) => Data;
}

/** A later version of the program wrote it. */
export class NewerSchema extends Error {
  constructor({ type, schema }: EventSchema, known: number) {
    super(`${type} has schema ${schema}; this version knows it up to ${known}`);
  }
}

const keyOf = ({ type, schema }: EventSchema): string => `${type}@${schema}`;

export class Upcasting {
  readonly #newest: ReadonlyMap<string, number>;
  readonly #steps: ReadonlyMap<string, Upcaster>;

  /**
   * @param newest the number of the newest schema of each type that is in use
   * @throws Error two steps begin at one schema, or a step leads to one that is neither in use nor another's beginning
   */
  constructor(newest: ReadonlyMap<string, number>, upcasters: readonly Upcaster[]) {
    this.#newest = newest;
    this.#steps = new Map(upcasters.map((step) => [keyOf(step.from), step]));
    if (this.#steps.size < upcasters.length) throw new Error('two upcasters take the same schema');
    for (const step of upcasters) this.#assertEnds(step);
  }

  /**
   * The event in today's words. A type that nobody knows comes back as it is.
   *
   * @throws NewerSchema a later version wrote it; Error no step leads on from its schema
   */
  upcast(written: WrittenEvent): WrittenEvent {
    let event = written;
    for (let step = this.#stepFrom(event); step !== undefined; step = this.#stepFrom(event)) {
      event = { ...step.to, data: step.data(event.data) };
    }
    const newest = this.#newest.get(event.type) ?? event.schema;
    if (event.schema > newest) throw new NewerSchema(event, newest);
    if (event.schema < newest) throw new Error(`nothing leads on from ${keyOf(event)}`);
    return event;
  }

  #stepFrom(schema: EventSchema): Upcaster | undefined {
    return this.#steps.get(keyOf(schema));
  }

  #assertEnds(first: Upcaster): void {
    let { to } = first;
    for (let taken = 1; taken <= this.#steps.size; taken++) {
      const next = this.#stepFrom(to);
      if (next === undefined && this.#newest.get(to.type) === to.schema) return;
      if (next === undefined) break;
      to = next.to;
    }
    throw new Error(`the upcaster of ${keyOf(first.from)} leads to no schema in use`);
  }
}
