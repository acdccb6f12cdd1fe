/** Times in their order: which is the first behind another is found in a few steps, however many there are. Pure. */
export class Times {
  readonly #sorted: Float64Array;

  /** In milliseconds since the epoch, in any order; what is no time is left out. */
  constructor(all: readonly number[]) {
    this.#sorted = Float64Array.from(all.filter((ms) => !Number.isNaN(ms))).sort();
  }

  /** The first that is later; infinity: none is. */
  after(ms: number): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? ms) > ms) high = middle;
      else low = middle + 1;
    }
    return this.#sorted[low] ?? Number.POSITIVE_INFINITY;
  }
}
