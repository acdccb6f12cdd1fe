/** The smallest log that keeps the contract: arrays and maps, nothing stored, nothing shared. */
import type { ExpectedVersion, Fence } from '../../src/store/log.ts';

export interface ModelEvent {
  readonly stream: string;
  readonly version: number;
  readonly id: string;
  readonly value: number;
}

export interface ModelBatch {
  readonly stream: string;
  readonly expected: ExpectedVersion;
  readonly events: readonly { readonly id: string; readonly value: number }[];
}

export interface ModelOptions {
  readonly fence?: Fence;
  readonly grant?: Fence;
  readonly release?: Fence;
}

interface ModelLease {
  token: number;
  owner: string;
  expiresAt: number;
  released: boolean;
}

/** What a call came to, in a form that can be compared. */
export type Outcome = string;

export const grantTtlMs = 50;

export class ModelLog {
  readonly events: ModelEvent[] = [];
  readonly leases = new Map<string, ModelLease>();
  readonly checkpoints = new Map<string, number>();
  now = 1_000;

  append(batches: readonly ModelBatch[], { fence, grant, release }: ModelOptions): Outcome {
    const wanted = batches.flatMap(({ stream, events }) =>
      events.map((event) => ({ stream, ...event })),
    );
    const known = wanted.map((event) => this.events.find(({ id }) => id === event.id));
    const other = known.some((there, n) => {
      const event = wanted[n];
      return there && (there.stream !== event?.stream || there.value !== event.value);
    });
    const some = known.some((there) => there !== undefined);
    const all = known.every((there) => there !== undefined);
    if (other || (some && !all)) return 'EventIdReused';
    if (some)
      return `already ${known.map((event) => this.events.indexOf(event as ModelEvent) + 1)}`;
    if (fence && !this.#isHeld(fence)) return `FencedOff ${this.#tokenOf(fence)}`;

    const added: ModelEvent[] = [];
    const versionOf = (stream: string) =>
      [...this.events, ...added].filter((event) => event.stream === stream).length;
    let twice = false;
    for (const { stream, expected, events } of batches) {
      const actual = versionOf(stream);
      const isFine =
        expected === 'any' ||
        (expected === 'none' && actual === 0) ||
        (expected === 'exists' && actual > 0) ||
        expected === actual;
      if (!isFine) return `VersionConflict ${stream}@${actual}`;
      for (const event of events) {
        twice ||= added.some(({ id }) => id === event.id);
        added.push({ stream, version: versionOf(stream) + 1, ...event });
      }
    }
    if (release && !this.#isHeld(release)) return `FencedOff ${this.#tokenOf(release)}`;
    if (grant && grant.token <= this.#tokenOf(grant)) return `FencedOff ${this.#tokenOf(grant)}`;
    if (twice) return 'EventIdReused';
    if (release) this.release(release);
    if (grant) this.#give(grant, 'granted', grantTtlMs);
    this.events.push(...added);
    return `appended ${added.map((event) => this.events.indexOf(event) + 1)}`;
  }

  take(resource: string, owner: string, ttlMs: number): Outcome {
    const lease = this.leases.get(resource);
    if (lease && !lease.released && lease.expiresAt > this.now) return 'held';
    const token = (lease?.token ?? 0) + 1;
    this.#give({ resource, token }, owner, ttlMs);
    return `token ${token}`;
  }

  renew(fence: Fence, ttlMs: number): boolean {
    const lease = this.leases.get(fence.resource);
    if (!lease || !this.#isHeld(fence)) return false;
    lease.expiresAt = this.now + ttlMs;
    return true;
  }

  release(fence: Fence): boolean {
    const lease = this.leases.get(fence.resource);
    if (!lease || !this.#isHeld(fence)) return false;
    lease.released = true;
    lease.expiresAt = this.now;
    return true;
  }

  saveCheckpoint(consumer: string, position: number, fence?: Fence): Outcome {
    if (fence && !this.#isHeld(fence)) return `FencedOff ${this.#tokenOf(fence)}`;
    this.checkpoints.set(consumer, position);
    return 'saved';
  }

  #give({ resource, token }: Fence, owner: string, ttlMs: number): void {
    this.leases.set(resource, { token, owner, expiresAt: this.now + ttlMs, released: false });
  }

  #isHeld({ resource, token }: Fence): boolean {
    const lease = this.leases.get(resource);
    return lease !== undefined && lease.token === token && !lease.released;
  }

  #tokenOf({ resource }: Fence): number {
    return this.leases.get(resource)?.token ?? 0;
  }
}
