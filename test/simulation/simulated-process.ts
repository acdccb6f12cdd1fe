/** A process that may be killed or paused at any await: what it calls goes through gates that it may never pass. */

import type { Clock } from '../../src/effects/clock.ts';
import { steady } from '../../src/effects/clock.ts';
import type { Transport } from '../../src/effects/http/request.ts';
import type { Programs } from '../../src/effects/targets/command/program.ts';
import { type EventLog, StoreUnavailable } from '../../src/store/log.ts';
import type { ActAtAwait } from './acts.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Fate {
  /** Killed at this crossing of a gate, counted from 1; null: lives on. */
  readonly killAt: number | null;
  /** Paused (as by SIGSTOP) at this crossing, for so long. */
  readonly pause: { readonly at: number; readonly ms: number } | null;
  /** What happens at such crossings, before it goes on. */
  readonly acts?: readonly ActAtAwait[];
  /** Its clock is set forward or back at this crossing. */
  readonly clock?: { readonly at: number; readonly byMs: number } | null;
  /** This call of the log fails, counted from 1: before it did anything, or after it did everything. */
  readonly storeFails?: { readonly at: number; readonly done: boolean };
}

/** What befell a process, and at which crossing of a gate. */
export interface Happened {
  readonly what: 'kills' | 'pauses' | 'clocks' | 'faults' | 'acts';
  readonly at: number;
}

/** A new one each time: what waits for it can be forgotten. */
const forever = (): Promise<never> => new Promise(() => {});

export class SimulatedProcess {
  readonly #time: VirtualTime;
  readonly #fate: Fate;
  readonly #act: (what: ActAtAwait['act']) => Promise<void>;
  readonly happened: Happened[] = [];
  /** How many gates it had passed whenever it was about to append to the log, or to write to a vendor. */
  readonly writes: number[] = [];
  /** What it called the log for, in turn: the names of its methods. */
  readonly storeCalls: (keyof EventLog)[] = [];
  #crossings = 0;
  /** How far its clock is ahead of the world's. */
  #aheadMs = 0;
  #paused: Promise<void> | null = null;
  #dead = false;
  readonly onDeath: Promise<void>;
  #die: () => void = () => {};

  /** @param act has somebody do that */
  constructor(
    time: VirtualTime,
    fate: Fate,
    act: (what: ActAtAwait['act']) => Promise<void> = async () => {},
  ) {
    this.#time = time;
    this.#fate = fate;
    this.#act = act;
    this.onDeath = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  get dead(): boolean {
    return this.#dead;
  }

  get crossings(): number {
    return this.#crossings;
  }

  befell(what: Happened['what']): void {
    this.happened.push({ what, at: this.#crossings });
  }

  kill(): void {
    this.#dead = true;
    this.#die();
  }

  /** Passed by the living only. */
  async #gate(): Promise<void> {
    if (this.#dead) return forever();
    this.#crossings++;
    const crossing = this.#crossings;
    if (this.#crossings === this.#fate.killAt) {
      this.befell('kills');
      this.kill();
      return forever();
    }
    const { pause, clock, acts = [] } = this.#fate;
    for (const { act } of acts.filter(({ at }) => at === crossing)) {
      this.befell('acts');
      await this.#act(act);
    }
    if (crossing === clock?.at) {
      this.befell('clocks');
      this.#aheadMs += clock.byMs;
    }
    if (pause !== null && crossing === pause.at) {
      this.befell('pauses');
      this.#paused = this.#time.sleep(pause.ms).then(() => {
        this.#paused = null;
      });
    }
    while (this.#paused !== null) await this.#paused;
    return this.#dead ? forever() : undefined;
  }

  /** A call whose result comes through a gate; it is made only by the living. */
  async #through<T>(call: () => Promise<T>): Promise<T> {
    await this.#gate();
    try {
      const result = await call();
      await this.#gate();
      return result;
    } catch (error) {
      await this.#gate();
      throw error;
    }
  }

  clock(): Clock {
    return {
      now: steady(() => this.#time.now() + this.#aheadMs, this.#time.now),
      ran: this.#time.now,
      sleep: (ms, signal) => this.#through(() => this.#time.sleep(ms, signal)),
    };
  }

  /** Each method of the log behind gates. */
  log(real: EventLog): EventLog {
    return new Proxy(real, {
      get: (target, name) => {
        const method = name as keyof EventLog;
        const member = target[method];
        if (typeof member !== 'function') return member;
        const call = member.bind(target) as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) =>
          this.#through(() => {
            if (method === 'append') this.writes.push(this.#crossings);
            return this.#storeCall(method, () => call(...args));
          });
      },
    });
  }

  async #storeCall<T>(method: keyof EventLog, call: () => Promise<T>): Promise<T> {
    this.storeCalls.push(method);
    const fails = this.#fate.storeFails;
    if (fails?.at !== this.storeCalls.length) return call();
    if (fails.done) await call();
    throw new StoreUnavailable('E_STORE_IO', 'the store failed, as arranged', {
      unknown: fails.done,
    });
  }

  /** No gate before a start: leases are checked in the same turn. What a program says, and its end, come through gates. */
  programs(real: Programs): Programs {
    return {
      check: (words) => real.check(words),
      file: (bytes) => this.#through(() => real.file(bytes)),
      start: ({ onOutput, ...started }) => {
        if (this.#dead) return { ended: forever(), stop: () => {} };
        let heard = Promise.resolve();
        const hear: typeof onOutput = (from, bytes) => {
          heard = heard.then(() => this.#gate()).then(() => onOutput(from, bytes));
        };
        const { ended, stop } = real.start({ ...started, onOutput: hear });
        const end = ended.then(async (how) => {
          await heard;
          await this.#gate();
          return how;
        });
        return { ended: end, stop: (graceMs) => this.#dead || stop(graceMs) };
      },
    };
  }

  /** No gate before the call: the client has checked its leases in the same turn. One after it. */
  transport(real: Transport): Transport {
    return async (request) => {
      if (this.#dead) return forever();
      if (request.method !== 'GET') this.writes.push(this.#crossings);
      try {
        const response = await real(request);
        await this.#gate();
        return response;
      } catch (error) {
        await this.#gate();
        throw error;
      }
    };
  }
}
