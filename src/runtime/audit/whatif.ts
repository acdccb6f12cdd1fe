/**
 * What a changed chart, or changed settings, would have made of a deploy: its record run through them, alone, on the world that
 * it met. Each step is answered as it was recorded, where that still applies; from where it does not, nothing is known. Pure.
 */
import type { Step } from '../../machine/codec.ts';
import type { DomainEvent, Settings } from '../../machine/events.ts';
import {
  exitCodeOf,
  type FoldedDeploy,
  has,
  type Interpreter,
  stateOf,
  takes,
} from '../../machine/interpret.ts';
import { topOf } from '../../machine/state-facts.ts';
import { describeStep } from '../../machine/step-words.ts';
import { doubt, type LaneMoves } from './whatif-applies.ts';
import { type DeployRecord, type Entry, isBack } from './whatif-record.ts';

/** What is changed. */
export interface Change {
  readonly chart: Interpreter;
  /** The deploy's settings as they would be. */
  readonly settings: (recorded: Settings) => Settings;
}

/** Where a deploy ends, or stands where the record of it ends. */
export interface End {
  readonly state: string;
  /** Of its `advance`; null: it is under way. */
  readonly exit: number | null;
}

export interface WhatIf {
  readonly verdict: 'same' | 'other' | 'unknown';
  readonly recorded: End;
  /** Null: not known. */
  readonly changed: End | null;
  /** The state in which it would go another way, or from which on nothing is known; null: the same. */
  readonly at: string | null;
  /** What leads elsewhere, or why nothing is known; null: the same. */
  readonly why: string | null;
}

export function whatIf(record: DeployRecord, change: Change, moves: LaneMoves): WhatIf {
  const recorded = endOf(record.end);
  const run = new OtherWay(record, change, moves);
  const stop = run.go();
  if (stop.why !== null) {
    return { verdict: 'unknown', recorded, changed: null, at: stop.state, why: stop.why };
  }
  const changed = endOf(run.folded);
  const isSame = topOf(changed.state) === topOf(recorded.state) && changed.exit === recorded.exit;
  if (isSame) return { verdict: 'same', recorded, changed, at: null, why: null };
  return { verdict: 'other', recorded, changed, at: stop.state, why: run.last };
}

const endOf = (folded: FoldedDeploy): End => ({
  state: stateOf(folded),
  exit: has(folded, 'settled') || has(folded, 'paused') ? exitCodeOf(folded) : null,
});

interface Stop {
  readonly state: string;
  readonly why: string | null;
}

class OtherWay {
  folded: FoldedDeploy;
  /** The last event that led on, in words. */
  last = 'deploy.requested';
  readonly #record: DeployRecord;
  readonly #change: Change;
  readonly #moves: LaneMoves;
  readonly #used = new Set<Entry>();
  #answered: Step[] = [];
  #epoch = 1;
  /** Up to which event of the record time has come. */
  #passed = 1;
  /** The state that the last event was taken in. */
  #from: string;

  constructor(record: DeployRecord, change: Change, moves: LaneMoves) {
    this.#record = record;
    this.#change = change;
    this.#moves = moves;
    const { request, requestedMs } = record;
    const settings = change.settings(request.settings);
    this.folded = change.chart.begin({ ...request, settings }, requestedMs);
    this.#from = stateOf(this.folded);
  }

  go(): Stop {
    // Each event of the record is taken once at the most.
    for (let left = this.#record.entries.length; left >= 0; left--) {
      const stop = this.#step();
      if (stop !== null) return stop;
    }
    return { state: stateOf(this.folded), why: 'it comes to no end' };
  }

  /** Takes the next event. Not null: there is none. */
  #step(): Stop | null {
    const isOver = has(this.folded, 'settled') && !has(this.folded, 'held');
    if (isOver) return this.#end();
    const [running] = this.folded.running.values();
    if (running === undefined) {
      const order = this.#outside(Number.POSITIVE_INFINITY);
      return order === undefined ? this.#end() : this.#take(order);
    }
    const answer = this.#record.entries.find(
      (entry) =>
        entry.step === running.step && entry.epoch === this.#epoch && !this.#used.has(entry),
    );
    const before = this.#outside(answer?.version ?? Number.POSITIVE_INFINITY);
    if (before !== undefined) {
      // What came while something else was under way tells nothing of a step that was not asked then: it may have answered first.
      const isCut = answer !== undefined || before.during.includes(running.step);
      return isCut ? this.#take(before) : this.#unanswered(running.step);
    }
    if (answer === undefined) return this.#unanswered(running.step);
    const asked = { ...running, answered: this.#answered };
    if (running.step === 'acquireLock') return this.#lock(asked, answer);
    const why = doubt(asked, answer, this.#record, this.#moves);
    return why === null ? this.#take(answer) : { state: stateOf(this.folded), why };
  }

  /** What came from outside next, before that event, as far as the chart takes it here. */
  #outside(before: number): Entry | undefined {
    return this.#record.entries.find(
      ({ version, step, event }) =>
        step === null && version > this.#passed && version < before && takes(this.folded, event),
    );
  }

  #unanswered(step: Step): Stop {
    const { open, entries } = this.#record;
    const isLast = open?.step === step && open.epoch === this.#epoch;
    const isWhole = entries.every(
      (entry) => entry.epoch !== this.#epoch || entry.step === null || this.#used.has(entry),
    );
    if (isLast && isWhole) return this.#end();
    const why = `${describeStep(step)} was not asked in the record`;
    return { state: stateOf(this.folded), why };
  }

  /** Of the lock only the time-out is the deploy's own. */
  #lock(asked: Parameters<typeof doubt>[0], answer: Entry): Stop | null {
    const { timeoutMs } = (asked.input as { lock: { timeoutMs: number } }).lock;
    const waitedMs = answer.atMs - answer.askedMs;
    if (waitedMs > timeoutMs) {
      const event: DomainEvent = { type: 'lock.waitTimedOut', data: { timeoutMs } };
      return this.#go({ ...answer, event });
    }
    const input = { ...(asked.input as object), lock: (answer.input as { lock: object }).lock };
    const why = doubt({ ...asked, input }, answer, this.#record, this.#moves);
    return why === null ? this.#take(answer) : { state: stateOf(this.folded), why };
  }

  #take(entry: Entry): Stop | null {
    const { timeoutMs } = this.folded.snapshot.context.request.settings.lock;
    const { event } = entry;
    if (event.type === 'lock.waitTimedOut' && timeoutMs > event.data.timeoutMs) {
      return {
        state: stateOf(this.folded),
        why: 'how much longer it would have waited for the lock is not known',
      };
    }
    return this.#go(entry);
  }

  #go(entry: Entry): Stop | null {
    const before = this.folded;
    const after = this.#change.chart.next(before, entry.event, entry.atMs);
    if (after === null) {
      const why = `the chart does not take ${entry.event.type} there`;
      return { state: stateOf(before), why };
    }
    this.#used.add(entry);
    this.#passed = Math.max(this.#passed, entry.version);
    this.#from = stateOf(before);
    this.last = `${entry.event.type} (event ${entry.version})`;
    this.folded = after;
    if (isBack(before, after)) [this.#epoch, this.#answered] = [entry.epoch, []];
    else if (entry.step !== null) this.#answered = [...this.#answered, entry.step];
    return null;
  }

  #end(): Stop {
    return { state: this.#from, why: null };
  }
}
