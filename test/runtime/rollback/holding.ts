/** The oracle of what holds production, by hand: from what README and docs/guarantees.md promise, the target's own folders and what was done. */
import type { FolderPlace } from '../../targets/command-world.ts';

type Release = ReturnType<FolderPlace['releases']>[number];

/** By its release (its id), or by the order of a rollback that has made none. */
export type Hold = { readonly release: string } | { readonly ordered: string; begun: boolean };

interface Rollback {
  /** The release by which the code runs that it is to take back. */
  readonly from: Release;
  /** Of what is to run again. */
  readonly to: Release;
  stands: 'ordered' | 'begun' | 'ended' | 'withdrawn';
  /** It has not been given the lane, or not again. */
  waits: boolean;
  /** Its run is over, and it did not end. */
  isLost: boolean;
  /** What the log was told that it made; undefined: nothing was told. */
  made: string | null | undefined;
}

export class Holding {
  readonly lifted = new Set<string>();
  readonly rollbacks = new Map<string, Rollback>();
  /** Newest first. */
  readonly #releases: () => readonly Release[];

  constructor(releases: () => readonly Release[]) {
    this.#releases = releases;
  }

  /** The newest first: what runs, and what ran before. */
  #ran(): readonly Release[] {
    return this.#releases().filter(({ state }) => state === 'running' || state === 'earlier');
  }

  /** The releases of the code that runs, the newest first: a changed configuration makes another one of the same code. */
  #stretch(): readonly Release[] {
    const ran = this.#ran();
    const other = ran.findIndex(({ artifact }) => artifact.id !== ran[0]?.artifact.id);
    return other === -1 ? ran : ran.slice(0, other);
  }

  /** The release that put there what runs: the last that was asked for, or that went back; the others changed no more than configuration. */
  get runs(): Release {
    const stretch = this.#stretch();
    const put = stretch.find(({ key, rollback }) => key !== null || rollback) ?? stretch.at(-1);
    if (put === undefined) throw new Error('nothing runs');
    return put;
  }

  /** What other code ran before that. */
  get before(): Release | null {
    return this.#ran()[this.#stretch().length] ?? null;
  }

  /** The last rollback over it that failed. */
  get #failed(): Release | null {
    const isOver = ({ state, rollback, number }: Release) =>
      state === 'failed' && rollback && number > this.runs.number;
    return this.#releases().find(isOver) ?? null;
  }

  /** A release that a person's rollback made of its code, whose run is over or not. */
  #madeBy(id: string): string | null {
    const { from, to } = this.#rollback(id);
    const isOthers = ({ key }: Release) =>
      [...this.rollbacks.keys()].some((one) => one !== id && isOf(key, one));
    const { runs, before } = this;
    if (runs.number === from.number) {
      const failed = this.#failed;
      return failed !== null && failed.artifact.id === to.artifact.id && !isOthers(failed)
        ? String(failed.number)
        : null;
    }
    const isWay =
      runs.rollback &&
      runs.artifact.id === to.artifact.id &&
      before?.artifact.id === from.artifact.id;
    // The target says which way it went, and not always who had it go.
    return isWay && !isOthers(runs) ? String(runs.number) : null;
  }

  #rollback(id: string): Rollback {
    const found = this.rollbacks.get(id);
    if (found === undefined) throw new Error(`there is no ${id}`);
    return found;
  }

  /** The one that was begun and has not ended. */
  get open(): string | null {
    const found = [...this.rollbacks].find(([, { stands }]) => stands === 'begun');
    return found?.[0] ?? null;
  }

  /** What holds a deploy that comes to its gates now. */
  get hold(): Hold | null {
    const failed = this.#failed;
    if (failed !== null && !this.lifted.has(String(failed.number))) {
      return { release: String(failed.number) };
    }
    const { runs } = this;
    const id = String(runs.number);
    if (runs.rollback && !this.lifted.has(id)) return { release: id };
    for (const [ordered, { waits }] of this.rollbacks) if (waits) return { ordered, begun: false };
    const { open } = this;
    if (open === null || this.#rollback(open).from.number !== runs.number) return null;
    return { ordered: open, begun: true };
  }

  /** The release (its id) behind what a deploy was held by, as far as the log tells; null: it tells of none. */
  told(held: Hold): string | null {
    if ('release' in held) return held.release;
    return this.#rollback(held.ordered).made ?? null;
  }

  /** A person lets a deploy go on. */
  resume(held: Hold): void {
    const { open } = this;
    const lost = open !== null && this.#rollback(open).isLost ? open : null;
    if ('release' in held) {
      if (lost !== null && this.#madeBy(lost) === held.release) this.#end(lost, held.release);
      this.lifted.add(held.release);
      return;
    }
    const { stands, made, isLost } = this.#rollback(held.ordered);
    if (stands === 'withdrawn' || !(stands === 'ended' || isLost)) return;
    const release = made === undefined ? this.#madeBy(held.ordered) : made;
    if (held.ordered === lost) this.#end(lost, release ?? undefined);
    if (release !== null) this.lifted.add(release);
  }

  #end(id: string, made: string | undefined): void {
    const rollback = this.#rollback(id);
    rollback.stands = 'ended';
    rollback.made = made;
  }

  /** A person gives up what was begun: whether there is anything that may be given up. */
  giveUp(): 'E_NO_ROLLBACK' | 'E_UNDER_WAY' | null {
    const { open } = this;
    if (open === null) return 'E_NO_ROLLBACK';
    if (!this.#rollback(open).isLost) return 'E_UNDER_WAY';
    this.#end(open, undefined);
    return null;
  }

  /** A rollback is ordered, or the same command goes on with one. */
  orders(id: string, from: Release, to: Release): void {
    const known = this.rollbacks.get(id);
    if (known === undefined) {
      const order = { from, to, stands: 'ordered', waits: true } as const;
      this.rollbacks.set(id, { ...order, isLost: false, made: undefined });
    } else Object.assign(known, { waits: true, isLost: false });
  }

  /** It has the lane, and goes to the target. */
  begins(id: string): void {
    const rollback = this.#rollback(id);
    rollback.waits = false;
    if (rollback.stands !== 'ordered') return;
    const { open } = this;
    if (open !== null) this.#end(open, undefined);
    rollback.stands = 'begun';
  }

  loses(id: string): void {
    Object.assign(this.#rollback(id), { waits: false, isLost: true });
  }

  /** Its run tells how it came out. */
  ends(id: string): void {
    const rollback = this.#rollback(id);
    rollback.waits = false;
    if (rollback.stands === 'ordered') {
      rollback.stands = 'withdrawn';
      return;
    }
    rollback.stands = 'ended';
    const made = this.#releases().find(({ key }) => isOf(key, id));
    rollback.made = made === undefined ? null : String(made.number);
  }
}

const isOf = (key: string | null, rollback: string): boolean => key?.startsWith(rollback) === true;
