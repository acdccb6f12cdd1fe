/** What one waiter knows of its lane from one look to the next, and whose turn it is: the store and git are asked no more than that takes. */
import { emptyLane, type Lane, type Relation, type Waiter } from '../../machine/lane.ts';
import { decideTurn, type Turn } from '../../machine/lane-turn.ts';
import type { EventLog, Lease } from '../../store/log.ts';
import { laneResource, runResource } from '../log/streams.ts';
import type { Lanes } from './lanes.ts';

export interface QueueOptions {
  readonly log: EventLog;
  readonly lanes: Lanes;
  readonly name: string;
  readonly me: { readonly deploy: string; readonly commit: string };
  readonly stacking: 'skip' | 'every';
  /** How each of the heads stands to `base` in git. */
  readonly relations: (
    base: string,
    heads: readonly string[],
    signal: AbortSignal,
  ) => Promise<readonly Relation[]>;
  readonly isAlive: (lease: Lease | null) => lease is Lease;
}

/** Where this one stands. `lease` is that of whoever goes first, who is alive. */
export type Place =
  | (Extract<Turn, { kind: 'wait' }> & { readonly lease: Lease })
  /** Nobody goes first, as far as the lane tells. Who of the others is alive is asked once it is free. */
  | { readonly kind: 'next' }
  /** Nobody who is alive goes first. `left`: who waits in the lane, and whose run is over. */
  | (Extract<Turn, { kind: 'go' }> & { readonly left: readonly Waiter[] })
  /** Somebody wrote to the lane meanwhile. */
  | { readonly kind: 'moved' };

export class Queue {
  readonly #options: QueueOptions;
  /** How the commits of those stand to this one's that were seen alive, by their deploys. */
  readonly #relations = new Map<string, Relation>();
  /** Runs that waited, and were over when they were looked for: they stay in the lane, and git is not asked for them. */
  readonly #gone = new Set<string>();
  #lane: Lane = emptyLane;
  /** Whose turn it is in such a lane, if all are alive: a look that finds nothing new decides nothing anew. */
  #presumed: { readonly of: Lane; readonly turn: Turn } | null = null;
  /** Who went first at the last look: its lease is read along with the lane. */
  #front: { readonly deploy: string; readonly lease: Lease | null } | null = null;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  get lane(): Lane {
    return this.#lane;
  }

  /** The lane and its lease as they stand at one moment. Were they read one after the other, a holder that had just given the lane back would look dead. */
  async read(): Promise<Lease | null> {
    const front = this.#front?.deploy;
    const [lease = null, ofFront = null] = await this.#readWith(front === undefined ? [] : [front]);
    if (front !== undefined) this.#front = { deploy: front, lease: ofFront };
    return lease;
  }

  /**
   * Whose turn it is. Git is asked about each waiter when it joins, so that nobody has to ask it once the lane is free. While
   * the run of who goes first is alive, the others' leases are not read: all are read where it is not, and by who is next once
   * the lane is free.
   */
  async place(isFree: boolean, signal: AbortSignal): Promise<Place> {
    const { isAlive, me } = this.#options;
    const lane = this.#lane;
    if (this.#presumed?.of !== lane) {
      const fresh = this.#others().filter(
        ({ deploy, run }) => !(this.#relations.has(deploy) || this.#gone.has(run)),
      );
      if (fresh.length > 0) await this.#meet(fresh, signal);
      if (this.#lane !== lane) return { kind: 'moved' };
      this.#presumed = { of: lane, turn: this.#turn(this.#present()) };
    }
    const presumed = this.#presumed.turn;
    if (presumed.kind === 'go' && !isFree) return { kind: 'next' };
    if (presumed.kind === 'wait') {
      const lease = await this.#leaseOf(presumed.behind);
      if (isAlive(lease)) return { ...presumed, lease };
    }
    const living = await this.#meet(this.#others(), signal);
    this.#presumed = null;
    if (this.#lane !== lane) return { kind: 'moved' };
    const isPresent = ({ deploy }: Waiter): boolean => deploy === me.deploy || living.has(deploy);
    const turn = this.#turn(this.#lane.waiting.filter(isPresent));
    if (turn.kind === 'go') {
      return { ...turn, left: this.#lane.waiting.filter((waiter) => !isPresent(waiter)) };
    }
    // Who is waited for is one of the living.
    const lease = living.get(turn.behind.deploy) as Lease;
    this.#front = { deploy: turn.behind.deploy, lease };
    return { ...turn, lease };
  }

  /** Whether this one is next once that one is over. So one of all who wait behind it asks its CI whether it still runs. */
  isNextAfter(front: Waiter): boolean {
    const others = this.#present().filter(({ deploy }) => deploy !== front.deploy);
    return this.#turn(others).kind === 'go';
  }

  #turn(waiting: readonly Waiter[]): Turn {
    const { me, stacking } = this.#options;
    const relationTo = (other: Waiter): Relation => this.#relations.get(other.deploy) ?? 'unknown';
    return decideTurn({ me: me.deploy, waiting, relationTo, stacking });
  }

  /** Those who wait, as far as they are not known to be over. */
  #present(): readonly Waiter[] {
    return this.#lane.waiting.filter(({ run }) => !this.#gone.has(run));
  }

  #others(): readonly Waiter[] {
    return this.#lane.waiting.filter(({ deploy }) => deploy !== this.#options.me.deploy);
  }

  /** Sees which of these are alive, and how those of them stand that git was not asked for yet. @returns the leases of the living, by deploy */
  async #meet(
    waiters: readonly Waiter[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Lease>> {
    const { relations, me, isAlive } = this.#options;
    const [, ...leases] = await this.#readWith(waiters.map(({ deploy }) => deploy));
    const living = new Map<string, Lease>();
    for (const [place, { deploy, run }] of waiters.entries()) {
      const lease = leases[place] ?? null;
      this.#gone.add(run);
      if (!isAlive(lease)) continue;
      this.#gone.delete(run);
      living.set(deploy, lease);
    }
    const self = this.#lane.waiting.find(({ deploy }) => deploy === me.deploy);
    // A rollback is of no order of commits.
    for (const { deploy, first } of waiters) {
      if (first === true || self?.first === true) this.#relations.set(deploy, 'unknown');
    }
    const fresh = waiters.filter(
      ({ deploy }) => living.has(deploy) && !this.#relations.has(deploy),
    );
    if (fresh.length === 0) return living;
    const heads = fresh.map(({ commit }) => commit);
    const found = await relations(me.commit, heads, signal);
    for (const [place, { deploy }] of fresh.entries()) {
      this.#relations.set(deploy, found[place] ?? 'unknown');
    }
    return living;
  }

  async #leaseOf({ deploy }: Waiter): Promise<Lease | null> {
    if (this.#front?.deploy !== deploy) {
      this.#front = { deploy, lease: await this.#options.log.lease(runResource(deploy)) };
    }
    return this.#front.lease;
  }

  async #readWith(deploys: readonly string[]): Promise<readonly (Lease | null)[]> {
    const { lanes, name } = this.#options;
    const resources = [laneResource(name), ...deploys.map(runResource)];
    const { lane, leases } = await lanes.readWith(name, resources);
    this.#lane = lane;
    return leases;
  }
}
