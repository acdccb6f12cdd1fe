/** The time for which instances stay up, as looks at them tell it. */
import type { Instance, InstancesSeen } from '../targets/target.ts';

/** For how long all instances have been up, by our own clock's even pace, and how often that began again. */
export class Stretch {
  /** When the first look found all of them up in these lives; null while one is missing. */
  since: number | null = null;
  /** How often it was broken: an instance restarted, or was not up. */
  restarts = 0;
  up: readonly Instance[] = [];
  #seenAt = 0;
  /** By name. */
  #lives = new Map<string, string>();
  /** By name, how often each restarted; one that took another's place goes on with its number. */
  #restartsOf = new Map<string, number>();

  get steadyMs(): number {
    return this.since === null ? 0 : Math.round(this.#seenAt - this.since);
  }

  /** The instance that restarted most often; null: none did. */
  get worst(): { readonly name: string; readonly restarts: number } | null {
    const [first] = [...this.#restartsOf].sort(([, a], [, b]) => b - a);
    return first === undefined || first[1] === 0 ? null : { name: first[0], restarts: first[1] };
  }

  /** @returns why it begins again, in words; null when it goes on */
  see({ up, missing }: InstancesSeen, now: number): string | null {
    this.#seenAt = now;
    if (missing !== '') {
      const broken = this.since !== null;
      if (broken) this.restarts += 1;
      this.since = null;
      return broken ? `not all up any more (${missing})` : null;
    }
    const known = ({ name }: Instance): string | undefined => this.#lives.get(name);
    const restarted = up.find((one) => known(one) !== undefined && known(one) !== one.life);
    const isNew = up.some((one) => known(one) !== one.life);
    // An instance of a new name in place of one that is gone is a restart too: not every target gives the name again.
    const gone = [...this.#lives.keys()].find((name) => !up.some((one) => one.name === name));
    const again = restarted?.name ?? (isNew ? gone : undefined);
    const broken = this.since !== null && again !== undefined;
    if (broken) this.restarts += 1;
    if (this.since === null || isNew) this.since = now;
    this.up = up;
    this.#count(up);
    this.#lives = new Map(up.map(({ name, life }) => [name, life]));
    return broken ? `${again} has restarted` : null;
  }

  #count(up: readonly Instance[]): void {
    const left = [...this.#lives.keys()].filter((name) => !up.some((one) => one.name === name));
    const counted = up.map(({ name, life }): [string, number] => {
      const before = this.#lives.has(name) ? name : left.shift();
      const restarts = (before === undefined ? 0 : this.#restartsOf.get(before)) ?? 0;
      const isSame = before === undefined || this.#lives.get(before) === life;
      return [name, restarts + (isSame ? 0 : 1)];
    });
    this.#restartsOf = new Map(counted);
  }
}
