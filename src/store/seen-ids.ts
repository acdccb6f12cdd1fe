/** A set of ids that takes eight bytes for each: it may take one for another that it has seen, and misses none. */

const first = { seed: 0x81_1c_9d_c5, prime: 0x01_00_01_93 };
const second = { seed: 0x9e_37_79_b9, prime: 0x85_eb_ca_6b };

function hashed(text: string, { seed, prime }: typeof first): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), prime);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

export class SeenIds {
  /** Two halves of a fingerprint each; two zeros where nothing is. A power of two of them. */
  #slots = new Uint32Array(2 * 1_024);
  #size = 0;

  /** Whether one with its fingerprint was added before. */
  add(id: string): boolean {
    if (this.#size * 4 > this.#slots.length) this.#grow();
    // Never two zeros.
    const isNew = put(this.#slots, hashed(id, first) || 1, hashed(id, second));
    if (isNew) this.#size++;
    return !isNew;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#slots.length * 2);
    for (let at = 0; at < this.#slots.length; at += 2) {
      const [high = 0, low = 0] = [this.#slots[at], this.#slots[at + 1]];
      if (high !== 0) put(larger, high, low);
    }
    this.#slots = larger;
  }
}

/** Into the first free slot from its own on. False: it is there. */
function put(slots: Uint32Array, high: number, low: number): boolean {
  const mask = slots.length - 1;
  for (let at = (low * 2) & mask; ; at = (at + 2) & mask) {
    if (slots[at] === 0) {
      slots[at] = high;
      slots[at + 1] = low;
      return true;
    }
    if (slots[at] === high && slots[at + 1] === low) return false;
  }
}
